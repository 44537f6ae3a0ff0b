"""Two to six explanations beside each other, whatever they explain: as blocks, as a record, as a table."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import LEAST, LETTERS, Scope
from pluriscope.analysis.explanations.explanation import Claim
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.errors import BadQuery
from pluriscope.app.pages.compare.options import FIRST_SHOWN, ComparedOptions
from pluriscope.app.pages.explanations import KIND_LABELS, Explanation
from pluriscope.app.pages.page import DRAWING, column, files_of, sharing
from pluriscope.app.pages.place import AnyPlace
from pluriscope.app.pages.placed import site_of
from pluriscope.app.pages.sharing.share import InShort, Shared
from pluriscope.figures.comparison import comparison_figure
from pluriscope.figures.numbers import decimal, enumerated, exact, noun
from pluriscope.figures.svg.elements import twice
from pluriscope.figures.svg.networks import NARROW, WIDTH
from pluriscope.figures.svg.tiles import bits_of
from pluriscope.objects.comparison import Trials, who_is_right
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    Choice,
    Figure,
    Head,
    More,
    Notice,
    Prose,
    Section,
    Side,
    Table,
    Text,
    sentence,
)
from pluriscope.tables.table import Column, Query, Row, Selection
from pluriscope.views.records import (
    ClaimRecord,
    ComparedRecord,
    ComparisonRecord,
    ContradictionRecord,
    DifferenceRecord,
)

_DIGEST: Final = re.compile(r"\b([0-9a-f]{6})[0-9a-f]{10,}\b")
UNTIL: Final = {
    "circuit": "a circuit predicts nothing until its neurons are read",
    "algorithm": "an algorithm predicts nothing until it is placed",
}


@dataclass(frozen=True)
class Experiment:
    """Trial in the form in which a page asks about it.

    Args:
        asks: what is done, as a sentence.
        outcome: what the network does, as a sentence.
        drawings: width → of each explanation a drawing with the values that it gives.
        network: whether its answer is shown → the network.
        changes: what that forces, as a sentence; "" where nothing is.
        doubt: why one might not trust a prediction, as a sentence; "" where nothing is open.
    """

    asks: str
    outcome: str
    drawings: Callable[[float], Sequence[Markup]]
    network: Callable[[bool], Markup]
    changes: str = ""
    doubt: str = ""


@dataclass(frozen=True, kw_only=True)
class Guess(Block):
    """An experiment, before a choice or after it.

    Args:
        at: its number, from 1.
        of: how many there are.
        says: what is done, or what came of it.
        lines: below that.
        figure: the network.
        choices: words of each button with its address; None after the choice.
        next: where the next one is; "" where all are answered.
        chosen: number of the button that was pressed, from 1.
        note: beside the buttons.
    """

    at: int
    of: int
    says: str
    lines: Sequence[str | Markup]
    figure: Figure
    choices: Mapping[str, str] | None = None
    next: str = ""
    chosen: int = 1
    note: str = ""
    id: str = "guess"

    @property
    def inner(self) -> Iterable[Block]:
        return [self.figure]


@dataclass(frozen=True, eq=False)
class Compared(Shared):
    """A comparison; what its trials are, its subclasses say.

    Args:
        place: what all explain.
        explanations: P, Q, R … in this order.
        view: which experiment is asked about, and what was guessed.
        choices: references of two that could be compared as well, by what they are.
        meanwhile: what these two stand in for, which is searched.
    """

    session: Session
    links: Addresses
    place: AnyPlace
    explanations: Sequence[Explanation[Question]]
    view: ComparedOptions = field(default_factory=ComparedOptions)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    meanwhile: Sequence[Block] = ()

    @property
    @abstractmethod
    def trials(self) -> Trials:
        """Trials: what each explanation predicts, and what happens."""

    @property
    @abstractmethod
    def legend(self) -> str:
        """Sentences on how drawings are read."""

    @property
    @abstractmethod
    def differences(self) -> Sequence[DifferenceRecord]:
        """Neurons and edges of which they say different things."""

    @abstractmethod
    def name(self, number: int) -> str:
        """Description of one explanation in a line."""

    @abstractmethod
    def edges(self, number: int) -> list[str] | None:
        """Edges that one explanation keeps; None where it keeps none and leaves none out."""

    @abstractmethod
    def drawings(self, width: float) -> Sequence[Markup]:
        """Drawing of each explanation on the network."""

    @abstractmethod
    def trial(self, number: int) -> dict[str, Any]:
        """Fields of a trial's record: "experiment", "neurons" and more."""

    @abstractmethod
    def experiment(self, number: int) -> Experiment:
        """Experiment that a page makes of a trial."""

    def folds(self) -> Iterator[Block]:
        """Further blocks, computed when they are opened."""
        return iter(())

    @property
    def network(self) -> NetworkRow:
        """Network that the explanations are of."""
        return self.place.row

    @property
    def outputs(self) -> str:
        """Sentence on how many inputs each gets right."""
        return ""

    @property
    def under(self) -> str:
        """The rules of the comparison, for people."""
        return self.place.under

    @property
    def same(self) -> str:
        """Whether they are of one kind and passed the same test, as a sentence."""
        kinds = {one.kind for one in self.explanations}
        rules = {one.place.question.protocol.name for one in self.explanations}
        if len(kinds) > 1:
            return f"Different kinds, so different tests, under {self.under}."
        if len(rules) > 1:
            return f"Same kind, different tests: protocols {enumerated(sorted(rules))}."
        return f"Same kind, same test: {self.under}."

    @cached_property
    def ones(self) -> Sequence[ComparedRecord]:
        """The explanations as records."""
        return [self._record(number) for number in range(len(self.explanations))]

    def _record(self, number: int) -> ComparedRecord:
        one, predicted = self.explanations[number], int(self.trials.spoken[number].sum())
        of_neurons = self.place.boolean and not one.on_sites
        functions, says, silence = (one.functions, one.says, one.record.silence) if of_neurons else ([], [], "")
        return ComparedRecord.showing(
            one,
            letter=LETTERS[number],
            ref=str(one.ref),
            url=one.url(),
            name=self.name(number),
            edges=self.edges(number),
            claims=[claim_record(claim, self.place.question.network.sizes) for claim in functions],
            says=says,
            predicted=predicted,
            right=int(self.trials.right[number].sum()),
            silent_because="" if predicted else silence,
        )

    def edges_apart(self, edges: Iterable[str]) -> Iterator[DifferenceRecord]:
        """List those among some edges that one circuit keeps and another cuts."""
        circuits = {one.letter: one.edges for one in self.ones if one.edges is not None}
        for edge in dict.fromkeys(edges):
            says = {letter: "kept" if edge in kept else "cut" for letter, kept in circuits.items()}
            if len({*says.values()}) > 1:
                yield DifferenceRecord(site=edge, says=says)

    def words(self, said: int) -> str:
        """Write a prediction or an outcome for people."""
        return str(self.trials.answers[said]) if said >= 0 else "nothing: two outputs are equal"

    @property
    def lettered(self) -> list[tuple[str, Explanation[Question]]]:
        """Explanations with their letters."""
        return list(zip(self.letters, self.explanations, strict=True))

    @property
    def people(self) -> Mapping[str, str]:
        """Letter → by whose name an explanation is known."""
        return {letter: one.person for letter, one in self.lettered if one.person}

    @property
    def letters(self) -> str:
        """Letters of the explanations."""
        return LETTERS[: len(self.explanations)]

    @property
    def circuits(self) -> bool:
        """Whether all are circuits, which predict nothing and are run instead."""
        return all(one.kind == "circuit" for one in self.explanations)

    @property
    def refs(self) -> list[str]:
        return [str(one.ref) for one in self.explanations]

    @property
    def of(self) -> int:
        """Number of trials."""
        return len(self.trials.happens)

    @property
    def unit(self) -> str:
        """Noun for one trial."""
        return "row" if self.trials.asked == "rows" else "intervention"

    @property
    def url(self) -> str:
        return self.at()

    @property
    def about(self) -> tuple[NetworkRow, Scope]:
        return self.network, self.place.scope

    @property
    def thumbs(self) -> Sequence[tuple[str, str, Markup]]:
        return [(one.letter, one.name, drawn) for one, drawn in zip(self.ones, self.drawings(WIDTH), strict=True)]

    @property
    def in_short(self) -> InShort:
        lines = []
        for one in self.ones:
            said = f"{exact(one.right)} of {exact(one.predicted)}" if one.predicted else "nothing, it predicts nothing"
            lines.append((f"{one.letter} is right on", said))
        rules = self.under.removeprefix("protocol ")
        return InShort("Comparison", f"{self.title}, in {self.network.name}", tuple(lines), ", ".join(self.refs), rules)

    def at(self, refs: Sequence[str] | None = None, **view: Any) -> str:
        """Its address, or that of another comparison of the same network."""
        return self.links.compare(self.network.slug, self.refs if refs is None else refs, self.place.scope, **view)

    @property
    def title(self) -> str:
        """The verdict."""
        people = [self.people.get(letter) for letter in self.letters]
        names = enumerated([f"{who} ({one})" if who else one for who, one in zip(people, self.letters, strict=True)])
        if self.circuits and len(self.ones) == LEAST:
            kept, other = ({*(one.edges or ())} for one in self.ones)
            shared = noun(len(kept & other), "edge") if kept & other else "no edge"
            return f"{names} share {shared} and differ in {exact(len(kept ^ other))}"
        if len(self.trials.apart):
            own = "their own " if self.trials.asked == "own interventions" else ""
            return (
                f"{names} contradict each other on {exact(len(self.trials.apart))} of {own}{noun(self.of, self.unit)}"
            )
        if self.trials.spoken.any(axis=1).sum() < LEAST:
            silent = [one for one in self.ones if not one.predicted]
            because = dict.fromkeys(UNTIL.get(one.kind, f"{one.letter} predicts nothing") for one in silent)
            return f"{names} cannot be held against each other: {', and '.join(because)}"
        if self.trials.spoken.sum(axis=0).max() < LEAST:
            return f"{names} never speak about the same {self.unit}"
        return f"{names} never contradict each other"

    @property
    def sentence(self) -> str:
        """Sentence on what they have in common, and who is right."""
        text = f"{self.outputs} {self.same}".lstrip()
        if self.circuits:
            apart, of = len(self.trials.apart), noun(self.of, self.unit)
            own = ", with its own values put in" if self.trials.asked == "interventions" else ""
            alike = f"differently on {exact(apart)} of" if apart else "alike on all"
            text += f" Each runs by itself{own}: they answer {alike} {of}."
        if len(self.trials.apart):
            right = self.trials.right[:, self.trials.apart].sum(axis=1).tolist()
            speaks = np.any(self.trials.spoken[:, self.trials.apart], axis=1).tolist()
            speaking = zip(self.letters, right, speaks, strict=True)
            shares = [f"{letter} is right on {exact(n)}" for letter, n, says in speaking if says]
            shares = [shares[0], *(words.replace("is right ", "") for words in shares[1:])]
            text += f" Where they contradict, {enumerated(shares)}."
        elif len(self.ones) == LEAST and self.trials.spoken.any() and not self.trials.spoken.all():
            silent = exact(int((~self.trials.spoken).all(axis=0).sum()))
            text += f" Where one alone is right, the other is silent; on {silent} of {exact(self.of)} neither speaks."
        return text

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The page, its first contradictions."""
        return tuple(_blocks(self))

    def drawn(self, name: str) -> Markup | None:
        """Draw a figure by its id; "drawing" is that of the whole comparison."""
        return _figure(self) if name == DRAWING else super().drawn(name)

    @property
    def asked_about(self) -> Experiment | None:
        """The experiment that is asked about; None where there is none.

        Raises:
            BadQuery: it is not there.
        """
        apart = self.trials.apart.tolist()
        if not apart:
            return None
        if self.view.at > len(apart):
            cause = f"is not there: they contradict each other on {noun(len(apart), self.unit)}"
            item, cure = f"contradiction {self.view.at:,}", f"use 1 to {len(apart):,}"
            raise BadQuery(item, cause, cure, "at", self.url, "the first")
        return self.experiment(apart[self.view.at - 1])

    @property
    def is_answered(self) -> bool:
        """Whether the answer of that experiment is shown."""
        return self.view.at in self.view.guesses or self.view.answers == "all"

    def record(self, start: int, limit: int) -> ComparisonRecord:
        """The comparison as JSON, with some contradictions."""
        end = start + limit
        return ComparisonRecord.showing(
            self,
            **self.place.record,
            verdict=self.title,
            trials=self.trials.asked,
            bounded=self.trials.bounded,
            explanations=list(self.ones),
            pairs=[self.trials.pair(one, other) for one, other in combinations(range(len(self.ones)), 2)],
            n_contradictions=len(self.trials.apart),
            contradictions=[self.contradiction(number) for number in self.trials.apart[start:end].tolist()],
            next=self.links.twin(self.at(start=end, limit=limit)) if end < len(self.trials.apart) else None,
        )

    def contradiction(self, number: int) -> ContradictionRecord:
        """Record of a trial by its number."""
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
    """The trials in which two contradict each other; what the network does is shown where it was guessed."""

    of: Compared

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of what identifies the trial, what each predicts, and what happens."""
        rows = self.of.trials.asked == "rows"
        what = ("Row", "Of the task.") if rows else ("What gets another input’s values", "Neurons, directions, sites.")
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
        """Select a page of the contradictions."""
        where = self.of.trials.apart
        some = where[query.start : query.start + query.limit].tolist()
        return Selection(len(where), len(where), tuple(map(self._row, range(query.start + 1, len(where) + 1), some)))

    def _row(self, at: int, number: int) -> Row:
        record = self.of.contradiction(number)
        values = {name: None if value == "" else value for name, value in record.model_dump().items()}
        shown = at in self.of.view.guesses or self.of.view.answers == "all"
        more = {"decision": record.happens, "guess": "" if shown else _asked_at(self.of, at)}
        return Row({**values, **record.says, **more}, url=record.url if shown else "")


