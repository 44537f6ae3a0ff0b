"""The work of "ladder" and "contradictions" jobs: what is found out about a stored analysis and read whole."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.contradictions.finding import find_contradictions
from analysis.digest import canonical_json, sha256_hex
from analysis.ladder.climbing import climb_closed
from analysis.networks.circuit import Circuit, EdgeLayout
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.reads.analyses import analysed_question, scope_of
from app.db.reads.circuits import whole_column
from app.db.reports import ContradictionsReport, LadderReport, contradictions_report, ladder_report, save_report
from app.jobs.handlers import Handler, Saved
from app.jobs.stored_analysis import analysis_meant


@dataclass(frozen=True)
class ReportInputs:
    """What is looked at.

    Args:
        masks: valid circuits, where they are asked for.
        thorough: whether to do also what takes long.
    """

    question: Question
    masks: tuple[int, ...]
    thorough: bool


@dataclass(frozen=True)
class Climbed:
    """A ladder, and how long it took."""

    report: LadderReport
    thorough: bool
    seconds: float


@dataclass(frozen=True)
class Parted:
    """Contradictions, and how long they took."""

    report: ContradictionsReport
    seconds: float


def load_ladder_inputs(session: Session, arguments: Mapping[str, Any]) -> ReportInputs:
    """Read the network and its rules.

    Raises:
        NotFound: the analysis is gone or replaced.
    """
    return _inputs(session, arguments, circuits=False)


def load_contradiction_inputs(session: Session, arguments: Mapping[str, Any]) -> ReportInputs:
    """Read the network, its rules and its valid circuits.

    Raises:
        NotFound: the analysis is gone or replaced.
    """
    return _inputs(session, arguments, circuits=True)


def _inputs(session: Session, arguments: Mapping[str, Any], *, circuits: bool) -> ReportInputs:
    row = analysis_meant(session, arguments)
    return ReportInputs(
        analysed_question(session, row),
        tuple(whole_column(session, row.id, "mask").tolist()) if circuits else (),
        bool(arguments.get("thorough", False)),
    )


def scope_of_ladder(inputs: ReportInputs) -> str:
    """Everything that finished parts of a ladder depend on, as a hash."""
    return sha256_hex(canonical_json([ENGINE_VERSION, inputs.question.digest, inputs.thorough]))


def compute_ladder(inputs: ReportInputs, work: Work = DEFAULT_WORK) -> Climbed:
    """Climb every class in closed form, and the learned ones where all is asked for; only these load torch."""
    began = time.perf_counter()
    ladder = climb_closed(inputs.question, work)
    if inputs.thorough:
        from analysis.ladder.learning import climb_learned

        ladder = climb_learned(ladder, inputs.question, work)
    return Climbed(ladder_report(ladder), inputs.thorough, time.perf_counter() - began)


def compute_contradictions(inputs: ReportInputs, work: Work = DEFAULT_WORK) -> Parted:
    """Find explanations that pass and where they differ."""
    began = time.perf_counter()
    layout = EdgeLayout(inputs.question.cut.sizes)
    circuits = [Circuit(layout, mask) for mask in inputs.masks]
    found = find_contradictions(inputs.question, circuits, work)
    return Parted(contradictions_report(found), time.perf_counter() - began)


def save_ladder(session: Session, arguments: Mapping[str, Any], outcome: Climbed) -> Saved:
    """Store the ladder beside its analysis."""
    row = analysis_meant(session, arguments)
    saved = save_report(session, row, "ladder", outcome.report, thorough=outcome.thorough, seconds=outcome.seconds)
    url = Addresses().ladder(row.network.slug, scope_of(row, row.network.sizes[0]))
    passing = [rung for rung in outcome.report.rungs if rung.alignments]
    found = f"{len(passing)} of {len(outcome.report.rungs)} classes of maps have an alignment that passes"
    return Saved({"url": url, "network": arguments["network"], "content": saved.content}, found)


def save_contradictions(session: Session, arguments: Mapping[str, Any], outcome: Parted) -> Saved:
    """Store the contradictions beside their analysis."""
    row = analysis_meant(session, arguments)
    saved = save_report(session, row, "contradictions", outcome.report, thorough=True, seconds=outcome.seconds)
    n = len(outcome.report.alignments) + (outcome.report.interpretation is not None)
    found = f"{n} explanations that read the last hidden layer and pass every joint interchange"
    url = Addresses().alice_and_bob()
    return Saved({"url": url, "network": arguments["network"], "content": saved.content}, found)


LADDER: Handler[ReportInputs, Climbed] = Handler(load_ladder_inputs, compute_ladder, save_ladder, scope=scope_of_ladder)
CONTRADICTIONS: Handler[ReportInputs, Parted] = Handler(
    load_contradiction_inputs, compute_contradictions, save_contradictions
)
