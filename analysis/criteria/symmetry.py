"""Explanations that differ only by the names of interchangeable neurons: one of each class is enough.

A symmetry permutes the neurons of hidden layers so that all weights and biases are the same numbers as before. It maps
valid circuits to valid circuits with equal outputs.

1. Symmetries are built layer by layer: given how the layer before is permuted, a neuron may go where the bias and the
   permuted row of weights are equal. The output stays where it is.
2. A circuit is the representative of its class if no symmetry maps its mask to a smaller number; an interpretation, if
   none maps it to a circuit with a lower mask, or to a lower index of the same circuit; an alignment, if none maps it
   to a lower id. An algorithm names no neuron, so it is alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.criteria.criterion import Criterion, Judge, Settings
from pluriscope.analysis.criteria.cuts import CutCircuits, Runs
from pluriscope.analysis.criteria.interpretations import space_of
from pluriscope.analysis.criteria.on_sites import MODEL
from pluriscope.analysis.criteria.placements import on_neuron_sets
from pluriscope.analysis.criteria.population import Population, PopulationOf
from pluriscope.analysis.criteria.verdict import Verdicts, Witness, same_for_all, verdicts_of
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.interpretation import Interpretation, NeuronGate
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout, mask_array, masks_of
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON
from pluriscope.analysis.subjects.perceptron.logits import difference_of
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question

MAX_SYMMETRIES: Final = 1 << 12
_OF_NEURONS: Final = "Permutations that leave all weights equal are looked for among the neurons of perceptrons alone."

Permutations = tuple[tuple[int, ...], ...]
"""For each hidden layer where each neuron goes."""
Leasts = tuple[Sequence[Any], Sequence[Any], Callable[[Any], Witness]]
"""The names of explanations, the least that symmetries turn each into, and what shows such a name."""
Refused = dict[int, str]
"""Why some, by position, were not tried."""


def symmetries(network: Network) -> Iterator[Permutations]:
    """Every symmetry of a network cut to one output, the identity first."""

    def extend(layer: int, before: tuple[int, ...], chosen: Permutations) -> Iterator[Permutations]:
        weights, biases = network.weights[layer - 1], network.biases[layer - 1]
        if layer == len(network.weights):
            if np.array_equal(weights[:, before], weights):
                yield chosen
            return
        moved = np.empty_like(weights)
        moved[:, before] = weights  # the row as it reads once the layer before is permuted
        open_to = [
            [to for to in range(len(biases)) if biases[to] == biases[i] and np.array_equal(weights[to], moved[i])]
            for i in range(len(biases))
        ]
        for permutation in _matchings(open_to):
            yield from extend(layer + 1, permutation, (*chosen, permutation))

    yield from extend(1, tuple(range(network.n_inputs)), ())


def _matchings(open_to: list[list[int]], chosen: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Ways to give each item another place open to it, lexicographically."""
    if len(chosen) == len(open_to):
        yield chosen
        return
    for slot in open_to[len(chosen)]:
        if slot not in chosen:
            yield from _matchings(open_to, (*chosen, slot))


def known_symmetries(network: Network) -> tuple[list[Permutations], bool]:
    """The symmetries, the identity first, and whether there are more than those."""
    found = list(islice(symmetries(network), MAX_SYMMETRIES + 1))
    return found[:MAX_SYMMETRIES], len(found) > MAX_SYMMETRIES


def permuted_masks(masks: NDArray[Any], permutations: Permutations, layout: EdgeLayout) -> NDArray[Any]:
    """Permute the neurons of masks, ``[circuits]``."""
    sizes = layout.sizes
    moves = (tuple(range(sizes[0])), *permutations, tuple(range(sizes[-1])))
    edges = number_bits(masks, layout.n_edges)
    images = np.zeros_like(edges)
    for layer in range(1, len(sizes)):
        for out in range(sizes[layer]):
            for source in range(sizes[layer - 1]):
                target = layout.edge_index(layer, moves[layer][out], moves[layer - 1][source])
                images[:, target] = edges[:, layout.edge_index(layer, out, source)]
    return masks_of(images, layout)


def permuted_bits(graph: Graph, permutations: Permutations) -> list[int]:
    """For each bit of a mask the bit that it becomes once the hidden neurons, which are nodes called LAYER.NEURON, have
    moved.
    """

    def moved(name: str) -> str:
        layer, _, neuron = name.partition(".")
        moves = bool(neuron) and int(layer) <= len(permutations)
        return f"{layer}.{permutations[int(layer) - 1][int(neuron)]}" if moves else name

    numbers = {name: bit for bit, name in enumerate(graph.bit_names)}
    return [numbers["-".join(map(moved, name.split("-")))] for name in graph.bit_names]


def moved_placement(alignment: NeuronPlacement, permutations: Permutations) -> NeuronPlacement:
    """An alignment after the neurons have moved."""
    return NeuronPlacement.of(
        alignment.algorithm_text,
        [
            (path, NeuronSet(site.layer, tuple(sorted(permutations[site.layer - 1][n] for n in site.neurons))))
            for path, site in alignment.places
        ],
    )


