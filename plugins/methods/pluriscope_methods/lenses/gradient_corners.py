"""The gradient of the output by the inputs on every row: at the corners of the input cube where rows are Boolean.

Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks" (2013).
Lenses that follow gradients say which units hide from one, and where it is one-sided: at kinks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.gradients import input_slopes
from pluriscope.analysis.subjects.perceptron.mlp import forward_pass
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.lens import Attribution, Lens, row_name

FLAT: Final = 1e-6
"""A unit whose derivative stays below this on every row hardly shows in any gradient."""
_NAMED: Final = 6


def hidden_notes(question: Question) -> tuple[str, ...]:
    """A sentence about dead and saturated units: what a gradient does not see, whether it matters or not."""
    network, flat = question.network, []
    sums, values = forward_pass(network, question.method_rows[0])
    for layer in range(1, len(sums)):
        slopes = network.function_of(layer).slope(sums[layer - 1], values[layer])
        flat += [f"{layer}.{neuron}" for neuron in np.flatnonzero(np.abs(slopes).max(axis=0) < FLAT).tolist()]
    if not flat:
        return ()
    units = f"Neuron {flat[0]} has" if len(flat) == 1 else f"Neurons {_first(flat)} have"
    return (
        f"{units} a derivative below 10⁻⁶ on every row (dead, or saturated): hardly any gradient passes there, which "
        "does not show that nothing depends on it.",
    )


def kink_notes(question: Question) -> tuple[str, ...]:
    """A sentence where a unit stands at its kink on a row, with the derivative that is given there."""
    network, rows = question.network, question.method_rows[0]
    found = kinks(network, rows)
    if not found:
        return ()
    units = _first([f"{_unit(layer, neuron, network)} on {row_name(question, row)}" for layer, neuron, row in found])
    slopes = sorted({slope for layer, _, _ in found for slope in network.function_of(layer).kinks.values()})
    given = " or ".join(f"{slope:g}" for slope in slopes)
    return (f"At a kink: {units}. The derivative given there is the one that torch takes, {given}.",)


def kinks(network: Network, rows: NDArray[np.float64]) -> list[tuple[int, int, int]]:
    """(layer, neuron, row) where the activation has two slopes at the pre-activation."""
    found = []
    for layer, sums in enumerate(forward_pass(network, rows)[0], start=1):
        at_kinks = np.isin(sums, list(network.function_of(layer).kinks))
        found += [(layer, neuron, row) for row, neuron in np.argwhere(at_kinks).tolist()]
    return found


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _unit(layer: int, neuron: int, network: Network) -> str:
    return "the output" if layer == len(network.weights) else f"neuron {layer}.{neuron}"


def _look(question: Question, _settings: Settings, _work: Work) -> Attribution:
    return Attribution(
        input_slopes(question.network, question.method_rows[0]), notes=(*kink_notes(question), *hidden_notes(question))
    )


def _says(question: Question, seen: Attribution) -> str:
    lengths = np.abs(seen.scores).max(axis=1)
    steepest = int(np.argmax(lengths))
    flat = [row_name(question, row) for row in np.flatnonzero(lengths == 0.0).tolist()]
    sentence = f"The output reacts most strongly on {row_name(question, steepest)}, by up to {lengths[steepest]:.3g}"
    return f"{sentence}; not at all on {', '.join(flat)}." if flat else f"{sentence}."


GRADIENT_CORNERS: Final = Lens(
    key="gradient-corners",
    label="Gradient at the corners",
    definition="An input's score is the derivative of the output by it, on every row.",
    source="Simonyan, Vedaldi & Zisserman 2013 (arXiv:1312.6034), saliency maps; scores agree with captum 0.9.0, "
    "Saliency, with abs=False; by default it gives their absolute values",
    needs=("numbers",),
    look=_look,
    says=_says,
    can_know="A gradient shows how the output changes just beside an input, which no Boolean input shows: two "
    "networks that agree on every Boolean input may differ here. It shows nothing of units that are flat there.",
)
