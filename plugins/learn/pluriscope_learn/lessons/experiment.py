"""The experiment that decides: find a change on which two explanations contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from markupsafe import Markup

from pluriscope.analysis.sandbox.intervention import Change
from pluriscope.figures.numbers import enumerated
from pluriscope.figures.svg.layout import Site
from pluriscope.figures.svg.tiles import Bits, bits_of
from pluriscope.figures.svg.vessels import Reading, full_at, in_question
from pluriscope.page_kit.blocks import Action
from pluriscope.page_kit.played import Ask, Field
from pluriscope_learn.drawings import changed
from pluriscope_learn.lesson import Answer, Board, Lesson, LessonNetwork, LessonOptions, Short, fields, number

_SLUG: Final = "the-experiment"
_LETTERS: Final = "PQ"


class ExperimentOptions(LessonOptions):
    """Options of the lesson: one neuron of one run, what it is forced to, and who is guessed to be right."""

    neuron: Short = "n1.0"
    x: Short = "00"
    source: Short = "11"
    guess: Short = ""


class Trial:
    """Trial in which one neuron is forced to its value from another input.

    Attributes:
        says: what each of the two predicts.
        output: of the network.
    """

    def __init__(self, of: LessonNetwork, site: Site, source: int, base: int) -> None:
        space, network = of.asked
        at = space.position[frozenset([site])], source, base
        self.site, self.source, self.base = site, source, base
        self.says = [int(one[at]) for one in of.predicted]
        self.output = float(network.outputs[at])

    @property
    def answer(self) -> int:
        """Answer of the network."""
        return int(self.output > 0.5)

    @property
    def right(self) -> str:
        """The letter of who alone is right; "" where the two agree."""
        letters = [letter for letter, says in zip(_LETTERS, self.says, strict=True) if says == self.answer]
        return letters[0] if len(letters) == 1 else ""


def trials(of: LessonNetwork) -> list[Trial]:
    """Every such experiment on one neuron, the clearest first."""
    found = [
        Trial(of, site, source, base)
        for site in of.hidden.values()
        for source in range(len(of.rows))
        for base in range(len(of.rows))
        if source != base
    ]
    answers = of.question.task.truth_table
    return sorted(found, key=lambda one: (one.answer == answers[one.base], -abs(one.output - 0.5)))


def _name(site: Site) -> str:
    return f"n{site[0]}.{site[1]}"


def _words(of: LessonNetwork, one: Trial) -> str:
    """Words for a trial: on input 00, n1.1 forced to its value on 01."""
    return f"on {of.rows[one.base]}, {_name(one.site)} forced to its value on {of.rows[one.source]}"


def _reasons(of: LessonNetwork, one: Trial) -> Iterator[Markup]:
    """Reasons of each prediction: what becomes of its question."""
    tables = _tables(of)[list(of.hidden.values()).index(one.site)]
    for letter, table, says in zip(_LETTERS, tables, one.says, strict=True):
        why = f"It does not look at {_name(one.site)}."
        if table is not None:
            before, after = ("no", "yes")[table[one.base]], ("no", "yes")[table[one.source]]
            change = f"stays {before}" if before == after else f"turns from {before} to {after}"
            words = in_question(table)
            why = f"“{words[:1].upper()}{words[1:]}” {change}."
        yield Markup("<p><b class=letter>{}</b> The network will say <b>{}</b>. {}</p>").format(letter, says, why)


def _drawn(of: LessonNetwork, one: Trial, *, shown: bool, narrow_only: bool = False) -> Markup:
    layer, neuron = one.site
    values: list[Any] = of.run(one.base, [Change(layer, neuron, None, "source", source=one.source)])
    if not shown:
        values = [*values[:layer], *([None] * len(some) for some in values[layer:])]
        values[layer] = [of.run(one.source)[layer][neuron] if n == neuron else of.run(one.base)[layer][n]
                         for n in range(len(values[layer]))]  # fmt: skip
    readings: list[Reading] = []
    for site, (p, q) in zip(of.hidden.values(), _tables(of), strict=True):
        says = [("", p)] if p == q else list(zip(_LETTERS, (p, q), strict=True))
        readings += [Reading(site, table, letter) for letter, table in says if table and not narrow_only]
    sentence = f"The network {_words(of, one)}"
    return of.drawn(values, sentence, readings=readings, row=one.base, forced=[one.site], narrow_only=narrow_only)


def _board(of: LessonNetwork, state: ExperimentOptions) -> Board:
    site, base, source = of.site(state.neuron), of.row(state.x), of.row(state.source)
    names, rows = {name: name for name in of.hidden}, {row: row for row in of.rows}
    ask = Ask("Ask P and Q", [], [
        Field("neuron", "Force", state.neuron, options={"": names}),
        Field("source", "to its value on", state.source, options={"": rows}),
        Field("x", "while the input is", state.x, options={"": rows}),
    ])  # fmt: skip
    one = Trial(of, site, source, base)
    apart, guessed = bool(one.right) and source != base, state.guess in tuple(_LETTERS)
    actions: list[Action] = []
    if source == base:
        said: Markup | str = "Forced to the value that it has: nothing changes. Choose another input."
    elif not apart:
        said = (
            f"Both say {one.says[0]}, the network says {one.answer}: both are wrong here. Change something."
            if one.says[0] != one.answer
            else f"Both say {one.says[0]}, and so does the network: that decides nothing. Change something."
        )
    elif not guessed:
        said = "They contradict each other. Who is right? Guess, and see."
        actions = [Action(f"{letter} is right", of.at(_SLUG, state, guess=letter)) for letter in _LETTERS]
    else:
        hit = "as you said" if state.guess == one.right else f"you said {state.guess}"
        side = "above" if one.answer else "below"
        said = (
            f"The network says {one.answer}: {number(one.output)} is {side} the threshold. {one.right} is right, {hit}."
        )
    steps = (
        Markup("Find a change on which P and Q say different things.{}<div class=claims>{}</div>").format(
            fields(ask, of.links.url("learn", _SLUG)), Markup("").join(_reasons(of, one)) if source != base else ""
        ),
        "Guess who is right. Then the network runs.",
    )
    drawn = _drawn(of, one, shown=source != base and (guessed or not apart))
    return Board(steps, drawn, said, actions, "" if apart and guessed else "Opens when you have guessed.")


def _examples(of: LessonNetwork) -> dict[str, Trial]:
    """The clearest experiment that each wins."""
    return {letter: next(one for one in trials(of) if one.right == letter) for letter in _LETTERS}


def _question(of: LessonNetwork) -> list[Answer]:
    won, counts = _examples(of), _counts(of)
    figures = [
        (_drawn(of, one, shown=True, narrow_only=True), f"{letter} is right {_words(of, one)}: {number(one.output)}.")
        for letter, one in won.items()
    ]
    return [
        Answer("winner", "Who was right is the explanation", False,
               "Each of the two was right once, as here. So the other was wrong once.", figures),
        Answer("always", "Who was wrong is always wrong", False,
               "Each of the two is right somewhere, as here.", figures),
        Answer("once", "Who was wrong is not right everywhere", True,
               f"Yes, and no more. Of {counts['all']} changes they contradict each other on {counts['apart']}: "
               f"P is right on {counts['P']}, Q on {counts['Q']}.", figures),
    ]  # fmt: skip


def _counts(of: LessonNetwork) -> dict[str, int]:
    """Count the changes: all, those on which the two contradict each other, and those where each is right."""
    network = of.asked[1]
    counted = network.counted
    said = [one[counted] for one in of.predicted]
    happens, apart = network.decisions[counted], said[0] != said[1]
    won = {letter: int((apart & (one == happens)).sum()) for letter, one in zip(_LETTERS, said, strict=True)}
    return {"all": int(counted.sum()), "apart": int(apart.sum()), **won}


def _numbers(of: LessonNetwork) -> Mapping[str, Any]:
    found = trials(of)
    return {
        "single": len(found),
        "apart": [(_words(of, one), one.right, number(one.output)) for one in found if one.right],
        "wrong": [
            (_words(of, one), one.says[0], number(one.output)) for one in found if {*one.says} == {1 - one.answer}
        ],
        "counts": _counts(of),
        "network": of.blank(),
        "readings": [
            (name, *("" if table is None else in_question(table) for table in tables))
            for name, tables in zip(of.hidden, _tables(of), strict=True)
        ],
    }


def _tables(of: LessonNetwork) -> list[tuple[Bits | None, ...]]:
    """Truth tables that the two read each hidden neuron as, None where one does not look at it."""
    by = [one.by_neuron() for one in of.pair]
    return [
        tuple(
            bits_of(some[site].function, 2) if site in some and some[site].says == "function" else None for some in by
        )
        for site in of.hidden.values()
    ]


def _picture(of: LessonNetwork) -> Markup:
    one = _examples(of)["P"]
    share = of.run(one.source)[one.site[0]][one.site[1]] / full_at(of.question.clean_activations)
    said = list(zip(_LETTERS, one.says, strict=True))
    return changed(
        share, said, sentence=f"{_words(of, one).capitalize()}: {enumerated([f'{k} says {v}' for k, v in said])}"
    )


LESSON: Final = Lesson(
    slug=_SLUG,
    title="The experiment that decides",
    does="Find the change on which two explanations contradict each other.",
    aim="You can say what a single experiment shows about two explanations, and what it does not.",
    minutes=8,
    options=ExperimentOptions,
    board=_board,
    question="What has your experiment shown?",
    answers=_question,
    numbers=_numbers,
    picture=_picture,
    thought="Change one neuron, and two explanations contradict each other.",
    asks="What would you change next?",
)
