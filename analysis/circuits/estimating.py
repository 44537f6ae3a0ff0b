"""An estimate, with its interval, of the number of valid circuits where neither listing nor counting is possible.

1. Circuits are drawn uniformly and independently from the structural space (:mod:`pluriscope.analysis.circuits.space`)
   and each is judged by the search's own arithmetic, so the number of valid ones among them is binomial.
2. The interval for their share is that of Clopper and Pearson (1934): it covers the truth with at least the stated
   confidence for every true share and every sample size. Its ends are scaled to numbers of circuits as exact fractions
   and rounded outwards; neither is below the number of different valid circuits seen, which is certain.
3. Where time is short, the size of a sample is fixed before it is drawn, by the time that a smaller one took whose
   circuits are not in it, and a sample that is not done in time counts for nothing. So no outcome has a say in when
   sampling ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import CircuitDistribution, distribution_of, distribution_of_kept
from pluriscope.analysis.circuits.facet import Facet
from pluriscope.analysis.circuits.judging import enough_right, evaluate_circuits
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.circuits.space import Structure
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES_KEPT, mask_array, masks_of
from pluriscope.analysis.subjects.perceptron.question import Question

_VALUES_AT_ONCE: Final = 1 << 20
_CIRCUITS_AT_ONCE: Final = 1 << 12  # so that what is summed stays in a processor's cache
_LEAST_SAMPLES: Final = 10, 1_000  # of which some are tested even where the time is up: at least, at most, and
_LEAST_PRODUCTS: Final = 1 << 23  # as many as take so many of weights and values: a few hundredths of a second
_WORTH_IT: Final = 3  # times as many circuits as before, for another sample


def estimate_circuits(
    question: Question,
    work: Work = DEFAULT_WORK,
    *,
    n_samples: int = 200_000,
    n_draws: int = 1_000,
    confidence: float = 0.99,
    seed: int = 0,
    facet: Facet | None = None,
) -> CircuitSearch:
    """Estimate the number of valid circuits of the protocol's space from a uniform sample.

    Args:
        work: reports the number of circuits tested between batches; may raise Cancelled. Its time bounds the sample.
        n_samples: circuits to draw, at least 1; fewer where the time is up before.
        n_draws: valid circuits to keep, at most.
        confidence: of the interval, between 0 and 1.
        seed: of everything drawn.
        facet: the condition that the circuits meet which are counted, among those possible that have as few edges; None
            for all valid ones.

    Returns:
        The best guess at the number of valid circuits, its interval, and the distribution of the valid ones among
        those tested; listed are distinct valid ones, uniform among all sets of so many, none beyond 255 edges.

    Raises:
        BeyondLimits: the space is empty, so that nothing can be drawn.
        InvalidData: labels that do not fit the rows.
    """
    protocol = question.protocol
    structure = Structure(question.network.sizes, protocol, facet.most_edges if facet else None)
    if not structure.count:
        cause = f"no circuit is possible under protocol {protocol.name}"
        raise BeyondLimits("an estimate of valid circuits", cause, "use another protocol")
    sample = _largest_sample(question, structure, n_samples, work, seed, facet)
    draws = np.sort(np.random.default_rng([abs(seed), 1]).permutation(sample.masks)[:n_draws])
    low, high = share_interval(sample.spread.of, sample.n_tested, confidence)
    n_seen = len(sample.masks)
    return CircuitSearch(
        structure.layout,
        structure.count,
        draws,
        *evaluate_circuits(question, draws),
        truncated_at=len(draws),
        method="sampled",
        count=max(round(Fraction(sample.spread.of, sample.n_tested) * structure.count), n_seen),
        interval=(max(math.floor(low * structure.count), n_seen), max(math.ceil(high * structure.count), n_seen)),
        confidence=confidence,
        n_tested=sample.n_tested,
        known_distribution=sample.spread,
    )


@dataclass(frozen=True, eq=False)
class _Sample:
    """Circuits tested: how many, how the valid ones spread, and the masks of these, each once."""

    n_tested: int
    spread: CircuitDistribution
    masks: NDArray[Any]


def _largest_sample(
    question: Question, structure: Structure, n_samples: int, work: Work, seed: int, facet: Facet | None
) -> _Sample:
    """A sample of the size wanted, or the largest that there is time for."""
    sample, n_more = None, n_samples
    n_products = structure.layout.n_edges * len(question.judged[0])
    n_least = min(n_samples, int(np.clip(_LEAST_PRODUCTS // n_products, *_LEAST_SAMPLES)))
    with work.ending("circuits"):
        if work.deadline < math.inf:
            n_more = n_least
        while sample is None or n_more >= min(n_samples, _WORTH_IT * sample.n_tested) > sample.n_tested:
            start = work.clock()
            sample = _sampled(question, structure, n_more, work, seed - (n_samples - n_more), n_samples, facet)
            left, spent = work.deadline - work.clock(), work.clock() - start
            n_more = int(min(n_samples, n_more * left / (2 * spent))) if spent else n_samples
        if sample.n_tested < n_samples:
            raise OutOfTime
    return sample or _sampled(question, structure, n_least, Work(work.report), seed, n_samples, facet)


def _sampled(
    question: Question, structure: Structure, n: int, work: Work, seed: int, n_samples: int, facet: Facet | None
) -> _Sample:
    """Draw and test circuits, a part of all that are to be drawn."""
    network, layout = question.network, structure.layout
    known, masks, n_tested = layout.n_edges <= MAX_EDGES_KEPT, [mask_array([], layout)], 0
    spread = distribution_of(masks[0], layout)
    at_once = max(1, min(_CIRCUITS_AT_ONCE, _VALUES_AT_ONCE // (max(network.sizes) * len(question.judged[0]))))
    work.report_step("circuits", 0, n_samples)
    for batch in structure.samples(n, seed=seed):
        for start in range(0, len(batch[0]), at_once):
            keep = tuple(matrix[start : start + at_once] for matrix in batch)
            valid = np.zeros(len(keep[0]), dtype=np.bool_)
            for members in question.ablations:
                valid |= np.logical_and.reduce([enough_right(question, keep, absent=carried) for carried in members])
            n_tested += len(valid)
            if facet is not None:
                valid &= facet.holds(np.concatenate([matrix.reshape(len(matrix), -1) for matrix in keep], axis=1))
            if valid.any():
                kept = [matrix[valid] for matrix in keep]
                spread += distribution_of_kept(kept)
                edges = np.concatenate([matrix.reshape(len(matrix), -1) for matrix in kept], axis=1)
                masks += [masks_of(edges, layout)] if known else []
            work.report_step("circuits", n_tested, n_samples, f"{spread.of:,} of {n_tested:,} drawn are valid so far")
    return _Sample(n_tested, spread, np.unique(np.concatenate(masks)))


@lru_cache(maxsize=1 << 12)
def share_interval(n_hits: int, n_trials: int, confidence: float) -> tuple[Fraction, Fraction]:
    """Clopper and Pearson's interval for the probability behind ``n_hits`` of ``n_trials``.

    The ends are the float64 quantiles as exact fractions, so that nothing more is lost when they are scaled.
    """
    tail = (1.0 - confidence) / 2.0
    from scipy.special import betaincinv  # which takes a while, and few analyses estimate

    low = float(betaincinv(n_hits, n_trials - n_hits + 1, tail)) if n_hits else 0.0
    high = float(betaincinv(n_hits + 1, n_trials - n_hits, 1.0 - tail)) if n_hits < n_trials else 1.0
    return Fraction(low), Fraction(high)
