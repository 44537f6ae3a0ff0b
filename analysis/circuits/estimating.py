"""How many circuits are valid where neither listing nor counting is possible: an estimate with its interval.

1. Circuits are drawn uniformly and independently from the structural space (:mod:`analysis.circuits.structure`) and
   each is judged by the search's own arithmetic, so the number of valid ones among them is binomial. Most are wrong
   on one of the first rows, so the others are run only on what is left.
2. The interval for their share is that of Clopper and Pearson (1934): it covers the truth with at least the stated
   confidence for every true share and every sample size, however rare valid circuits are; no normal approximation.
   Its ends are quantiles of beta distributions.
3. The share's ends are scaled to numbers of circuits as exact fractions and rounded outwards. The lower end is at least
   the number of different valid circuits seen, which is certain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import floor
from typing import Any, Final

import numpy as np
import scipy  # loads scipy.special, of which a server and a prediction have no use, when it is first asked for
from numpy.typing import NDArray

from analysis.circuits.distribution import CircuitDistribution, by_layer
from analysis.circuits.structure import Structure
from analysis.errors import BeyondLimits
from analysis.networks.circuit import MAX_EDGES_KEPT, EdgeLayout, mask_array, masks_of
from analysis.networks.mlp import batch_activations
from analysis.question import Question
from analysis.validity import decide, max_wrong
from analysis.work import DEFAULT_WORK, Work

_VALUES_AT_ONCE: Final = 1 << 20
_CIRCUITS_AT_ONCE: Final = 1 << 12  # so that what is summed stays in a processor's cache


@dataclass(frozen=True)
class EstimatedCircuits:
    """What a uniform sample of the possible circuits tells about the valid ones.

    Args:
        layout: edge layout of the network cut to the output.
        possible: circuits of the protocol's space.
        count: the best guess at the number of valid ones: the sample's share of the space, rounded.
        confidence: of the interval, e.g. 0.99.
        n_tested: circuits drawn, with repetition.
        n_valid: valid ones among those.
        n_distinct: different ones among the valid ones.
        distribution: of the valid ones among those tested.
        draws: ``[draws]`` masks of distinct valid circuits, uniform among all sets of so many, ascending, as
            :func:`~analysis.networks.circuit.mask_array` gives them; none beyond 255 edges.
    """

    layout: EdgeLayout
    possible: int
    count: int
    confidence: float
    n_tested: int
    n_valid: int
    n_distinct: int
    distribution: CircuitDistribution
    draws: NDArray[Any]

    @cached_property
    def interval(self) -> tuple[int, int]:
        """Numbers of valid circuits, both ends included, that hold the truth with the stated confidence."""
        low, high = share_interval(self.n_valid, self.n_tested, self.confidence)
        return max(floor(low * self.possible), self.n_distinct), -floor(-high * self.possible)


def estimate_circuits(
    question: Question,
    work: Work = DEFAULT_WORK,
    *,
    n_samples: int = 200_000,
    n_draws: int = 1_000,
    confidence: float = 0.99,
    seed: int = 0,
) -> EstimatedCircuits:
    """Estimate the number of valid circuits of the protocol's space from a uniform sample.

    Args:
        work: told between batches with the number of circuits tested; may raise Cancelled, or OutOfTime: batches
            are sorted by numbers of active neurons, so a part of them is no sample and nothing can be kept.
        n_samples: circuits to draw, at least 1.
        n_draws: valid circuits to keep, at most.
        confidence: of the interval, between 0 and 1.
        seed: of everything drawn.

    Raises:
        BeyondLimits: the space is empty, so that nothing can be drawn.
        InvalidData: labels that do not fit the rows.
    """
    network, protocol = question.cut, question.protocol
    structure = Structure(network.sizes, protocol)
    if not structure.count:
        cause = f"no circuit is possible under protocol {protocol.name}"
        raise BeyondLimits("an estimate of valid circuits", cause, "use another protocol")
    sample = _Sample(structure.layout)
    at_once = max(1, min(_CIRCUITS_AT_ONCE, _VALUES_AT_ONCE // (max(network.sizes) * len(question.judged[0]))))
    work.tell("circuits", 0, n_samples)
    with np.errstate(over="ignore", invalid="ignore"):
        for batch in structure.samples(n_samples, seed=seed):
            for start in range(0, len(batch[0]), at_once):
                keep = tuple(matrix[start : start + at_once] for matrix in batch)
                sample.add(keep, _are_valid(question, keep))
                work.tell("circuits", sample.n_tested, n_samples, f"{sample.n_valid:,} valid in the sample")
    found = np.unique(np.concatenate([mask_array([], structure.layout), *sample.masks]))
    draws = np.random.default_rng([abs(seed), 1]).permutation(found)[:n_draws]
    return EstimatedCircuits(
        structure.layout,
        structure.count,
        round(Fraction(sample.n_valid, n_samples) * structure.count),
        confidence,
        n_samples,
        sample.n_valid,
        len(found),
        sample.distribution(),
        np.sort(draws),
    )


def _are_valid(question: Question, keep: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """``[circuits]`` which circuits are valid, with one row first, then as many again as have been run.

    Args:
        question: whose circuits.
        keep: ``[circuits, n_l, n_(l-1)]`` kept edges for layers 1 … L.
    """
    rows, labels = question.judged
    most_wrong = max_wrong(len(rows), question.protocol.accuracy_threshold)
    by_edge = [np.ascontiguousarray(matrix.transpose(1, 2, 0)) for matrix in keep]  # loops run over the last axis
    wrong = np.zeros(len(keep[0]), dtype=np.int64)
    hopeful = np.arange(len(wrong))
    start = 0
    while start < len(rows) and len(hopeful):
        part = slice(start, max(1, 2 * start))
        some = [matrix[..., hopeful].transpose(2, 0, 1) for matrix in by_edge]
        outputs = batch_activations(question.cut, some, rows[part], question.absent)[-1][:, 0]
        wrong[hopeful] += (decide(outputs, question.protocol.circuit_decision) != labels[part]).sum(axis=1)
        hopeful = np.flatnonzero(wrong <= most_wrong)
        start = part.stop
    return wrong <= most_wrong


def share_interval(n_hits: int, n_trials: int, confidence: float) -> tuple[Fraction, Fraction]:
    """Clopper and Pearson's interval for the probability behind ``n_hits`` of ``n_trials``.

    The ends are the float64 quantiles as exact fractions, so that nothing more is lost when they are scaled.
    """
    tail = (1.0 - confidence) / 2.0
    low = float(scipy.special.betaincinv(n_hits, n_trials - n_hits + 1, tail)) if n_hits else 0.0
    high = float(scipy.special.betaincinv(n_hits + 1, n_trials - n_hits, 1.0 - tail)) if n_hits < n_trials else 1.0
    return Fraction(low), Fraction(high)


@dataclass(eq=False)
class _Sample:
    """What has been tested so far."""

    layout: EdgeLayout
    n_tested: int = 0
    n_valid: int = 0
    masks: list[NDArray[Any]] = field(default_factory=list)
    by_edges: Counter[int] = field(default_factory=Counter)
    by_neurons: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._edge_use = np.zeros(self.layout.n_edges, dtype=np.int64)
        self._neuron_use = np.zeros(sum(self.layout.sizes[1:-1]), dtype=np.int64)

    def add(self, keep: tuple[NDArray[np.bool_], ...], valid: NDArray[np.bool_]) -> None:
        self.n_tested += len(valid)
        n_valid = int(np.count_nonzero(valid))
        if not n_valid:
            return
        self.n_valid += n_valid
        kept = [matrix[valid] for matrix in keep]
        edges = np.concatenate([matrix.reshape(n_valid, -1) for matrix in kept], axis=1)
        active = np.concatenate([np.zeros((n_valid, 0), bool), *(m.any(axis=2) for m in kept[:-1])], axis=1)
        self._edge_use += edges.sum(axis=0)
        self._neuron_use += active.sum(axis=0)
        self.by_edges.update(edges.sum(axis=1).tolist())
        self.by_neurons.update(active.sum(axis=1).tolist())
        if self.layout.n_edges <= MAX_EDGES_KEPT:
            self.masks.append(masks_of(edges, self.layout))

    def distribution(self) -> CircuitDistribution:
        return CircuitDistribution(
            self.n_valid,
            dict(sorted(self.by_edges.items())),
            dict(sorted(self.by_neurons.items())),
            tuple(self._edge_use.tolist()),
            by_layer(self._neuron_use.tolist(), self.layout),
        )
