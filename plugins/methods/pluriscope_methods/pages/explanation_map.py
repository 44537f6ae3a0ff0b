"""The map of explanations as pages show it: a drawing of dots, the one that is chosen with its nearest, and a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import AnalysisContext, Item, Shown
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.errors import InvalidOption
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.elements import drawing, num
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.figures.svg.tiles import Bits, Hues, Tile, bits_of, hues_among, table_name, variable
from pluriscope.page_kit.blocks import Action, Block, Head, More, Notice, Prose, Table, Text, Tray
from pluriscope_methods.explanation_map.layout import SIZE
from pluriscope_methods.explanation_map.report import NEAREST, MapReport

KEY: Final = "map"
PANEL: Final = "dot"
"""Id of the block about the dot that is chosen."""
_ANY: Final = "REF"
"""In an address, in place of a reference."""
_WIDTH, _PAD = 720.0, 16.0
_LEAST, _GROWS = 1.7, 0.8  # radius of a dot: the least, and by the root of how many are on it
_LEGEND: Final = 12  # functions of a neuron that the legend has
_ROWS: Final = 60  # dots that the table on the page has


@dataclass(frozen=True)
class Read:
    """A function that is read from a neuron, in the legend.

    Args:
        place: among the functions of the report, −1 for none.
        words: tile and name.
        hue: of dots.
        n: classes that read it.
    """

    place: int
    words: Text
    hue: str
    n: int


@dataclass(frozen=True)
class OnMap:
    """An explanation that stands for its dot.

    Args:
        ref: what names it.
        name: the same for people.
        url: of its page.
        picture: 120 × 72.
        facts: label with what is said.
        at: its page on the map; "" of the one that is chosen.
    """

    ref: str
    name: str
    url: str
    picture: Markup
    facts: Mapping[str, str]
    at: str = ""


@dataclass(frozen=True)
class Dot(Block):
    """The dot that is chosen and those nearest to it.

    Args:
        cards: one of each, the chosen one first.
    """

    cards: Sequence[OnMap]


@dataclass(frozen=True)
class ExplanationMap(Block):
    """Dots of which one is chosen; scripts choose others, colour and filter them.

    Args:
        drawing: the dots, the largest first, and what is drawn over them.
        caption: what it shows.
        label: its accessible name.
        neurons: name of each neuron that is read, with what is read from it.
        tells: the neuron by which dots are coloured.
        record: address of the report as JSON.
        at: address of the page of one explanation on the map.
        circuits: 1 for each circuit of the report that passes the filters, 0 for others; "" where all do.
        shown: how many are shown, where that is not all.
        chosen: number of the dot that is chosen.
        of: what dots agree on, such as "756 interventions".
        panel: about that dot.
        tray: where explanations are gathered to be compared.
    """

    drawing: Markup
    caption: Text
    label: str
    neurons: Mapping[str, Sequence[Read]]
    tells: int
    record: str
    at: str
    circuits: str
    shown: str
    chosen: int
    of: str
    panel: Block
    tray: Tray

    @property
    def inner(self) -> Iterable[Block]:
        return (self.panel,)


@dataclass(frozen=True)
class _Drawn:
    """A map and the network that it is of.

    Args:
        circuits: masks of circuits that pass the filters; None for all.
    """

    report: MapReport
    of: AnalysisContext[SubjectQuestion]
    circuits: Collection[str] | None = None

    @cached_property
    def passing(self) -> list[bool]:
        """Whether each circuit passes the filters."""
        return [self.circuits is None or mask in self.circuits for mask in self.report.masks]

    @cached_property
    def members(self) -> list[list[int]]:
        """The classes, or circuits, of each dot that pass the filters, the fewest edges first."""
        found: list[list[int]] = [[] for _ in range(self.report.n_dots)]
        edges = [int(mask, 16).bit_count() for mask in self.report.masks]
        sizes = [edges[circuit] for circuit in self.report.circuit]
        for number in sorted(range(len(sizes)), key=sizes.__getitem__):
            if self.passing[self.report.circuit[number]]:
                found[self.report.dot[number]].append(number)
        return found

    @cached_property
    def order(self) -> list[int]:
        """Dots in the order in which they are drawn: large ones below."""
        return sorted(range(self.report.n_dots), key=lambda dot: (-self.on[dot], dot))

    @cached_property
    def on(self) -> list[int]:
        """Number of classes or circuits on each dot, whether they pass or not."""
        counts = Counter(self.report.dot)
        return [counts[dot] for dot in range(self.report.n_dots)]

    @cached_property
    def tables(self) -> list[Bits]:
        """The functions that are read."""
        n_inputs = self.of.question.subject.n_inputs if self.report.functions else 0
        return [bits_of(one, n_inputs) for one in self.report.functions]

    @cached_property
    def hues(self) -> Hues:
        """Hues of all functions that are read, by how often."""
        counts = sum(map(Counter, self.report.reads), Counter[int]())
        return hues_among(self.tables[place] for place in counts.elements() if place >= 0)

    @cached_property
    def own_hues(self) -> list[str]:
        """Hue of each function, then that of none."""
        return [*map(self.hues.of, self.tables), "none"]

    def hue(self, place: int) -> str:
        """Hue of a function; "none" where nothing is read."""
        return self.own_hues[place]

    @cached_property
    def most(self) -> int:
        """The dot that agrees with the network on most, of those that pass."""
        shown = [dot for dot in range(self.report.n_dots) if self.members[dot]] or [0]
        return max(shown, key=lambda dot: self.report.with_network[dot])

    def ref(self, number: int) -> ExplanationRef:
        """Reference of a class, by its representative, or of a circuit."""
        mask = self.report.masks[self.report.circuit[number]]
        if not self.report.index:
            return ExplanationRef("circuit", mask)
        return ExplanationRef("interpretation", mask, self.report.index[number])

    def at(self, ref: str) -> str:
        """The page of an explanation on the map."""
        return self.of.links.analysis(self.of.slug, KEY, self.of.scope, ref)

    def first(self, dot: int) -> int:
        """The class or circuit that stands for a dot."""
        return (self.members[dot] or [number for number, one in enumerate(self.report.dot) if one == dot])[0]

    def picture(self, number: int) -> Markup:
        """A class or a circuit, 120 × 72."""
        report, ref, question = self.report, self.ref(number), self.of.question
        if not report.index or not isinstance(question, Question):
            return self.of.thumb(ref.first)
        tiles = [
            Tile(*site, self.tables[column[number]], table_name(self.tables[column[number]]))
            for site, column in zip(report.neurons, report.reads, strict=True)
            if column[number] >= 0
        ]
        circuit = Circuit(question.layout, int(ref.first, 16))
        return circuit_thumb(question.network.weights, circuit, tiles, hues=self.hues, title=f"{ref}")

    # --- the drawing

    @cached_property
    def scale(self) -> float:
        return (_WIDTH - 2 * _PAD) / SIZE

    def place(self, dot: int) -> tuple[str, str]:
        """Position of a dot in the drawing."""
        return self.placed(self.report.x[dot], self.report.y[dot])

    def placed(self, x: int, y: int) -> tuple[str, str]:
        return num(_PAD + x * self.scale), num(_PAD + y * self.scale)

    def drawn(self, chosen: int) -> Markup:
        """The dots, the network, and one of them with lines to its nearest."""
        report = self.report
        column = report.reads[report.tells] if report.reads else []
        body = []
        for dot in self.order:
            (x, y), some = self.place(dot), self.members[dot]
            read = [column[number] for number in some] if column else []
            hue = self.hue(max(sorted({*read}), key=read.count)) if read else "in"
            radius = num(_LEAST + _GROWS * len(some) ** 0.5) if some else "1"
            body.append(f'<circle class="{f"v-{hue}" if some else "off"}" cx="{x}" cy="{y}" r="{radius}"/>')
        x, y = self.place(chosen)
        lines = "".join("M{} {}L{} {}".format(x, y, *self.place(near)) for near in report.nearest[chosen])
        rings = "".join('<circle cx="{}" cy="{}" r="4"/>'.format(*self.place(one)) for one in report.nearest[chosen])
        over = f'<path d="{lines}"/>{rings}<circle class="at" cx="{x}" cy="{y}" r="6"/>'
        x, y = self.placed(*report.network)
        height = 2 * _PAD + max([*report.y, report.network[1]]) * self.scale
        return drawing(
            _WIDTH,
            height,
            f'{"".join(body)}<g class="over">{over}</g><path class="whole" d="M{num(float(x) - 6)} {y}h12M{x} '
            f'{num(float(y) - 6)}v12"/>',
            sentence=self.label,
            sizing="fluid",
        )

    @property
    def label(self) -> str:
        """Description of the drawing."""
        classes = noun(len(self.report.dot), *self.noun)
        dots = f" as {noun(self.report.n_dots, 'dot')}" if self.report.index else ""
        return f"Map of {classes}{dots}"

    @property
    def noun(self) -> tuple[str, str]:
        """Singular and plural of the things that are on dots."""
        return ("observed class", "observed classes") if self.report.index else ("circuit", "circuits")

    def legend(self) -> Mapping[str, Sequence[Read]]:
        """Functions that are read from each neuron, the most frequent first."""
        sizes, found = self.of.question.subject.sizes if self.report.neurons else (), dict[str, list[Read]]()
        for site, column in zip(self.report.neurons, self.report.reads, strict=True):
            counts = sorted(Counter(column).items(), key=lambda one: (-one[1], one[0]))
            found[node_name(*site, sizes)] = [
                Read(
                    place, variable(self.tables[place], hues=self.hues) if place >= 0 else "nothing", self.hue(place), n
                )
                for place, n in counts[:_LEGEND]
            ]
        return found

    def caption(self) -> str:
        """Caption: how good nearness is, and what distances and directions mean."""
        report, answer = self.report, list[str]()
        if report.judged:
            near, anyone = (float(Fraction(one)) for one in (report.near, report.any_agree))
            answer.append(
                f"A dot agrees with its {NEAREST} neighbours here on {near:.0f} of {exact(report.of)} "
                f"{report.unit(self.of.question)} on average, with any other on {anyone:.0f}."
            )
        if report.index:
            answer.append("A larger dot is more classes that predict the same.")
        else:
            answer.append(f"Each dot is a circuit; near ones keep nearly the same {report.unit(self.of.question)}.")
        answer.append("+ is the network itself. Lines lead to the nearest by count. Directions mean nothing.")
        return " ".join(answer)

    # --- the dot that is chosen

    def panel(self, number: int) -> Dot:
        """A class or a circuit with what is nearest to its dot."""
        report, dot = self.report, self.report.dot[number]
        cards = [self._card(number, {})]
        for near, alike in zip(report.nearest[dot], report.alike[dot], strict=True):
            cards.append(self._card(self.first(near), {"Agrees on": self.share(alike)}))
        return Dot(cards, id=PANEL)

    def share(self, n: int) -> str:
        """A number with the total of all interventions, or edges."""
        return f"{exact(n)} of {exact(self.report.of)}"

    @property
    def right(self) -> str:
        """Verb for agreeing with the network."""
        return "Right" if self.report.index else "Keeps"

    def _card(self, number: int, facts: Mapping[str, str]) -> OnMap:
        report, dot, ref = self.report, self.report.dot[number], self.ref(number)
        # others of its class may differ
        one_of = report.index and int(report.interpretations[dot]) > self.on[dot]
        answer = {**facts, f"{self.right}{', as drawn' if one_of else ''}": self.share(report.with_network[dot])}
        if report.index and not facts:
            n = int(report.interpretations[dot])
            answer["This dot"] = f"{noun(self.on[dot], *self.noun)}, {noun(n, 'interpretation')}"
        name = f"i·{ref.first}.{ref.second}" if report.index else f"c·{ref.first}"
        url = self.of.links.explanation(self.of.slug, ref, self.of.scope)
        return OnMap(str(ref), name, url, self.picture(number), answer, self.at(str(ref)) if facts else "")

    # --- the lists

    def meanings(self) -> Iterator[Block]:
        """What each neuron stands for, and how many of the classes read it so."""
        rows = [
            (name, read.words, exact(read.n), f"{read.n / len(self.report.dot):.1%}")
            for name, reads in self.legend().items()
            for read in reads
        ]
        yield Table.plain(("Neuron", "Stands for", "Classes that read it so", "Share"), rows)

    def listed(self) -> Iterator[Block]:
        """The largest dots in words."""
        report, rows = self.report, list[Sequence[Any]]()
        for dot in [dot for dot in self.order if self.members[dot]][:_ROWS]:
            ref = self.ref(self.first(dot))
            near = [
                f"{self.ref(self.first(one))}, {self.share(report.alike[dot][0])}" for one in report.nearest[dot][:1]
            ]
            rows.append(
                (
                    Markup('<a class="mono" href="{}">{}</a>').format(self.at(str(ref)), ref),
                    len(self.members[dot]),
                    self.share(report.with_network[dot]),
                    "".join(near),
                )
            )
        labels = ("Dot", self.noun[1].capitalize(), self.right, "Nearest, agrees on")
        yield Table.plain(labels, rows)


def map_blocks(
    report: MapReport,
    of: AnalysisContext[SubjectQuestion],
    circuits: Collection[str] | None = None,
    chosen: int | None = None,
) -> Iterator[Block]:
    """The map, and the list of its dots.

    Args:
        report: what was found.
        of: of what.
        circuits: masks of the circuits that pass the filters of a page; None for all. What else is on the map stays as
            pale points.
        chosen: the class, or circuit, that is chosen; None for one on the dot that agrees most with the network.
    """
    if not report.n_dots:
        return
    it = _Drawn(report, of, circuits)
    if report.drawn:
        which = f"{exact(len(report.dot))} of {exact(int(report.total))} {it.noun[1]} drawn"
        yield Notice(which, "Uniformly, without repetition.", f"Seed {report.seed}.")
    elif not report.complete:
        yield Notice("Not every valid circuit is listed", "The map has what is listed.")
    number = it.first(it.most) if chosen is None else chosen
    dot, n = report.dot[number], sum(map(len, it.members))
    yield ExplanationMap(
        drawing=it.drawn(dot),
        caption=it.caption(),
        label=it.label,
        neurons=it.legend(),
        tells=report.tells,
        record=of.links.twin(of.links.analysis(of.slug, KEY, of.scope)),
        at=it.at(_ANY),
        circuits="" if circuits is None else "".join("01"[one] for one in it.passing),
        shown="" if n == len(report.dot) else f"{exact(n)} of {exact(len(report.dot))} are shown.",
        chosen=dot,
        of=f"{exact(report.of)} {report.unit(of.question)}",
        panel=it.panel(number),
        tray=Tray(f"{of.slug}/{of.scope.output}", of.compare(())),
        id="map",
    )
    shown = min(_ROWS, sum(map(bool, it.members)))
    if report.neurons:
        several = sum(len({*column} - {-1}) > 1 for column in report.reads)
        words = f"more than one function for {several} of {noun(len(report.neurons), 'neuron')}"
        yield More("What each neuron stands for", it.meanings, f"{words}; of each the {_LEGEND} most frequent")
    yield More("The dots in words", it.listed, f"the {shown} largest; all are in the CSV")


def _among(
    report: MapReport, of: AnalysisContext[SubjectQuestion], circuits: Collection[str] | None
) -> tuple[Text, Iterable[Block]]:
    n, dots = len(report.dot), noun(report.n_dots, "dot")
    classes = f"{noun(n, 'observed class', 'observed classes')} as {dots}"
    return classes if report.index else noun(n, "circuit"), map_blocks(report, of, circuits)


def _page(report: MapReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    yield from map_blocks(report, of)
    url = of.links.explanations(of.slug, of.scope, view=KEY)
    yield Prose(f"[Filter the map]({url}) by edges, sizes and criteria.", glossary=False)


def _item(
    report: MapReport | None, of: AnalysisContext[SubjectQuestion], name: str, options: Mapping[str, str]
) -> Item:
    """Page of one explanation on the map."""
    for option in options:
        raise InvalidOption.of(f"option {option[:60]!r}", "is unknown", "leave it out", option)
    title = f"{name[:80]} on the map"
    if report is None:
        answer = "The map is not drawn yet."
        url = of.links.analysis(of.slug, KEY, of.scope)
        return Item(title, lambda: [Head(title, answer, actions=[Action("The map", url)])], lambda: {"dot": None})
    it = _Drawn(report, of)
    number = next((one for one in range(len(report.dot)) if str(it.ref(one)) == name), None)
    if number is None:
        cause = "is not on the map" if report.drawn else "stands for no class on the map"
        raise InvalidOption.of(f"explanation {name[:80]!r}", cause, "take one from the list of its dots", "item")

    def blocks() -> Iterator[Block]:
        yield Head(title, it.label, actions=[Action("The map", of.links.analysis(of.slug, KEY, of.scope))])
        yield from map_blocks(report, of, chosen=number)

    dot = report.dot[number]
    near = zip(report.nearest[dot], report.alike[dot], strict=True)
    return Item(
        title,
        blocks,
        lambda: {
            "ref": name,
            "x": report.x[dot],
            "y": report.y[dot],
            "with_network": report.with_network[dot],
            "of": report.of,
            "nearest": [{"ref": str(it.ref(it.first(one))), "alike": alike} for one, alike in near],
        },
    )


_LIST: Final = (
    "dot", "x", "y", "on_it", "agrees_with_the_network", "of",
    *(f"{what}_{n}" for n in range(1, 7) for what in ("nearest", "agrees_on")),
)  # fmt: skip


def _table(
    report: MapReport | None, of: AnalysisContext[SubjectQuestion]
) -> tuple[str, Sequence[str], Iterable[Sequence[Any]]]:
    if report is None:
        return "", _LIST, ()
    it = _Drawn(report, of)
    refs = [str(it.ref(it.first(dot))) for dot in range(report.n_dots)]

    def rows() -> Iterator[Sequence[Any]]:
        for dot, ref in enumerate(refs):
            near = zip(report.nearest[dot], report.alike[dot], strict=True)
            found = [cell for one, alike in near for cell in (refs[one], alike)]
            yield (
                ref,
                report.x[dot],
                report.y[dot],
                it.on[dot],
                report.with_network[dot],
                report.of,
                *found,
                *[""] * (len(_LIST) - 6 - len(found)),
            )

    return "One dot of the map in each row, by one of its explanations, with its six nearest.", _LIST, rows()


SHOWN: Final = Shown(_page, item=_item, among=_among, table=_table)
