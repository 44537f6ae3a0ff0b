"""The scores of the answer key: one record each, from which table, JSON, CSV, pages and glossary follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations
from math import isfinite
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.answer_key.curves import MIB_SHARES, areas, at_sizes
from analysis.answer_key.judging import CircuitJudge
from analysis.answer_key.rankings import importance, nested, orders
from analysis.answer_key.submission import Submission
from analysis.answer_key.truth import Truth
from analysis.discovery.landscape import nearest_of
from analysis.discovery.selection import shares_between

FAITHFUL: Final = 0.95
"""The faithfulness at which a bare ranking is taken to stop, as our own methods do unless they are told otherwise."""


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
        return nested(self.submission, self.judge.graph) if self.submission.outcome == "answered" else ()

    @cached_property
    def circuits(self) -> tuple[int | None, ...]:
        """For each order the first valid circuit, pruned; None where none is valid or the method failed. A method that
        was not offered has no order.
        """
        if not self.families:
            return () if self.submission.outcome == "not-offered" else (None,)
        raws = sorted({raw for family in self.families for raw in family})
        valid = dict(zip(raws, self.are_valid(raws), strict=True))
        firsts = [next((raw for raw in family if valid[raw]), None) for family in self.families]
        return self._pruned(firsts)

    @cached_property
    def own(self) -> tuple[int | None, ...]:
        """For each order the raw mask at the method's own operating point; None where the method failed, nothing where
        it is not defined.
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
        """The same, pruned."""
        return self._pruned(self.own)

    @cached_property
    def faithfulness(self) -> Mapping[int, float]:
        """Of raw masks of the answer: how far the metric is from the empty circuit's towards the whole network's. Of
        none where these two are less than 1e-9 apart.
        """
        named = () if self._named is None else (self._named,)
        raws = sorted({*named, *(raw for family in self.families for raw in family)})
        shares = shares_between(self.judge.metrics([*raws, 0, self._whole]))
        return {} if shares is None else {**dict(zip(raws, shares, strict=True)), 0: 0.0, self._whole: 1.0}

    @property
    def deleted(self) -> tuple[int | None, ...]:
        """For each order what is left of the whole network, pruned, when each edge from the least important up is
        deleted if what is then left is valid; None where the whole network is not.
        """
        whole = self.judge.pruned(self._whole)
        if not self.families or not self.are_valid([whole])[0]:
            return (None,) * len(self.circuits)
        ranked = orders(importance(self.submission, self.judge.graph))
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
        known = {raw for raw in raws if raw is not None}
        pruned = dict(zip(known, self.judge.all_pruned([*known]), strict=True))
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
        label: for people, at most three words.
        definition: with its range, in at most two sentences; the glossary has it word for word.
        better: which way is better; "" where neither is.
        of: its value; None where it is not defined, such as precision of an answer without edges.
        formula: as the glossary has it below; "" where the definition says all.
    """

    key: str
    label: str
    definition: str
    better: Literal["less", "more", ""]
    of: Callable[[Case], float | None]
    formula: str = ""


def _mean(values: Iterable[float | None]) -> float | None:
    """Of those that are defined."""
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
    """Of the circuits at the operating point those that pass; a method that failed has one that does not."""
    passed = sum(judged([raw for raw in case.own if raw is not None]))
    return passed / len(case.own) if case.own else None


@lru_cache(maxsize=4)
def _minimal(truth: Truth) -> NDArray[np.uint64] | None:
    return None if truth.minimal is None else np.array(truth.minimal, dtype=np.uint64)


def _nearest_minimal(case: Case) -> list[tuple[float, float | None]]:
    """For each circuit at the operating point its recall of the minimal circuit of which it has the largest share, and
    its precision; of those of equal share the one of the best precision.
    """
    minimal, found = _minimal(case.truth), []
    for circuit in case.own_circuits:
        if minimal is None or not len(minimal) or circuit is None:
            continue
        sizes, shared = np.bitwise_count(minimal), np.bitwise_count(minimal & np.uint64(circuit))
        recalls = np.where(sizes > 0, shared / np.maximum(sizes, 1), 1.0)
        recall = float(recalls.max())
        kept = int(shared[recalls == recall].max())
        found.append((recall, kept / circuit.bit_count() if circuit else None))
    return found


def _hamming(case: Case) -> float | None:
    masks = case.truth.masks
    near = [nearest_of(one, masks) for one in case.own_circuits if one is not None and masks is not None]
    return _mean(one.distance for one in near if one is not None)


def _auc(case: Case, wanted: int | None) -> float | None:
    """Chance that an edge of those wanted is ranked above another, where a tie is half."""
    if not case.families or wanted is None:
        return None
    values, inside = importance(case.submission, case.judge.graph), case.judge.graph.bits([wanted])[0]
    if inside.all() or not inside.any():
        return None
    apart = values[inside][:, None] - values[~inside]
    return float(((apart > 0).sum() + (apart == 0).sum() / 2) / apart.size)


def _stability(case: Case) -> float | None:
    seeds = [case, *(replace(case, submission=one, repeats=()) for one in case.repeats)] if case.repeats else []
    found = [one.own_circuits[0] for one in seeds if one.own_circuits]
    pairs = combinations([one for one in found if one is not None], 2)
    return _mean((a & b).bit_count() / (a | b).bit_count() if a | b else 1.0 for a, b in pairs)


def _curve(case: Case, mib: bool) -> list[tuple[float, float]]:
    """CPR and CMD of each order; of a mask alone there is no curve."""
    n_edges, known = case.truth.n_edges, case.faithfulness
    if case.submission.mask is not None or not known:
        return []
    shares = MIB_SHARES if mib else [size / n_edges for size in range(n_edges + 1)]
    sizes = [int(share * n_edges) for share in MIB_SHARES] if mib else range(n_edges + 1)
    return [areas(shares, [known[raw] for raw in at_sizes(family, sizes)]) for family in case.families]


def _of_calls(case: Case) -> float:
    calls = case.submission.calls
    return float(calls.gradients + calls.runs + calls.validity)


SCORES: Final = (
    Score(
        "regret",
        "Regret",
        "How much larger the first valid circuit is than a smallest one, from 0 to 1: the first is the shortest"
        " prefix of the ranking that is valid once pruned, or the mask. A mask that is not valid, an answer without a"
        " valid circuit and a method that failed have 1; not defined where no circuit is valid.",
        "less",
        lambda case: _regret(case, case.circuits),
        formula="(|C| - s) / (E - s), C the first valid circuit, pruned, s the edges of a smallest, E all edges",
    ),
    Score(
        "valid",
        "Valid answer",
        "Whether the circuit at the method's own operating point is valid once pruned, 0 or 1, of tied scores the"
        " share of orders. That point is the mask that it answers with; of bare scores and of a family it is the"
        " smallest circuit whose faithfulness is at least .95, since the first valid one would be known by asking the"
        " judge.",
        "more",
        lambda case: _share_of_own(case, case.are_valid),
    ),
    Score(
        "valid_raw",
        "Valid unpruned",
        "Whether the circuit at the own operating point passes the judge as it is, 0 or 1, of tied scores the share"
        " of orders: nothing is pruned, and no edge is asked for.",
        "more",
        lambda case: _share_of_own(case, case.judge.are_right),
    ),
    Score(
        "regret_while_valid",
        "Regret while valid",
        "Regret of what is left of the whole network when each edge, from the least important up, is deleted if what"
        " is then left is valid once pruned, and stays otherwise. Each is tried once.",
        "less",
        lambda case: _regret(case, case.deleted),
    ),
    Score(
        "recall",
        "Recall",
        "The largest share of a minimal circuit that the circuit at the own operating point keeps, from 0 to 1; every"
        " valid circuit has 1. Not defined where the minimal circuits are not known.",
        "more",
        lambda case: _mean(recall for recall, _ in _nearest_minimal(case)),
        formula="max |C ∩ m| / |m| over minimal circuits m, C the circuit at the own operating point, pruned",
    ),
    Score(
        "precision",
        "Precision",
        "The share of the circuit at the own operating point that belongs to the minimal circuit of which it keeps"
        " the largest share, from 0 to 1; of several the largest. Not defined for a circuit without edges.",
        "more",
        lambda case: _mean(precision for _, precision in _nearest_minimal(case)),
        formula="|C ∩ m| / |C|, C and m as of recall",
    ),
    Score(
        "hamming",
        "Hamming distance",
        "Edges in which the circuit at the own operating point, pruned, differs from the nearest valid circuit; 0 for"
        " a valid one. Not defined where the valid circuits are not listed.",
        "less",
        _hamming,
    ),
    Score(
        "auc",
        "Backbone AUC",
        "The chance that an edge which every valid circuit keeps is ranked above one that some leave out, from 0 to"
        " 1, where a tie is half; .5 is chance. Not defined where no edge or every edge is in all valid circuits.",
        "more",
        lambda case: _auc(case, case.truth.backbone),
    ),
    Score(
        "beyond_random",
        "Beyond random",
        "How far the regret is below that of a drawn order of edges: 1 is as good as can be, 0 as good as a drawn"
        " order, below 0 worse. Not defined where drawn orders have no regret.",
        "more",
        _beyond_random,
        formula="1 - r / r₀, r₀ the mean regret of 20 drawn orders of the same network",
    ),
    Score(
        "stability",
        "Stability",
        "How alike the circuits of the method's seeds are at their own operating points, pruned, from 0 to 1. Not"
        " defined for one seed.",
        "more",
        _stability,
        formula="|C ∩ D| / |C ∪ D|, the mean over pairs of seeds",
    ),
    Score(
        "algorithms_kept",
        "Algorithms kept",
        "Whether the first valid circuit carries the same algorithms as the whole network, 0 or 1, of tied scores the"
        " share of orders. Only for perceptrons, under zero or mean ablation and strict pruning, by the threshold or"
        " by rounding.",
        "more",
        lambda case: _mean(case.judge.keep_algorithms([one for one in case.circuits if one is not None])),
    ),
    Score(
        "cpr",
        "CPR",
        "The area under the faithfulness of the most important edges, unpruned, over their share of all edges. Not"
        " defined for a mask alone, and where the metric of the empty circuit is within 10⁻⁹ of the whole network's.",
        "more",
        lambda case: _mean(cpr for cpr, _ in _curve(case, mib=False)),
        formula="∫ f dx at x = k / E, k = 0 … E, by trapezoids, f = (m(C) - m(∅)) / (m(N) - m(∅)), m the mean over rows"
        " of (2y - 1) · output for a perceptron with label y, of the right output less the largest other for a"
        " transformer",
    ),
    Score(
        "cmd",
        "CMD",
        "The area between the same faithfulness and 1, 0 or more. Not defined where CPR is not.",
        "less",
        lambda case: _mean(cmd for _, cmd in _curve(case, mib=False)),
        formula="∫ |1 - f| dx, as of CPR",
    ),
    Score(
        "cpr_mib",
        "CPR of MIB",
        "CPR at the ten shares of MIB's circuit track, over the share that is asked for. The circuit has that share"
        " of the edges, rounded down, so that several are empty on a small network.",
        "more",
        lambda case: _mean(cpr for cpr, _ in _curve(case, mib=True)),
        formula="∫ f dx at x = .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, by trapezoids",
    ),
    Score(
        "cmd_mib",
        "CMD of MIB",
        "CMD at the ten shares of MIB's circuit track, likewise.",
        "less",
        lambda case: _mean(cmd for _, cmd in _curve(case, mib=True)),
        formula="∫ |1 - f| dx, as of CPR of MIB",
    ),
    Score(
        "faithfulness",
        "Own faithfulness",
        "Faithfulness of the circuit at the own operating point, unpruned: 0 as the empty circuit, 1 as the whole"
        " network, and it may be below and above. Not defined where CPR of a ranking is not.",
        "more",
        lambda case: _mean(case.faithfulness.get(raw) for raw in case.own if raw is not None),
        formula="f as of CPR",
    ),
    Score(
        "kl",
        "KL divergence",
        "How far the outputs of the circuit at the own operating point, unpruned, are from the whole network's, 0 or"
        " more. It is the Kullback–Leibler divergence in nats, the mean over rows; a perceptron's output is the logit"
        " of a yes or no.",
        "less",
        lambda case: _mean(case.judge.divergences([raw for raw in case.own if raw is not None])),
    ),
    Score(
        "auc_planted",
        "Planted AUC",
        "The chance that an edge of the planted circuit is ranked above another, from 0 to 1, where a tie is half."
        " Only for networks with a planted circuit that is not the whole.",
        "more",
        lambda case: _auc(case, case.planted),
    ),
    Score(
        "calls",
        "Calls",
        "How often the method asked: derivatives, runs of a circuit over all rows, and verdicts, together.",
        "less",
        _of_calls,
    ),
    Score(
        "seconds_ratio",
        "Relative time",
        "Seconds that the method took, divided by those of one deletion in a drawn order on the same network and"
        " machine.",
        "less",
        lambda case: case.seconds_ratio,
    ),
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
