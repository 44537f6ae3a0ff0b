"""Two to six explanations beside each other, whatever they explain: as blocks, as a record, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any, Final, Literal

from markupsafe import Markup
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from app.addressing import Addresses
from app.db.tables import ModelRow, NetworkRow
from app.figures.numbers import decimal, exact, noun
from app.figures.svg.marks import quarters
from app.pages.about_one import column
from app.pages.compare.options import FIRST_SHOWN
from app.pages.explanations import KIND_LABELS
from app.pages.sharing.facts import InShort, Shared
from pluriscope.blocks import Action, Block, Figure, Head, Menu, More, Notice, Prose, Section, Side, Table, Text
from pluriscope.comparison import Trials
from pluriscope.naming import LEAST, LETTERS, Scope
from pluriscope.records import (
    ComparedRecord,
    ComparisonRecord,
    ContradictionRecord,
    DifferenceRecord,
)
from pluriscope.tables import Column, Query, Row, Selection

ID: Final = "contradictions"
_EDGES: Final = "In ink: edges that only some keep. Grey: those that all keep. Pale: those that are cut."


@dataclass(frozen=True, eq=False, kw_only=True)
class Compared(Shared):
    """A comparison.

    Args:
        session: open session.
        links: builds addresses.
        network: or model that they explain.
        scope: of the analysis, or the rules of a model.
        rules: the same for people.
        ones: the explanations; P, Q, R … in this order.
        drawings: of each.
        trials: what all of them say, and what happens.
        asked: what these trials are.
        bounded: what is left out of them, as a sentence.
        trial: number of a trial → "experiment", "neurons" and what else its record has of it.
        words: what is said or happens, for people.
        outputs: how many inputs each gets right, in a sentence.
        differences: neurons and edges of which they say different things.
        folds: what else there is, computed when it is opened.
    """

    session: Session
    links: Addresses
    network: NetworkRow | ModelRow
    scope: Scope
    rules: str
    ones: Sequence[ComparedRecord]
    drawings: Sequence[Markup]
    trials: Trials
    asked: Literal["interventions", "own interventions", "rows"]
    bounded: str = ""
    trial: Callable[[int], dict[str, Any]]
    words: Callable[[int], str] = str
    outputs: str = ""
    differences: Sequence[DifferenceRecord] = ()
    folds: Callable[[], Iterator[Block]]

    @property
    def letters(self) -> str:
        """What they are called."""
        return LETTERS[: len(self.ones)]

    @property
    def refs(self) -> list[str]:
        return [one.ref for one in self.ones]

    @property
    def of(self) -> int:
        """How many trials."""
        return len(self.trials.happens)

    @property
    def unit(self) -> str:
        """What one trial is called."""
        return "row" if self.asked == "rows" else "intervention"

    @property
    def url(self) -> str:
        return self.at()

    @property
    def about(self) -> tuple[NetworkRow | ModelRow, Scope]:
        return self.network, self.scope

    @property
    def shareable(self) -> bool:
        return self.asked != "rows"

    @property
    def thumbs(self) -> Sequence[tuple[str, str, Markup]]:
        return [(one.letter, one.name, drawn) for one, drawn in zip(self.ones, self.drawings, strict=True)]

    @property
    def in_short(self) -> InShort:
        lines = [("They contradict each other on", f"{exact(len(self.trials.apart))} of {noun(self.of, self.unit)}")]
        for one in self.ones:
            said = f"{exact(one.right)} of {exact(one.predicted)}" if one.predicted else "nothing, it predicts nothing"
            lines.append((f"{one.letter} is right on", said))
        title = f"{len(self.ones)} explanations of {self.network.name} compared"
        rules = self.rules.removeprefix("Under protocol ")
        return InShort("Comparison", title, tuple(lines), ", ".join(self.refs), rules)

    def at(self, refs: Sequence[str] | None = None, **view: Any) -> str:
        """Its address, or that of another comparison of the same network."""
        return self.links.compare(self.network.slug, self.refs if refs is None else refs, self.scope, **view)

    @property
    def title(self) -> str:
        """The verdict."""
        names = f"{', '.join(self.letters[:-1])} and {self.letters[-1]}"
        if self.trials.spoken.any(axis=1).sum() < LEAST:
            return f"{names} cannot contradict each other"
        if not len(self.trials.apart):
            return f"{names} never contradict each other"
        own = "their own " if self.asked == "own interventions" else ""
        return f"{names} contradict each other on {exact(len(self.trials.apart))} of {own}{noun(self.of, self.unit)}"

    @property
    def sentence(self) -> str:
        """Who is right, and what they have in common."""
        told = [self.outputs] if self.outputs else []
        if len(self.trials.apart):
            right = self.trials.right[:, self.trials.apart].sum(axis=1).tolist()
            speaking = zip(self.ones, right, strict=True)
            shares = [f"{one.letter} is right on {exact(n)}" for one, n in speaking if one.predicted]
            told.append(f"Where they contradict each other, {', '.join(shares[:-1])} and {shares[-1]}.")
        return " ".join([*told, f"{self.rules}."])

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The page, its first contradictions."""
        return tuple(blocks(self, Query(limit=FIRST_SHOWN)))

    def record(self, start: int, limit: int) -> ComparisonRecord:
        """The comparison as JSON, with some contradictions."""
        end = start + limit
        return ComparisonRecord(
            url=self.url,
            network=self.network.digest,
            scope=dict(self.scope.fields),
            engine_version=ENGINE_VERSION,
            verdict=self.title,
            trials=self.asked,
            of=self.of,
            bounded=self.bounded,
            explanations=list(self.ones),
            pairs=[self.trials.pair(one, other) for one, other in combinations(range(len(self.ones)), 2)],
            differences=list(self.differences),
            n_contradictions=len(self.trials.apart),
            contradictions=[self.contradiction(number) for number in self.trials.apart[start:end].tolist()],
            next=self.links.twin(self.at(start=end, limit=limit)) if end < len(self.trials.apart) else None,
        )

    def contradiction(self, number: int) -> ContradictionRecord:
        """One trial by its number."""
        said, right = self.trials.said[:, number].tolist(), self.trials.right[:, number].tolist()
        return ContradictionRecord(
            **self.trial(number),
            says={letter: self.words(one) for letter, one in zip(self.letters, said, strict=True) if one >= 0},
            happens=self.words(int(self.trials.happens[number])),
            right=[letter for letter, is_right in zip(self.letters, right, strict=True) if is_right],
            margin=float(self.trials.margins[number]),
        )