def _answer(row: Row) -> Markup:
    """Cell with what the network does, or with the way to guess that."""
    if row["guess"]:
        which = ", ".join([row["neurons"], *([f"{row['base']} with {row['source']}"] if row["base"] else [])])
        return Markup('<a class="btn" href="{}#guess">Guess<span class="vh"> at {}</span></a>').format(
            row["guess"], which
        )
    output = "" if row["output"] is None else decimal(row["output"])
    return Markup("<b>{}</b> {} {}").format(row["decision"], output, _are_right(row["right"]))


def _are_right(letters: Sequence[str]) -> str:
    return f"{enumerated(letters) or 'None'} {'are' if letters[1:] else 'is'} right"


def _runs(row: Row) -> Markup:
    return Markup('<span class="mono nowrap">{} with {}</span>').format(row["base"], row["source"])


def _says(letter: str) -> Callable[[Row], Markup | str]:
    """Make the writer of one explanation's column; a prediction is struck where the network is known to differ."""

    def shown(row: Row) -> Markup | str:
        said: str = row[letter]
        wrong = not row["guess"] and said != row["decision"]
        return Markup('<s>{}</s><span class="vh"> wrong</span>').format(said) if wrong else said

    return shown


# --- as blocks


def _blocks(c: Compared) -> Iterator[Block]:
    """The page: the verdict, the bar, the drawings, an experiment to guess at, all of them, and the rest folded."""
    experiment = c.asked_about
    yield _head(c)
    yield from c.meanwhile
    if c.trials.spoken.any():
        every, quarters = noun(c.of, c.unit), c.trials.pair(0, 1).quarters
        yield _matrix(c, every) if len(c.ones) > LEAST else who_is_right(quarters, every, c.trials.bounded)
    drawings = c.drawings if experiment is None else experiment.drawings
    both = zip(drawings(WIDTH), drawings(NARROW), strict=True)
    yield Side([_drawn(c, number, wide, narrow) for number, (wide, narrow) in enumerate(both)])
    yield _nothing(c) if experiment is None else _guess(c, experiment)
    if c.legend:
        yield Prose(c.legend, glossary=False, id="legend")
    if experiment is not None:
        yield from _contradictions(c)
    if c.differences:
        others = ("neuron or edge", "neurons and edges") if c.place.boolean else ("node or edge", "nodes and edges")
        parts = ("edge", "edges") if c.circuits else others
        rows = [[one.site, *(one.says.get(letter, "") for letter in c.letters)] for one in c.differences]
        apart = Table.plain([parts[0].capitalize(), *c.letters], rows)
        said = f"they differ on {noun(len(c.differences), *parts)}"
        title = "Edge by edge" if c.circuits else f"{parts[0].partition(' ')[0]} by {parts[0].partition(' ')[0]}"
        yield More(title.capitalize(), lambda: [apart], said, id="parts")
    yield from c.folds()


