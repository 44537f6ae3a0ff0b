"""What the criteria for circuits share: the circuits, what they are circuits of, and what is expensive to find out.

Two sets of rows occur. *Judged rows* carry labels; validity is about them
(:func:`~analysis.circuits.search.judged_rows`).
*Clean rows* are one per Boolean input (:func:`~analysis.circuits.search.mean_rows`); ablations take their values there,
and comparisons with the full network are made there. With the default data they are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.circuit import EdgeLayout
from analysis.circuits.judging import judged_rows, mean_rows
from analysis.data import DataRecord
from analysis.interventions.ablation import Ablation
from analysis.networks.mlp import ablation_values, activations, batch_activations, keep_matrices
from analysis.networks.network import Network
from analysis.progress import Progress, Report, silent
from analysis.protocol import Protocol
from analysis.tasks import Task
from analysis.validity import decided_as

VALUES_AT_ONCE: Final = 1 << 21  # float64 values in one array (16 MiB)


@dataclass(frozen=True, eq=False)
class CircuitCriteriaContext:
    """Circuits of one output, to be judged.

    Args:
        network: cut to the analysed output.
        task: what the output should compute.
        protocol: the rules of validity.
        data: the rows.
        masks: ``[circuits]`` uint64 ascending: every valid circuit of the protocol, or as many as were kept.
        exhaustive: whether ``masks`` are all valid circuits there are; minimality depends on it.
        output: column of ``data.validation_labels``.
        report: told how far long criteria are; may raise Cancelled.
    """

    network: Network
    task: Task
    protocol: Protocol
    data: DataRecord
    masks: NDArray[np.uint64]
    exhaustive: bool = True
    output: int = 0
    report: Report = silent
    _right: dict[Ablation, NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.masks)

    @cached_property
    def layout(self) -> EdgeLayout:
        return EdgeLayout(self.network.sizes)

    @cached_property
    def judged(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Judged rows ``[rows, n0]`` and their labels ``[rows]``."""
        return judged_rows(self.task, self.data, self.output)

    @cached_property
    def clean_rows(self) -> NDArray[np.float64]:
        """One row per Boolean input, ``[2^n, n0]``."""
        return np.asarray(mean_rows(self.data), dtype=np.float64)

    @cached_property
    def clean_activations(self) -> tuple[NDArray[np.float64], ...]:
        """The full network on the clean rows, ``[2^n, n_l]`` for layers 0 … L."""
        return activations(self.network, self.clean_rows)

    def absent(self, ablation: Ablation) -> tuple[NDArray[np.float64], ...]:
        """What absent edges carry, ``[n_l]`` for layers 0 … L − 1."""
        return ablation_values(self.network, ablation, self.clean_rows)

    def n_right(self, ablation: Ablation) -> NDArray[np.int64]:
        """``[circuits]``: judged rows that each circuit decides right under an ablation."""
        if ablation not in self._right:
            rows, labels = self.judged
            right = [
                (count_right(self.outputs(part, rows, self.absent(ablation)), labels, self.protocol))
                for part in self.parts(f"{ablation} ablation", len(rows))
            ]
            self._right[ablation] = np.concatenate([np.empty(0, dtype=np.int64), *right])
        return self._right[ablation]

    @cached_property
    def n_right_by_source(self) -> NDArray[np.int64]:
        """``[circuits, 2^n]``: judged rows decided right if absent edges carry what the network has on each source."""
        rows, labels = self.judged
        counts = np.empty((len(self), len(self.clean_rows)), dtype=np.int64)
        for part in self.parts("resample ablation", len(rows) * len(self.clean_rows)):
            for source in range(len(self.clean_rows)):
                carried = self.activations_on(source)
                counts[part, source] = count_right(self.outputs(part, rows, carried), labels, self.protocol)
        return counts

    def activations_on(self, source: int) -> tuple[NDArray[np.float64], ...]:
        """The full network on one clean row, ``[n_l]`` for layers 0 … L − 1."""
        return tuple(layer[source] for layer in self.clean_activations[:-1])

    @cached_property
    def clean_outputs(self) -> NDArray[np.float64]:
        """``[circuits, 2^n]``: each circuit's output on the clean rows, under the protocol's ablation."""
        absent, rows = self.absent(self.protocol.ablation), self.clean_rows
        parts = [self.outputs(part, rows, absent) for part in self.parts("outputs", len(rows))]
        return np.concatenate([np.empty((0, len(rows))), *parts])

    def alone(self, position: int) -> CircuitCriteriaContext:
        """The same with one circuit only, to look at it closely."""
        return replace(self, masks=self.masks[position : position + 1], report=silent)

    def enough(self, n_right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which numbers of right judged rows make a circuit valid."""
        above: NDArray[np.bool_] = n_right / len(self.judged[1]) > self.protocol.accuracy_threshold
        return above

    def outputs(
        self, part: slice, rows: NDArray[np.float64], absent: Sequence[NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Outputs ``[circuits of the part, rows]`` if absent edges carry these values."""
        keep = keep_matrices(self.masks[part], self.layout)
        # networks with huge weights overflow to inf, which is decided as neither 0 nor 1
        with np.errstate(over="ignore", invalid="ignore"):
            return batch_activations(self.network, keep, rows, absent)[-1][:, 0]

    def parts(self, stage: str, n_rows: int) -> Iterator[slice]:
        """Slices of the circuits so that arrays over so many rows stay small; reports between two of them."""
        step = max(1, VALUES_AT_ONCE // (4 * max(self.network.sizes) * max(n_rows, 1)))
        for start in range(0, len(self), step):
            self.report(Progress("criteria", start, len(self), stage))
            yield slice(start, min(start + step, len(self)))


def count_right(outputs: NDArray[np.float64], labels: NDArray[np.float64], protocol: Protocol) -> NDArray[np.int64]:
    """``[circuits]``: how many of the outputs ``[circuits, rows]`` are decided as their row's label ``[rows]``."""
    right = np.zeros(len(outputs), dtype=np.int64)
    for row, label in enumerate(labels):
        right += decided_as(outputs[:, row], float(label), protocol.circuit_decision)
    return right
