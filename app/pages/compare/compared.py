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
from app.errors import BadQuery
from app.figures.numbers import decimal, exact, noun
from app.pages.about_one import column
from app.pages.compare.guess import Experiment, Guess
from app.pages.compare.options import FIRST_SHOWN, ComparedOptions
from app.pages.explanations import KIND_LABELS
from app.pages.sharing.facts import InShort, Shared
from pluriscope.blocks import Action, Block, Figure, Head, Menu, More, Notice, Prose, Section, Side, Table, Text
from pluriscope.comparison import Trials
from pluriscope.comparison import who_is_right as bar
from pluriscope.naming import LEAST, LETTERS, Scope
from pluriscope.records import (
    ComparedRecord,
    ComparisonRecord,
    ContradictionRecord,
    DifferenceRecord,
)
from pluriscope.tables import Column, Query, Row, Selection

ID: Final = "contradictions"
_UNTIL: Final = {
    "circuit": "a circuit predicts nothing until its neurons are read",
    "algorithm": "an algorithm predicts nothing until it is placed",
}


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
        experiment: number of a trial → what a page asks about it.
        words: what is said or happens, for people.
        outputs: how many inputs each gets right, and whether they passed the same test, as sentences.
        legend: how drawings are read, as sentences.
        nearest: references of explanations near these that do contradict each other, what they are, as a sentence.
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
    experiment: Callable[[int], Experiment]
    words: Callable[[int], str] = str
    outputs: str = ""
    legend: str = ""
    nearest: Callable[[], tuple[Sequence[str], str] | None] = lambda: None
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
        if len(self.trials.apart):
            own = "their own " if self.asked == "own interventions" else ""
            return (
                f"{names} contradict each other on {exact(len(self.trials.apart))} of {own}{noun(self.of, self.unit)}"
            )
        if self.trials.spoken.any(axis=1).sum() < LEAST:
            silent = [one for one in self.ones if not one.predicted]
            because = dict.fromkeys(_UNTIL.get(one.kind, f"{one.letter} predicts nothing") for one in silent)
            return f"{names} cannot be held against each other: {', and '.join(because)}"
        if self.trials.spoken.sum(axis=0).max() < LEAST:
            return f"{names} never speak about the same {self.unit}"
        return f"{names} never contradict each other"

    @property
    def sentence(self) -> str:
        """What they have in common, and who is right."""
        told = self.outputs
        if len(self.trials.apart):
            right = self.trials.right[:, self.trials.apart].sum(axis=1).tolist()
            speaking = zip(self.ones, right, strict=True)
            shares = [f"{one.letter} is right on {exact(n)}" for one, n in speaking if one.predicted]
            shares = [shares[0], *(words.replace("is right ", "") for words in shares[1:])]
            told += f" Where they contradict, {', '.join(shares[:-1])} and {shares[-1]}."
        return told

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The page, its first contradictions."""
        return tuple(blocks(self, ComparedOptions()))

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
            doubtful=self.trials.doubtful is not None and bool(self.trials.doubtful[number]),
        )


@dataclass(frozen=True, eq=False)
class Contradictions:
    """The trials in which two contradict each other; none is made but those that are shown.

    Args:
        of: the comparison.
        view: what was guessed; what the network does is told of that alone.
    """

    of: Compared
    view: ComparedOptions

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
            column("decision", "Network", "What it answers.", show=_answer),
            column("output", "Output", "Of the network.", "float", shown=False),
            column("margin", "Margin", "How telling it is.", "float", shown=False),
            column("url", "Address", "Where it can be tried.", shown=False),
        )

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Some of them."""
        where = self.of.trials.apart
        some = where[query.start : query.start + query.limit].tolist()
        return Selection(len(where), len(where), tuple(map(self._row, range(query.start + 1, len(where) + 1), some)))

    def _row(self, at: int, number: int) -> Row:
        told = self.of.contradiction(number)
        values = {name: None if value == "" else value for name, value in told.model_dump().items()}
        shown = at in self.view.guesses or self.view.answers == "all"
        more = {"decision": told.happens, "guess": "" if shown else asked_at(self.of, self.view, at)}
        return Row({**values, **told.says, **more}, url=told.url if shown else "")


def _answer(row: Row) -> Markup:
    """What the network does, or where to guess that."""
    if row["guess"]:
        return Markup('<a class="btn" href="{}#guess">Guess</a>').format(row["guess"])
    output = "" if row["output"] is None else decimal(row["output"])
    return Markup("<b>{}</b> {} {}").format(row["decision"], output, _are_right(row["right"]))


