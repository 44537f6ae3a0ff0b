"""Rankings of the neurons of a hidden layer by methods: a number for each, so that one of them comes first.

Methods that score edges rank no neurons: what is said here of a neuron is our sum of the sizes of the scores of the
edges out of it, and of ACDC how much the loss rose at the one of them that was hardest to remove. Edges whose effects
cancel each other rightly have large scores, though the neuron can go as a whole. Shapley values say their mean size
over the rows, where the neurons of the layer are the players and absent ones are 0 (Ghorbani and Zou, "Neuron Shapley",
NeurIPS 2020, arXiv:2002.09815), and a probe of one neuron which share of the variance of the answer its activation
explains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.discovery.masked_perceptron import MaskedPerceptron
from pluriscope.analysis.discovery.method import DiscoveryMethod
from pluriscope.analysis.discovery.methods import EXACT_EDGE
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.subjects.perceptron.mlp import activations, next_layer
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.discovery.methods import ACDC, EAP, EAP_IG, one_by_one
from pluriscope_methods.lenses.games import shapley_values

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """Ranking of the neurons of a hidden layer by one method.

    Args:
        key: of the method.
        label: of the method.
        of: question and layer, from 1 → the numbers ``[neurons]``, none below 0.
        method: whose answer is a circuit; None of those that answer with no circuit.
    """

    key: str
    label: str
    of: Callable[[Question, int], Array]
    method: DiscoveryMethod | None = None


def outputs_with(question: Question, layer: int, kept: NDArray[np.bool_]) -> Array:
    """``[sets, rows]`` outputs where of a hidden layer only some neurons are kept, and the others are 0.

    Args:
        layer: from 1.
        kept: ``[sets, neurons]``.
    """
    network = question.network
    values = activations(network, question.method_rows[0])[layer] * kept[:, None]
    for above in range(layer + 1, len(network.sizes)):
        values = next_layer(network, above, values)
    return values[..., 0]


def _of_edges(method: DiscoveryMethod, question: Question, layer: int) -> Array:
    settings = method.filled({})
    scores = method.scores(MaskedPerceptron.of(question, settings["ablation"]), settings).values
    sizes = np.abs(out_of(question, layer, scores))
    return fixed_order.mean(sizes) * len(sizes)


def _rises(question: Question, layer: int) -> Array:
    settings = ACDC.filled({})
    masked = MaskedPerceptron.of(question, settings["ablation"])
    rises = np.zeros(masked.n_bits)
    for tried in one_by_one(masked, settings):
        rises[tried.edge] = max(tried.rise, 0.0)
    highest: Array = out_of(question, layer, rises).max(axis=0)
    return highest


def out_of(question: Question, layer: int, values: Array) -> Array:
    """Numbers ``[edges]`` as ``[neurons above, neurons]`` of the edges out of a layer, from 0."""
    sizes, offsets = question.layout.sizes, question.layout.offsets
    return values[offsets[layer] : offsets[layer + 1]].reshape(sizes[layer + 1], sizes[layer])


def _shapley(question: Question, layer: int) -> Array:
    n = question.network.sizes[layer]
    sets = np.arange(1 << n)[:, None] >> np.arange(n - 1, -1, -1) & 1
    values = outputs_with(question, layer, sets.astype(np.bool_)).T
    return fixed_order.mean(np.abs(shapley_values(values, n)))


def _explained(question: Question, layer: int) -> Array:
    rows, labels = question.method_rows
    values, wanted = (one - fixed_order.mean(one) for one in (activations(question.network, rows)[layer], labels))
    both, of_values = (fixed_order.mean(values * one) for one in (wanted[:, None], values))
    of_labels = fixed_order.dot(wanted, wanted) / len(wanted)
    varies = of_values > 0.0
    return np.where(varies, both * both / np.where(varies, of_values * of_labels, 1.0), 0.0)


RANKINGS: Final[Mapping[str, Ranking]] = {
    one.key: one
    for one in (
        *(Ranking(one.key, one.label, partial(_of_edges, one), one) for one in (EAP, EAP_IG, EXACT_EDGE)),
        Ranking(ACDC.key, ACDC.label, _rises, ACDC),
        Ranking("shapley", "Shapley values of neurons", _shapley),
        Ranking("probe", "Probe of one neuron", _explained),
    )
}
"""Of each method that networks are made to deceive, by its key."""