def _head(c: Compared) -> Head:
    files = [Action(f"Figure as {form}", url) for form, url in files_of(c.links, _asked_at(c, c.view.at)).items()]
    words = "Change the two" if len(c.ones) == LEAST else "Change them"
    change = Action(words, c.links.explanations(c.network.slug, c.place.scope))
    whose = " and ".join(f"{who}’s" for who in c.people.values())
    here = next((words for words, refs in c.choices.items() if [*refs] == c.refs or words == whose), "")
    offered = [Choice("", {words: c.at(refs) for words, refs in c.choices.items()}, here)] if c.choices else []
    return Head(c.title, c.sentence, actions=[*offered, change, sharing(c.links, c.url, *files)])


def _matrix(c: Compared, every: str) -> Table:
    """Table of all trials: how often each is right, and how often it is right where another is not."""
    rows: list[list[Text]] = []
    for number, one in enumerate(c.ones):
        rows.append([one.letter, f"{exact(one.right)} of {exact(one.predicted)}"])
        for other, ref in enumerate(c.refs):
            url = c.at([c.refs[number], ref] if number < other else [ref, c.refs[number]])
            only = Markup('<a href="{}">{}</a>').format(url, exact(c.trials.pair(number, other).first_right))
            rows[-1].append("" if other == number else only)
    labels = [f"Of {every}", "right, of all it predicts", *(f"right where {letter} is not" for letter in c.letters)]
    return replace(Table.plain(labels, rows), noun="explanation", id="right")


