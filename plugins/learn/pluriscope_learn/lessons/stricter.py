"""Stricter and stricter: one test after the other, and how many circuits are left."""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p
from typing import Annotated, Final

import numpy as np
from markupsafe import Markup
from pydantic import Field

from pluriscope.analysis.criteria.funnel import funnel_of
from pluriscope.analysis.criteria.steps import CriterionStep, parse_steps
from pluriscope.analysis.criteria.verdict import PASSED
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.app.errors import NotFound
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.figures.numbers import enumerated, exact
from pluriscope.figures.svg.charts import draw, thumb
from pluriscope.figures.svg.elements import drawing, rect
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.page_kit.played import Ask
from pluriscope.page_kit.played import Field as Asked
from pluriscope_learn.lesson import Answer, Board, Lesson, LessonNetwork, LessonOptions, fields

_SLUG: Final = "stricter"
_ASKS: Final = {
    "mean-ablation": (
        "Mean ablation",
        "It still gives them while each edge that is left out carries its mean over the four inputs.",
    ),
    "resample-ablation": (
        "Resample ablation",
        "It still gives them while the edges left out carry what they do on one of the four inputs, whichever.",
    ),
    "output-faithfulness": (
        "Output faithfulness",
        "On no input does its output differ from that of the whole network by more than {tolerance:g}.",
    ),
    "knockout-completeness": (
        "Completeness",
        "Whichever of its neurons are left out, in it and in the whole network: both answer alike.",
    ),
    "minimal-subset": ("Subset-minimal", "No smaller part of its edges gives all four right answers."),
}
"""The tests in order: what they are called here and ask, in words of the lessons."""
_TESTS: Final = parse_steps(tuple(_ASKS))
_VALID: Final = ("Right answers", "It gives all four right answers while the edges that are left out carry 0.")
_SCALE: Final = "Circuits that are left. The scale is logarithmic, so small numbers look large."
_ROW: Final = Markup(
    '<tr><th scope="row">{}<p>{}</p></th><td><b>{}</b> left <span class="muted">{}</span></td>'
    '<td class="wide-only">{}</td><td class="wide-only">{}</td></tr>'
)
"""Test, what it asks, how many are left, the guess, a bar, the first circuit that fails."""


class StricterOptions(LessonOptions):
    """Options of the lesson: what was guessed, test by test."""

    guess: list[Annotated[int, Field(ge=0, le=10**9)]] = Field([], max_length=32)


def _left(of: LessonNetwork, tests: Sequence[CriterionStep]) -> list[tuple[CriterionStep, int]]:
    """Count the circuits that are left after each of some tests, from their stored verdicts."""
    asked = of.found("funnel")
    report = funnel_of(asked.subject.analysed, tuple(tests))
    if report.missing:
        item, cause = (
            f"verdicts on {enumerated(report.missing)}",
            "have not been computed yet, and this lesson is about them",
        )
        raise NotFound(item, cause, "ask for them on the funnel’s page, or wait", "", asked.url, "the funnel")
    return [(row.step, int(row.left)) for row in report.of("circuit").rows]


def _tests(of: LessonNetwork) -> list[tuple[str, str, int]]:
    """Tests with what they ask and how many circuits are left."""
    row = of.place.analysis
    valid = 0 if row is None else int(row.circuits_valid)
    tests = [(_ASKS[one.key][0], _ASKS[one.key][1].format(**one.settings), left) for one, left in _left(of, _TESTS)]
    return [(*_VALID, valid), *tests]


def _possible(of: LessonNetwork) -> int:
    row = of.place.analysis
    return 0 if row is None or row.circuits_possible is None else int(row.circuits_possible)


def _fallen(of: LessonNetwork) -> list[Markup]:
    """Drawings of the first circuit that each test removes."""
    analysed = of.found("funnel").subject.analysed
    outcomes = analysed.judged.outcomes([("circuit", step) for step in _TESTS])
    left, drawn = np.ones(len(analysed.circuits.masks), dtype=bool), []
    for step in _TESTS:
        passed = outcomes["circuit", step] == PASSED
        gone = int(np.flatnonzero(left & ~passed)[0])
        circuit = Circuit(of.question.layout, int(analysed.circuits.masks[gone]))
        url = of.links.circuit(of.place.slug, circuit.hex)
        thumb = circuit_thumb(of.question.network.weights, circuit, title="A circuit that fails")
        drawn.append(Markup('<a href="{}" class="fallen">{}</a>').format(url, thumb))
        left &= passed
    return drawn


