"""The wrong lesson: three networks learned the same four rows, and only other rows show what they learned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any, Final, Literal

from markupsafe import Markup
from pydantic import Field

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.questions.data import parse_data_file
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app import bundled
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.figures.numbers import enumerated, exact
from pluriscope.figures.svg.charts import thumb
from pluriscope.page_kit.blocks import Action
from pluriscope.page_kit.played import Ask
from pluriscope.page_kit.played import Field as Asked
from pluriscope_learn.lesson import Answer, Board, Lesson, LessonNetwork, LessonOptions, choices, fields
from pluriscope_methods.unseen_rows import UNSEEN, UnseenReport, find

_SLUG: Final = "wrong-lesson"
FILES: Final = {"first": "wrong-lesson", "second": "half-a-lesson", "third": "right-lesson"}
"""The networks by what pages call them; all were trained on the rows of the first one's data file."""


class WrongLessonOptions(LessonOptions):
    """Options of the lesson: the network, and how many unseen rows it was guessed to have right."""

    network: Literal["first", "second", "third"] = "first"
    guess: Annotated[int, Field(ge=0, le=4)] | None = None


@lru_cache(maxsize=3)
def _seen(network: str) -> UnseenReport:
    folder = resources.files(bundled)
    file = parse_network_file((folder / f"{FILES[network]}.json").read_bytes())
    data = parse_data_file((folder / "wrong-lesson.data.json").read_bytes(), 3, 1)
    question = ask(file.network, task=file.tasks[0], data=data)
    return find(Analysed(question, search_circuits(question)), Settings())


def _bars(network: str) -> Markup:
    """Valid circuits by unseen rows that they have right."""
    report = _seen(network)
    names = [str(n) for n in range(5)]
    title = "; ".join(f"{name} unseen rows right: {n} circuits" for name, n in zip(names, report.by_right, strict=True))
    bars = Series("", [*range(5)], report.by_right, names=names)
    return thumb(Chart("bars", title, Axis("unseen rows right"), Axis("valid circuits"), [bars]))


def _used(report: UnseenReport) -> str:
    uses = [f"{exact(one.used)} use {one.name}" for one in report.inputs]
    return f"Of {exact(report.circuits)} valid circuits {enumerated(uses)}."


def _board(of: LessonNetwork, state: WrongLessonOptions) -> Board:
    report, network = _seen(state.network), state.network
    links = choices(
        (f"network-{one}", of.links.url("learn", _SLUG, network=one), f"The {one}", one == network) for one in FILES
    )
    rows = ", ".join(one.row for one in report.rows if one.seen)
    asked = Asked("guess", "Of 4 unseen rows, right:", kind="number", most=4)
    steps = (
        Markup("Three networks should answer A. All learned the same four rows of A, B and C: {}. There C equals A. "
               "Each is right on these. Choose one.{}").format(rows, links),
        Markup("Circuits that are right on the four rows were run on the other four: bars count them. Guess on how "
               "many of these the network is right.{}").format(
            fields(Ask("Look", [("network", network)], [asked]), of.links.url("learn", _SLUG))
        ),
    )  # fmt: skip
    drawn = Markup("<div class=pair><div>{}<p>{}</p></div></div>")
    figure = drawn.format(_bars(network), f"Valid circuits by unseen rows right. {_used(report)}")
    if state.guess is None:
        return Board(steps, figure, "It is right on the four rows of training.", (), "Opens when you have guessed.")
    pairs = "; ".join(f"{one.row} gives {one.network} and should give {one.right}" for one in report.unseen)
    predicted = f"{exact(report.kept)} of {exact(report.circuits)} valid circuits predict all of its answers"
    said = f"It is right on {report.right} of 4 unseen rows. You said {state.guess}. {pairs}. {predicted}."
    return Board(steps, figure, said, [Action("A network that learned a shortcut", of.links.network("wrong-lesson"))])


def _question(_: LessonNetwork) -> list[Answer]:
    first, second, third = map(_seen, FILES)
    three = enumerated([str(one.right) for one in (first, second, third)])
    counted = [(_bars(one), f"The {one} network is right on {_seen(one).right}.") for one in FILES]
    follow = f"{exact(second.by_right[0])} valid circuits of the second answer all as C, {exact(second.by_right[4])}"
    return [
        Answer("rule", "That it has learned the rule", False,
               f"Not so: all three are right there, and on {three} of the other four rows.", counted),
        Answer("most", "Whatever most valid circuits predict", False,
               f"Not always: of the first {exact(first.kept)} of {exact(first.circuits)} predict what it answers. "
               f"{follow} as A; it does neither.", counted),
        Answer("rows", "Nothing for certain about other rows", True,
               f"Yes. On {three} of the other four rows the networks are right. A circuit says what comes if it is "
               "how the network works, and others that are as valid say otherwise.", counted),
    ]  # fmt: skip


def _numbers(_: LessonNetwork) -> Mapping[str, Any]:
    networks = [
        (name, exact(one.circuits), [exact(n) for n in one.by_right], one.right, exact(one.kept), _used(one))
        for name, one in ((name, _seen(name)) for name in FILES)
    ]
    return {"networks": networks, "rows": [(one.row, one.right, one.seen) for one in _seen("first").rows]}


LESSON: Final = Lesson(
    slug=_SLUG,
    title="The wrong lesson",
    does="Guess what a network answers on rows that it has never seen, from circuits that are right on those it has.",
    aim="You can say what a shortcut is, and why right answers in training do not show what was learned.",
    minutes=7,
    options=WrongLessonOptions,
    board=_board,
    question="A network is right on all rows of its training, on which C equals A. What does that show of it?",
    answers=_question,
    numbers=_numbers,
    picture=lambda _: _bars("first"),
    thought=f"Networks that learned the same rows can have learned different things: see {UNSEEN.title.lower()}.",
    asks="Which rows would you try next, and why these?",
)
