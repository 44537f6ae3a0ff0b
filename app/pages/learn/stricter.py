"""Stricter and stricter: one test after the other, and how many circuits are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import numpy as np
from markupsafe import Markup
from pydantic import Field

from analysis.criteria.funnel import StepFound, funnel_of
from analysis.criteria.verdict import PASSED
from analysis.networks.circuit import Circuit
from app.figures.numbers import exact
from app.figures.svg.funnel import funnel_bar
from app.figures.svg.lessons import stairs
from app.figures.svg.thumbs import circuit_thumb
from app.pages.learn.lesson import Answer, Board, Lesson, LessonOptions, Subject, fields, listed
from app.pages.play.played import Ask
from app.pages.play.played import Field as Asked

_SLUG: Final = "stricter"
_VALID: Final = ("Right answers", "It gives all four right answers while the lines that are cut carry 0.")


class StricterOptions(LessonOptions):
    """What was guessed, test by test."""

    guess: list[Annotated[int, Field(ge=0, le=10**9)]] = Field([], max_length=32)


def _steps(of: Subject) -> list[StepFound]:
    """The stored tests of circuits that remove any, in order."""
    rows: list[StepFound] = of.found("funnel").report.of("circuit").rows
    return [row for row in rows if row.left != row.before]


def _told(of: Subject) -> list[tuple[str, str, int]]:
    """Each test with what it asks and how many are left."""
    row = of.place.analysis
    valid = 0 if row is None else int(row.circuits_valid)
    tests = [(one.step.criterion.label, one.step.criterion.definition, int(one.left)) for one in _steps(of)]
    return [(*_VALID, valid), *tests]


def _possible(of: Subject) -> int:
    row = of.place.analysis
    return 0 if row is None or row.circuits_possible is None else int(row.circuits_possible)


def _fallen(of: Subject) -> list[Markup]:
    """For each test the first circuit that it removes."""
    analysed = of.found("funnel").subject.analysed
    steps = [one.step for one in _steps(of)]
    outcomes = analysed.judged.outcomes([("circuit", step) for step in steps])
    left, drawn = np.ones(len(analysed.circuits.masks), dtype=bool), []
    for step in steps:
        passed = outcomes["circuit", step] == PASSED
        gone = int(np.flatnonzero(left & ~passed)[0])
        circuit = Circuit(of.question.layout, int(analysed.circuits.masks[gone]))
        url = of.links.circuit(of.place.slug, circuit.hex)
        thumb = circuit_thumb(of.question.cut.weights, circuit, title="A circuit that fails")
        drawn.append(Markup('<a href="{}" class="fallen">{}</a>').format(url, thumb))
        left &= passed
    return drawn


def _board(of: Subject, state: StricterOptions) -> Board:
    told, possible = _told(of), _possible(of)
    guesses = state.guess[: len(told)]
    rows, before, fallen = Markup(""), possible, [Markup(""), *_fallen(of)]
    for number, (name, asks, left) in enumerate(told):
        if number > len(guesses):
            break
        if number == len(guesses):
            rows += Markup('<tr class="next"><th scope="row">{}<p>{}</p></th><td colspan="3">?</td></tr>').format(
                name, asks
            )
            break
        rows += Markup(
            '<tr><th scope="row">{}<p>{}</p></th><td>{}<span class="muted">you said {}</span></td><td>{}</td>'
            '<td class="wide-only">{}</td></tr>'
        ).format(
            name,
            asks,
            Markup("<b>{}</b> left ").format(exact(left)),
            exact(guesses[number]),
            funnel_bar(left, before - left, of=possible, kind="circuit"),
            fallen[number] and Markup("{}<span>fails it</span>").format(fallen[number]),
        )
        before = left
    figure = Markup('<table class="tests"><caption>{} circuits are possible.</caption>{}</table>').format(
        exact(possible), rows
    )
    done = len(guesses) == len(told)
    kept = [("guess", str(guess)) for guess in guesses]
    form: Markup | str = ""
    if not done:
        form = fields(
            Ask("Add the test", kept, [Asked("guess", f"Of {exact(before)}, left:", most=before, kind="number")]),
            of.links.learn(_SLUG),
        )
    steps = (
        Markup("Read the next test. Guess how many circuits are left after it, then add it.{}").format(form),
        "Go on until the tests end. Which of your guesses was farthest off?",
    )
    said = "All tests are added." if done else f"Next: {told[len(guesses)][0]}."
    return Board(steps, figure, said, (), "" if done else "Opens when all tests are added.")


def _reversed(of: Subject) -> list[tuple[str, int]]:
    """The same tests from the last to the first, and what is left after each."""
    steps = tuple(one.step for one in reversed(_steps(of)))
    rows = funnel_of(of.found("funnel").subject.analysed, steps).of("circuit").rows
    return [(row.step.criterion.label, int(row.left)) for row in rows]


def _question(of: Subject) -> list[Answer]:
    back, at_end = _reversed(of), _told(of)[-1][2]
    path = ", ".join(f"{left} after “{name}”" for name, left in back)
    drawn = stairs([_told(of)[0][2], *(left for _, left in back)], sentence=f"Backwards: {path}")
    figures = [(drawn, f"Backwards: {path}.")]
    gone = next(name for name, left in back if left == at_end)
    return [
        Answer(
            "more", "More would be left", False, f"Backwards the same are left: {at_end}, from “{gone}” on.", figures
        ),
        Answer(
            "fewer", "Fewer would be left", False, f"Backwards the same are left: {at_end}, from “{gone}” on.", figures
        ),
        Answer(
            "same",
            "Just as many",
            True,
            "Yes: who passes all tests passes them in any order. The order only decides which test is seen to remove "
            "a circuit.",
            figures,
        ),
    ]


def _numbers(of: Subject) -> Mapping[str, Any]:
    return {"possible": _possible(of), "tests": _told(of), "back": _reversed(of)}


def _pictures(of: Subject) -> Sequence[Markup]:
    counts = [_possible(of), *(left for _, _, left in _told(of))]
    return [stairs(counts, sentence=f"Left after each test: {listed([exact(one) for one in counts])}")]


LESSON: Final = Lesson(
    slug=_SLUG,
    title="Stricter and stricter",
    does="Add one test after the other and watch how many circuits are left.",
    aim="You can say why “it passed the test” depends on the test.",
    minutes=6,
    options=StricterOptions,
    board=_board,
    question="Had the tests come in the opposite order, how many would be left at the end?",
    answers=_question,
    numbers=_numbers,
    pictures=_pictures,
    thought="Each test is reasonable. Together they leave none.",
    asks="Which test would you give up?",
)