def _bar(left: int, gone: int, possible: int) -> Markup:
    """A logarithmic bar of the circuits left, over one of those before."""
    before, after = (240 * log1p(count) / log1p(possible) for count in (left + gone, left))
    body = rect(0, 2, before, 10, "m-hollow") + rect(0, 2, after, 10, "m-ink")
    return drawing(240, 14, body, sentence=f"{exact(left)} of {exact(left + gone)} circuits left", css_class="funnel")


def _board(of: LessonNetwork, state: StricterOptions) -> Board:
    tests, possible = _tests(of), _possible(of)
    guesses = state.guess[: len(tests)]
    before, fallen = possible, [Markup(""), *_fallen(of)]
    rows = _ROW.format(
        "Possible", "Every way to leave edges out.", exact(possible), "", _bar(possible, 0, possible), ""
    )
    for number, (name, asks, left) in enumerate(tests):
        if number >= len(guesses):
            asks = asks if number == len(guesses) else ""
            rows += Markup('<tr class="open"><th scope="row">{}<p>{}</p></th><td colspan="3">?</td></tr>').format(
                name, asks
            )
            continue
        failed = fallen[number] and Markup("{}<span>fails it</span>").format(fallen[number])
        bar = _bar(left, before - left, possible)
        rows += _ROW.format(name, asks, exact(left), f"you said {exact(guesses[number])}", bar, failed)
        before = left
    figure = Markup('<table class="tests"><caption>{}</caption>{}</table>').format(_SCALE, rows)
    done = len(guesses) == len(tests)
    kept = [("guess", str(guess)) for guess in guesses]
    form: Markup | str = ""
    if not done:
        form = fields(
            Ask("Add the test", kept, [Asked("guess", f"Of {exact(before)}, left:", most=before, kind="number")]),
            of.links.url("learn", _SLUG),
        )
    steps = (
        Markup("Read the next test. Guess how many circuits are left after it, then add it.{}").format(form),
        "Go on until the tests end. Which of your guesses was farthest off?",
    )
    said = "All tests are added." if done else f"Next: {tests[len(guesses)][0]}."
    return Board(steps, figure, said, (), "" if done else "Opens when all tests are added.")


def _reversed(of: LessonNetwork) -> list[tuple[str, int]]:
    """Tests from the last to the first, and what is left after each."""
    return [(_ASKS[one.key][0], left) for one, left in _left(of, _TESTS[::-1])]


def _question(of: LessonNetwork) -> list[Answer]:
    back, at_end = _reversed(of), _tests(of)[-1][2]
    path = ", ".join(f"{left} after “{name}”" for name, left in back)
    first = _tests(of)[0]
    names, counts = zip((first[0], first[2]), *back, strict=True)
    x, y = Axis("circuits left", log=True, low=0.8), Axis(names=names)
    drawn = draw(Chart("bars", "The tests backwards", x, y, [Series("", counts, range(len(counts)))]))
    figures = [(drawn, f"Backwards: {path}. {_SCALE}")]
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


def _picture(of: LessonNetwork) -> Markup:
    counts = [_possible(of), *(left for _, _, left in _tests(of))]
    x, y = Axis("test"), Axis("circuits left", log=True, low=0.8)
    return thumb(Chart("bars", "Circuits left after each test", x, y, [Series("", range(len(counts)), counts)]))


LESSON: Final = Lesson(
    slug=_SLUG,
    title="Stricter and stricter",
    does="Add one test after the other and watch how many circuits are left.",
    aim="You can say why “it passed the test” depends on the test.",
    minutes=6,
    options=StricterOptions,
    board=_board,
    question="Had the five tests after “Right answers” come in the opposite order, how many would be left at the end?",
    answers=_question,
    numbers=lambda of: {"possible": _possible(of), "tests": _tests(of), "back": _reversed(of)},
    picture=_picture,
    thought="Each test is reasonable. Together they leave none.",
    asks="Which test would you give up?",
)
