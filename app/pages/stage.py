"""A network at work: its drawing with the values that one row gives, and beside it the rows that it can be run on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from markupsafe import Markup

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.questions.answers import ANSWER_RULE, JUDGED_BY
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import RowRun
from pluriscope.app.pages.inside import check_row, chosen_row
from pluriscope.app.pages.page import DRAWING
from pluriscope.app.pages.place import AnyPlace, Place
from pluriscope.figures.numbers import decimal, exact
from pluriscope.figures.svg.elements import twice
from pluriscope.figures.svg.graphs import Looking, graph_diagram
from pluriscope.figures.svg.layout import input_name
from pluriscope.figures.svg.vessels import Geometry, Running, Vessels, full_at, running
from pluriscope.page_kit.blocks import Block, Figure, Text
from pluriscope.views.records import AnswerRecord, RowRecord

MOST_ROWS: Final = 16
MOST_WEIGHTS: Final = 1_000
"""Of a network that a browser runs."""
_MODEL_ROWS: Final = 8
_WIDE: Final = Geometry("wide", 832, 40, 134, 58, 50, 116, 28, 13, 13, 34, "threshold 0.5")
_NARROW: Final = Geometry("narrow", 358, 22, 58, 52, 40, 96, 20, 12.5, 13, 27, "0.5")


@dataclass(frozen=True)
class StageRow:
    """Row that can be run.

    Args:
        url: of the page with its values.
        cells: under each heading.
        said: what it gives, in a sentence.
        input: what the network is given, for a browser that runs it; () where none does.
    """

    url: str
    cells: Sequence[Text]
    said: str = ""
    input: Sequence[float] = ()


@dataclass(frozen=True)
class Stage(Block):
    """A drawing with the values of one row, and the rows.

    Args:
        figure: the drawing with the values of the present row.
        heads: of the table.
        rows: that can be run.
        at: the present one; −1 for none.
        note: below the table.
        running: what a browser needs to run it; None where rows are only links.
    """

    figure: Figure
    heads: Sequence[str]
    rows: Sequence[StageRow]
    at: int
    note: Text
    running: Running | None = None

    @property
    def inner(self) -> Sequence[Block]:
        return (self.figure,)


def perceptron_stage(
    place: Place, links: Addresses, behaviour: Sequence[RowRecord], row: int | None, files: Mapping[str, str]
) -> Stage:
    """A perceptron on its inputs; of many 16, first those it answers wrong, and the one that is asked for.

    Args:
        place: the network, its task and its rules.
        behaviour: what it does on each input.
        row: the input whose values are shown; None for the first that it answers with 1.
        files: of the drawing.

    Raises:
        BadQuery: there is no such row.
    """
    network, task, boolean = place.question.network, place.question.task, place.question.data.boolean
    n, given, read = len(behaviour), place.question.clean_rows, place.question.data.representatives
    check_row(row, n)
    at = row if row is not None else next((number for number, one in enumerate(behaviour) if one.decision), 0)
    right = [one.right and not one.note for one in behaviour]
    # the row in view, then wrong answers, then the closest decisions
    listed = sorted(range(n), key=lambda number: (number != at, right[number], behaviour[number].margin))
    listed = listed[:MOST_ROWS]
    rows = []
    for number in sorted(listed):
        one = behaviour[number]
        bits = " ".join(map(str, one.bits)) if boolean else f"row {number}"
        judged = "counted wrong" if one.note else "right" if one.right else f"should be {one.target}"
        above = f"{'' if one.decision else 'not '}above 0.5, so it answers {one.decision}"
        other = boolean and given[number].tolist() != one.bits
        given_as = ", ".join(map(decimal, given[number].tolist())) if other else ""
        stands = f", for which the row {given_as} stands" if given_as else ""
        said = f"{'Input ' if boolean else ''}{bits}{stands}: output {decimal(one.output)}, {above}."
        cells = (
            Markup("{}<br><small>{}</small>").format(bits, given_as) if given_as else bits,
            decimal(one.output),
            str(one.decision),
            Markup("{}<br><small>{}</small>").format(judged, one.note) if one.note else judged,
        )
        url = links.network(place.slug, place.scope, row=number)
        rows.append(StageRow(url, cells, said, given[number].tolist()))
    now, layers = sorted(listed).index(at), place.question.clean_activations
    values, full = [layer[at].tolist() for layer in layers], full_at(layers)
    sentence = f"{place.row.name}. {rows[now].said}"
    wide, narrow = (
        Vessels(network.weights, values, full, geometry, sentence=sentence, named=True).drawn()
        for geometry in (_WIDE, _NARROW)
    )
    # a sigmoid is never below −0.5 or from 1.5 on, where the rules of decision differ
    bounded = network.output_activation == "sigmoid"
    rule = ANSWER_RULE if bounded else JUDGED_BY[place.question.protocol.circuit_decision]
    note = f"Answers {rule}. Point at a row or a neuron; tapping works too."
    if any(value < 0 for layer in values[1:] for value in layer):
        note += " A negative value hangs from the top, paler."
    if not np.array_equal(read, given):
        row_values, bits = ", ".join(map(decimal, read[at].tolist())), " ".join(map(str, behaviour[at].bits))
        note += f" Interpretations read another row for each input: {row_values} for {bits}."
    if n > len(listed):
        first = "with the smallest margins" if all(right) else "answered wrong, then those with the smallest margins"
        note = f"{len(listed)} inputs of {n:,}: those {first}. {note}"
    names = " ".join(map(input_name, range(network.n_inputs))) if boolean else "Row"
    return Stage(
        Figure(twice(wide, narrow), rows[now].said, files, id=DRAWING),
        (names, "output", "answers", task.label),
        rows,
        now,
        note,
        running(network, full) if sum(matrix.size for matrix in network.weights) <= MOST_WEIGHTS else None,
        id="runs",
    )


def model_stage(place: AnyPlace, links: Addresses, answers: Sequence[AnswerRecord], row: int | None) -> Stage:
    """A transformer on the rows with the smallest gaps, and the one that is asked for: where its heads look there.

    Args:
        place: the model, its task and its rules.
        answers: what it does on each row.
        row: the one that is shown; None for that with the smallest gap.

    Raises:
        BadQuery: there is no such row.
    """
    at = chosen_row(place.question.subject, np.array([one.gap for one in answers]), row)
    by_gap = sorted(range(len(answers)), key=lambda number: answers[number].gap)
    listed = sorted({*by_gap[:_MODEL_ROWS], at}, key=lambda number: answers[number].gap)
    rows = [
        StageRow(
            links.network(place.slug, place.scope, row=number),
            (one.row, decimal(one.gap), one.given, "right" if one.right else f"should be {one.answer}"),
        )
        for number in listed
        for one in [answers[number]]
    ]
    looking, said = _looking(place, answers[at], at)
    drawn = graph_diagram(place.question.space.graph, title=place.row.name, looking=looking)
    most = f": the {len(rows)} smallest of {exact(len(answers))}" if len(rows) < len(answers) else ""
    note = f"Answers its largest output. The gap is its lead over the next{most}."
    heads = ("Row", "gap", "answers", "task")
    return Stage(Figure(drawn, said, id=DRAWING), heads, rows, listed.index(at), note, id="runs")


@lru_cache(maxsize=64)
def _run(question: GraphQuestion, row: int) -> RowRun | None:
    """Run of a whole network on a row, with what happens within."""
    space = question.space
    return space.run_row(np.ones(space.graph.n_bits, dtype=np.bool_), row)


def _looking(place: AnyPlace, answer: AnswerRecord, row: int) -> tuple[Looking | None, str]:
    """Attention of each node of a model on a row, with a sentence about it; None of a kind without such a run."""
    graph, run = place.question.space.graph, _run(place.question, row)
    if run is None:
        return None, "Every node and edge. A circuit keeps some."
    nodes = [number for number, node in enumerate(graph.nodes) if node.removable and node.looks]
    shares = {number: one[-1].tolist() for number, one in zip(nodes, run.patterns, strict=True) if one is not None}
    ahead = "ahead" if answer.right else f"ahead of {answer.answer}"
    said = f"{answer.row}: it answers {answer.given}, {ahead} by {decimal(abs(answer.gap))}."
    if shares:
        most = max(shares, key=lambda number: max(shares[number]))
        share = max(shares[most])
        there = shares[most].index(share)
        who, what = graph.nodes[most].label.capitalize(), f"position {there + 1}, {run.places[there]}"
        said += f" {who} gives {share:.0%} of its attention to {what}."
        said += " Bars: each head's attention from the last position."
    return Looking(run.places, shares, answer.given), said
