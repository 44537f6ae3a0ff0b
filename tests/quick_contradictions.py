"""What a "contradictions" job finds, with wider bounds and fewer draws: enough to look at, in little time."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from analysis.contradictions.finding import find_contradictions
from analysis.networks.circuit import Circuit
from analysis.work import DEFAULT_WORK, Work
from app.db.reports import ContradictionsReport, contradictions_report
from app.jobs.reporting import CONTRADICTIONS, ReportInputs
from app.jobs.stored_analysis import Timed


def quick_contradictions(inputs: ReportInputs, work: Work = DEFAULT_WORK) -> Timed[ContradictionsReport]:
    """Compute them from what the job reads."""
    layout = inputs.question.layout
    circuits = [Circuit(layout, mask) for mask in inputs.masks]
    found = find_contradictions(inputs.question, circuits, work, width=0.02, n_frames=500)
    return Timed(contradictions_report(found), 0.1)


HANDLER: Final = replace(CONTRADICTIONS, compute=quick_contradictions)
"""Of such a job, for a worker whose definition names it."""
