"""Finding the valid circuits of one output by the way that its plan names: listed, counted or estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.counting import count_circuits
from analysis.circuits.estimating import estimate_circuits
from analysis.circuits.judging import evaluate_circuits, judged_rows
from analysis.circuits.planning import CircuitPlan, plan_circuits
from analysis.circuits.search import search_circuits
from analysis.data import DataRecord
from analysis.errors import BeyondLimits
from analysis.limits import DEFAULT_LIMITS, Limits
from analysis.networks.network import Network
from analysis.progress import Progress, Report, silent
from analysis.protocol import Protocol
from analysis.result import CircuitSearch
from analysis.shards import FORGETFUL, Shards, Within
from analysis.tasks import Task


def find_circuits(
    network: Network,
    task: Task,
    protocol: Protocol,
    data: DataRecord,
    *,
    output: int = 0,
    report: Report = silent,
    limits: Limits = DEFAULT_LIMITS,
    seed: int = 0,
    plan: CircuitPlan | None = None,
    shards: Shards = FORGETFUL,
) -> CircuitSearch:
    """Find the valid circuits of one output in the best way within the limits.

    Args:
        network: the network cut to the analysed output.
        task: what the output should compute; used unless the data record has labels.
        protocol: the rules.
        data: rows to judge on.
        output: column of ``data.validation_labels``.
        report: told how far the work is; may raise Cancelled.
        limits: the user's.
        seed: of everything drawn; the same seed gives the same result.
        plan: what :func:`~analysis.circuits.planning.plan_circuits` said, if it was asked before.
        shards: where parts go that are done.

    Raises:
        BeyondLimits: every way is barred, with the reasons.
        InvalidData: labels that do not fit the rows.
        Cancelled: the report asked to stop.
    """
    plan = plan or plan_circuits(network, task, protocol, data, output=output, limits=limits)
    search = _Search(network, task, protocol, data, output, report, limits, seed, shards)
    if plan.method == "listed":
        return search.listed()
    if plan.method == "counted":
        try:
            return search.counted()
        except BeyondLimits:  # sums that may overflow show only on the way
            if not limits.n_samples:
                raise
    return search.estimated()


@dataclass(frozen=True, eq=False)
class _Search:
    """What is searched, by which rules, and how far; the same for every way."""

    network: Network
    task: Task
    protocol: Protocol
    data: DataRecord
    output: int
    report: Report
    limits: Limits
    seed: int
    shards: Shards = FORGETFUL

    def listed(self) -> CircuitSearch:
        last = Progress("circuits", 0, 1)

        def watched(progress: Progress, /) -> None:
            nonlocal last
            last = progress
            self.report(progress)

        found = search_circuits(
            self.network,
            self.task,
            self.protocol,
            self.data,
            output=self.output,
            report=watched,
            max_valid=self.limits.most_listed(len(self.data.representatives)),
            max_possible=self.limits.max_possible,
            shards=Within(self.shards, "listed"),
        )
        return replace(found, n_tested=last.done)

    def counted(self) -> CircuitSearch:
        counted = count_circuits(
            self.network,
            self.task,
            self.protocol,
            self.data,
            output=self.output,
            report=self.report,
            n_draws=self.limits.n_draws,
            seed=self.seed,
            threads=self.limits.threads,
        )
        outputs, margins = self._evaluated(counted.draws)
        return CircuitSearch(
            counted.layout,
            counted.possible,
            counted.draws,
            outputs,
            margins,
            truncated_at=None if len(counted.draws) == counted.count else len(counted.draws),
            method="counted",
            count=counted.count,
            n_tested=counted.possible,
            known_distribution=counted.distribution,
        )

    def estimated(self) -> CircuitSearch:
        estimate = estimate_circuits(
            self.network,
            self.task,
            self.protocol,
            self.data,
            output=self.output,
            report=self.report,
            n_samples=self.limits.n_samples,
            n_draws=self.limits.n_draws,
            confidence=self.limits.confidence,
            seed=self.seed,
        )
        outputs, margins = self._evaluated(estimate.draws)
        return CircuitSearch(
            estimate.layout,
            estimate.possible,
            estimate.draws,
            outputs,
            margins,
            truncated_at=len(estimate.draws),
            method="estimated",
            count=estimate.count,
            interval=estimate.interval,
            confidence=estimate.confidence,
            n_tested=estimate.n_tested,
            known_distribution=estimate.distribution,
        )

    def _evaluated(self, masks: NDArray[np.uint64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Outputs and margins of the circuits drawn."""
        rows = judged_rows(self.task, self.data, self.output)[0]
        return evaluate_circuits(self.network, masks, self.protocol, self.data, rows)
