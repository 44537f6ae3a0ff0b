"""The scores of the answer key: one record each, from which tables, files and pages follow. What each means, and where
it is not defined, is said in the glossary.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations
from math import isfinite
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.discovery.landscape import distance, nearest_of
from pluriscope.analysis.discovery.selection import shares_between
from pluriscope_bench.key.judging import CircuitJudge
from pluriscope_bench.key.submission import Submission, orders
from pluriscope_bench.key.truth import Truth

FAITHFUL: Final = 0.95
"""The faithfulness at which a bare ranking is taken to stop, as our own methods do by default."""
MIB_SHARES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of the edges, at which MIB's circuit track (Mueller and others 2025) evaluates. It takes trapezoids over the
*requested* shares, also where so few edges are asked for that a circuit has none.
"""


@dataclass(frozen=True, eq=False)
class Case:
    """A method's answer about one network under one condition, beside the truth.

    Args:
        judge: of the network, under the condition of the truth.
        truth: all right answers.
        submission: what was answered; its outcome may be any.
        random_regret: mean regret of 20 drawn orders of the same network under the same condition.
        planted: mask of the planted circuit, where there is one.
        repeats: what the method answered with other seeds.
        seconds_ratio: its time by that of one random deletion of the same network; None without a clock.
    """

    judge: CircuitJudge
    truth: Truth
    submission: Submission
    random_regret: float
    planted: int | None = None
    repeats: tuple[Submission, ...] = ()
    seconds_ratio: float | None = None

    @cached_property
    def families(self) -> tuple[tuple[int, ...], ...]:
        """Nested raw masks of the answer, for each order of tied scores; none where there is no answer."""
        return self.submission.families(self.judge.graph) if self.submission.outcome == "answered" else ()

    @cached_property
    def circuits(self) -> tuple[int | None, ...]:
        """First valid circuit of each order, pruned; None where none is valid or the method failed. A method that was
        not offered has no order.
        """
        if not self.families:
            return () if self.submission.outcome == "not-offered" else (None,)
        raws = sorted({raw for family in self.families for raw in family})
        valid = dict(zip(raws, self.are_valid(raws), strict=True))
        firsts = [next((raw for raw in family if valid[raw]), None) for family in self.families]
        return self._pruned(firsts)

    @cached_property
    def own(self) -> tuple[int | None, ...]:
        """Raw mask of each order at the method's own operating point; None where the method failed, nothing where it is
        not defined.
        """
        if self._named is not None:
            return (self._named,)
        if not self.families:
            return self.circuits
        known = self.faithfulness
        return tuple(
            next((raw for raw in family if known[raw] >= FAITHFUL), family[-1]) for family in self.families if known
        )

    @cached_property
    def own_circuits(self) -> tuple[int | None, ...]:
        """Circuits at the operating point, pruned."""
        return self._pruned(self.own)

    @cached_property
    def faithfulness(self) -> Mapping[int, float]:
        """Faithfulness by raw mask of the answer: how far the metric is from the empty circuit's towards the whole
        network's. Empty where these two are less than 1e-9 apart.
        """
        named = () if self._named is None else (self._named,)
        raws = sorted({*named, *(raw for family in self.families for raw in family)})
        shares = shares_between(self.judge.metrics([*raws, 0, self._whole]))
        return {} if shares is None else {**dict(zip(raws, shares, strict=True)), 0: 0.0, self._whole: 1.0}

    @property
    def deleted(self) -> tuple[int | None, ...]:
        """Rest of the whole network for each order, pruned, when each edge from the least important up is deleted if
        what is then left is valid; None where the whole network is not.
        """
        [whole] = self.judge.all_pruned([self._whole])
        if not self.families or not self.are_valid([whole])[0]:
            return (None,) * len(self.circuits)
        ranked = orders(self.submission.importance(self.judge.graph))
        left = [whole] * len(ranked)
        for edges in ranked[:, ::-1].T.tolist():
            without = {at: left[at] & ~(1 << edge) for at, edge in enumerate(edges) if left[at] >> edge & 1}
            raws = sorted({*without.values()})
            judged = zip(raws, self.judge.all_pruned(raws), self.are_valid(raws), strict=True)
            after = {raw: pruned for raw, pruned, valid in judged if valid}
            for at, raw in without.items():
                left[at] = after.get(raw, left[at])
        return tuple(left)

    def are_valid(self, raws: Sequence[int]) -> list[bool]:
        """Whether the circuit of each raw mask is one of those that the truth lists; as it is judged where it lists
        none.
        """
        masks = self.truth.masks
        if masks is None or not len(masks):
            return self.judge.are_valid(raws) if masks is None else [False] * len(raws)
        circuits = np.array(self.judge.all_pruned(raws), dtype=masks.dtype)
        places = np.minimum(np.searchsorted(masks, circuits), len(masks) - 1)
        found: list[bool] = (masks[places] == circuits).tolist()
        return found

    def _pruned(self, raws: Iterable[int | None]) -> tuple[int | None, ...]:
        known = _there(raws)
        pruned = dict(zip(known, self.judge.all_pruned(known), strict=True))
        return tuple(None if raw is None else pruned[raw] for raw in raws)

    @property
    def _named(self) -> int | None:
        """The operating point that the answer names."""
        return self.submission.mask if self.submission.own is None else self.submission.own

    @property
    def _whole(self) -> int:
        return (1 << self.truth.n_edges) - 1


