"""The baselines of a suite: discovery methods and references, each asked under the ablation of a condition.

Their scores are the ranking, largest first as their default settings have it. Who asks which circuits are valid is
asked under the whole condition, others under its ablation alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np

from pluriscope.analysis.discovery.landscapes import masked_under
from pluriscope.analysis.discovery.registry import read_method
from pluriscope.analysis.discovery.selection import strengths
from pluriscope.analysis.running.work import Work
from pluriscope_bench.key.condition import CONDITIONS, PRIMARY, Condition
from pluriscope_bench.key.judging import CircuitJudge
from pluriscope_bench.key.rows import KnownNetwork, Row
from pluriscope_bench.key.submission import Calls, Submission, Track
from pluriscope_bench.key.suite import SuiteNetwork
from pluriscope_bench.key.truth import Truth

ORDERS: Final = 20
"""In which deletion goes through the edges, of the seeds from 0."""
Answers = tuple[Submission, ...]
"""What a baseline answers, first of all that which counts; then what it does with other seeds."""


@dataclass(frozen=True)
class Baseline:
    """A method or a reference that every suite is asked with.

    Args:
        key: stable name, the "method" of rows.
        label: for people, at most five words.
        track: what it asks.
        answer: of judge, truth and work.
    """

    key: str
    label: str
    track: Track
    answer: Callable[[CircuitJudge, Truth, Work], Answers]


class _Counted:
    """A masked subject that counts what it is asked, and whose circuits are perhaps pruned before they are run."""

    def __init__(self, masked: Any, *, pruned: bool) -> None:
        self._masked, self._pruned = masked, pruned
        self.gradients = self.runs = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._masked, name)

    def losses(self, masks: Sequence[int], loss: str) -> list[float]:
        self.runs += len(masks)
        if not self._pruned:
            return list(self._masked.losses(masks, loss))
        left = [self._masked.left(mask) for mask in masks]
        found = self._masked.losses([one.mask for one in left], loss)
        return [value if one.possible else np.inf for one, value in zip(left, found, strict=True)]

    def changes(self, settings: Any) -> Any:
        self.runs += self._masked.n_bits + 1
        return self._masked.changes(settings)

    def first_order(self, settings: Any, points: Sequence[float]) -> Any:
        self.gradients += len(points)
        return self._masked.first_order(settings, points)

    def moved_slopes(self, settings: Any, moved: float) -> Any:
        self.gradients += 1
        return self._masked.moved_slopes(settings, moved)

    def gate_slopes(self, gates: Any, settings: Any) -> Any:
        self.gradients += 1
        return self._masked.gate_slopes(gates, settings)


def _method(key: str, settings: str, pruned: bool, judge: CircuitJudge, _truth: Truth, work: Work) -> Answers:
    """Answers of a method of ours."""
    question, ablation = judge.question, judge.condition.ablation
    if question.kind.refuses("neurons") and key == "weights":
        return (Submission("not-offered", "Edges of transformers have no single weight."),)
    method, given = read_method(f"{key}({','.join(filter(None, (f'ablation={ablation}', settings)))})", question.kind)
    masked = _Counted(masked_under(question, ablation), pruned=pruned)
    begun = work.clock()
    found: Any = method.scores(masked, given) if method.score else method.answer(masked, given, work)  # type: ignore[arg-type]
    submission = partial(Submission, calls=Calls(masked.gradients, masked.runs), seconds=work.clock() - begun)
    if method.score:
        return (submission("answered", scores=tuple(strengths(found.values, signed=bool(given["signed"])).tolist())),)
    if found.raw_mask is None:
        return (submission("raised", "Its numbers became infinite."),)
    return (submission("answered", mask=found.raw_mask),)


@lru_cache(maxsize=1)  # two baselines ask one after the other
def _left_by_deletion(judge: CircuitJudge, work: Work) -> Answers:
    """Delete edges while what is left is valid, in each of the drawn orders; all side by side.

    An order is gone through again until no single edge can be deleted.
    """
    n, everything, begun = judge.graph.n_bits, (1 << judge.graph.n_bits) - 1, work.clock()
    orders = [np.random.default_rng(seed).permutation(n).tolist() for seed in range(ORDERS)]
    if not judge.are_valid([everything])[0]:
        return (Submission("raised", "The whole network is no valid circuit.", calls=Calls(validity=1)),)
    left, asked, open_ = judge.all_pruned([everything] * ORDERS), [1] * ORDERS, list(range(ORDERS))
    while open_:
        before = list(left)
        for step in range(n):
            tried = {one: left[one] & ~(1 << orders[one][step]) for one in open_ if left[one] >> orders[one][step] & 1}
            raws = list(tried.values())
            for one, valid, circuit in zip(tried, judge.are_valid(raws), judge.all_pruned(raws), strict=True):
                asked[one] += 1
                left[one] = circuit if valid else left[one]
        open_ = [one for one in open_ if left[one] != before[one]]
    seconds = (work.clock() - begun) / ORDERS
    make = partial(Submission, "answered", seconds=seconds)
    return tuple(make(mask=mask, calls=Calls(validity=calls)) for mask, calls in zip(left, asked, strict=True))


def _fewest_deleted(judge: CircuitJudge, _truth: Truth, work: Work) -> Answers:
    """The smallest circuit that any of the orders leaves, the first of several."""
    found = _left_by_deletion(judge, work)
    if found[0].mask is None:
        return found
    calls = Calls(validity=sum(one.calls.validity for one in found))
    best = min(found, key=lambda one: (one.mask or 0).bit_count())
    return (replace(best, calls=calls, seconds=sum(one.seconds for one in found)),)


def _minimum(_judge: CircuitJudge, truth: Truth, _work: Work) -> Answers:
    """A smallest valid circuit, the lowest mask of several, where one is known."""
    known = truth.masks if truth.masks is not None and len(truth.masks) else np.array(truth.minimal or (), np.uint64)
    if not len(known):
        return (Submission("not-offered", "Valid circuits are counted, and none of them is listed."),)
    return (Submission("answered", mask=int(known[np.bitwise_count(known).argmin()])),)


def _of(key: str, settings: str = "", *, pruned: bool = False) -> Callable[[CircuitJudge, Truth, Work], Answers]:
    return partial(_method, key, settings, pruned)


DELETION: Final = Baseline(
    *("deletion", "Deletion while valid", "validity"), lambda judge, _, work: _left_by_deletion(judge, work)
)
RANDOM: Final = Baseline(
    *("random", "Random order", "gradients"),  # all ties, whose drawn orders count
    lambda judge, *_: (Submission("answered", scores=(0.0,) * judge.graph.n_bits),),
)
BASELINES: Final = (
    Baseline("minimum", "Exact minimum", "validity", _minimum),
    Baseline("deletion-fewest", "Deletion, best of 20", "validity", _fewest_deleted),
    DELETION,
    Baseline("acdc-decision-inside", "ACDC, decisions, rule inside", "runs", _of("acdc", "loss=decision", pruned=True)),
    Baseline("acdc-decision", "ACDC, decisions", "runs", _of("acdc", "loss=decision")),
    Baseline("acdc-inside", "ACDC, rule inside", "runs", _of("acdc", pruned=True)),
    Baseline("acdc", "ACDC", "runs", _of("acdc")),
    Baseline("edge-pruning", "Edge pruning", "gradients", _of("edge-pruning")),
    Baseline("exact-edge", "Exact edge effects", "runs", _of("exact-edge")),
    Baseline("mask-ig", "Mask gradient", "gradients", _of("mask-ig")),
    Baseline("eap-ig", "EAP-IG", "gradients", _of("eap-ig")),
    Baseline("eap", "EAP", "gradients", _of("eap")),
    Baseline("weights", "Absolute weight", "gradients", _of("weights")),
    RANDOM,
)
"""Every one, in the order in which tables of equal scores list them."""
ANSWERED: Final = tuple(one for one in CONDITIONS if len(vars(one).items() - vars(PRIMARY).items()) <= 1)
"""Conditions under which baselines are asked, where known: the primary, and those that differ in one factor."""


def baseline_rows(network: SuiteNetwork, truths: Mapping[Condition, Truth], work: Work) -> tuple[Row, ...]:
    """Rows of every baseline's answers about a network, under its known conditions of :data:`ANSWERED`.

    Args:
        truths: by condition.
    """
    known = KnownNetwork(network, {one: truths[one] for one in ANSWERED if one in truths}, {}, {})
    answers: dict[Baseline, dict[Condition, Answers]] = {one: {} for one in BASELINES}
    for condition, truth in known.truths.items():
        for one in BASELINES:
            # what asks no judge answers the same under each condition of an ablation
            same = (found for other, found in answers[one].items() if other.ablation == condition.ablation)
            known_answers = None if one.track == "validity" else next(same, None)
            answers[one][condition] = known_answers or one.answer(known.judge(condition), truth, work)
    seconds = {condition: found[0].seconds for condition, found in answers[DELETION].items()}
    drawn = known.rows(RANDOM.key, RANDOM.track, answers[RANDOM])
    regrets = {condition: row["regret"] or 0.0 for condition, row in zip(known.truths, drawn, strict=True)}
    known = replace(known, random_regret=regrets, deletion_seconds=seconds)
    return tuple(row for one, found in answers.items() for row in known.rows(one.key, one.track, found))