def _are_right(letters: Sequence[str]) -> str:
    names = f"{', '.join(letters[:-1])} and {letters[-1]}" if letters[1:] else "".join(letters)
    return f"{names or 'None'} {'are' if letters[1:] else 'is'} right"


def _runs(row: Row) -> Markup:
    return Markup('<span class="mono nowrap">{} with {}</span>').format(row["base"], row["source"])


def _says(letter: str) -> Callable[[Row], Markup | str]:
    """What one says, struck where it is known that the network does not do so."""

    def shown(row: Row) -> Markup | str:
        said: str = row[letter]
        wrong = not row["guess"] and said != row["decision"]
        return Markup('<s>{}</s><span class="vh"> wrong</span>').format(said) if wrong else said

    return shown


# --- as blocks


def blocks(c: Compared, view: ComparedOptions) -> Iterator[Block]:
    """The page: the verdict, who is right, the drawings, an experiment to guess at, all of them, and the rest folded.

    Raises:
        BadQuery: the experiment that is asked for is not there.
    """
    apart = c.trials.apart.tolist()
    if apart and view.at > len(apart):
        cause = f"is not there: they contradict each other on {noun(len(apart), c.unit)}"
        raise BadQuery(f"contradiction {view.at:,}", cause, f"use 1 to {len(apart):,}", "at", c.url, "the first")
    experiment = c.experiment(apart[view.at - 1]) if apart else None
    yield _head(c)
    if c.trials.spoken.any():
        yield who_is_right(c)
    drawings = c.drawings if experiment is None else experiment.drawings
    yield Side([_drawn(c, number, drawn) for number, drawn in enumerate(drawings)])
    if experiment is None:
        yield _nothing(c)
    else:
        yield _guess(c, view, experiment)
    if c.legend:
        yield Prose(c.legend, glossary=False, id="legend")
    if apart:
        yield from _contradictions(c, view)
    if c.differences:
        told = [(one.site, one.says) for one in c.differences]
        said = f"they say different things of {noun(len(c.differences), 'neuron or edge', 'neurons and edges')}"
        title = "Edge by edge" if c.asked == "rows" else "Neuron by neuron"
        yield More(title, lambda: [_by_letter("Neuron or edge", c.letters, told)], said, id="parts")
    yield from c.folds()


def _head(c: Compared) -> Head:
    slug, scope, links = c.network.slug, c.scope, c.links
    share = [Action("Start a collection", links.collection("", [(c.url, "")]))]
    if c.shareable:
        card = Action("Card", links.made_of(c.url, "card.png"))
        share = [card, Action("In a frame", links.embedded(c.url)), *share]
    change = Action("Change the two" if len(c.ones) == LEAST else "Change them", every_one(links, slug, scope))
    return Head(c.title, c.sentence, actions=[change, Menu("Share", share, c.url)])


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
    return bar(counts, unit, c.bounded)


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


def _drawn(c: Compared, number: int, drawn: Markup) -> Figure:
    one = c.ones[number]
    standing = f"right on {exact(one.right)} of {exact(one.predicted)}" if one.predicted else "predicts nothing"
    if one.predicted and one.predicted < c.of:
        standing += f", silent on {exact(c.of - one.predicted)}"
    caption = Markup('<b class="key">{}</b> <b>{}</b> <a class="mono" href="{}">{}</a> <span>{}, {}</span>').format(
        one.letter, KIND_LABELS[one.kind], one.url, short(one.ref), one.name, standing
    )
    if len(c.ones) > LEAST:
        others = c.at([ref for ref in c.refs if ref != one.ref])
        caption += Markup(' <a href="{}">Remove {}</a>').format(others, one.letter)
    return Figure(drawn, caption, id=f"explanation-{one.letter}")


def short(ref: str) -> str:
    """A reference as pages write it."""
    shown = ref.replace("-", "·", 1)
    return shown if len(shown) < 30 else f"{shown[:28]}…"


# --- the experiment


def asked_at(c: Compared, view: ComparedOptions, at: int, guessed: str = "") -> str:
    """Where a contradiction is asked about, or with one more guess where its answer is."""
    return c.at(at=at, guess=f"{view.guess}{guessed}", answers=view.answers)