def _drawn(c: Compared, number: int, wide: Markup, narrow: Markup) -> Figure:
    one, drawn = c.ones[number], wide if wide == narrow else twice(wide, narrow)
    standing = f"right on {exact(one.right)} of {exact(one.predicted)}" if one.predicted else "predicts nothing"
    if one.predicted and one.predicted < c.of:
        standing += f", silent on {exact(c.of - one.predicted)}"
    caption = Markup('<b class="key">{}</b> <b>{}</b> <a class="mono" href="{}">{}</a> <span>{}, {}</span>').format(
        one.letter, _called(c, one), one.url, short(one.ref), one.name, standing
    )
    if len(c.ones) > LEAST:
        others = c.at([ref for ref in c.refs if ref != one.ref])
        caption += Markup(' <a href="{}">Remove {}</a>').format(others, one.letter)
    return Figure(drawn, caption, id=f"explanation-{one.letter}")


def _called(c: Compared, one: ComparedRecord) -> str:
    who = c.people.get(one.letter)
    return f"{who}’s {KIND_LABELS[one.kind].lower()}" if who else KIND_LABELS[one.kind]


def short(ref: str) -> str:
    """A reference as pages write it, of long digests the first six digits."""
    shown = _DIGEST.sub(r"\1", ref.replace("-", "·", 1))
    return shown if len(shown) < 30 else f"{shown[:28]}…"


