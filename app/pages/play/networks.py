"""Play on a perceptron: neurons, edges and directions changed by hand, and which explanations said what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, cast, get_args

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import Form
from analysis.directions.alignment import LinearPlace, swap_rows
from analysis.fixed_order import inner
from analysis.sandbox.direction_edits import Along, wanted_of
from analysis.sandbox.intervention import Change, Intervention, site_name
from analysis.sandbox.partial_changes import PartialChanges, partial_changes
from analysis.sandbox.prediction import Prediction
from analysis.sandbox.running import Bench
from analysis.validity import DecisionRule, decide, margin_to_edge
from app.addressing import Addresses
from app.db.directions import alignment_of, kept_directions
from app.figures.numbers import decimal, noun
from app.figures.svg import ByHand, FlowLink, Tile, circuit_thumb, flow_diagram, node_name, partial_figure
from app.pages.about_one import column, listed
from app.pages.candidates import input_text, input_texts
from app.pages.explanations import KIND_LABELS, Explanation
from app.pages.formulas import read_algorithm
from app.pages.place import Place
from app.pages.play.played import Ask, Field, Play, Played, changed_table, link
from app.pages.play.state import Chosen, NetworkOptions, State, read_state
from app.pages.play.tokens import Try, write_site, write_try
from app.pages.play.trying import Next, Suggestion, ask, next_of, suggestions
from app.pages.play.words import along_name, drawing_words, intervention_words, written_signs, written_words
from app.pages.shared import finite, truth_rows
from pluriscope.blocks import Action, Block, Choice, Fact, Facts, Figure, More, Notice, Prose, Section, Table
from pluriscope.naming import LEAST, LETTERS, MOST
from pluriscope.records import AskedRecord, HandRecord, NextRecord, PlayRecord, RunRecord
from pluriscope.tables import Row

FRAGILE_BELOW: Final = 1e-6
MOST_SITES: Final = 200
"""Neurons or edges that are links in the drawing; where there are more, they are changed by name."""
MOST_DIRECTIONS: Final = 24
"""Directions that are offered; any other can be typed."""
CHOSEN: Final[tuple[Chosen, ...]] = get_args(Chosen)
Layers = tuple[NDArray[np.float64], ...]


def play_network(session: Session, links: Addresses, place: Place, options: NetworkOptions) -> NetworkPlay:
    """What an address names, after the step that it asks for.

    Raises:
        NotFound: no such explanation.
        BadQuery: an intervention that cannot be read or that the network has not, or too many of anything.
        BeyondLimits: an explanation that is too large to be read on the spot.
    """
    return NetworkPlay(session, links, *read_state(session, links, place, options))


@dataclass(frozen=True, eq=False)
class NetworkPlay(Played):
    """An intervention on a perceptron.

    Args:
        state: what the address says.
        explanations: that are asked.
    """

    state: State
    explanations: Sequence[Explanation]

    @property
    def place(self) -> Place:
        return self.state.place

    @property
    def url(self) -> str:
        return self.state.url

    @property
    def now(self) -> Intervention:
        """What is run and changed."""
        return self.state.now.intervention

    @property
    def changes(self) -> Sequence[Change | Along]:
        """What is changed."""
        return self.now.everything

    @cached_property
    def bench(self) -> Bench:
        """The network with the rows that interchanges use, over which means are taken too."""
        question = self.place.question
        return Bench(question.cut, question.data.clean_rows, question.data.clean_rows)

    @cached_property
    def before(self) -> Layers:
        """Activations of layers 0 … L when nothing is changed."""
        return tuple(layer[self.now.base] for layer in self.bench.clean)

    @cached_property
    def after(self) -> Layers:
        """The same under the changes."""
        return self.bench.run(self.now)

    @cached_property
    def shown(self) -> Layers:
        """The same with the share of the changes that the drawing shows."""
        return self.after if self.part is None else self.bench.trace(self.now, self.state.share)[1]

    @cached_property
    def part(self) -> PartialChanges | None:
        """The changes done in part; None without any, while the answer is hidden, or beyond float64."""
        return None if self.state.hidden or not self.changes else partial_changes(self.bench, self.now)

    @cached_property
    def said(self) -> list[Prediction]:
        """What each explanation says of it."""
        return [ask(one, self.now, self.bench) for one in self.explanations]

    @cached_property
    def right(self) -> list[bool | None]:
        """Whether each was right, by threshold as on the common ground; None if it did not speak."""
        return [one.bit == decided(self.after) if one.speaks else None for one in self.said]

    @cached_property
    def next(self) -> Next:
        """What to try next."""
        return next_of(self.place, self.now, self.explanations, self.bench)

    @cached_property
    def suggested(self) -> list[Suggestion]:
        """Whom to ask, while fewer than two are asked."""
        if len(self.explanations) >= LEAST:
            return []
        return suggestions(self.session, self.links, self.place, self.explanations)

    def bits(self, row: int | None) -> str:
        """The digits of an input."""
        return input_text(row or 0, self.state.n_inputs)

    @property
    def clear_url(self) -> str:
        """The same input with nothing changed."""
        return self.state.at(Intervention(self.now.base)).url

    @property
    def inputs(self) -> Choice:
        """The inputs to run, each with the same changes."""
        state, every = self.state, input_texts(self.state.n_inputs)
        urls = {text: state.at(self.now.on(row)).url for row, text in enumerate(every)}
        return Choice("Input", urls, every[self.now.base], id="base")

    def words_of(self, intervention: Intervention) -> str:
        """An intervention for people."""
        return intervention_words(intervention, self.state.sizes, self.state.n_inputs)

    def name_of(self, change: Change | Along) -> str:
        """What is changed, for people."""
        sizes = self.state.sizes
        return along_name(change.place, sizes) if isinstance(change, Along) else site_name(change, sizes)

    # --- what it is, in few words

    @property
    def words(self) -> str:
        return self.words_of(self.now)

    @property
    def title(self) -> str:
        before, after = _bit(decided(self.before)), _bit(decided(self.after))
        if self.state.hidden:
            return "What will the network decide?"
        if not self.changes:
            return f"On input {self.bits(self.now.base)} the network decides {after}"
        return f"The decision stays {after}" if before == after else f"The decision turns from {before} to {after}"

    @property
    def lines(self) -> Iterator[tuple[str, str]]:
        output = float(self.after[-1][0])
        answer = f"{_bit(decided(self.after))}, from an output of {output:.4g}"
        if self.state.hidden or finite(output) is None:
            answer = "hidden until you predict it" if self.state.hidden else "beyond float64"
        yield "Input", self.bits(self.now.base)
        yield "The network decides", answer
        for asked in self.asked():
            outcome = "" if asked.right is None else ", correct" if asked.right else ", incorrect"
            yield asked.letter, f"predicts {asked.says}{outcome}" if asked.says >= 0 else "makes no prediction"

    @property
    def identity(self) -> str:
        asked = ", ".join(self.state.refs)
        return f"intervention {write_try(Try(self.now), self.state.n_inputs)}" + (f"; asked: {asked}" if asked else "")

    # --- as JSON

    def record(self) -> PlayRecord:
        nothing = Intervention(self.now.base)
        return self.told(
            [self._hand(change) for change in self.changes],
            wants=str(self._wanted),
            before=self._run(self.bench.run(nothing)),
            after=None if self.state.hidden else self._run(self.after),
            turns=[] if self.part is None else list(self.part.turns),
            explanations=self.asked(),
            next=[
                NextRecord(url=self.state.fresh(one).url, words=self.words_of(one), pairs=list(pairs))
                for one, pairs in self.next.divided
            ],
            undivided=list(self.next.undivided),
            suggested=[one.ref for one in self.suggested],
        )

    @property
    def _wanted(self) -> int:
        return self.place.question.task.truth_table[self.now.base]

    def _run(self, layers: Layers) -> RunRecord:
        sizes = self.state.sizes
        values = {
            node_name(layer, neuron, sizes): [finite(value)]
            for layer, some in enumerate(layers)
            for neuron, value in enumerate(some.tolist())
        }
        output, margin = (finite(float(one)) for one in (layers[-1][0], margin_to_edge(layers[-1][0], "threshold")))
        return RunRecord(values=values, outputs={"y": output}, gives=_bit(decided(layers)), margin=margin)

    def _hand(self, change: Change | Along) -> HandRecord:
        words = written_words(change, self.state.n_inputs)
        if isinstance(change, Along):
            before = inner(self.before[change.layer], change.place.matrix).tolist()
            value = wanted_of(change, self.bench.clean, self.bench.means).tolist()
        else:
            layer, neuron = change.carrier
            before, value = [float(self.before[layer][neuron])], [self.bench.value_of(change)]
        return HandRecord(site=write_site(change), name=self.name_of(change), words=words, before=before, value=value)

    def asked(self) -> list[AskedRecord]:
        """What each explanation said; whether it was right is left out while that is to be predicted."""
        told = zip(LETTERS, self.explanations, self.said, strict=False)
        return [
            AskedRecord(
                letter=letter,
                ref=str(one.ref),
                url=one.url,
                says=said.bit,
                reason=said.reason,
                right=None if self.state.hidden else self.right[number],
            )
            for number, (letter, one, said) in enumerate(told)
        ]

    # --- as a drawing

    def drawing(self, *, linked: bool) -> Markup:
        share, moved = (1.0 if self.part is None else self.state.share), {}
        for change in self.now.along:
            rows = swap_rows([change.place])
            for neuron in [] if rows is None else np.flatnonzero(np.abs(rows).sum(axis=0)).tolist():
                moved[change.layer, neuron, None] = ByHand("moved", float(self.shown[change.layer][neuron]))
        by_hand = {
            (change.layer, change.neuron, change.origin): ByHand(
                written_signs(change, self.state.n_inputs), self.bench.value_at(change, self.now.base, share)
            )
            for change in self.now.changes
        }
        links = {site: self._flow_link(site) for site in (self._sites() if linked else [])}
        return flow_diagram(
            self.place.question.cut.weights,
            _numbers(self.before),
            None if self.state.hidden else _numbers(self.shown),
            by_hand | moved,
            links,
            sentence=f"The network on input {self.words}" + (": choose what to change" if links else ""),
        )

    def _sites(self) -> list[tuple[int, int, int | None]]:
        """What can be chosen in the drawing."""
        sizes = self.state.sizes
        found: list[tuple[int, int, int | None]] = []
        if self.state.on == "neurons":
            found = [(layer, neuron, None) for layer in range(1, len(sizes) - 1) for neuron in range(sizes[layer])]
        elif self.state.on == "edges":
            ends = [(layer, out) for layer in range(1, len(sizes)) for out in range(sizes[layer])]
            found = [(layer, out, origin) for layer, out in ends for origin in range(sizes[layer - 1])]
        return found if len(found) <= MOST_SITES else []

    def _flow_link(self, site: tuple[int, int, int | None]) -> FlowLink:
        change = self.state.used_on(site)
        name = "-".join(str(one) for one in site if one is not None)
        return FlowLink(self.state.toggled(change).url, self._does(change), f"at-{name}")

    def _does(self, change: Change | Along) -> str:
        """What a step at the site of a change does."""
        there, name = self.state.there(change), self.name_of(change)
        n_inputs = self.state.n_inputs
        if there is None:
            return f"{name}: {written_words(change, n_inputs)}"
        return f"{name}, {written_words(there, n_inputs)}: undo"

    # --- as a page

    def blocks(self) -> Iterator[Block]:
        state = self.state
        wants = f"The task wants {self._wanted}."
        actions = [Action("Undo all", self.clear_url)] if self.changes else []
        if len(state.refs) >= LEAST:
            actions.append(Action("Compare", self.links.compare(self.place.slug, state.refs, self.place.scope)))
        game = replace(state, game=not state.game, now=Try(self.now)).url
        yield self.head(
            f"{self.words}. {wants}", *actions, Action("Show at once" if state.game else "Predict first", game)
        )
        yield Play(
            url=self.links.sandbox(self.place.slug),
            dials=list(self._dials()),
            beside=Ask("Set", state.fields("tool"), [Field("tool", "or to", hint="-0.5")]),
            figure=self.figure(self._caption()),
            changed=[*self._changed(), *(self._directions() if state.on == "directions" else ())],
            asks=list(self._asks()),
            outcome=[*self._outcome(), *self._said(), *self._next()],
        )
        if self.part is not None:
            part = self.part
            turns = f"the decision turns at {_listed(part.turns)}" if part.turns else "the decision never turns"
            yield More("From none of the changes to all", lambda: [self._path(part)], turns, id="path")
        before, after = ([layer.tolist() for layer in layers] for layers in (self.before, self.after))
        told = drawing_words(self.now, state.sizes, state.n_inputs, before, None if state.hidden else after)
        yield More("The drawing in words", lambda: [Prose(told, glossary=False)], "every value", id="words")

    def _dials(self) -> Iterator[Choice]:
        state, inputs = self.state, input_texts(self.state.n_inputs)
        yield self.inputs
        yield Choice("Change", {on: replace(state, on=on).url for on in CHOSEN}, state.on, id="on")
        tools = {f"as on {text}": Change(0, 0, None, "source", source=row) for row, text in enumerate(inputs)}
        tools |= {"0": Change(0, 0, None, "zero"), "mean": Change(0, 0, None, "mean")}
        if state.tool.written == "value":
            tools[f"{state.tool.value:g}".replace("-", "−")] = state.tool
        chosen = next(words for words, tool in tools.items() if tool == state.tool)
        yield Choice("to", {words: state.with_tool(tool).url for words, tool in tools.items()}, chosen, id="to")

    def _caption(self) -> str:
        chosen = {"neurons": "a neuron", "edges": "an edge"}.get(self.state.on, "") if self._sites() else ""
        does = written_words(self.state.tool, self.state.n_inputs)
        choose = f"Choose {chosen} to have it {does}; choose it again to undo that. " if chosen else ""
        return (
            f"{choose}Discs grow with the activation, rings are negative; edges are as wide as what they carry, pale "
            "where nothing about them has changed."
        )

    def _changed(self) -> list[Block]:
        rows = []
        for change in self.changes:
            told = self._hand(change)
            numbers = (", ".join(decimal(value, 3) for value in some) for some in (told.before, told.value))
            rows.append((told.name, f"{told.words}: {' → '.join(numbers)}", self.state.without(change).url))
        return changed_table(rows)

    def _asks(self) -> Iterator[Ask]:
        state = self.state
        if self.part is not None:
            share = Field("share", "How much of the changes is drawn", f"{state.share:g}", kind="range")
            yield Ask("Draw", state.fields("share"), [share])
        site = Field("site", "Neuron, edge or direction", hint="1.0 or 2.1.0 or 1: 1, 0, -1")
        yield Ask("Change", state.fields("share"), [site])
        if len(state.refs) < MOST:
            yield Ask("Ask", state.fields(), [Field("e", "Another explanation", hint="i-MASK.INDEX")])

    def _directions(self) -> Iterator[Block]:
        """Those of the explanations asked, then those on which the search found alignments."""
        cells = []
        for number, (place, carries) in enumerate(self._found_directions()):
            change = self.state.used_on(place)
            words = Markup('<span class="mono">{}</span>').format(self._does(change))
            more = f" and {len(carries) - 4} more" if len(carries) > 4 else ""
            url = self.state.toggled(change).url
            cells.append((link(words, url, f"along-{number}"), f"{', '.join(carries[:4])}{more}"))
        if cells:
            yield Table.plain(["Direction", "Carries"], cells)
        else:
            every = Action("Explanations on directions", self.links.directions(self.place.slug, self.place.scope))
            yield Notice("No direction is found here yet", "", "Write one below.", actions=[every])

    def _found_directions(self) -> list[tuple[LinearPlace, list[str]]]:
        """Each once, with what it carries. Classes of maps find the same direction up to the last digits; of those that
        people would write alike the first is offered.
        """
        named: dict[tuple[int, str], tuple[LinearPlace, list[str]]] = {}

        def add(place: LinearPlace, label: str) -> None:
            kept = named.setdefault((place.layer, _written_alike(place, self.state.sizes)), (place, []))
            if label and label not in kept[1]:
                kept[1].append(label)

        for change in self.now.along:
            add(change.place, "")
        for letter, one in zip(LETTERS, self.explanations, strict=False):
            if one.directions is not None and one.algorithm is not None:
                formulas = {variable.path: variable.shown for variable in one.algorithm.variables}
                for path, place in one.directions.places:
                    add(place, f"{letter}: {formulas[path]}")
        analysis = self.place.analysis
        for row in () if analysis is None else kept_directions(self.session, analysis.id, valid_only=True):
            if len(named) >= MOST_DIRECTIONS:
                break
            algorithm = read_algorithm(row.algorithm_text, cast("Form", row.form), self.state.n_inputs)
            formulas = {variable.path: variable.shown for variable in algorithm.variables}
            for path, place in alignment_of(row).places:
                add(place, formulas[path])
        return list(named.values())

    def _outcome(self) -> Iterator[Block]:
        """What the network does; while that is to be predicted, the two decisions to choose from."""
        state = self.state
        if state.hidden:
            guesses = []
            for bit in (0, 1):
                letters = [one.letter for one in self.asked() if one.says == bit]
                who = f": {', '.join(letters)} correct" if letters else ": none correct" if state.refs else ""
                guesses.append(Action(f"{bit}{who}", replace(state, now=Try(self.now, "1" if bit else "0")).url))
            reveal = Action("Reveal", replace(state, now=Try(self.now, "x")).url)
            yield Notice("What will it decide?", actions=[*guesses, reveal], id="guess")
            return
        if state.now.guess in ("0", "1"):
            hit = int(state.now.guess) == decided(self.after)
            yield Notice(
                f"You predicted {state.now.guess}, {'correctly' if hit else 'and it decides otherwise'}.", id="guessed"
            )
        was = f"{_output(self.before)} unchanged" if self.changes else ""
        yield Facts(
            [
                Fact("Output", _output(self.after), was),
                Fact("Decides", _bit(decided(self.after)), "1 above 0.5", _margin(self.after, "threshold")),
                Fact("By rounding", _bit(decided(self.after, "rounding")), "", _margin(self.after, "rounding")),
            ],
            id="does",
        )

    def _said(self) -> Iterator[Block]:
        """What each explanation predicted, and whom else to ask."""
        state, rows = self.state, []
        for one, asked in zip(self.explanations, self.asked(), strict=True):
            others = replace(state, refs=tuple(ref for ref in state.refs if ref != asked.ref)).url
            name = one.algorithm.formula if one.algorithm else KIND_LABELS[one.kind]
            right = "" if asked.right is None else "correct" if asked.right else "incorrect"
            says = "no prediction" if asked.says < 0 else str(asked.says)
            values = {"what": f"{asked.letter} {name}", "says": says, "right": right, "reason": asked.reason}
            values["drop"] = link(f"Remove {asked.letter}", others, f"drop-{asked.letter}")
            rows.append(Row(values, ref=asked.ref, url=one.url))
        if rows:
            yield Section("Predictions", "correct and incorrect are by threshold", id="said")
            columns = (
                column("what", "Explanation", "What it is.", first=True),
                column("says", "Says", "What it predicts.", show=_struck),
                column("right", "Right", "Whether the network decides so."),
                column("drop", "", "", show=lambda row: row["drop"]),
            )
            drawn = {str(one.ref): one for one in self.explanations}
            yield replace(
                listed("explanation", columns, rows, "asked"),
                thumb=lambda row: self.thumb(drawn[row.ref]),
                says=lambda row: row["reason"] or _short(row.ref),
            )
        if self.suggested:
            refs = [one.ref for one in self.suggested]
            told = [(f"the explanation {one.label}", one) for one in self.suggested]
            cells = [
                (link(f"Add {one.role}", self._adding(one.ref), f"suggest-{number}"), one.label, one.why)
                for number, (_, one) in enumerate(told)
            ]
            if len(refs) > 1:
                cells.append((link("Add all of these", self._adding(*refs), "suggest-all"), "", ""))
            yield Section("Ask explanations" if not rows else "Ask another", id="ask")
            yield Table.plain(["Whom", "Which", "Why"], cells)

    def _adding(self, *refs: str) -> str:
        return replace(self.state, refs=(*self.state.refs, *refs)).url

    def thumb(self, one: Explanation) -> Markup:
        """An explanation on the network."""
        n_rows = 1 << self.state.n_inputs
        tiles = [
            Tile(claim.layer, neuron, tuple(truth_rows(claim.function, n_rows)), claim.label)
            for claim in one.functions
            for neuron in claim.neurons
        ]
        return circuit_thumb(self.place.question.cut.weights, one.circuit, tiles, title=KIND_LABELS[one.kind])

    def _next(self) -> Iterator[Block]:
        """Interventions that divide those who are asked."""
        if len(self.explanations) < LEAST:
            return
        yield Section("What to try next", id="next")
        cells = []
        for number, (one, pairs) in enumerate(self.next.divided):
            why = f"divides {', '.join(map(_pair, pairs))} most clearly" if pairs else "divides most of them"
            cells.append((link(self.words_of(one), self.state.fresh(one).url, f"jump-{number}"), why))
        if cells:
            yield Table.plain(["Intervention", "Why"], cells)
        if self.next.undivided:
            space, undivided = self.next.space, " or ".join(map(_pair, self.next.undivided))
            sets = f"sets of {f'up to {space.largest} ' if space.largest else ''}hidden neurons"
            nothing = "Nothing else" if self.changes else "Nothing"
            yield Notice(
                f"{nothing} among {noun(space.n_interventions, 'intervention')} on {sets} divides {undivided}."
            )

    def _path(self, part: PartialChanges) -> Figure:
        share, outputs = self.state.share, part.outputs.tolist()
        drawn = partial_figure(part.shares, outputs, part.bends, part.turns, (share, float(self.shown[-1][0])))
        turns = f"The decision turns at {_listed(part.turns)}." if part.turns else "The decision never turns."
        how = f"Computed at {len(part.shares)} places; a decision that turns and turns back between two is not seen."
        if part.exact:
            n = len(part.bends)
            bends = f"bends {noun(n, 'time')}, where a neuron passes zero" if n else "is straight"
            how = f"Exact: the line {bends}."
        return Figure(drawn, f"{turns} {how}")


def _pair(letters: str) -> str:
    return f"{letters[0]} and {letters[1]}"


def decided(layers: Layers, rule: DecisionRule = "threshold") -> int:
    """0, 1 or −1 for neither."""
    return int(decide(np.array(layers[-1][0]), rule))


def _bit(decision: int) -> str:
    return "neither" if decision < 0 else str(decision)


def _output(layers: Layers) -> str:
    output = finite(float(layers[-1][0]))
    return "beyond float64" if output is None else decimal(output, 4)


def _margin(layers: Layers, rule: DecisionRule) -> str:
    margin = float(margin_to_edge(layers[-1][0], rule))
    return f"margin {decimal(margin, 3)}{', fragile' if margin < FRAGILE_BELOW else ''}"


def _numbers(layers: Layers) -> list[list[float | None]]:
    return [[finite(value) for value in layer.tolist()] for layer in layers]


def _listed(numbers: Sequence[float]) -> str:
    return " and ".join(decimal(number, 4) for number in numbers)


def _struck(row: Row) -> Markup | str:
    said: str = row["says"]
    return Markup('<s>{}</s><span class="vh"> wrong</span>').format(said) if row["right"] == "incorrect" else said


def _short(ref: str) -> str:
    shown = ref.replace("-", "·", 1)
    return shown if len(shown) < 30 else f"{shown[:28]}…"


def _written_alike(place: LinearPlace, sizes: Sequence[int]) -> str:
    """The same for directions that differ by a multiple and in the last digits."""
    scaled = place.of_unit_scale
    if place.dimension > 1:
        return scaled.text

    def turned(rows: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(-number for number in row) for row in rows)

    other = LinearPlace(place.layer, turned(scaled.reads), turned(scaled.swaps))
    return min(along_name(scaled, sizes), along_name(other, sizes))
