"""Lesson on one circuit with two interpretations: a neuron's threshold decides what it seems to mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from markupsafe import Markup
from pydantic import Field

from pluriscope.analysis.interpretations.interpretation import NeuronGate
from pluriscope.app.db.reads.circuits import find_circuit
from pluriscope.figures.numbers import enumerated
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.tiles import Bits, bits_of, variable
from pluriscope.figures.svg.vessels import in_question, in_words
from pluriscope.page_kit.blocks import Action
from pluriscope.page_kit.templating import render
from pluriscope_learn.drawings import LEFT, RIGHT, value_line
from pluriscope_learn.lesson import Answer, Board, Lesson, LessonNetwork, LessonOptions, Short, number

_SLUG: Final = "two-readings"
_WANTED: Final[Bits] = (0, 1, 1, 0)
_IMPOSSIBLE: Final[Bits] = (0, 0, 1, 1)
_ENOUGH: Final = 2


class ReadingsOptions(LessonOptions):
    """Options of the lesson: where the threshold is, and what was kept."""

    mark: float = Field(0.0, ge=0.0, le=3.0)
    kept: list[Short] = Field([], max_length=8)


def _name(of: LessonNetwork) -> str:
    """Name of the neuron, the first that the two interpretations read differently."""
    return node_name(*of.differ[0], of.question.network.sizes)


def _values(of: LessonNetwork) -> list[float]:
    """Values of the neuron on each input, in the circuit that both interpretations are of."""
    layer, neuron = of.differ[0]
    circuit = of.pair[0].circuit
    assert circuit is not None  # noqa: S101  # they are interpretations
    return [float(value) for value in of.question.activations(circuit)[layer][:, neuron]]


def _gates(of: LessonNetwork) -> list[NeuronGate]:
    """Gates that the two read the neuron as."""
    gates = [one.interpretation.gate(*of.differ[0]) for one in of.pair if one.interpretation is not None]
    return [gate for gate in gates if gate is not None]


def _end(of: LessonNetwork) -> float:
    """End of the line of values, which begins at 0."""
    return round(1.1 * max(_values(of)), 2)


def _meant(of: LessonNetwork, mark: float) -> Bits:
    """Truth table of the neuron for a threshold."""
    return tuple(int(value > mark) for value in _values(of))


def _within(of: LessonNetwork) -> dict[Bits, float]:
    """Every table that a threshold between two values gives, with such a threshold."""
    values = sorted(set(_values(of)))
    marks = [(low + high) / 2 for low, high in pairwise(values)]
    return {_meant(of, mark): mark for mark in marks}


def _line(of: LessonNetwork, marks: Sequence[tuple[float, Bits, str]], *, thumb: bool = False) -> Markup:
    said = "; ".join(f"above {number(mark)} it says yes: {in_words(table)}" for mark, table, _ in marks)
    values = ", ".join(f"{number(v)} on {row}" for v, row in zip(_values(of), of.rows, strict=True))
    sentence = f"{_name(of)}: {values}; {said}"
    return value_line(_values(of), of.rows, _end(of), marks, sentence=sentence, thumb=thumb)


def _text(table: Bits) -> str:
    return "".join(map(str, table))


def _verdict(of: LessonNetwork, table: Bits, kept: Sequence[Bits]) -> str:
    """Say what a neuron seems to mean that is above the threshold on some of the inputs."""
    on = [row for row, bit in zip(of.rows, table, strict=True) if bit]
    if not on:
        return "No value is above the threshold: the neuron never says yes."
    if len(on) == len(of.rows):
        return "All values are above the threshold: the neuron always says yes."
    return f"Yes on {enumerated(on)}. It answers “{in_question(table)}”{' This one you have.' if table in kept else ''}"


def _board(of: LessonNetwork, state: ReadingsOptions) -> Board:
    table = _meant(of, state.mark)
    known = {_text(one): one for one in _within(of)}
    kept = [known[text] for text in dict.fromkeys(state.kept) if text in known]
    actions: list[Action] = []
    if table in known.values() and table not in kept:
        texts = [_text(one) for one in (*kept, table)]
        actions = [Action("Keep this question", of.at(_SLUG, state, kept=texts), primary=True)]
    full, name = _end(of), _name(of)
    every = {_meant(of, mark): mark for mark in (0.0, *_within(of).values(), full)}
    figure = render(
        "learn/slider.html",
        drawing=_line(of, [(state.mark, table, "")]),
        url=of.links.url("learn", _SLUG),
        mark=state.mark,
        full=full,
        values=_values(of),
        ends=(LEFT, RIGHT),
        drawings=[
            (_text(one), mark, _line(of, [(mark, one, "")]), _verdict(of, one, kept)) for one, mark in every.items()
        ],
        kept=state.kept,
        answer=state.answer,
        label=f"The threshold of {name}",
    )
    tiles = Markup("").join(Markup("<li>{}</li>").format(variable(one, in_words(one))) for one in kept)
    steps = (
        f"The dots are the values of {name} on the four inputs. Above its threshold it says yes. Move the threshold "
        "until it says yes exactly where A and B are different, and keep that.",
        Markup("Find the other questions that it can be made to answer.{}").format(
            Markup('<ul class="meanings">{}</ul>').format(tiles) if kept else ""
        ),
    )
    ready = _WANTED in kept and len(kept) >= _ENOUGH
    return Board(
        steps, figure, _verdict(of, table, kept), actions, "" if ready else "Opens when you have that one and another."
    )


def _question(of: LessonNetwork) -> list[Answer]:
    within, choices = _within(of), {"a": _IMPOSSIBLE, "or": (0, 1, 1, 1), "only-b": (0, 1, 0, 0)}
    answers = []
    for key, table in choices.items():
        words, mark = in_words(table), within.get(table)
        if mark is not None:
            explanation = f"It can: with the threshold at {number(mark)} it says yes just there."
            figures = [(_line(of, [(mark, table, "")]), f"{words}, from {number(mark)} on")]
            answers.append(Answer(key, words, False, explanation, figures))
            continue
        pair = [
            (gate.threshold, bits_of(gate.function, 2), letter) for gate, letter in zip(_gates(of), "PQ", strict=True)
        ]
        many = _interpretations(of)
        caption = f"P and Q read this neuron differently. Their circuit has {many} interpretations."
        answers.append(Answer(key, words, True, f"Yes: {_why(of, table)}", [(_line(of, pair), caption)]))
    return answers


def _why(of: LessonNetwork, table: Bits) -> str:
    """Say why no threshold gives a table: a value that has to be below it is above another that has to be above it."""
    values = sorted(zip(_values(of), of.rows, table, strict=True))
    low, high = next(one for one in values if one[2]), next(one for one in reversed(values) if not one[2])
    words = f"where {low[1]} ({number(low[0])}) is above the threshold, {high[1]} ({number(high[0])}) is too"
    return f"{words}, and {in_words(table)} is 0 there."


def _interpretations(of: LessonNetwork) -> str:
    """Number of interpretations of the circuit of the two, in words."""
    mask = of.pair[0].ref.first
    row = None if of.place.analysis is None else find_circuit(of.session, of.place.analysis.id, mask)
    return "many" if row is None or row.interpretations is None else f"{int(row.interpretations):,}"


def _numbers(of: LessonNetwork) -> Mapping[str, Any]:
    values = _values(of)
    return {
        "line": value_line(values, of.rows, _end(of), sentence="The values, to draw thresholds in"),
        "meanings": [(in_words(table), _meaning(of, table)) for table in _within(of)],
        "dots": [(row, number(value)) for row, value in zip(of.rows, values, strict=True)],
        "marks": [(letter, in_words(bits_of(gate.function, 2)), number(gate.threshold))
                  for gate, letter in zip(_gates(of), "PQ", strict=True)],
        "interpretations": _interpretations(of),
        "name": _name(of),
        "impossible": (in_words(_IMPOSSIBLE), _why(of, _IMPOSSIBLE)),
    }  # fmt: skip


def _meaning(of: LessonNetwork, table: Bits) -> str:
    """Text on the values between which a threshold gives a table."""
    yes = [value for value, bit in zip(_values(of), table, strict=True) if bit]
    no = [value for value, bit in zip(_values(of), table, strict=True) if not bit]
    return f"between {number(max(no))} and {number(min(yes))}"


def _picture(of: LessonNetwork) -> Markup:
    marks = [(gate.threshold, bits_of(gate.function, 2), letter) for gate, letter in zip(_gates(of), "PQ", strict=True)]
    return _line(of, marks, thumb=True)


LESSON: Final = Lesson(
    slug=_SLUG,
    title="One circuit, two interpretations",
    does="Move the threshold at which a neuron says yes, and see what it seems to mean.",
    aim="You can say why the same values can be read in more than one way.",
    minutes=6,
    options=ReadingsOptions,
    board=_board,
    question="Which question can this neuron not be made to answer, wherever the threshold is?",
    answers=_question,
    numbers=_numbers,
    picture=_picture,
    thought="The same four values. Two thresholds, two meanings.",
    asks="Where would you put the threshold, and why there?",
)