# --- the experiment


def _asked_at(c: Compared, at: int, guessed: str = "") -> str:
    """Address at which a contradiction is asked about, or answered with one more guess."""
    return c.at(at=at, guess=f"{c.view.guess}{guessed}", answers=c.view.answers)


def _guess(c: Compared, experiment: Experiment) -> Guess:
    apart, at, guesses = c.trials.apart.tolist(), c.view.at, c.view.guesses
    trial = c.contradiction(apart[at - 1])
    verb = "said" if c.is_answered else "says"
    said = ", ".join(f"{letter} {verb} {word}" for letter, word in trial.says.items())
    figure = Figure(experiment.network(c.is_answered), "", id="experiment")
    if not c.is_answered:
        choices = {f"{letter} is right": _asked_at(c, at, f"{at}{letter}") for letter in trial.says}
        lines = [f"{experiment.changes} {said}. Who is right?", experiment.doubt]
        note = "Guess first, then see."
        return Guess(at=at, of=len(apart), says=experiment.asks, lines=lines, figure=figure, choices=choices, note=note)
    right = c.trials.right[:, apart]
    kept = {one: letter for one, letter in guesses.items() if 1 <= one <= len(apart) and letter in c.letters}
    score = sum(bool(right[c.letters.index(letter), one - 1]) for one, letter in kept.items())
    following = [one for one in (*range(at + 1, len(apart) + 1), *range(1, at)) if one not in guesses]
    mine = f"You guessed {guesses[at]}. " if at in guesses else ""
    play = Markup('<a href="{}">Try it in Play</a>').format(trial.url) if trial.url else ""
    return Guess(
        at=at,
        of=len(apart),
        says=f"{experiment.outcome} {_are_right(trial.right)}.",
        lines=[f"{experiment.asks} {said}.", play],
        figure=figure,
        next=_asked_at(c, following[0]) if following else "",
        chosen=1 + [*trial.says, guesses.get(at)].index(guesses.get(at)) if at in guesses else 1,
        note=f"{mine}{score} of {noun(len(kept), 'guess', 'guesses')} right." if kept else "",
    )


