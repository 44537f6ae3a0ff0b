"""Explanations that are one in substance: grouped with the reason, so that a group can be counted once.

Three reasons make explanations equivalent:

1. *symmetry*: a permutation of hidden neurons that leaves the network's weights equal turns one into the other. They
   predict the same up to that renaming.
2. *unobservable choices*: interpretations of one circuit that give every neuron the same bits on every input, and that
   predict the same on every intervention of a space, so that they differ only in completions that nothing shows.
3. *edges of weight 0*: circuits that differ only in edges that carry nothing, kept or not, whatever the ablation. Only
   circuits: an interpretation names the edges that its gates read.

All are equivalence relations; a class is closed under them together, for circuits also by way of one that is not given.
Explanations of other kinds that happen to predict the same are not merged: :mod:`analysis.separation` names them as
inseparable. Algorithms without places name no neuron, so each is alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Alignment
from analysis.criteria.symmetry import (
    MAX_SYMMETRIES,
    Permutations,
    moved_alignment,
    moved_gates,
    permuted_masks,
    symmetries,
)
from analysis.directions.alignment import DirectionAlignment, moved_directions
from analysis.experiments import InterventionSpace
from analysis.interpretations.interpretation import Interpretation, NeuronGate
from analysis.networks.circuit import Circuit, EdgeLayout, mask_array
from analysis.networks.network import Network

Reason = Literal["symmetry", "unobservable choices", "edges of weight 0"]
REASONS: Final[tuple[Reason, ...]] = ("symmetry", "unobservable choices", "edges of weight 0")
Substance = Circuit | Interpretation | HighLevelModel | Alignment | DirectionAlignment | str
"""Any explanation, without the network that it is about; one of a kind stored as columns by its reference."""


@dataclass(frozen=True)
class EquivalenceClass:
    """Explanations that are one in substance, by their positions in the order given.

    Args:
        members: ascending.
        reasons: why they belong together, in the order of :data:`REASONS`; empty for a class of one.
    """

    members: tuple[int, ...]
    reasons: tuple[Reason, ...]


def equivalence_classes(
    network: Network,
    explanations: Sequence[Substance],
    predictions: Sequence[NDArray[np.int8]],
    space: InterventionSpace,
    *,
    max_symmetries: int = MAX_SYMMETRIES,
) -> tuple[EquivalenceClass, ...]:
    """Group explanations of one network that are one in substance.

    Args:
        network: cut to the analysed output.
        explanations: of any kinds.
        predictions: ``[set, source, base]`` for each.
        space: the interventions.
        max_symmetries: most permutations tried. With more symmetries than that classes may be finer than they should.

    Returns:
        Every explanation in exactly one class; classes in the order of their first members.
    """
    layout = EdgeLayout(network.sizes)
    tried = list(islice(symmetries(network), max_symmetries))
    moved: list[Hashable] = [min(_named(e, p, layout) for p in tried) for e in explanations]
    observed: list[Hashable] = [
        (_observed(e), said[space.counted].tobytes()) if isinstance(e, Interpretation) else number
        for number, (e, said) in enumerate(zip(explanations, predictions, strict=True))
    ]
    carrying, carrying_moved = _carrying(network, explanations, tried, layout)
    leader = list(range(len(explanations)))
    for values in (moved, observed, carrying_moved):
        for members in _alike(values):
            leaders = {_first(leader, member) for member in members}
            for other in leaders:
                leader[other] = min(leaders)

    def reasons(members: tuple[int, ...]) -> tuple[Reason, ...]:
        def some_alike(values: Sequence[Hashable]) -> bool:
            return len({values[m] for m in members}) < len(members)

        # members of a class that is joined by edges of weight 0 may need a renaming as well, without being alike by it
        by_edges = some_alike(carrying_moved)
        needed: dict[Reason, bool] = {
            "symmetry": some_alike(moved) or (by_edges and len({carrying[m] for m in members}) > 1),
            "unobservable choices": some_alike(observed),
            "edges of weight 0": by_edges and len({moved[m] for m in members}) > 1,
        }
        return tuple(reason for reason in REASONS if needed[reason])

    classes = _alike([_first(leader, number) for number in range(len(explanations))])
    return tuple(EquivalenceClass(members, reasons(members)) for members in classes)


def weightless_edges(network: Network) -> int:
    """The mask of the edges whose weight is 0: whether a circuit keeps them changes nothing that anything carries."""
    weights = np.concatenate([np.asarray(matrix).ravel() for matrix in network.weights])  # the order of masks
    return sum(1 << k for k in np.flatnonzero(weights == 0).tolist())


def _carrying(
    network: Network, explanations: Sequence[Substance], tried: Sequence[Permutations], layout: EdgeLayout
) -> tuple[list[Hashable], list[Hashable]]:
    """What identifies circuits by the edges that carry something, as they are and after the neurons have moved.

    Explanations of other kinds are alone.
    """
    kept = ~weightless_edges(network)
    alone: list[Hashable] = []
    moved: list[Hashable] = []
    for number, explanation in enumerate(explanations):
        if not isinstance(explanation, Circuit):
            alone.append(number)
            moved.append(number)
            continue
        mask = mask_array([explanation.mask & kept], layout)
        alone.append(("circuit", int(mask[0])))
        moved.append(("circuit", min(int(permuted_masks(mask, permutations, layout)[0]) for permutations in tried)))
    return alone, moved


def symmetry_between(
    network: Network, first: Substance, second: Substance, *, max_symmetries: int = MAX_SYMMETRIES
) -> Permutations | None:
    """Where each hidden neuron goes so that the network stays the same and the first explanation becomes the second.

    Args:
        network: cut to the analysed output.
        first: an explanation.
        second: another.
        max_symmetries: most permutations tried.

    Returns:
        The first such permutation, the identity if they are the same; None if none of those tried does it.
    """
    layout = EdgeLayout(network.sizes)
    tried = list(islice(symmetries(network), max_symmetries))
    wanted = _named(second, tried[0], layout)  # the identity comes first
    return next((p for p in tried if _named(first, p, layout) == wanted), None)


def _alike(values: Sequence[Hashable]) -> list[tuple[int, ...]]:
    """Positions with equal values, in the order of their first ones."""
    found: dict[Hashable, list[int]] = {}
    for position, value in enumerate(values):
        found.setdefault(value, []).append(position)
    return [tuple(members) for members in found.values()]


def _first(leader: list[int], member: int) -> int:
    while leader[member] != member:
        member = leader[member]
    return member


def _named(explanation: Substance, permutations: Permutations, layout: EdgeLayout) -> tuple[str, ...]:
    """What identifies an explanation after the neurons have moved; kinds never share a name."""
    if isinstance(explanation, str):
        return ("recorded", explanation)
    if isinstance(explanation, HighLevelModel):
        return ("algorithm", explanation.id)
    if isinstance(explanation, Alignment):
        return ("alignment", moved_alignment(explanation, permutations).id)
    if isinstance(explanation, DirectionAlignment):
        return ("direction", explanation.algorithm_text, moved_directions(explanation, permutations).interchange_text)
    circuit = explanation if isinstance(explanation, Circuit) else explanation.circuit
    moved = int(permuted_masks(mask_array([circuit.mask], layout), permutations, layout)[0])
    if isinstance(explanation, Circuit):
        return ("circuit", layout.to_hex(moved))
    return ("interpretation", layout.to_hex(moved), *map(repr, _said(moved_gates(explanation, permutations))))


def _said(gates: Iterable[NeuronGate]) -> Iterable[Hashable]:
    return ((gate.layer, gate.neuron, gate.function, gate.parents, gate.table) for gate in gates)


def _observed(interpretation: Interpretation) -> Hashable:
    bits = tuple((gate.layer, gate.neuron, gate.function) for gate in interpretation.gates)
    return interpretation.circuit.mask, bits
