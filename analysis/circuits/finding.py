"""Finding the valid circuits of one output by the way that its plan names: listed, counted or estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.circuit import MAX_EDGES_KEPT, mask_array
from analysis.circuits.counting import count_circuits
from analysis.circuits.estimating import estimate_circuits
from analysis.circuits.judging import evaluate_circuits
from analysis.circuits.planning import CircuitPlan, plan_circuits
from analysis.circuits.search import search_circuits
from analysis.circuits.smallest import find_smallest
from analysis.errors import BeyondLimits
from analysis.progress import Progress
from analysis.question import Question
from analysis.result import CircuitSearch
from analysis.work import DEFAULT_WORK, Work


def find_circuits(
    question: Question, work: Work = DEFAULT_WORK, *, seed: int = 0, plan: CircuitPlan | None = None
) -> CircuitSearch:
    """Find the valid circuits of one output in the best way within the limits.

    Args:
        work: told how far the work is; may raise Cancelled.
        seed: of everything drawn; the same seed gives the same result.
        plan: what :func:`~analysis.circuits.planning.plan_circuits` said, if it was asked before.

    Raises:
        BeyondLimits: every way is barred, with the reasons.
        InvalidData: labels that do not fit the rows.
        Cancelled: the report asked to stop.
    """
    plan = plan or plan_circuits(question, limits=work.limits)
    search = _Search(question, work, seed)
    if plan.method == "listed":
        return search.listed()
    if plan.method == "counted":
        try:
            return search.counted()
        except BeyondLimits:  # sums that may overflow show only on the way
            if not work.limits.n_samples:
                raise
    return search.estimated()


@dataclass(frozen=True, eq=False)
class _Search:
    """What is searched, by which rules, and how far; the same for every way."""

    question: Question
    work: Work
    seed: int

    def listed(self) -> CircuitSearch:
        last = Progress("circuits", 0, 1)

        def watched(progress: Progress, /) -> None:
            nonlocal last
            last = progress
            self.work.report(progress)

        found = search_circuits(
            self.question,
            self.work.reporting_to(watched).stage("listed"),
            max_valid=self.work.limits.most_listed(len(self.question.data.representatives)),
            max_possible=self.work.limits.max_possible,
        )
        return replace(found, n_tested=last.done)

    def counted(self) -> CircuitSearch:
        counted = count_circuits(
            self.question,
            self.work,
            n_draws=self.work.limits.n_draws,
            seed=self.seed,
            threads=self.work.limits.threads,
        )
        found = CircuitSearch(
            counted.layout,
            counted.possible,
            *self._evaluated(counted.draws),
            truncated_at=None if len(counted.draws) == counted.count else len(counted.draws),
            method="counted",
            count=counted.count,
            n_tested=counted.possible,
            known_distribution=counted.distribution,
        )
        return found if found.truncated_at is None else self._with_smallest(found, counted.distribution.by_edges)

    def estimated(self) -> CircuitSearch:
        estimate = estimate_circuits(
            self.question,
            self.work,
            n_samples=self.work.limits.n_samples,
            n_draws=self.work.limits.n_draws,
            confidence=self.work.limits.confidence,
            seed=self.seed,
        )
        found = CircuitSearch(
            estimate.layout,
            estimate.possible,
            *self._evaluated(estimate.draws),
            truncated_at=len(estimate.draws),
            method="estimated",
            count=estimate.count,
            interval=estimate.interval,
            confidence=estimate.confidence,
            n_tested=estimate.n_tested,
            known_distribution=estimate.distribution,
        )
        return self._with_smallest(found, None)

    def _with_smallest(self, drawn: CircuitSearch, by_edges: Mapping[int, int] | None) -> CircuitSearch:
        """The same with the smallest valid circuits beside those drawn.

        Args:
            drawn: what counting or estimating found.
            by_edges: valid circuits by number of edges if they were counted, else None.
        """
        if not self.work.limits.n_smallest or drawn.layout.n_edges > MAX_EDGES_KEPT:
            return replace(drawn, n_drawn=drawn.n_listed)
        smallest = find_smallest(
            self.question,
            self.work,
            known=drawn.masks.tolist(),
            by_edges=by_edges,
            n_smallest=self.work.limits.n_smallest,
            max_tried=self.work.limits.n_tried,
            seed=self.seed,
        )
        undrawn = sorted({*smallest.masks} - {*drawn.masks.tolist()})
        every = mask_array(sorted([*drawn.masks.tolist(), *undrawn]), drawn.layout)
        masks, outputs, margins = self._evaluated(every)
        whole = drawn.method == "counted" and len(masks) == drawn.count
        return replace(
            drawn,
            masks=masks,
            outputs=outputs,
            margins=margins,
            truncated_at=None if whole else len(masks),
            interval=drawn.interval and (max(drawn.interval[0], len(masks)), max(drawn.interval[1], len(masks))),
            n_drawn=drawn.n_listed,
            smallest=replace(smallest, undrawn=tuple(undrawn)),
        )

    def _evaluated(self, masks: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
        """Masks with the outputs and margins of these circuits."""
        return masks, *evaluate_circuits(self.question, masks)
