"""How many circuits are valid where neither listing nor counting is possible: an estimate with its interval.

1. Circuits are drawn uniformly and independently from the structural space (:mod:`analysis.circuits.space`) and
   each is judged by the search's own arithmetic, so the number of valid ones among them is binomial. Most are wrong
   on one of the first rows, so the others are run only on what is left.
2. The interval for their share is that of Clopper and Pearson (1934): it covers the truth with at least the stated
   confidence for every true share and every sample size, however rare valid circuits are; no normal approximation.
   Its ends are quantiles of beta distributions.
3. The share's ends are scaled to numbers of circuits as exact fractions and rounded outwards. The lower end is at least
   the number of different valid circuits seen, which is certain.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Final

import numpy as np

from analysis.circuits.distribution import distribution_of, distribution_of_kept
from analysis.circuits.judging import enough_right, evaluate_circuits
from analysis.circuits.result import CircuitSearch
from analysis.circuits.space import Structure
from analysis.errors import BeyondLimits
from analysis.networks.circuit import MAX_EDGES_KEPT, mask_array, masks_of
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work

_VALUES_AT_ONCE: Final = 1 << 20
_CIRCUITS_AT_ONCE: Final = 1 << 12  # so that what is summed stays in a processor's cache


def estimate_circuits(
    question: Question,
    work: Work = DEFAULT_WORK,
    *,
    n_samples: int = 200_000,
    n_draws: int = 1_000,
    confidence: float = 0.99,
    seed: int = 0,
) -> CircuitSearch:
    """Estimate the number of valid circuits of the protocol's space from a uniform sample.

    Args:
        work: told between batches with the number of circuits tested; may raise Cancelled.
        n_samples: circuits to draw, at least 1.
        n_draws: valid circuits to keep, at most.
        confidence: of the interval, between 0 and 1.
        seed: of everything drawn.

    Returns:
        The best guess at the number of valid circuits, its interval, and the distribution of the valid ones among
        those tested; listed are distinct valid ones, uniform among all sets of so many, none beyond 255 edges.

    Raises:
        BeyondLimits: the space is empty, so that nothing can be drawn.
        InvalidData: labels that do not fit the rows.
    """
    network, protocol = question.cut, question.protocol
    structure = Structure(network.sizes, protocol)
    if not structure.count:
        cause = f"no circuit is possible under protocol {protocol.name}"
        raise BeyondLimits("an estimate of valid circuits", cause, "use another protocol")
    layout, known = structure.layout, structure.layout.n_edges <= MAX_EDGES_KEPT
    spread, masks, n_tested = distribution_of(mask_array([], layout), layout), [mask_array([], layout)], 0
    at_once = max(1, min(_CIRCUITS_AT_ONCE, _VALUES_AT_ONCE // (max(network.sizes) * len(question.judged[0]))))
    work.tell("circuits", 0, n_samples)
    for batch in structure.samples(n_samples, seed=seed):
        for start in range(0, len(batch[0]), at_once):
            keep = tuple(matrix[start : start + at_once] for matrix in batch)
            valid = enough_right(question, keep)
            n_tested += len(valid)
            if valid.any():
                kept = [matrix[valid] for matrix in keep]
                spread += distribution_of_kept(kept)
                edges = np.concatenate([matrix.reshape(len(matrix), -1) for matrix in kept], axis=1)
                masks += [masks_of(edges, layout)] if known else []
            work.tell("circuits", n_tested, n_samples, f"{spread.of:,} valid in the sample")
    found = np.unique(np.concatenate(masks))
    draws = np.sort(np.random.default_rng([abs(seed), 1]).permutation(found)[:n_draws])
    low, high = share_interval(spread.of, n_samples, confidence)
    return CircuitSearch(
        layout,
        structure.count,
        draws,
        *evaluate_circuits(question, draws),
        truncated_at=len(draws),
        method="estimated",
        count=round(Fraction(spread.of, n_samples) * structure.count),
        interval=(max(floor(low * structure.count), len(found)), -floor(-high * structure.count)),
        confidence=confidence,
        n_tested=n_samples,
        known_distribution=spread,
    )


def share_interval(n_hits: int, n_trials: int, confidence: float) -> tuple[Fraction, Fraction]:
    """Clopper and Pearson's interval for the probability behind ``n_hits`` of ``n_trials``.

    The ends are the float64 quantiles as exact fractions, so that nothing more is lost when they are scaled.
    """
    tail = (1.0 - confidence) / 2.0
    from scipy.special import betaincinv  # which takes a while, and few analyses estimate

    low = float(betaincinv(n_hits, n_trials - n_hits + 1, tail)) if n_hits else 0.0
    high = float(betaincinv(n_hits + 1, n_trials - n_hits, 1.0 - tail)) if n_hits < n_trials else 1.0
    return Fraction(low), Fraction(high)
