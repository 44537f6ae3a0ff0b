"""Feature pictures: where on the whole box of inputs each hidden neuron is largest and smallest.

Feature visualisation searches the inputs that drive a neuron most (Olah, Mordvintsev & Schubert, Distill 2017). Nothing
is searched here. With two inputs a piecewise-linear network is affine on convex polygons, and an affine function has
its extremes at corners, so these are exact, without rounding. Elsewhere bisection with sound bounds brackets them: a
value that is attained, with its point, and one that nothing exceeds (:mod:`pluriscope_methods.lenses.ranges`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.lens import APPLIES, NEURON_COLUMNS, Fit, Lens, Table, not_applicable
from pluriscope_methods.lenses.ranges import ValueRange, neuron_program, range_of
from pluriscope_methods.robustness.polygons import cells, square
from pluriscope_methods.robustness.programs import Program, network_program

MOST_EXACT: Final = 12
"""Hidden neurons up to a layer for which polygons are cut without rounding; each may double their number."""
_BUDGET: Final = 4096  # boxes for each end of a neuron where there are no polygons


def _fit(question: Question, _settings: Settings) -> Fit:
    known = question.network.function_of(1)
    if known.monotone:
        return APPLIES
    return not_applicable(f"The hidden activation is {known.label}, which falls somewhere: its ends are not known.")


def _look(question: Question, _settings: Settings, work: Work) -> Table:
    network, inputs = question.network, question.method_rows[0]
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    whole, unit = network_program(network), _spans_unit_box(question)
    plane = unit and network.n_inputs == 2 and whole.activation.below is not None
    rows = []
    for layer, neuron in work.each("methods", list(_neurons(question)), "neurons"):
        exact = plane and sum(network.sizes[1:layer]) <= MOST_EXACT
        found = (
            _exact_range(whole, layer, neuron) if exact else range_of(whole, layer, neuron, low, high, budget=_BUDGET)
        )
        rows.append(
            {
                "layer": layer,
                "neuron": neuron,
                "largest": found.inner_high,
                "largest_at": list(found.at_high),
                "largest_bound": found.high,
                "smallest": found.inner_low,
                "smallest_at": list(found.at_low),
                "smallest_bound": found.low,
                "exact": exact,
            }
        )
    notes = () if unit else ("The box is the one that the rows span, not that of 0 and 1.",)
    return Table(tuple(rows), notes)


def _neurons(question: Question) -> Iterator[tuple[int, int]]:
    sizes = question.network.hidden_sizes
    return ((layer, neuron) for layer, width in enumerate(sizes, start=1) for neuron in range(width))


def _spans_unit_box(question: Question) -> bool:
    """Whether the rows span the box of all inputs from 0 to 1."""
    inputs = question.method_rows[0]
    return bool((inputs.min(axis=0) == 0.0).all() and (inputs.max(axis=0) == 1.0).all())


def _exact_range(whole: Program, layer: int, neuron: int) -> ValueRange:
    """Range from the corners of all polygons, in fractions; of equal corners the first in the order of the inputs."""
    program = neuron_program(whole, layer, neuron)
    corners = sorted(
        (place, value)
        for cell in cells(program, square((0.5, 0.5), 0.5))
        for place, value in zip(cell.corners, cell.values, strict=True)
    )
    ends = min(corners, key=lambda corner: corner[1]), max(corners, key=lambda corner: corner[1])
    values = whole.activation.value(np.array([float(value) for _, value in ends])).tolist()
    points = [(float(place[0]), float(place[1])) for place, _ in ends]
    return ValueRange(values[0], values[1], values[0], values[1], points[0], points[1])


def _point(point: Sequence[float]) -> str:
    return ", ".join(f"{name} = {value:.4g}" for name, value in zip(INPUT_NAMES, point, strict=False))


def _says(_question: Question, seen: Table) -> str:
    most = max(seen.rows, key=lambda row: row["largest"] - row["smallest"])
    inside = sum(not {*row["largest_at"], *row["smallest_at"]} <= {0.0, 1.0} for row in seen.rows)
    away = f"{inside or 'None'} of {len(seen.rows)} {'has' if inside == 1 else 'have'} an extreme that is no corner"
    return (
        f"Neuron {most['layer']}.{most['neuron']} varies most over the box, from {most['smallest']:.3g} at "
        f"{_point(most['smallest_at'])} to {most['largest']:.3g} at {_point(most['largest_at'])}. {away}."
    )


FEATURE_PICTURES: Final = Lens(
    key="feature-pictures",
    label="Feature pictures",
    definition="Feature visualisation without a search: where on the whole box of inputs, not on its corners alone, "
    "each hidden neuron is largest and smallest.",
    source="After Olah, Mordvintsev & Schubert, Feature Visualization, Distill 2017 (doi:10.23915/distill.00007); "
    "exact by convex polygons, or bracketed by bounds and bisection, instead of searched",
    needs=("neurons",),
    size=lambda question, _: sum(question.network.hidden_sizes),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="What drives a neuron most, on inputs that the task does not have too. That a neuron likes an input does "
    "not say that the network uses it there: off the corners nothing was asked of the network.",
    columns=NEURON_COLUMNS
    | {
        "largest": "activation that is attained",
        "largest_at": "where",
        "largest_bound": "nothing on the box exceeds this",
        "smallest": "activation that is attained",
        "smallest_at": "where",
        "smallest_bound": "nothing on the box is below this",
        "exact": "whether these are the extremes themselves, by polygons without rounding",
    },
)