def _nothing(c: Compared) -> Notice:
    """Notice in place of an experiment where there is none, with a way to another comparison."""
    causes = dict.fromkeys(sentence(one.silent_because) for one in c.ones if one.silent_because)
    choose = Action("Choose others", c.links.explanations(c.network.slug, c.place.scope), primary=True)
    cause = " ".join([*causes, c.trials.bounded]).strip()
    return Notice("There is no experiment on which they say different things", cause, actions=[choose])


def _contradictions(c: Compared) -> Iterator[Block]:
    n, shown = exact(len(c.trials.apart)), c.view.answers == "all"
    words, answers = ("Hide the answers", "") if shown else ("Show all answers", "all")
    action = Action(words, f"{c.at(at=c.view.at, guess=c.view.guess, answers=answers)}#where")
    order = "the clearest first" if shown else "the clearest first; the network’s answers stay closed until you guess"
    yield Section("Where they contradict", f"{n}, {order}", action, id="where")
    yield table(c)


def table(c: Compared) -> Table:
    """The contradictions, from the page on that has the one that is asked about."""
    view = c.view
    kept = {"network": c.network.slug, "e": c.refs, **c.place.scope.query()}
    seen = {"at": "" if view.at == 1 else str(view.at), "guess": view.guess, "answers": view.answers}
    files = {"CSV": c.url.replace("/compare?", "/compare.csv?", 1)}
    if c.trials.asked not in ("rows", "rows and interchanges"):
        files["Try one of your own"] = c.links.play(c.network.slug, c.refs, c.place.scope)
    page = (view.at - 1) // view.limit * view.limit
    start = page if view.start is None else view.start
    return Table(
        Contradictions(c),
        Query(start=start, limit=view.limit),
        c.links.compare(),
        "contradiction",
        Query(start=page, limit=FIRST_SHOWN),
        facets=False,
        files=files,
        kept=kept | {name: value for name, value in seen.items() if value},
        id="contradictions",
    )


# --- as one figure


def _figure(c: Compared) -> Markup:
    """The verdict, the bar of two, every drawing and the experiment that is asked about."""
    experiment = c.asked_about
    drawings = (c.drawings if experiment is None else experiment.drawings)(NARROW)
    names = [f"{one.letter}: {_called(c, one)} {short(one.ref)}, {one.name}" for one in c.ones]
    counts = () if len(c.ones) > LEAST or not c.trials.spoken.any() else c.trials.pair(0, 1).quarters
    asked: tuple[str, Markup] | None = None
    if experiment is not None:
        said = c.contradiction(c.trials.apart.tolist()[c.view.at - 1])
        outcome = f"{experiment.outcome} {_are_right(said.right)}." if c.is_answered else ""
        asked = f"{experiment.asks} {outcome}".strip(), experiment.network(c.is_answered)
    foot = f"Pluriscope · {c.network.name} · {c.network.digest[:12]} · Under {c.under}"
    return comparison_figure(c.title, c.sentence, counts, list(zip(names, drawings, strict=True)), asked, foot)


def claim_record(claim: Claim, sizes: Sequence[int]) -> ClaimRecord:
    """Record of a claim about one site.

    Args:
        claim: a function on a site.
        sizes: of the network's layers.
    """
    return ClaimRecord.showing(
        claim,
        site=site_of(claim, sizes),
        neurons=list(claim.neurons),
        weights=list(claim.directions[0]) if claim.directions else [],
        truth_table=list(bits_of(claim.function, sizes[0])),
    )
