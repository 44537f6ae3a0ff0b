"""The shortest descriptions of a circuit with an interpretation, found without listing interpretations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import log2, prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import input_pattern
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.observed import ObservedClasses, observed_classes
from pluriscope.analysis.interpretations.thresholds import pattern, read_thresholds
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.simplicity.codes import ENUMERATIVE, LIST, Code
from pluriscope_methods.simplicity.formulas import ShortestFormula, shortest_formula

STAGE: Final = "simplicity"
_MOST_CLASSES: Final = 200_000  # of one circuit
_ROUNDING: Final = 1e-6  # bits: sums of logarithms nearer than this are compared as integers
_AT_ONCE: Final = 1 << 12


class ShortestInterpretations(NamedTuple):
    """Circuits with interpretations that no other has a shorter description than.

    Args:
        words: of equal length that the code has for each; their description takes log2 of it.
        by_circuit: mask → how many of its interpretations are as short; nothing where no circuit has any.
        rank: index of one of them, of the circuit with the smallest mask.
    """

    words: int
    by_circuit: dict[int, int]
    rank: int


_NONE: Final = ShortestInterpretations(1, {}, 0)


@dataclass(frozen=True, eq=False)
class _Gates:
    """The gates of each circuit: how many parents they have.

    Args:
        masks: ``[circuits]``.
        n_parents: ``[circuits, neurons]`` of each hidden neuron and the output; −1 where it has no gate.
    """

    masks: NDArray[Any]
    n_parents: NDArray[np.int64]

    @classmethod
    def of(cls, question: Question, masks: NDArray[Any]) -> _Gates:
        found = [np.zeros((0, sum(question.network.sizes[1:])), dtype=np.int64)]
        for start in range(0, len(masks), _AT_ONCE):
            some = masks[start : start + _AT_ONCE]
            layers = read_thresholds(question, some)
            n_parents = [
                np.where(one.n_thresholds > 0, one.parents.sum(axis=2) if at else question.network.n_inputs, -1)
                for at, one in enumerate(layers)
            ]
            found.append(np.concatenate(n_parents, axis=1))
        return cls(masks, np.concatenate(found))

    def least(self, at: int, n_edges: int, code: Code) -> int:
        """Words for a circuit with gates of one symbol each, which no interpretation of it is shorter than."""
        parents = [n for n in self.n_parents[at].tolist() if n >= 0]
        return code.subset(int(self.masks[at]).bit_count(), n_edges) * prod(code.gate(n, 1) for n in parents)


def shortest_by_tables(question: Question, masks: NDArray[Any], work: Work) -> ShortestInterpretations:
    """Under the enumerative code, in which all interpretations of a circuit are equally long.

    Args:
        masks: ``[circuits]`` ascending.
        work: may end.

    Raises:
        BeyondLimits: those of the shortest circuits cannot be counted.
    """
    gates = _Gates.of(question, masks)
    words = [gates.least(at, question.layout.n_edges, ENUMERATIVE) for at in range(len(masks))]
    # a circuit may have no interpretation, so the shortest that have some are looked for
    for least in sorted({*words}):
        some = masks[[one == least for one in words]]
        counts = count_interpretations(question, some, work)
        if counts.truncated_at is not None:
            cause = f"those of {len(some):,} circuits that are equally short are too many to count"
            raise BeyondLimits("interpretations", cause, "use a smaller network")
        by_circuit = {int(mask): n for mask, n in zip(some, counts.by_circuit, strict=True) if n}
        if by_circuit:
            return ShortestInterpretations(least, by_circuit, 0)
    return _NONE


def shortest_by_formulas(question: Question, masks: NDArray[Any], work: Work) -> ShortestInterpretations:
    """Under the list code, in which a gate is as long as its shortest formula.

    Circuits are looked at in the order of a bound: every gate takes a symbol at least. The search ends where the bound
    passes the shortest that is known.

    Args:
        masks: ``[circuits]`` ascending.
        work: may end.

    Raises:
        BeyondLimits: a circuit within the bound has too many observed classes, or a gate too many formulas.
    """
    n_edges, gates = question.layout.n_edges, _Gates.of(question, masks)
    bounds = [gates.least(at, n_edges, LIST) for at in range(len(masks))]
    best: ShortestInterpretations | None = None
    order = sorted(range(len(masks)), key=lambda at: (bounds[at], int(masks[at])))
    for done, at in enumerate(order):
        if best is not None and bounds[at] > best.words:
            break
        work.report_step(STAGE, done, len(masks))
        circuit = Circuit(question.layout, int(masks[at]))
        found = _shortest_of(question, circuit, LIST.subset(circuit.n_edges, n_edges))
        if found is None or (best is not None and found.words > best.words):
            continue
        if best is None or found.words < best.words:
            best = found
        else:
            first = min(best, found, key=lambda one: min(one.by_circuit))
            best = ShortestInterpretations(best.words, best.by_circuit | found.by_circuit, first.rank)
    return best or _NONE


def _shortest_of(question: Question, circuit: Circuit, of_edges: int) -> ShortestInterpretations | None:
    """The shortest interpretations of one circuit."""
    classes = observed_classes(question, circuit, max_classes=_MOST_CLASSES)
    if not len(classes):
        return None
    gates = [*_gates_of(question, classes)]
    bits = np.zeros(len(classes))
    for n_parents, found, which in gates:
        bits += np.array([one.symbols for one in found])[which] * log2(LIST.gate(n_parents, 1))
    near = np.flatnonzero(bits <= bits.min() + _ROUNDING).tolist()
    words = {
        at: of_edges * prod(LIST.gate(n_parents, found[which[at]].symbols) for n_parents, found, which in gates)
        for at in near
    }
    least = min(words.values())
    shortest = [at for at in near if words[at] == least]
    n = sum(prod(len(found[which[at]].tables) for _, found, which in gates) for at in shortest)
    space = InterpretationSpace(question, circuit)
    member = space.at(classes.least_indices[shortest[0]])
    chosen = [min(found[which[shortest[0]]].tables) for _, found, which in gates]
    with_tables = tuple(
        replace(gate, table=tuple((table >> row) & 1 for row in range(len(gate.table))))
        for gate, table in zip(member.gates, chosen, strict=True)
    )
    return ShortestInterpretations(least, {circuit.mask: n}, space.index_of(with_tables))


def _gates_of(
    question: Question, classes: ObservedClasses
) -> Iterator[tuple[int, list[ShortestFormula], NDArray[np.intp]]]:
    """Number of parents of each gate, its different shortest formulas, and ``[classes]`` which of them."""
    n_inputs = question.network.n_inputs
    inputs = tuple(input_pattern(one, n_inputs) for one in range(n_inputs))
    for layer, thresholds in enumerate(classes.thresholds, start=1):
        for neuron in classes.gated(layer):
            parents = classes.parents(layer, neuron)
            columns = [thresholds[:, neuron], *(classes.thresholds[layer - 2][:, one] for one in parents)]
            different, which = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
            found = []
            for own, *below in different.tolist():
                function = _function(classes, layer, neuron, own)
                of_parents = (
                    inputs
                    if layer == 1
                    else tuple(
                        _function(classes, layer - 1, one, threshold)
                        for one, threshold in zip(parents, below, strict=True)
                    )
                )
                found.append(shortest_formula(function, of_parents, 1 << n_inputs, barred=layer > 1))
            yield len(of_parents), found, which.reshape(-1)


def _function(classes: ObservedClasses, layer: int, neuron: int, threshold: int) -> int:
    return pattern(classes.layers[layer - 1].levels[0, neuron].tolist(), threshold)
