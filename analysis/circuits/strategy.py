"""Finding the valid circuits of one output by the way that its plan names: listed, counted or estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analysis.circuits.counting import count_circuits
from analysis.circuits.estimating import estimate_circuits
from analysis.circuits.judging import evaluate_circuits
from analysis.circuits.planning import CircuitPlan, plan_circuits
from analysis.circuits.result import CircuitSearch
from analysis.circuits.search import Sampling, search_circuits
from analysis.circuits.smallest import find_smallest
from analysis.errors import BeyondLimits
from analysis.networks.circuit import MAX_EDGES_KEPT, mask_array
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work


def find_circuits(question: Question, work: Work = DEFAULT_WORK, *, plan: CircuitPlan | None = None) -> CircuitSearch:
    """Find the valid circuits of one output in the best way within the limits.

    Args:
        work: told how far the work is; may raise Cancelled.
        plan: what :func:`~analysis.circuits.planning.plan_circuits` said, if it was asked before.

    Raises:
        BeyondLimits: every way is barred, with the reasons.
        InvalidData: labels that do not fit the rows.
        Cancelled: the report asked to stop.
    """
    plan = plan or plan_circuits(question, limits=work.limits)
    search = _Search(question, work)
    if plan.method == "listed":
        count = plan.cost_of("counted")
        return search.listed(countable=not count.obstacle and count.seconds <= plan.cost.seconds)
    if plan.method == "counted":
        try:
            return search.counted()
        except BeyondLimits:  # sums that may overflow show only on the way
            if not work.limits.n_samples:
                raise
    return search.estimated()


@dataclass(frozen=True, eq=False)
class _Search:
    """What is searched, by which rules, and how far; the same for every way. What is drawn is drawn from seed 0."""

    question: Question
    work: Work

    def listed(self, *, countable: bool) -> CircuitSearch:
        """All valid circuits; where there are more than a list holds, their number, some drawn and the smallest.

        Args:
            countable: whether they can be counted without testing each, and that is predicted to be quicker.
        """
        limits = self.work.limits
        beyond = Sampling(limits.n_draws, limits.n_smallest)
        found = self._tested(None if countable else beyond)
        if not countable or found.truncated_at != self._most_listed:
            return found
        try:
            return self.counted()
        except BeyondLimits:  # sums that may overflow show only on the way
            return self._tested(beyond)

    @property
    def _most_listed(self) -> int:
        return self.work.limits.most_listed(len(self.question.data.representatives))

    def _tested(self, beyond: Sampling | None) -> CircuitSearch:
        """The search that tests every circuit."""
        return search_circuits(
            self.question,
            self.work,
            max_valid=self._most_listed,
            max_possible=self.work.limits.max_possible,
            beyond=beyond,
        )

    def counted(self) -> CircuitSearch:
        found = count_circuits(self.question, self.work, n_draws=self.work.limits.n_draws)
        return found if found.truncated_at is None else self._with_smallest(found, found.distribution.by_edges)

    def estimated(self) -> CircuitSearch:
        limits = self.work.limits
        found = estimate_circuits(
            self.question, self.work, n_samples=limits.n_samples, n_draws=limits.n_draws, confidence=limits.confidence
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
        )
        undrawn = sorted({*smallest.masks} - {*drawn.masks.tolist()})
        every = mask_array(sorted([*drawn.masks.tolist(), *undrawn]), drawn.layout)
        outputs, margins = evaluate_circuits(self.question, every)
        whole = drawn.method == "counted" and len(every) == drawn.count
        return replace(
            drawn,
            masks=every,
            outputs=outputs,
            margins=margins,
            truncated_at=None if whole else len(every),
            interval=drawn.interval and (max(drawn.interval[0], len(every)), max(drawn.interval[1], len(every))),
            n_drawn=drawn.n_listed,
            smallest=replace(smallest, undrawn=tuple(undrawn)),
        )
