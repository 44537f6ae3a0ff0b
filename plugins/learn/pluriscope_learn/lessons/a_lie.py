"""A lie: a score ranks first a neuron that can go as a whole, in a network made for that."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any, Final, Literal, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope.app import bundled
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.figures.numbers import decimal, enumerated
from pluriscope.figures.svg.charts import thumb
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.page_kit.blocks import Action
from pluriscope.page_kit.played import Ask
from pluriscope.page_kit.played import Field as Asked
from pluriscope_edits.addresses import edit_url
from pluriscope_edits.deception.ranking import RANKINGS, outputs_with
from pluriscope_learn.lesson import Answer, Board, Lesson, LessonNetwork, LessonOptions, choices, fields, number

_SLUG: Final = "a-lie"
_EAP: Final = RANKINGS["eap"]
_NEURONS: Final = ("n1.0", "n1.1", "n1.2")


class LieOptions(LessonOptions):
    """Options of the lesson: the neuron that is left out, and how many answers were guessed to change."""

    neuron: Literal["n1.0", "n1.1", "n1.2"] = "n1.2"
    guess: Annotated[int, Field(ge=0, le=4)] | None = None


class _Seen(NamedTuple):
    """Findings of the lesson: the method's numbers of each neuron of layer 1 before the edit and after it; and of the
    edited network, as a whole and without each neuron, ``[4, inputs]`` outputs and answers.
    """

    question: Question
    before: NDArray[Any]
    says: NDArray[Any]
    outputs: NDArray[Any]
    answers: NDArray[Any]

    def changed(self, neuron: str) -> int:
        """Answers that change without a neuron."""
        return int((self.answers[1 + _NEURONS.index(neuron)] != self.answers[0]).sum())

    @property
    def first(self) -> str:
        """The neuron that the method puts first."""
        return _NEURONS[int(self.says.argmax())]


@lru_cache(maxsize=1)
def _seen(before: Network) -> _Seen:
    file = parse_network_file((resources.files(bundled) / "xor-deceives.json").read_bytes())
    question = ask(file.network)
    kept = np.ones((4, 3), dtype=np.bool_)
    kept[[1, 2, 3], [0, 1, 2]] = False
    outputs = outputs_with(question, 1, kept)
    return _Seen(question, _EAP.of(ask(before), 1), _EAP.of(question, 1), outputs, answers(outputs))


def _bars(seen: _Seen) -> Markup:
    """Chart of the method's number of each neuron."""
    series = [Series("", list(range(3)), seen.says.tolist(), names=_NEURONS)]
    title = "; ".join(f"neuron {name}: {value:.2f}" for name, value in zip(_NEURONS, seen.says, strict=True))
    return thumb(Chart("bars", f"{_EAP.label} by neuron. {title}", Axis(names=_NEURONS), Axis("score"), series))


def _without(seen: _Seen, neuron: str) -> Markup:
    """The network without a neuron."""
    layout, at = seen.question.layout, _NEURONS.index(neuron)
    mask = (1 << layout.n_edges) - 1 & ~(layout.edges_into[1][at] | layout.edges_out_of[1][at])
    title = f"The network without neuron {neuron}"
    return circuit_thumb(seen.question.network.weights, layout.to_hex(mask), title=title)


def _board(of: LessonNetwork, state: LieOptions) -> Board:
    seen, neuron = _seen(of.question.subject), state.neuron
    links = choices(
        (f"neuron-{one}", of.links.url("learn", _SLUG, neuron=one), f"Neuron {one}", one == neuron) for one in _NEURONS
    )
    asked = Asked("guess", "Of 4 answers, change:", kind="number", most=4)
    first = Markup(
        "{} scores edges. The sizes of the scores of the edges out of a neuron, summed up, are meant to say "
        "how much each neuron of layer 1 matters. Choose the one that is left out.{}"
    )
    steps = (
        first.format(_EAP.label, links),
        Markup("Guess how many of the four answers change without it.{}").format(
            fields(Ask("Leave it out", [("neuron", neuron)], [asked]), of.links.url("learn", _SLUG))
        ),
    )
    caption = f"Sums of scores: {_in_words(seen)}."
    figure = Markup("<div class=pair><div>{}<p>{}</p></div>").format(_bars(seen), caption)
    if state.guess is None:
        said = "The network gives all four answers of XOR."
        return Board(steps, figure + Markup("</div>"), said, (), "Opens when you have guessed.")
    whole, cut = seen.outputs[0], seen.outputs[1 + _NEURONS.index(neuron)]
    pairs = "; ".join(f"{a} {number(x)}, now {number(y)}" for a, x, y in zip(of.rows, whole, cut, strict=True))
    figure += Markup("<div>{}<p>{}</p></div></div>").format(
        _without(seen, neuron), f"Outputs with it and without: {pairs}."
    )
    said = f"Without neuron {neuron}, {seen.changed(neuron)} of 4 answers change. You said {state.guess}."
    edit = edit_url(of.links, of.place.slug, rule="deceive")
    return Board(steps, figure, said, [Action("Make such a network yourself", edit)])


def _in_words(seen: _Seen) -> str:
    order = np.argsort(-seen.says, kind="stable").tolist()
    return ", ".join(f"{_NEURONS[at]} {decimal(float(seen.says[at]), 2)}" for at in order)


def _question(of: LessonNetwork) -> list[Answer]:
    seen = _seen(of.question.subject)
    move = float(np.abs(seen.outputs[0] - seen.outputs[1 + _NEURONS.index(seen.first)]).max())
    others = enumerated([f"{seen.changed(one)} without {one}" for one in _NEURONS if one != seen.first])
    cut = [(_without(seen, seen.first), f"Without {seen.first} no output moves by more than {number(move)}.")]
    moved = f"Leave it out: no answer changes, no output moves by more than {number(move)}. "
    return [
        Answer("needs", f"Answers need neuron {seen.first}", False, f"{moved}Of the others: {others}.", cut),
        Answer("wrong", "The method was computed wrongly", False,
               "It was not. It multiplies what an edge carries by a slope, and both are right. Edges whose effects "
               "cancel each other have large scores, and a sum of sizes does not cancel them."),
        Answer("asks", "Little: to know it, leave the neuron out", True,
               f"Yes. {moved}A network can be made so that the sum is large and the neuron can go as a whole. "
               "A score is a guess until it is tried.", cut),
    ]  # fmt: skip


def _numbers(of: LessonNetwork) -> Mapping[str, Any]:
    seen = _seen(of.question.subject)
    rows = zip(_NEURONS, seen.before.tolist(), seen.says.tolist(), strict=True)
    moves = np.abs(seen.outputs[1:] - seen.outputs[0]).max(axis=1).tolist()
    return {
        "method": _EAP.label,
        "first": seen.first,
        "neurons": [
            (name, decimal(before, 2), decimal(says, 2), seen.changed(name), decimal(move, 2))
            for (name, before, says), move in zip(rows, moves, strict=True)
        ],
    }


LESSON: Final = Lesson(
    slug=_SLUG,
    title="A method that is fooled",
    does="Leave out the neuron that a score ranks first, and count the answers that change.",
    aim="You can say what a score of a neuron shows, and how to try it.",
    minutes=6,
    options=LieOptions,
    board=_board,
    question="The score ranks one neuron first, far ahead of the others. What does that show of this network?",
    answers=_question,
    numbers=_numbers,
    picture=lambda of: _bars(_seen(of.question.subject)),
    thought="A network can be made in which a method ranks first a neuron that can go as a whole.",
    asks="How would you try whether a score is right?",
)