@dataclass(frozen=True)
class Score:
    """A number for one answer about one network.

    Args:
        key: stable name, a column of every table.
        label: for people, at most three words; the glossary has its definition under it.
        better: which way is better.
        of: its value; None where it is not defined, such as precision of an answer without edges.
    """

    key: str
    label: str
    better: Literal["less", "more"]
    of: Callable[[Case], float | None]


def _there(masks: Iterable[int | None]) -> list[int]:
    return [mask for mask in masks if mask is not None]


def _mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are defined."""
    known = [value for value in values if value is not None and isfinite(value)]
    return sum(known) / len(known) if known else None


def _regret(case: Case, circuits: Iterable[int | None]) -> float | None:
    least = case.truth.smallest
    if least is None:
        return None
    spare = max(case.truth.n_edges - least, 1)
    return _mean(1.0 if one is None else (one.bit_count() - least) / spare for one in circuits)


def _beyond_random(case: Case) -> float | None:
    regret = _regret(case, case.circuits)
    return None if regret is None or not case.random_regret else 1 - regret / case.random_regret


def _share_of_own(case: Case, judged: Callable[[Sequence[int]], list[bool]]) -> float | None:
    """Share of the circuits at the operating point that pass; a method that failed has one that does not."""
    return sum(judged(_there(case.own))) / len(case.own) if case.own else None


@lru_cache(maxsize=4)
def _minimal(truth: Truth) -> NDArray[np.uint64] | None:
    return None if truth.minimal is None else np.array(truth.minimal, dtype=np.uint64)


def _nearest_minimal(case: Case) -> list[tuple[float, float | None]]:
    """Recall and precision of each circuit at the operating point by the minimal circuit of which it has the largest
    share; of those of equal share by the one of the best precision.
    """
    minimal, found = _minimal(case.truth), []
    if minimal is None or not len(minimal):
        return []
    for circuit in _there(case.own_circuits):
        sizes, shared = np.bitwise_count(minimal), np.bitwise_count(minimal & np.uint64(circuit))
        recalls = np.where(sizes > 0, shared / np.maximum(sizes, 1), 1.0)
        recall = float(recalls.max())
        kept = int(shared[recalls == recall].max())
        found.append((recall, kept / circuit.bit_count() if circuit else None))
    return found


def _hamming(case: Case) -> float | None:
    masks = case.truth.masks
    near = [(one, nearest_of(one, masks)) for one in _there(case.own_circuits) if masks is not None]
    return _mean(distance(one, other) for one, other in near if other is not None)


def _auc(case: Case, wanted: int | None) -> float | None:
    """Chance that an edge of those wanted is ranked above another, where a tie is half."""
    if not case.families or wanted is None:
        return None
    values, inside = case.submission.importance(case.judge.graph), case.judge.graph.bits([wanted])[0]
    if inside.all() or not inside.any():
        return None
    apart = values[inside][:, None] - values[~inside]
    return float(((apart > 0).sum() + (apart == 0).sum() / 2) / apart.size)


def _stability(case: Case) -> float | None:
    seeds = [case, *(replace(case, submission=one, repeats=()) for one in case.repeats)] if case.repeats else []
    found = [one.own_circuits[0] for one in seeds if one.own_circuits]
    pairs = combinations(_there(found), 2)
    return _mean((a & b).bit_count() / (a | b).bit_count() if a | b else 1.0 for a, b in pairs)


def _curve(case: Case, mib: bool) -> list[tuple[float, float]]:
    """CPR and CMD of each order, from the largest masks of at most so many edges; of a mask alone there is no curve."""
    n_edges, known = case.truth.n_edges, case.faithfulness
    if case.submission.mask is not None or not known:
        return []
    shares = MIB_SHARES if mib else [size / n_edges for size in range(n_edges + 1)]
    sizes = [int(share * n_edges) for share in MIB_SHARES] if mib else range(n_edges + 1)
    found = []
    for family in case.families:
        raws, counts = [0, *family], [0, *map(int.bit_count, family)]
        values = [known[raws[bisect_right(counts, size) - 1]] for size in sizes]
        found.append((_area(shares, values), _area(shares, [abs(1.0 - one) for one in values])))
    return found


def _area(x: Sequence[float], y: Sequence[float]) -> float:
    """Under a curve, by trapezoids."""
    pairs = zip(x, x[1:], y, y[1:], strict=False)
    return sum((to - start) * (first + second) / 2 for start, to, first, second in pairs)


SCORES: Final = (
    Score("regret", "Regret", "less", lambda case: _regret(case, case.circuits)),
    Score("valid", "Valid answer", "more", lambda case: _share_of_own(case, case.are_valid)),
    Score("valid_raw", "Valid unpruned", "more", lambda case: _share_of_own(case, case.judge.are_right)),
    Score("regret_while_valid", "Regret while valid", "less", lambda case: _regret(case, case.deleted)),
    Score("recall", "Recall", "more", lambda case: _mean(recall for recall, _ in _nearest_minimal(case))),
    Score("precision", "Precision", "more", lambda case: _mean(precision for _, precision in _nearest_minimal(case))),
    Score("hamming", "Hamming distance", "less", _hamming),
    Score("auc", "Backbone AUC", "more", lambda case: _auc(case, case.truth.backbone)),
    Score("beyond_random", "Beyond random", "more", _beyond_random),
    Score("stability", "Stability", "more", _stability),
    Score(
        "algorithms_kept",
        "Algorithms kept",
        "more",
        lambda case: _mean(case.judge.keep_algorithms(_there(case.circuits))),
    ),
    Score("cpr", "CPR", "more", lambda case: _mean(cpr for cpr, _ in _curve(case, mib=False))),
    Score("cmd", "CMD", "less", lambda case: _mean(cmd for _, cmd in _curve(case, mib=False))),
    Score("cpr_mib", "CPR of MIB", "more", lambda case: _mean(cpr for cpr, _ in _curve(case, mib=True))),
    Score("cmd_mib", "CMD of MIB", "less", lambda case: _mean(cmd for _, cmd in _curve(case, mib=True))),
    Score("faithfulness", "Own faithfulness", "more", lambda case: _mean(map(case.faithfulness.get, _there(case.own)))),
    Score("kl", "KL divergence", "less", lambda case: _mean(case.judge.divergences(_there(case.own)))),
    Score("auc_planted", "Planted AUC", "more", lambda case: _auc(case, case.planted)),
    Score("calls", "Calls", "less", lambda case: float(sum(astuple(case.submission.calls)))),
    Score("seconds_ratio", "Relative time", "less", lambda case: case.seconds_ratio),
)
"""Every score, the primary first."""


def row_of(case: Case) -> dict[str, Any]:
    """Every score of one answer by key, then ``answer`` and ``own``: the first valid circuit, pruned, and the raw one
    at the own operating point, as hexadecimal digits; of tied scores those of the first order, None where there is
    none.
    """
    first = {name: next(iter(found), None) for name, found in (("answer", case.circuits), ("own", case.own))}
    written = {name: None if mask is None else case.judge.graph.to_hex(mask) for name, mask in first.items()}
    return {score.key: score.of(case) for score in SCORES} | written
