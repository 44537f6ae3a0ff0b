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

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.alignments.alignment import Alignment
from analysis.criteria.alignment_context import AlignmentCriteriaContext
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import Criterion, Settings
from analysis.criteria.interpretation_context import InterpretationCriteriaContext
from analysis.criteria.redundancies import AlgorithmCriteriaContext
from analysis.criteria.verdict import Verdict, Verdicts, Witness, put_together, same_for_all, verdicts_of
from analysis.errors import BeyondLimits
from analysis.interpretations.interpretation import Interpretation, NeuronGate
from analysis.interventions.neuron_set import NeuronSet
from analysis.networks.circuit import Circuit, EdgeLayout, kept_edges, mask_array, masks_of
from analysis.networks.network import Network

MAX_SYMMETRIES: Final = 1 << 12

Permutations = tuple[tuple[int, ...], ...]
"""For each hidden layer where each neuron goes."""


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
    for place in open_to[len(chosen)]:
        if place not in chosen:
            yield from _matchings(open_to, (*chosen, place))


def known_symmetries(network: Network) -> tuple[list[Permutations], bool]:
    """The symmetries, the identity first, and whether there are more than those."""
    found = list(islice(symmetries(network), MAX_SYMMETRIES + 1))
    return found[:MAX_SYMMETRIES], len(found) > MAX_SYMMETRIES


def permuted_masks(masks: NDArray[Any], permutations: Permutations, layout: EdgeLayout) -> NDArray[Any]:
    """``[circuits]``: the masks after their neurons have moved."""
    sizes = layout.sizes
    moves = (tuple(range(sizes[0])), *permutations, tuple(range(sizes[-1])))
    edges = kept_edges(masks, layout)
    images = np.zeros_like(edges)
    for layer in range(1, len(sizes)):
        for out in range(sizes[layer]):
            for source in range(sizes[layer - 1]):
                target = layout.edge_index(layer, moves[layer][out], moves[layer - 1][source])
                images[:, target] = edges[:, layout.edge_index(layer, out, source)]
    return masks_of(images, layout)


def _representative(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
    tried, cut_off = known_symmetries(context.question.cut)
    least = context.masks.copy()
    for permutations in context.work.each("criteria", tried, "symmetries"):
        np.minimum(least, permuted_masks(context.masks, permutations, context.question.layout), out=least)
    passed = least == context.masks

    def explain(position: int) -> tuple[str, Witness]:
        lower = {"mask": context.question.layout.to_hex(int(least[position]))}
        told = _verdict(bool(passed[position]), lower, len(tried), cut_off)
        return told.reason, told.witness

    return verdicts_of(passed, explain, undecided=passed if cut_off else None)


def moved_alignment(alignment: Alignment, permutations: Permutations) -> Alignment:
    """An alignment after the neurons have moved."""
    return Alignment.of(
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
        places = {}
        for row in range(len(gate.table)):
            bits = [(row >> (n - 1 - i)) & 1 for i in order]
            places[row] = sum(bit << (n - 1 - k) for k, bit in enumerate(bits))
            table[places[row]] = gate.table[row]
        free = tuple(sorted(places[row] for row in gate.free_rows))
        neuron = moved(gate.layer, gate.neuron)
        return replace(gate, neuron=neuron, parents=tuple(sorted(parents)), table=tuple(table), free_rows=free)

    return tuple(sorted(map(move, interpretation.gates), key=lambda gate: (gate.layer, gate.neuron)))


def _representative_alignment(context: AlignmentCriteriaContext, _: Settings) -> Verdicts:
    tried, cut_off = known_symmetries(context.question.cut)

    def judge(alignment: Alignment) -> Verdict:
        least = min((moved_alignment(alignment, permutations) for permutations in tried), key=lambda a: a.id)
        return _verdict(least.id == alignment.id, {"alignment": least.id}, len(tried), cut_off)

    return put_together([judge(scored.alignment) for _, scored in context.on_neuron_sets])


def _representative_interpretation(context: InterpretationCriteriaContext, _: Settings) -> Verdicts:
    tried, cut_off = known_symmetries(context.question.cut)
    layout = EdgeLayout(context.question.cut.sizes)

    def judge(interpretation: Interpretation) -> Verdict:
        own = (interpretation.circuit.mask, interpretation.index)
        least = own
        try:
            for permutations in tried[1:]:
                masks = mask_array([interpretation.circuit.mask], layout)
                circuit = Circuit(layout, int(permuted_masks(masks, permutations, layout)[0]))
                if circuit.mask <= least[0]:
                    index = context.space(circuit).index_of(moved_gates(interpretation, permutations))
                    least = min(least, (circuit.mask, index))
        except BeyondLimits as refusal:
            return Verdict("undecided", f"Not tried: {refusal.cause}.")
        witness = {"mask": layout.to_hex(least[0]), "index": str(least[1])}
        return _verdict(least == own, witness, len(tried), cut_off)

    return put_together([judge(interpretation) for interpretation in context.explanations])


def _representative_algorithm(context: AlgorithmCriteriaContext, _: Settings) -> Verdicts:
    return same_for_all(len(context), "passed", "An algorithm names no neuron, so no permutation changes it.")


def _verdict(is_least: bool, lower: Witness, n_tried: int, cut_off: bool) -> Verdict:
    if not is_least:
        reason = "A permutation of hidden neurons with equal weights leads to a lower one."
        return Verdict("failed", reason, lower)
    if cut_off:
        reason = f"It is the least under {n_tried:,} of the permutations; there are more."
        return Verdict("undecided", reason)
    if n_tried == 1:
        reason = "No permutation of hidden neurons leaves the weights equal, so it is alone in its class."
    else:
        reason = f"It is the least under all {n_tried:,} permutations that leave the weights equal."
    return Verdict("passed", reason)


REPRESENTATIVE: Final = Criterion(
    key="representative",
    label="Representative",
    definition="No permutation of hidden neurons that leaves all weights equal turns it into one with a lower id (of a "
    "circuit its mask, of an interpretation mask, then index).",
    formula="id(E) = min over symmetries π of the network of id(π(E))",
    source="Pluriscope: explanations that differ by a symmetry of the network are one in substance",
    judges={
        "circuit": _representative,
        "interpretation": _representative_interpretation,
        "algorithm": _representative_algorithm,
        "alignment": _representative_alignment,
    },
    idle={"direction": "Asked of explanations on neurons only."},
)
