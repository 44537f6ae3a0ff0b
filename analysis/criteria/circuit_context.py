"""What the criteria for circuits share: the circuits, what they are circuits of, and what is expensive to find out.

Two sets of rows occur. *Judged rows* carry labels; validity is about them
(:attr:`~analysis.question.Question.judged`).
*Clean rows* are one per Boolean input (:attr:`~analysis.data.DataRecord.clean_rows`); ablations take their values
there, and comparisons with the full network are made there. With the default data they are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.search import decide_right
from analysis.networks.ablation import Ablation
from analysis.networks.mlp import ablation_values, activations, batch_activations, keep_matrices
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.validity import decided_right
from analysis.work import DEFAULT_WORK, Work

T = TypeVar("T")
VALUES_AT_ONCE: Final = 1 << 21  # float64 values in one array (16 MiB)


@dataclass(eq=False)
class CircuitCriteriaContext:
    """Circuits of one output, to be judged.

    Args:
        masks: ``[circuits]`` uint64 ascending: every valid circuit of the protocol, or as many as were kept.
        exhaustive: whether ``masks`` are all valid circuits there are; minimality depends on it.
        work: told how far long criteria are; whoever judges by several gives each its own.
    """

    question: Question
    masks: NDArray[np.uint64]
    exhaustive: bool = True
    work: Work = DEFAULT_WORK
    _known: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.masks)

    @cached_property
    def clean_rows(self) -> NDArray[np.float64]:
        """One row per Boolean input, ``[2^n, n0]``."""
        return np.asarray(self.question.data.clean_rows, dtype=np.float64)

    @cached_property
    def clean_activations(self) -> tuple[NDArray[np.float64], ...]:
        """The full network on the clean rows, ``[2^n, n_l]`` for layers 0 … L."""
        return activations(self.question.cut, self.clean_rows)

    def absent(self, ablation: Ablation) -> tuple[NDArray[np.float64], ...]:
        """What absent edges carry, ``[n_l]`` for layers 0 … L − 1."""
        return ablation_values(self.question.cut, ablation, self.clean_rows)

    def n_right(self, ablation: Ablation) -> NDArray[np.int64]:
        """``[circuits]``: judged rows that each circuit decides right under an ablation."""
        rows, labels = self.question.judged

        def count() -> NDArray[np.int64]:
            right = [
                (count_right(self.outputs(part, rows, self.absent(ablation)), labels, self.question.protocol))
                for part in self.parts(f"{ablation} ablation", len(rows))
            ]
            return np.concatenate([np.empty(0, dtype=np.int64), *right])

        return self.once(("right", ablation), count)

    @property
    def decide_right(self) -> NDArray[np.bool_]:
        """``[circuits]``: which decide right under the ablation, or any of those, that the protocol asks for."""
        if self.question.protocol.circuit_family == "own":
            return self.enough(self.n_right(self.question.protocol.ablation))
        return decide_right(self.question, self.masks)

    @cached_property
    def n_right_by_source(self) -> NDArray[np.int64]:
        """``[circuits, 2^n]``: judged rows decided right if absent edges carry what the network has on each source."""
        rows, labels = self.question.judged
        n_sources = len(self.clean_rows)
        counts = np.empty((len(self), n_sources), dtype=np.int64)
        carried = tuple(np.repeat(layer.T, len(rows), axis=1) for layer in self.clean_activations[:-1])
        for part in self.parts("resample ablation", len(rows) * n_sources):
            outputs = self.outputs(part, np.tile(rows, (n_sources, 1)), carried)
            for source, decided in enumerate(np.split(outputs, n_sources, axis=1)):
                self.work.check()
                counts[part, source] = count_right(decided, labels, self.question.protocol)
        return counts

    def activations_on(self, source: int) -> tuple[NDArray[np.float64], ...]:
        """The full network on one clean row, ``[n_l]`` for layers 0 … L − 1."""
        return tuple(layer[source] for layer in self.clean_activations[:-1])

    @cached_property
    def clean_outputs(self) -> NDArray[np.float64]:
        """``[circuits, 2^n]``: each circuit's output on the clean rows, under the protocol's ablation."""
        absent, rows = self.absent(self.question.protocol.ablation), self.clean_rows
        parts = [self.outputs(part, rows, absent) for part in self.parts("outputs", len(rows))]
        return np.concatenate([np.empty((0, len(rows))), *parts])

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What several criteria need of all these circuits, found out by whichever asks first."""
        if key not in self._known:
            self._known[key] = compute()
        return cast(T, self._known[key])

    def alone(self, position: int) -> CircuitCriteriaContext:
        """The same with one circuit only, to look at it closely."""
        return replace(self, masks=self.masks[position : position + 1], work=DEFAULT_WORK)

    def enough(self, n_right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which numbers of right judged rows make a circuit valid."""
        above: NDArray[np.bool_] = n_right / len(self.question.judged[1]) > self.question.protocol.accuracy_threshold
        return above

    @property
    def _keep(self) -> tuple[NDArray[np.bool_], ...]:
        """The edges that each circuit keeps, where all fit into one part."""
        return self.once("edges kept", lambda: keep_matrices(self.masks, self.question.layout))

    def outputs(
        self, part: slice, rows: NDArray[np.float64], absent: Sequence[NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Outputs ``[circuits of the part, rows]`` if absent edges carry these values."""
        whole = len(range(*part.indices(len(self)))) == len(self)
        keep = self._keep if whole else keep_matrices(self.masks[part], self.question.layout)
        # networks with huge weights overflow to inf, which is decided as neither 0 nor 1
        with np.errstate(over="ignore", invalid="ignore"):
            return batch_activations(self.question.cut, keep, rows, absent)[-1][:, 0]

    def parts(self, stage: str, n_rows: int) -> Iterator[slice]:
        """Slices of the circuits so that arrays over so many rows stay small; reports between two of them."""
        step = max(1, VALUES_AT_ONCE // (4 * max(self.question.cut.sizes) * max(n_rows, 1)))
        for start in range(0, len(self), step):
            self.work.tell("criteria", start, len(self), stage)
            yield slice(start, min(start + step, len(self)))


def count_right(outputs: NDArray[np.float64], labels: NDArray[np.float64], protocol: Protocol) -> NDArray[np.int64]:
    """``[circuits]``: how many of the outputs ``[circuits, rows]`` are decided as their row's label ``[rows]``."""
    right: NDArray[np.int64] = decided_right(outputs, labels, protocol.circuit_decision).sum(axis=1)
    return right
