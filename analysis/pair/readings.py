"""The observed classes of the listed circuits as rows of bits: where each is right, and where it is wrong.

All members of a class make the same predictions but for those that rest on a free row of a gate, so one of them stands
for it (:mod:`pluriscope.analysis.common_ground.interpreted`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.judging import evaluate_circuits
from pluriscope.analysis.common_ground.interpreted import choose_classes, representatives_predict, speaks
from pluriscope.analysis.common_ground.survey import drawn_ranks
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.observed import ObservedClasses
from pluriscope.analysis.interventions.experiments import InterventionSpace, NetworkAnswers
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question

Words = NDArray[np.uint64]

STAGE: Final = "readings"
WIDE: Final = 0.05
"""Values closer to each other than this leave no gap for a threshold."""


@dataclass(frozen=True, eq=False)
class Readings:
    """Observed classes that predict something, by circuit, then rank; parallel columns.

    Args:
        circuit: ``[classes]`` position of the circuit among those listed.
        index: of each representative.
        gates: ``[classes, neurons]`` a number for each neuron after the inputs, which two classes have in common where
            they keep the same edges into it and read the same function from it.
        gaps: ``[classes]`` around the threshold that has the narrowest, as a share of its neuron's range.
        margins: ``[classes]`` of the circuits.
        right: ``[classes, words]`` a bit for each intervention that counts and on which the class is right.
        wrong: likewise, wrong.
        n_unread: classes that could not be found: their circuits have too many states.
        sizes: interpretations in each class.
        functions: what is read under each number of ``gates``: bit i on input i; None where nothing is.
    """

    circuit: NDArray[np.int64]
    index: tuple[int, ...]
    gates: NDArray[np.int32]
    gaps: NDArray[np.float64]
    margins: NDArray[np.float64]
    right: Words
    wrong: Words
    n_unread: int
    sizes: tuple[int, ...]
    functions: tuple[int | None, ...]

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True)
class Counted:
    """The choice of the predictions that count.

    Args:
        settled: those that rest on no free row alone.
        clear: those where the output is near 0 or 1 alone.
    """

    settled: bool = True
    clear: bool = True


def read_classes(
    question: Question,
    masks: NDArray[Any],
    observed: Sequence[int],
    interventions: tuple[InterventionSpace, NetworkAnswers],
    counted: Counted,
    work: Work = DEFAULT_WORK,
    *,
    n_drawn: int | None,
    seed: int,
) -> Readings:
    """The observed classes of some circuits, all of them or some that are drawn.

    Args:
        masks: ``[circuits]`` those listed, ascending.
        observed: ``[circuits]`` observed classes of each.
        interventions: on the network, and its answers.
        counted: which predictions count.
        work: reports progress between circuits; may cancel there.
        n_drawn: classes that are drawn; None for all.
    """
    space, answers = interventions
    happens = answers.decisions[answers.counted]
    counts = answers.clear[answers.counted] if counted.clear else np.ones(len(happens), dtype=np.bool_)
    every = dict.fromkeys(np.flatnonzero(observed).tolist())
    ranks_of = every if n_drawn is None else drawn_ranks(observed, n_drawn, seed)
    known: dict[tuple[bytes, bytes], int] = {}
    circuits, indices, sizes, n_unread = list[int](), list[int](), list[int](), 0
    n_words, n_neurons = -(-len(happens) // 64), sum(question.network.sizes[1:])
    right, wrong = [np.zeros((0, n_words), dtype=np.uint64)], [np.zeros((0, n_words), dtype=np.uint64)]
    gates, gaps = [np.zeros((0, n_neurons), dtype=np.int32)], [np.zeros(0)]
    for done, (number, ranks) in enumerate(ranks_of.items()):
        work.report_step(STAGE, done, len(ranks_of), f"{len(indices):,} classes")
        try:
            chosen = choose_classes(question, Circuit(question.layout, int(masks[number])), ranks=ranks)
        except BeyondLimits:
            n_unread += observed[number] if ranks is None else len(ranks)
            continue
        if not speaks(chosen.classes):
            continue
        circuits += [number] * len(chosen)
        indices += chosen.least_indices
        sizes += chosen.classes.sizes
        gates.append(_gates(chosen.classes, known))
        gaps.append(_gaps(chosen.classes))
        for said in representatives_predict(chosen.classes, space, settled=counted.settled):
            predicted = said.reshape(len(said), -1)
            right.append(packed((predicted == happens) & counts))
            wrong.append(packed((predicted == 1 - happens) & counts))
    work.report_step(STAGE, 1, 1, f"{len(indices):,} classes")
    circuit = np.array(circuits, dtype=np.int64)
    each, of_these = np.unique(circuit, return_inverse=True)
    _, margins = evaluate_circuits(question, masks[each])
    return Readings(
        circuit,
        tuple(indices),
        np.concatenate(gates),
        np.concatenate(gaps),
        margins[of_these],
        np.concatenate(right),
        np.concatenate(wrong),
        n_unread,
        tuple(sizes),
        tuple(int.from_bytes(bits, "little") if bits else None for _, bits in known),
    )


def packed(bits: NDArray[np.bool_]) -> Words:
    """Pack bits ``[rows, bits]`` into words ``[rows, words]``; the first bit is the lowest of the first word."""
    some = np.packbits(bits, axis=1, bitorder="little")
    whole = np.zeros((len(some), -(-bits.shape[1] // 64) * 8), dtype=np.uint8)
    whole[:, : some.shape[1]] = some
    return whole.view("<u8").astype(np.uint64)


def unpacked(words: Words) -> NDArray[np.bool_]:
    """Unpack words ``[…, words]`` to bits ``[…, bits]``, of which the last may be none."""
    return np.unpackbits(words.astype("<u8").view(np.uint8), axis=-1, bitorder="little").astype(np.bool_)


def _gates(classes: ObservedClasses, known: dict[tuple[bytes, bytes], int]) -> NDArray[np.int32]:
    """Number the pairs of edges into a neuron and function read from it, ``[classes, neurons]``."""
    columns = []
    for layer, keep in enumerate(classes.circuit.keep, start=1):
        gated = classes.gated(layer)
        functions = np.packbits(classes.bits(layer), axis=2, bitorder="little")
        for neuron, kept in enumerate(keep):
            edges = np.packbits(kept).tobytes()
            if neuron in gated:
                some, each = np.unique(functions[:, gated.index(neuron)], axis=0, return_inverse=True)
                numbers = [known.setdefault((edges, one.tobytes()), len(known)) for one in some]
                columns.append(np.array(numbers)[each.reshape(-1)])
            else:
                columns.append(np.full(len(classes), known.setdefault((edges, b""), len(known))))
    return np.stack(columns, axis=1).astype(np.int32)


def _gaps(classes: ObservedClasses) -> NDArray[np.float64]:
    """Find the narrowest gap between the two values around a hidden neuron's threshold, ``[classes]``, as a share of
    all its values' range; 0 where the two are closer than :data:`WIDE`.
    """
    least = np.ones(len(classes))
    for layer, thresholds in enumerate(classes.layers[:-1], start=1):
        for neuron in classes.gated(layer):
            values, levels = thresholds.values[0, neuron], thresholds.levels[0, neuron]
            with np.errstate(invalid="ignore"):  # of values beyond float64
                gaps = np.array([values[levels > n].min() - values[levels <= n].max() for n in range(levels.max())])
                shares = np.where(gaps < WIDE, 0.0, np.nan_to_num(gaps / np.ptp(values)))
            least = np.minimum(least, shares[classes.thresholds[layer - 1][:, neuron]])
    return least.round(9)  # circuits with the same values add them up in other orders
