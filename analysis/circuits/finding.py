"""Finding the valid circuits of one output by the way that its plan names: listed, counted or estimated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.counting import count_circuits
from analysis.circuits.estimating import estimate_circuits
from analysis.circuits.planning import CircuitPlan, plan_circuits
from analysis.circuits.search import evaluate_circuits, judged_rows, search_circuits
from analysis.data import DataRecord
from analysis.errors import BeyondLimits
from analysis.limits import DEFAULT_LIMITS, Limits
from analysis.networks.network import Network
from analysis.progress import Progress, Report, silent
from analysis.protocol import Protocol
from analysis.result import CircuitSearch
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

    Raises:
        BeyondLimits: every way is barred, with the reasons.
        InvalidData: labels that do not fit the rows.
        Cancelled: the report asked to stop.
    """
    plan = plan or plan_circuits(network, task, protocol, data, output=output, limits=limits)
    if plan.method == "listed":
        return _listed(network, task, protocol, data, output, report, limits)
    if plan.method == "counted":
        try:
            return _counted(network, task, protocol, data, output, report, limits, seed)
        except BeyondLimits:  # sums that may overflow show only on the way
            if not limits.n_samples:
                raise
    return _estimated(network, task, protocol, data, output, report, limits, seed)


def _listed(
    network: Network,
    task: Task,
    protocol: Protocol,
    data: DataRecord,
    output: int,
    report: Report,
    limits: Limits,
) -> CircuitSearch:
    last = Progress("circuits", 0, 1)

    def watched(progress: Progress, /) -> None:
        nonlocal last
        last = progress
        report(progress)

    found = search_circuits(
        network,
        task,
        protocol,
        data,
        output=output,
        report=watched,
        max_valid=limits.most_listed(len(data.representatives)),
        max_possible=limits.max_possible,
    )
    return CircuitSearch(
        found.layout, found.possible, found.masks, found.outputs, found.margins, found.truncated_at, n_tested=last.done
    )


def _counted(
    network: Network,
    task: Task,
    protocol: Protocol,
    data: DataRecord,
    output: int,
    report: Report,
    limits: Limits,
    seed: int,
) -> CircuitSearch:
    counted = count_circuits(
        network,
        task,
        protocol,
        data,
        output=output,
        report=report,
        n_draws=limits.n_draws,
        seed=seed,
        threads=limits.threads,
    )
    outputs, margins = _evaluated(network, counted.draws, task, protocol, data, output)
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


def _estimated(
    network: Network,
    task: Task,
    protocol: Protocol,
    data: DataRecord,
    output: int,
    report: Report,
    limits: Limits,
    seed: int,
) -> CircuitSearch:
    estimate = estimate_circuits(
        network,
        task,
        protocol,
        data,
        output=output,
        report=report,
        n_samples=limits.n_samples,
        n_draws=limits.n_draws,
        confidence=limits.confidence,
        seed=seed,
    )
    outputs, margins = _evaluated(network, estimate.draws, task, protocol, data, output)
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


def _evaluated(
    network: Network, masks: NDArray[np.uint64], task: Task, protocol: Protocol, data: DataRecord, output: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Outputs and margins of the circuits drawn."""
    return evaluate_circuits(network, masks, protocol, data, judged_rows(task, data, output)[0])