def moved_gates(interpretation: Interpretation, permutations: Permutations) -> tuple[NeuronGate, ...]:
    """The gates of an interpretation after the neurons have moved, by layer, then neuron."""

    def moved(layer: int, neuron: int) -> int:
        return permutations[layer - 1][neuron] if 1 <= layer <= len(permutations) else neuron

    def move(gate: NeuronGate) -> NeuronGate:
        parents = [(layer, moved(layer, neuron)) for layer, neuron in gate.parents]
        order = sorted(range(len(parents)), key=lambda i: parents[i])
        table, n = [0] * len(gate.table), len(parents)
        row_of = {}
        for row in range(len(gate.table)):
            bits = [(row >> (n - 1 - i)) & 1 for i in order]
            row_of[row] = sum(bit << (n - 1 - k) for k, bit in enumerate(bits))
            table[row_of[row]] = gate.table[row]
        free = tuple(sorted(row_of[row] for row in gate.free_rows))
        neuron = moved(gate.layer, gate.neuron)
        return replace(gate, neuron=neuron, parents=tuple(sorted(parents)), table=tuple(table), free_rows=free)

    return tuple(sorted(map(move, interpretation.gates), key=lambda gate: (gate.layer, gate.neuron)))


def _least_circuits(population: Population, tried: Sequence[Permutations], _: Refused) -> Leasts:
    least = population.items.copy()
    layout = population.question.layout
    for permutations in population.work.each("criteria", tried, "symmetries"):
        np.minimum(least, permuted_masks(population.items, permutations, layout), out=least)
    return population.items.tolist(), least.tolist(), lambda mask: {"mask": layout.to_hex(mask)}


def _least_cuts(population: CutCircuits, tried: Sequence[Permutations], _: Refused) -> Leasts:
    masks, graph = population.items, population.question.space.graph
    own = [graph.number(mask) for mask in masks]
    least, seen = list(own), set[tuple[int, ...]]()
    for permutations in population.work.each("criteria", tried, "symmetries"):
        images = np.empty_like(masks)
        images[:, moved := permuted_bits(graph, permutations)] = masks
        if tuple(moved) not in seen:
            seen.add(tuple(moved))
            least = [min(number, graph.number(image)) for number, image in zip(least, images, strict=True)]
    return own, least, lambda number: {"mask": graph.to_hex(number)}


def _least_placements(population: Population, tried: Sequence[Permutations], _: Refused) -> Leasts:
    every = [scored.alignment for _, scored in on_neuron_sets(population)]
    least = [min(moved_placement(one, permutations).id for permutations in tried) for one in every]
    return [one.id for one in every], least, lambda found: {"alignment": found}


def _least_interpretations(population: Population, tried: Sequence[Permutations], refused: Refused) -> Leasts:
    layout = population.question.layout
    own = [(interpretation.circuit.mask, interpretation.index) for interpretation in population.items]
    least = list(own)
    for position, interpretation in enumerate(population.items):
        masks = mask_array([interpretation.circuit.mask], layout)
        try:
            for permutations in tried[1:]:
                circuit = Circuit(layout, int(permuted_masks(masks, permutations, layout)[0]))
                if circuit.mask <= least[position][0]:
                    index = space_of(population, circuit).index_of(moved_gates(interpretation, permutations))
                    least[position] = min(least[position], (circuit.mask, index))
        except BeyondLimits as refusal:
            refused[position] = f"Not tried: {refusal.cause}."
    return own, least, lambda found: {"mask": layout.to_hex(found[0]), "index": str(found[1])}


def _network_of(question: Question | Runs) -> Network | None:
    """The perceptron that a question is about, of two classes up to the difference of its logits; None of networks of
    another kind.
    """
    if isinstance(question, Question):
        return question.network
    if question.question.kind is not COARSER_PERCEPTRON:
        return None
    subject: Any = question.question.subject
    return difference_of(subject.network) if len(subject.outputs) == 2 else subject.network


def _alone(population: PopulationOf[Any], _: Settings) -> Verdicts:
    return same_for_all(len(population), "passed", "An algorithm names no neuron, so no permutation changes it.")


def _judging(least_of: Callable[[Any, Sequence[Permutations], Refused], Leasts]) -> Judge:
    """Make the judge that passes what no symmetry turns into one with a lower name."""

    def judge(population: PopulationOf[Any], _: Settings) -> Verdicts:
        network = _network_of(population.question)
        if network is None:
            return same_for_all(len(population), "not_applicable", _OF_NEURONS)
        tried, cut_off = known_symmetries(network)
        refused: Refused = {}
        own, least, witness = least_of(population, tried, refused)
        passed = np.array([one == lowest for one, lowest in zip(own, least, strict=True)], dtype=np.bool_)
        undecided = passed & cut_off
        undecided[list(refused)] = True

        def explain(position: int) -> tuple[str, Witness]:
            if position in refused:
                return refused[position], {}
            if not passed[position]:
                reason = "A permutation of hidden neurons with equal weights leads to a lower one."
                return reason, witness(least[position])
            if cut_off:
                return f"It is the least under {len(tried):,} of the permutations; there are more.", {}
            if len(tried) == 1:
                return "No permutation of hidden neurons leaves the weights equal, so it is alone in its class.", {}
            return f"It is the least under all {len(tried):,} permutations that leave the weights equal.", {}

        return verdicts_of(passed, explain, undecided=undecided)

    return judge


REPRESENTATIVE: Final = Criterion(
    key="representative",
    label="Representative",
    definition="No permutation of hidden neurons that leaves all weights equal turns it into one with a lower id (of a "
    "circuit its mask, of an interpretation mask, then index).",
    formula="id(E) = min over symmetries π of the network of id(π(E))",
    source="Pluriscope: explanations that differ by a symmetry of the network are one in substance",
    judges={
        "circuit": _judging(_least_circuits),
        "cut": _judging(_least_cuts),
        "interpretation": _judging(_least_interpretations),
        "algorithm": _alone,
        MODEL: _alone,
        "alignment": _judging(_least_placements),
    },
    idle={"direction": "Asked of explanations on neurons only."},
    term="observed-class",
)
