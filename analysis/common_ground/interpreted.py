"""Coverage and accuracy of a circuit's interpretations, observed class by observed class.

An observed class holds all interpretations that give every neuron the same bits on every input; they differ in what
their gates do on parent bits that no clean input reaches. Interventions do reach such bits, so the members of a class
may predict differently. Each class therefore has three numbers here:

- what its *representative* predicts right, the member of least index, whose free rows are all 0 (but for the one row
  that keeps a barred XOR or XNOR away);
- the most and the fewest that *any* member predicts right, exact
  (:mod:`pluriscope.analysis.interpretations.predicting`).

Every member of a class predicts every intervention, so coverage is that of the circuit: all, or nothing where its
output is constant and has no gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.interpretations.observed import ObservedClasses, observed_classes
from pluriscope.analysis.interpretations.partial_gates import gate_tables, open_table
from pluriscope.analysis.interventions.experiments import InterventionSpace
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question

Integers = NDArray[np.int64]
MAX_LISTED: Final = 200_000  # observed classes of one circuit that are listed to pick some; beyond, they are unranked
_CELLS_AT_ONCE: Final = 1 << 23


@dataclass(frozen=True, eq=False)
class ChosenClasses:
    """All observed classes of one circuit, or some of them.

    Args:
        classes: the chosen ones.
        ranks: which of the circuit's observed classes each is, from 0, ascending.
        least_indices: the index of each one's representative.
    """

    classes: ObservedClasses
    ranks: tuple[int, ...]
    least_indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ranks)


def choose_classes(
    question: Question, circuit: Circuit, *, ranks: Sequence[int] | None = None, max_listed: int = MAX_LISTED
) -> ChosenClasses:
    """Choose the observed classes with these ranks.

    Args:
        circuit: one of it.
        ranks: ascending; None for all.
        max_listed: where the circuit has more classes, each is found by itself.

    Raises:
        BeyondLimits: all are wanted and there are more, or even finding one by its rank takes too many states.
    """
    try:
        classes = observed_classes(question, circuit, max_classes=max_listed)
    except BeyondLimits:
        if ranks is None:
            raise
        return _unranked(question, circuit, ranks)
    if ranks is None:
        return ChosenClasses(classes, tuple(range(len(classes))), classes.least_indices)
    part = np.array(ranks, dtype=np.intp)
    some = ObservedClasses(
        circuit,
        classes.layers,
        tuple(thresholds[part] for thresholds in classes.thresholds),
        classes.factor[part],
        classes.exponent[part],
    )
    return ChosenClasses(some, tuple(ranks), tuple(classes.least_indices[rank] for rank in ranks))


def _unranked(question: Question, circuit: Circuit, ranks: Sequence[int]) -> ChosenClasses:
    space = InterpretationSpace(question, circuit)
    least = tuple(space.index_of_observed(rank) for rank in ranks)
    found = [space.at(index) for index in least]
    thresholds = tuple(
        np.stack([_thresholds_of(one, layer, levels.levels[0]) for one in found])
        for layer, levels in enumerate(space.layers, start=1)
    )
    sizes = [_class_size(one, 1 << question.network.n_inputs) for one in found]
    exponents = [(size & -size).bit_length() - 1 for size in sizes]
    factors = [size >> exponent for size, exponent in zip(sizes, exponents, strict=True)]
    classes = ObservedClasses(
        circuit, space.layers, thresholds, np.array(factors, dtype=np.int64), np.array(exponents, dtype=np.int64)
    )
    return ChosenClasses(classes, tuple(ranks), least)


def _thresholds_of(interpretation: Interpretation, layer: int, levels: Integers) -> Integers:
    """Return the threshold of every neuron of a layer, ``[n_l]``, 0 without a gate: the highest level that reads 0."""
    thresholds = np.zeros(len(levels), dtype=np.int64)
    for gate in interpretation.gates:
        if gate.layer == layer:
            zero = ~pattern_bits(gate.function, levels.shape[1].bit_length() - 1)
            thresholds[gate.neuron] = levels[gate.neuron][zero].max()
    return thresholds


def _class_size(interpretation: Interpretation, n_rows: int) -> int:
    functions = {(gate.layer, gate.neuron): gate.function for gate in interpretation.gates}
    size = 1
    for gate in interpretation.gates:
        if gate.layer > 1:
            parents = tuple(functions[parent] for parent in gate.parents)
            size *= open_table(gate.function, parents, n_rows).n_completions
    return size


def speaks(classes: ObservedClasses) -> bool:
    """Whether the interpretations of these classes predict anything: there is a hidden layer and an output gate."""
    return len(classes.layers) > 1 and bool(classes.gated(len(classes.layers)))


def representatives_predict(
    classes: ObservedClasses, space: InterventionSpace, *, settled: bool = False
) -> Iterator[NDArray[np.int8]]:
    """Yield the predictions of each class's representative, in order, ``[some classes, sets, ordered pairs]``; it must
    speak.

    The gates of all classes are followed side by side, as
    :func:`pluriscope.analysis.sandbox.predicting.predict_by_interpretation` does for one interpretation.

    Args:
        classes: of one circuit.
        space: the interventions.
        settled: whether to predict only what is settled gate by gate, see :func:`gate_tables`; it is the same for all
            members of a class. Elsewhere the prediction rests on a free row, and is 2.
    """
    source, base = np.nonzero(~np.eye(space.n_rows, dtype=bool))  # every ordered pair of different inputs
    widest = max((len(layer.parents[0, 0]) for layer in classes.layers[1:]), default=0) if settled else 0
    step = max(1, _CELLS_AT_ONCE // max(1, len(space.sets) * len(source), 3**widest))
    for start in range(0, max(len(classes), 1), step):
        part = slice(start, min(start + step, len(classes)))
        yield _predictions(classes, part, space, source, base, settled=settled)


def _predictions(
    classes: ObservedClasses, part: slice, space: InterventionSpace, source: Integers, base: Integers, *, settled: bool
) -> NDArray[np.int8]:
    """Compute the predictions of the representatives of some classes, or what is settled of them, ``[classes, sets,
    pairs]``.
    """
    n_layers = len(classes.layers)
    n_sets = len(space.sets)
    bits: dict[int, NDArray[np.int8]] = {}
    computed = np.zeros((0, n_sets, len(source)), dtype=np.int8)
    clean_below: NDArray[np.bool_] | None = None
    for layer in range(1, n_layers + 1):
        clean = classes.bits(layer, part)  # [classes, gates, 2^n]
        below = classes.gated(layer - 1) if layer > 1 else ()
        here: dict[int, NDArray[np.int8]] = {}
        for gate, neuron in enumerate(classes.gated(layer)):
            if layer == 1 or clean_below is None:
                on_base = clean[:, gate][:, base][:, None].astype(np.int8)
                computed = np.broadcast_to(on_base, (len(clean), n_sets, len(source)))
            else:
                parents = classes.parents(layer, neuron)
                rows = clean_below[:, [below.index(parent) for parent in parents]]
                tables = gate_tables(clean[:, gate], rows, settled=settled)
                index = np.zeros((len(clean), n_sets, len(source)), dtype=np.int32)
                for parent in parents:
                    index = index * (3 if settled else 2) + bits[parent]
                computed = np.take_along_axis(tables, index.reshape(len(clean), -1), axis=1).reshape(index.shape)
            if layer < n_layers:
                held = space.holds[layer, neuron]
                on_source = clean[:, gate][:, source][:, None].astype(np.int8)
                here[neuron] = np.where(held[None, :, None], on_source, computed)
        bits, clean_below = here, clean
    return computed