def _guess(c: Compared, view: ComparedOptions, experiment: Experiment) -> Guess:
    apart = c.trials.apart.tolist()
    told = c.contradiction(apart[view.at - 1])
    guessed, shown = view.guesses.get(view.at, ""), view.at in view.guesses or view.answers == "all"
    said = ", ".join(f"{letter} {'said' if shown else 'says'} {word}" for letter, word in told.says.items())
    figure = Figure(experiment.network(shown), "", id="experiment")
    if not shown:
        choices = {f"{letter} is right": asked_at(c, view, view.at, f"{view.at}{letter}") for letter in told.says}
        lines = [f"{experiment.changes} {said}. Who is right?", experiment.doubt]
        note = "Guess first, then see."
        return Guess(
            at=view.at,
            of=len(apart),
            says=experiment.asks,
            lines=lines,
            figure=figure,
            choices=choices,
            next="",
            chosen=0,
            note=note,
        )
    right = c.trials.right[:, c.trials.apart]
    kept = {at: letter for at, letter in view.guesses.items() if 1 <= at <= len(apart) and letter in c.letters}
    score = sum(bool(right[c.letters.index(letter), at - 1]) for at, letter in kept.items())
    following = [at for at in (*range(view.at + 1, len(apart) + 1), *range(1, view.at)) if at not in view.guesses]
    mine = f"You guessed {guessed}. " if guessed else ""
    play = Markup('<a href="{}">Try it in Play</a>').format(experiment.play) if experiment.play else ""
    return Guess(
        at=view.at,
        of=len(apart),
        says=f"{experiment.outcome} {_are_right(told.right)}.",
        lines=[f"{experiment.asks} {said}.", play],
        figure=figure,
        choices={},
        next=asked_at(c, view, following[0]) if following else "",
        chosen=list(told.says).index(guessed) + 1 if guessed in told.says else 1,
        note=f"{mine}{score} of {noun(len(kept), 'guess', 'guesses')} right." if kept else "",
    )


def _nothing(c: Compared) -> Notice:
    """What takes the place of an experiment where there is none, and the nearest comparison that has one."""
    found = c.nearest()
    because = " ".join(f"{one.letter}: {one.silent_because}." for one in c.ones if one.silent_because)
    cause = f"{because} {c.bounded}".strip()
    if found is None:
        choose = Action("Choose others", every_one(c.links, c.network.slug, c.scope), primary=True)
        return Notice("There is no experiment on which they say different things.", cause, actions=[choose])
    refs, words = found
    return Notice(
        "There is no experiment on which they say different things.",
        cause,
        words,
        actions=[Action("Compare these", c.at(refs), primary=True)],
    )


def _contradictions(c: Compared, view: ComparedOptions) -> Iterator[Block]:
    n = len(c.trials.apart)
    shown = "the network’s answers stay closed until you guess" if view.answers != "all" else ""
    words, answers = ("Show all answers", "all") if view.answers != "all" else ("Hide the answers", "")
    action = Action(words, f"{c.at(at=view.at, guess=view.guess, answers=answers)}#where")
    yield Section("Where they contradict", f"{exact(n)}, the clearest first; {shown}".rstrip("; "), action, id="where")
    yield table(c, view)


def table(c: Compared, view: ComparedOptions) -> Table:
    """The contradictions; from the page on that has the one that is asked about."""
    kept = {"network": c.network.slug, "e": c.refs, **c.scope.query()}
    seen = {"at": "" if view.at == 1 else str(view.at), "guess": view.guess, "answers": view.answers}
    files = {"CSV": c.url.replace("/compare?", "/compare.csv?", 1)}
    if c.asked != "rows":
        files["Try one of your own"] = c.links.play(c.network.slug, c.refs, c.scope)
    page = (view.at - 1) // view.limit * view.limit
    start = page if view.start is None else view.start
    return Table(
        Contradictions(c, view),
        Query(start=start, limit=view.limit),
        c.links.compare(),
        "contradiction",
        Query(start=page, limit=FIRST_SHOWN),
        facets=False,
        files=files,
        kept=kept | {name: value for name, value in seen.items() if value},
        id=ID,
    )


def _by_letter(label: str, letters: Sequence[str], rows: Iterable[tuple[str, Mapping[str, Text]]]) -> Table:
    """What each says of some things, one a row."""
    return Table.plain([label, *letters], [[name, *(says.get(one, "") for one in letters)] for name, says in rows])
