"""What the authors' program counts under two options that it has and the paper does not name.

Its ``main.py`` has ``max_circuits``: of the valid circuits only so many are interpreted, those with the fewest active
neurons, and interpretations per circuit are saved beside the number of circuits. Its ``find_mappings`` has
``distrib_layers``: the neurons of one variable may lie in several layers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.iia import Behaviour, tested_pairs
from analysis.alignments.sites import over_subsets
from analysis.errors import BeyondLimits
from analysis.interventions.interchange import run_with_swaps
from analysis.networks.circuit import Circuit, EdgeLayout
from analysis.networks.mlp import activations
from analysis.question import Question
from analysis.validity import decide

MAX_NEURONS: Final = 12  # hidden ones; every set of them is interchanged
_CELLS: Final = 4_000_000  # activations held at once


def first_circuits(masks: Iterable[int], layout: EdgeLayout, most: int) -> NDArray[np.uint64]:
    """The first circuits in the order of ``max_circuits``: by active hidden neurons, then as the program lists masks.

    Args:
        masks: valid circuits.
        layout: the network's edges, at most 64 of them.
        most: how many.

    Returns:
        At most so many masks.
    """

    def rank(mask: int) -> tuple[int, list[bool], list[int]]:
        circuit = Circuit(layout, mask)
        active = [neuron for layer in circuit.active[1:-1] for neuron in layer]
        return circuit.n_neurons, active, [mask >> edge & 1 for edge in range(layout.n_edges)]

    return np.array(sorted(masks, key=rank)[:most], dtype=np.uint64)


def placements_over_layers(question: Question, algorithms: Iterable[HighLevelModel]) -> tuple[int, int]:
    """Placements of algorithms' variables on disjoint neuron sets, each of any hidden layers, right on every swap.

    Args:
        question: network, task and protocol, which says the pairs that are tested and how outputs decide.
        algorithms: over the network's inputs.

    Returns:
        How many are valid, and how many of them contain no other valid one of their algorithm. An algorithm without
        variables has one, its empty placement.

    Raises:
        BeyondLimits: more than :data:`MAX_NEURONS` hidden neurons.
    """
    n_inputs, tested = question.cut.n_inputs, tested_pairs(question.cut.n_inputs, question.protocol.interchange_pairs)
    decisions = _swapped_decisions(question)[:, tested]
    carrying: dict[Behaviour, tuple[NDArray[np.bool_], NDArray[np.bool_]]] = {}
    n_valid = n_minimal = 0
    for algorithm in algorithms:
        behaviours = [Behaviour.of(response, n_inputs) for response in algorithm.responses.values()]
        for behaviour in behaviours:
            if behaviour not in carrying:
                fits = (decisions == behaviour.expected(n_inputs)[tested]).all(axis=1)
                fits[0] = False  # a variable lies on one neuron at least
                inside = fits.astype(np.int64)
                over_subsets(np.add, inside)
                carrying[behaviour] = fits, fits & (inside == 1)
        n_valid += _disjoint_choices([carrying[behaviour][0] for behaviour in behaviours], len(decisions))
        n_minimal += _disjoint_choices([carrying[behaviour][1] for behaviour in behaviours], len(decisions))
    return n_valid, n_minimal


def _swapped_decisions(question: Question) -> NDArray[np.int8]:
    """``[sets, source, base]`` 0, 1 or −1 with each set of hidden neurons interchanged, the first layer's lowest."""
    network = question.cut
    n_neurons = sum(network.hidden_sizes)
    if n_neurons > MAX_NEURONS:
        raise BeyondLimits(
            "alignments over several layers",
            f"{n_neurons} hidden neurons, against a limit of {MAX_NEURONS}",
            "use a narrower network or measure alignments within layers",
        )
    member = np.arange(1 << n_neurons)[:, None] >> np.arange(n_neurons) & 1 == 1
    parts = np.split(member, np.cumsum(network.hidden_sizes)[:-1], axis=1)
    clean = activations(network, question.data.clean_rows)
    step = max(1, _CELLS // (len(clean[0]) ** 2 * max(network.hidden_sizes)))
    return np.concatenate(
        [
            decide(
                run_with_swaps(
                    network, {layer: part[start : start + step] for layer, part in enumerate(parts, start=1)}, clean
                ),
                question.protocol.alignment_decision,
            )
            for start in range(0, len(member), step)
        ]
    )


def _disjoint_choices(allowed: list[NDArray[np.bool_]], n_sets: int) -> int:
    """Choices of one allowed set for each variable, no two with a neuron in common."""
    used = np.arange(n_sets)
    ways = (used == 0).astype(np.int64)  # at most 13^12 placements of up to 12 variables: 64 bits hold them
    for sets in allowed:
        more = np.zeros_like(ways)
        for one in np.flatnonzero(sets):
            free = used & one == 0
            more[used[free] | one] += ways[free]
        ways = more
    return int(ways.sum())
