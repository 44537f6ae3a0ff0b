"""Summaries of rows of the answer key: means over networks with intervals, by method, arm and condition.

A mean gives every arm the same weight, however many networks it has. Its interval is the percentile bootstrap (Efron
1979): networks are drawn anew within each arm. The draws are the same for every method and on every machine, and sums
are taken in one order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics import fixed_order
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.scores import SCORES

SAMPLES: Final = 1_000
"""Samples of an interval."""
ENDS: Final = (2.5, 97.5)
"""Percentiles at which an interval ends."""
BY_PART: Final = ("regret", "valid", "valid_raw")
"""Scores that are given for each arm and each condition; over all of them every score is."""

Row = Mapping[str, Any]


def summary_of(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Summarise the rows of each method: those with a regret on every network first, each by the least regret.

    Args:
        rows: with ``method``, ``track``, ``network``, ``arm``, ``condition``, ``outcome`` and every score.

    Returns:
        ``name``, ``track``, ``outcomes`` (how often each) and, for the key of each score, ``mean``, ``low``, ``high``,
        ``n`` and ``left_out``: networks with a value and without; all under the primary condition, or under the first
        that there is. Then ``arms`` and ``conditions``, by name and key, each with ``n`` networks and the scores of
        :data:`BY_PART`. Means and ends are None where no network has a value.
    """
    by_method = _grouped(rows, "method")
    keys = [*BY_PART, *(score.key for score in SCORES if score.key not in BY_PART)]
    found = []
    for name, own in by_method.items():
        by_condition = _grouped(own, "condition")
        main = by_condition.get(PRIMARY.key) or next(iter(by_condition.values()))
        by_arm = {arm: _Arm.of(arm, some, keys) for arm, some in _grouped(main, "arm").items()}
        together = _ends([*by_arm.values()], keys)
        arms = {arm: {"n": one.n} | _ends([one], BY_PART) for arm, one in by_arm.items()}
        conditions = {
            key: {"n": len(some)} | ({part: together[part] for part in BY_PART} if some is main else means_of(some))
            for key, some in by_condition.items()
        }
        head = {"name": name, "track": main[0]["track"], "outcomes": dict(Counter(row["outcome"] for row in main))}
        found.append(head | together | {"arms": arms, "conditions": conditions})
    return ranked(found)


def ranked(methods: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Summaries in the order of :func:`summary_of`."""
    means = [(one["regret"]["n"], one["regret"]["mean"], one) for one in methods]
    most = max((n for n, _, _ in means), default=0)
    # who leaves hard networks out does not come before who answers them
    return [one for *_, one in sorted(means, key=lambda one: (one[0] < most, not one[0], one[1], one[2]["name"]))]


def difference(rows: Iterable[Row], others: Iterable[Row], key: str = "regret") -> dict[str, Any]:
    """Mean difference of a score between rows of one method and others', paired by network and condition: ``mean``,
    ``low``, ``high``, ``n`` pairs, and ``left_out``: networks of which one of the two has no value.
    """
    known = {(row["network"], row["condition"]): row[key] for row in others}
    pairs = [(row, row[key], known.get((row["network"], row["condition"]))) for row in rows]
    apart = [{**row, key: None if one is None or other is None else one - other} for row, one, other in pairs]
    return means_of(apart, (key,))[key]


def means_of(rows: Sequence[Row], keys: Sequence[str] = BY_PART) -> dict[str, dict[str, Any]]:
    """Mean of each score over networks, with the ends of its interval, as :func:`summary_of` has them."""
    return _ends([_Arm.of(arm, some, keys) for arm, some in _grouped(rows, "arm").items()], keys)


@dataclass(frozen=True, eq=False)
class _Arm:
    """Scores of one arm's networks.

    Args:
        n: networks.
        known: ``[scores]`` networks that have a value.
        means: ``[scores, 1 + samples]`` over those: all of them, then samples of them; 0 where none has a value.
    """

    n: int
    known: NDArray[np.int64]
    means: NDArray[np.float64]

    @classmethod
    def of(cls, name: str, rows: Sequence[Row], keys: Sequence[str]) -> _Arm:
        values = np.array([[row[key] for key in keys] for row in sorted(rows, key=itemgetter("network"))], np.float64)
        known, means = np.isfinite(values), np.zeros((len(keys), 1 + SAMPLES))
        for pattern in {column.tobytes(): column for column in known.T}.values():
            # scores that the same networks have are summed at once
            columns = np.flatnonzero((pattern == known.T).all(axis=1))
            if n := int(pattern.sum()):
                means[columns] = fixed_order.inner(values[np.ix_(pattern, columns)].T, _weights(name, n)) / n
        return cls(len(rows), known.sum(axis=0), means)


def _ends(arms: Sequence[_Arm], keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Means and intervals over arms of their first scores, each of the same weight if a network in it has a value."""
    total, counts = np.zeros((len(keys), 1 + SAMPLES)), np.zeros((2, len(keys)), np.int64)
    for arm in arms:
        known = arm.known[: len(keys)]
        total += arm.means[: len(keys)]
        counts += known > 0, known
    total /= np.maximum(counts[0], 1)[:, None]
    lows, highs = np.percentile(total[:, 1:], ENDS, axis=1)
    n = sum(arm.n for arm in arms)
    return {
        key: {"mean": mean, "low": low, "high": high, "n": known, "left_out": n - known}
        if known
        else {"mean": None, "low": None, "high": None, "n": 0, "left_out": n}
        for key, known, mean, low, high in zip(
            keys, *(column.tolist() for column in (counts[1], total[:, 0], lows, highs)), strict=True
        )
    }


@lru_cache(maxsize=32)
def _weights(arm: str, n: int) -> NDArray[np.float64]:
    """``[1 + samples, n]`` how often each of n networks of an arm is in all of them, which is once, and in each sample.
    Arms have draws of their own: what is drawn alike would vary together.
    """
    drawn = np.random.Generator(np.random.PCG64(crc32(arm.encode()))).integers(0, n, (SAMPLES, n))
    places = drawn + n * np.arange(SAMPLES)[:, None]
    counts = np.bincount(places.ravel(), minlength=SAMPLES * n).reshape(SAMPLES, n)
    return np.concatenate([np.ones((1, n)), counts])


def _grouped(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    """Rows by what a column says, in the order in which it is first said."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found