@dataclass(frozen=True, eq=False)
class Contradictions:
    """The trials in which two contradict each other, most telling first; none is made but those that are shown."""

    of: Compared

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """What tells the trial, what each says, what happens."""
        rows = self.of.asked == "rows"
        what = ("Row", "Of the task.") if rows else ("What gets another input’s values", "Neurons, or directions.")
        letters = (column(one, f"{one} says", "Struck where wrong.", show=_says(one)) for one in self.of.letters)
        return (
            column("experiment", "Intervention", "As addresses write it.", shown=False),
            column("neurons", *what, first=True),
            column("source", "Source", "The input whose values are put in.", shown=False),
            column("base", "Runs", "The input that runs, and the one whose values are put in.", show=_runs),
            *letters,
            column("decision", "Network", "What it does.", show=_decision),
            column("output", "Output", "Of the network, 1 above 0.5.", "float"),
            column("margin", "Margin", "How telling it is.", "float", shown=rows, show=_margin),
            column("url", "Address", "Where it can be tried.", shown=False),
        )

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Some of them."""
        where = self.of.trials.apart
        rows = tuple(map(self._row, where[query.start : query.start + query.limit].tolist()))
        return Selection(len(where), len(where), rows)

    def _row(self, number: int) -> Row:
        told = self.of.contradiction(number)
        values = {name: None if value == "" else value for name, value in told.model_dump().items()}
        return Row({**values, **told.says, "decision": told.happens}, url=told.url)


def _decision(row: Row) -> Markup:
    return Markup("<b>{}</b>").format(row["decision"])


def _runs(row: Row) -> Markup:
    return Markup('<span class="mono nowrap">{} with {}</span>').format(row["base"], row["source"])


def _margin(row: Row) -> str:
    return decimal(row["margin"], 3)


def _says(letter: str) -> Callable[[Row], Markup | str]:
    """What one says, struck where the network does not do so."""

    def shown(row: Row) -> Markup | str:
        said: str = row[letter]
        return said if said == row["decision"] else Markup('<s>{}</s><span class="vh"> wrong</span>').format(said)

    return shown


# --- as blocks


def blocks(c: Compared, query: Query) -> Iterator[Block]:
    """The page: the verdict, who is right, the drawings, where they contradict, and the rest folded."""
    yield _head(c)
    yield who_is_right(c)
    yield Side([_drawn(c, number) for number in range(len(c.ones))])
    if c.asked != "rows" and any(one.edges is not None for one in c.ones):
        yield Prose(_EDGES, glossary=False)
    yield from _contradictions(c, query)
    if c.differences:
        told = [(one.site, one.says) for one in c.differences]
        said = f"they say different things of {noun(len(c.differences), 'neuron or edge', 'neurons and edges')}"
        title = "Edge by edge" if c.asked == "rows" else "Neuron by neuron"
        yield More(title, lambda: [_by_letter("Neuron or edge", c.letters, told)], said, id="parts")
    yield from c.folds()


def _head(c: Compared) -> Head:
    slug, scope, links = c.network.slug, c.scope, c.links
    actions: list[Action | Menu] = [Action("Change", every_one(links, slug, scope))]
    share = [Action("Start a collection", links.collection("", [(c.url, "")]))]
    if c.asked != "rows":
        actions.append(Action("Play", links.sandbox(slug, c.refs, scope)))
        card = Action("Card", links.made_of(c.url, "card.png"))
        share = [card, Action("In a frame", links.embedded(c.url)), *share]
    return Head(c.title, c.sentence, actions=[*actions, Menu("Share", share, c.url)])


def every_one(links: Addresses, slug: str, scope: Scope) -> str:
    """The list from which they are chosen."""
    return links.explanations(slug, scope) if isinstance(scope, Scope) else links.circuits(slug, scope)


def who_is_right(c: Compared) -> Block:
    """A bar of all trials for two, a matrix for more."""
    unit = noun(c.of, c.unit)
    if len(c.ones) > 2:
        return _matrix(c, unit)
    pair = c.trials.pair(0, 1)
    counts = (pair.both_right, pair.first_right, pair.second_right, pair.neither)
    names = ("both right", "only P", "only Q", "neither")
    words = ", ".join(f"{exact(n)} {name}" for n, name in zip(counts, names, strict=True))
    told = f"Of {unit}, from left to right: {words}{f'. {c.bounded}' if c.bounded else ''}"
    return Figure(quarters(counts, sentence=f"{unit}: {words}"), told, id="right")


def _matrix(c: Compared, unit: str) -> Table:
    """Each with how often it is right, and how often it is right where another is not."""
    rows: list[list[Text]] = []
    for number, one in enumerate(c.ones):
        rows.append([one.letter, f"{exact(one.right)} of {exact(one.predicted)}"])
        for other, ref in enumerate(c.refs):
            url = c.at([c.refs[number], ref] if number < other else [ref, c.refs[number]])
            only = Markup('<a href="{}">{}</a>').format(url, exact(c.trials.pair(number, other).first_right))
            rows[-1].append("" if other == number else only)
    labels = [f"Of {unit}", "right, of all it predicts", *(f"right where {letter} is not" for letter in c.letters)]
    return replace(Table.plain(labels, rows), noun="explanation", id="right")


def _drawn(c: Compared, number: int) -> Figure:
    one = c.ones[number]
    standing = f"right on {exact(one.right)} of {exact(one.predicted)}" if one.predicted else "silent"
    others = [ref for ref in c.refs if ref != one.ref]
    caption = Markup('<b>{}</b> {} <a class="mono" href="{}">{}</a><br>{}, {}<br><a href="{}">Remove {}</a>').format(
        one.letter,
        KIND_LABELS[one.kind],
        one.url,
        short(one.ref),
        one.name,
        f"{standing}: {one.silent_because}" if one.silent_because else standing,
        c.at(others),
        one.letter,
    )
    return Figure(c.drawings[number], caption, id=f"explanation-{one.letter}")


def short(ref: str) -> str:
    """A reference as pages write it."""
    shown = ref.replace("-", "·", 1)
    return shown if len(shown) < 30 else f"{shown[:28]}…"


def _contradictions(c: Compared, query: Query) -> Iterator[Block]:
    n = len(c.trials.apart)
    if not n:
        silent = [one for one in c.ones if not one.predicted]
        because = dict.fromkeys(one.silent_because for one in silent)
        causes = " ".join(f"{cause[:1].upper()}{cause[1:]}." for cause in because)
        words = "Where two of them say something, it is the same"
        if len(silent) > len(c.ones) - LEAST:
            words = "Fewer than two of them say anything"
        cures = [
            Action(f"Choose an interpretation of {one.letter}", f"{one.url}#interpretations")
            for one in silent
            if one.kind == "circuit"
        ]
        yield Notice(words, causes, c.bounded, actions=cures)
        return
    play = "" if c.asked == "rows" else "; each leads to the same in Play"
    yield Section("Where they contradict each other", f"the clearest first{play}", id="where")
    yield table(c, query)


def table(c: Compared, query: Query) -> Table:
    """The contradictions."""
    kept = {"network": c.network.slug, "e": c.refs, **c.scope.query()}
    files = {"CSV": c.url.replace("/compare?", "/compare.csv?", 1)}
    return Table(
        Contradictions(c),
        query,
        c.links.compare(),
        "contradiction",
        Query(limit=FIRST_SHOWN),
        facets=False,
        files=files,
        kept=kept,
        id=ID,
    )


def _by_letter(label: str, letters: Sequence[str], rows: Iterable[tuple[str, Mapping[str, Text]]]) -> Table:
    """What each says of some things, one a row."""
    return Table.plain([label, *letters], [[name, *(says.get(one, "") for one in letters)] for name, says in rows])
