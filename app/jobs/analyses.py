"""The work on networks: the analysis of an output, and everything that goes on from a stored one.

Each handler reads what is looked at, has it computed by the engine's own function, and stores what that found.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analyses.analysis import Analysis
from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.circuits.result import CountSoFar, certainty_of
from pluriscope.analysis.criteria.criterion import Kind
from pluriscope.analysis.criteria.judging import JudgedAnalysis, judge_analysis
from pluriscope.analysis.criteria.steps import CriterionStep, parse_steps
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.methods.report import Analysed, Report, Settings
from pluriscope.analysis.numerics.large_numbers import estimate, in_words, interval
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.progress import Progress
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import GraphQuestion, SubjectQuestion
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.app.db.analysed import read_analysed
from pluriscope.app.db.codecs import graph_question, kind_of_analysis, question_of
from pluriscope.app.db.errors import NotFound
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.prepared import PreparedAnalysis, prepare_analysis, prepare_circuits
from pluriscope.app.db.reads.analyses import (
    analysed_question,
    analysis_by_key,
    check_output,
    find_data,
    network_by_digest,
    scope_of,
)
from pluriscope.app.db.reads.results import load_analysis
from pluriscope.app.db.reads.verdicts import kinds_and_steps, missing_steps
from pluriscope.app.db.reports import report_of, report_row, save_report
from pluriscope.app.db.tables import AnalysisReportRow, AnalysisRow, NetworkRow
from pluriscope.app.db.verdicts import PreparedVerdicts, save_verdicts
from pluriscope.app.db.writes import save_prepared
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.jobs.handlers import Arguments, Compute, Handler, Saved
from pluriscope.app.jobs.stages import enqueue_following
from pluriscope.app.limits import job_seconds_in, limits_in
from pluriscope.figures.charts import document_of


def load_analysis_inputs(session: Session, arguments: Arguments) -> Compute[PreparedAnalysis]:
    """Read the network and the data record.

    Raises:
        NotFound: the network, output or data record is not stored (any more).
    """
    row = network_by_digest(session, arguments["network"])
    if row is None:
        raise NotFound(f"network {arguments['network'][:12]}", "is not stored any more", "import it again")
    output = int(arguments["output"])
    check_output(row, output)
    if row.document is not None:
        question = graph_question(row, arguments["protocol"]["name"])
    else:
        data = find_data(session, arguments["data"], row.sizes[0])
        question = question_of(row, output, Protocol.model_validate(arguments["protocol"]), data)
    if not isinstance(question, Question):
        return partial(_find_circuits, replace(question))  # without what pages keep of it
    so_far = _unfinished(session, row, question, arguments)
    return partial(_analyse, question, limits_in(session), job_seconds_in(session), so_far)


def _find_circuits(question: GraphQuestion, work: Work) -> PreparedAnalysis:
    """The circuits of a graph, judged; none where there are too many."""
    return prepare_circuits(question, *question.kind.explaining.judged(question, work))


def _unfinished(
    session: Session, network: NetworkRow, question: Question, arguments: Arguments
) -> OutputAnalysis | None:
    """Results of an earlier run of the same job that ended before it was done; None if there are none."""
    row = analysis_by_key(session, network.id, question.output, question.protocol.digest, question.record.digest)
    if row is None or row.engine_version != ENGINE_VERSION or not row.distributions.get("stops"):
        return None
    found, job = load_analysis(session, row), _job(session, arguments)
    count = job.so_far.get("count") if job else None
    so_far = None if count is None else CountSoFar.of_json(count, question.layout)
    return replace(found, circuits=replace(found.circuits, so_far=so_far))


def _job(session: Session, arguments: Arguments) -> JobRow | None:
    return session.get(JobRow, DEFINITIONS["analyse"].job_id(arguments))


def _analyse(
    question: Question, limits: Limits, seconds: float, so_far: OutputAnalysis | None, work: Work
) -> PreparedAnalysis:
    """Run the engine, and make what it found ready for the store; what it found by then where its time is up."""
    parts: list[PreparedAnalysis] = []

    def report(progress: Progress, /) -> None:
        work.report(replace(progress, part=parts.pop()) if parts else progress)

    own = replace(work, limits=limits, report=report).for_seconds(seconds)
    return prepare_analysis(
        analyse_output(question, own, so_far=so_far, keep=lambda one: parts.append(prepare_analysis(one)))
    )


def keep_analysis(session: Session, arguments: Arguments, part: PreparedAnalysis) -> None:
    """Store what an analysis has found by now, unless more is stored."""
    network = network_by_digest(session, part.network)
    key = part.output, part.protocol.digest, part.columns["data_digest"]
    before = None if network is None else analysis_by_key(session, network.id, *key)
    if before is None or before.distributions.get("stops"):
        queue.cancel_outdated(session, save_prepared(session, part))
        _note(session, arguments, part)


def _note(session: Session, arguments: Arguments, found: PreparedAnalysis) -> None:
    """Keep with the job where an exact count goes on."""
    if (job := _job(session, arguments)) is not None:
        others = {key: answer for key, answer in job.so_far.items() if key != "count"}
        job.so_far = others if found.count_so_far is None else {**others, "count": found.count_so_far}


def save_analysis_outcome(session: Session, arguments: Arguments, outcome: PreparedAnalysis) -> Saved:
    """Store the analysis, and ask for what follows it."""
    row = save_prepared(session, outcome)
    queue.cancel_outdated(session, row)
    if outcome.data is None or outcome.data.boolean:  # else there are circuits alone
        enqueue_following(session, row, requested=queue.is_requested(session, "analyse", arguments))
    _note(session, arguments, outcome)
    result = {"url": _url(row), "network": arguments["network"], "result_digest": row.result_digest}
    result |= {"stops": row.distributions["stops"]}
    return Saved(result, found_words(row), truncated=not row.exhaustive)


def _url(row: AnalysisRow) -> str:
    return Addresses().network(row.network.slug, scope_of(row))


def found_words(row: AnalysisRow) -> str:
    """Sentence on the results of an analysis that claims no more than was searched."""
    if row.circuits_method == "refused":
        return f"circuits are not searched: {row.plan['refused']}"
    valid = f"{in_words(row.circuits_valid)} of {in_words(row.circuits_possible)} circuits valid"
    if certainty_of(row.circuits_method) == "guaranteed":
        ends = row.circuits_low or 0, row.circuits_high or 0
        shown = interval(*ends, row.circuits_possible)
        valid = (
            f"about {estimate(row.circuits_valid, *ends)} of {in_words(row.circuits_possible)} circuits valid "
            f"(guaranteed, {100 * (row.circuits_confidence or 0):.0f}% interval {shown})"
        )
    if kind_of_analysis(row).refuses("formulas"):
        n = row.circuits_truncated_at
        return valid if n is None else f"{valid}; {n:,} are listed"
    if row.circuits_method == "counted":
        valid += " (counted, not listed)"
    elif row.circuits_truncated_at is not None:
        valid = f"at least {row.circuits_truncated_at:,} of {row.circuits_possible:,} circuits valid (truncated there)"
    if row.exhaustive and row.algorithms_truncated_at is not None:
        return f"{valid}; its rows are no Boolean inputs, so nothing else was searched"
    which = "" if row.circuits_method == "listed" else " of the circuits drawn"
    aligned = (
        f"{row.algorithms_aligned:,} of {row.algorithms_candidates:,} algorithms placed, "
        f"{row.alignments_valid:,} valid placements, {row.alignments_minimal:,} of them minimal"
    )
    if not row.exhaustive and not row.algorithms_aligned and row.algorithms_candidates:
        aligned = f"{row.algorithms_candidates:,} candidate algorithms, none placed as far as was searched"
    return f"{valid}, {row.interpretations_total:,} interpretations{which}; {aligned}"


def analysis_meant(session: Session, arguments: Arguments) -> AnalysisRow:
    """The analysis that a job's arguments name.

    Args:
        arguments: with ``network``, ``output``, ``protocol``, ``data`` and ``result``.

    Raises:
        NotFound: it is not stored any more, or another result stands in its place.
    """
    network = network_by_digest(session, arguments["network"])
    row = network and analysis_by_key(
        session, network.id, int(arguments["output"]), arguments["protocol"], arguments["data"]
    )
    item = f"analysis of network {arguments['network'][:12]}"
    if not row:
        raise NotFound(item, "is not stored any more", "ask for it again")
    if row.result_digest != arguments["result"]:
        raise NotFound(item, "has another result by now than the one that was meant", "ask again")
    return row


# --- verdicts of chosen criteria on everything that an analysis found

Verdicts = tuple[PreparedVerdicts, ...]


def _load_judging(session: Session, arguments: Arguments) -> Compute[Verdicts]:
    """Read what the missing verdicts are about: stored ones are not made again, except those that a shorter budget than
    the present one ended.

    Raises:
        NotFound: the analysis is gone or replaced.
        InvalidCriterion: a criterion that this version does not know.
    """
    row = analysis_meant(session, arguments)
    budget = limits_in(session).criterion_seconds
    wanted = kinds_and_steps(parse_steps(arguments["criteria"]))
    steps = missing_steps(session, row, wanted, budget=budget)
    kinds = {kind for kind, _ in steps}
    found = load_analysis(session, row, outputs=False, algorithms=not kinds.isdisjoint(("algorithm", "alignment")))
    return partial(judge, JudgedAnalysis.of(found), steps, budget)


def judge(
    subject: JudgedAnalysis, steps: tuple[tuple[Kind, CriterionStep], ...], max_seconds: float, work: Work
) -> Verdicts:
    """Judge, and make the verdicts ready for the store."""
    sizes = list(zip(subject.interpretations, subject.observed, strict=True))
    work = replace(work, limits=replace(work.limits, criterion_seconds=max_seconds))
    judged = {(one.kind, one.step): one for one in judge_analysis(subject, steps, work)}
    return tuple(PreparedVerdicts.of(judged[one], sizes) for one in dict.fromkeys(steps))


def _save_verdicts(session: Session, arguments: Arguments, outcome: Verdicts) -> Saved:
    row, criteria = analysis_meant(session, arguments), list(arguments["criteria"])
    save_verdicts(session, row, outcome)
    stopped = sorted({str(one.step) for one in outcome if one.stopped})
    n = len(criteria)  # not how many verdicts were made: another job may have been quicker with some
    words = f"{n} criteri{'on' if n == 1 else 'a'} judged"
    if stopped:
        words += f"; stopped at a limit: {', '.join(stopped)}"
    result = {"url": _url(row), "network": arguments["network"], "criteria": criteria, "stopped": stopped}
    return Saved(result, words, truncated=bool(stopped))


# --- the analyses in the registry


def handler_of(analysis: Analysis) -> Handler[tuple[Report, float]]:
    """The work of one analysis: what it found, and how long that took."""

    def load(session: Session, arguments: Arguments) -> Compute[tuple[Report, float]]:
        row, texts = analysis_meant(session, arguments), arguments.get("algorithms", ())
        kept = report_row(session, row, analysis.key) if analysis.written else None
        thorough = bool(arguments.get("thorough")) or (kept is not None and kept.thorough)
        before = () if kept is None else report_of(kept, analysis.report).written
        settings = Settings(thorough=thorough, algorithms=tuple(dict.fromkeys([*texts, *before])))
        analysed = replace(read_analysed(session, row, analysis.reads), before=_before(session, row, analysis))
        return partial(_find, analysis.key, analysed, settings)

    def save(session: Session, arguments: Arguments, outcome: tuple[Report, float]) -> Saved:
        row, thorough = analysis_meant(session, arguments), bool(arguments.get("thorough", True))
        report: Any = outcome[0]
        kept = report_row(session, row, analysis.key) if analysis.written else None
        thorough = thorough or (kept is not None and kept.thorough)
        if kept is not None and {*report.written} < {*report_of(kept, analysis.report).written}:
            report = report_of(kept, analysis.report)  # another job was quicker, and found more
        brief = report.findings(analysed_question(session, row))
        saved = save_report(
            session,
            row,
            kind=analysis.key,
            report=report,
            thorough=thorough,
            seconds=outcome[1],
            version=analysis.version_for(kind_of_analysis(row)),
            brief=brief,
            thumb=document_of(function_at(analysis.thumb)(report)) if analysis.thumb else None,
        )
        if analysis.saves and saved.thorough == thorough:  # else there was more already
            function_at(analysis.saves)(session, saved, report)
        url = Addresses().analysis(row.network.slug, analysis.key, scope_of(row))
        result = {"url": url, "network": arguments["network"], "content": saved.content}
        return Saved(result, " ".join(brief))

    return Handler(load, save)


def _before(session: Session, row: AnalysisRow, analysis: Analysis) -> Report | None:
    """Report of the same analysis on the same network under other rules; None where no such engine made one."""
    if not kind_of_analysis(row).settings:
        return None
    under_others = AnalysisReportRow.analysis_id == AnalysisRow.id, AnalysisRow.network_id == row.network_id
    own = AnalysisReportRow.kind == analysis.key, AnalysisReportRow.engine_version == ENGINE_VERSION
    other = session.scalar(select(AnalysisReportRow).where(*under_others, *own, AnalysisRow.id != row.id).limit(1))
    return None if other is None else report_of(other, analysis.report)


def _find(key: str, analysed: Analysed[SubjectQuestion], settings: Settings, work: Work) -> tuple[Report, float]:
    began = time.perf_counter()
    report = BY_KEY[key].finds(analysed, settings, work)
    return report, time.perf_counter() - began


ANALYSE: Final = Handler(load_analysis_inputs, save_analysis_outcome, keep_analysis)
CRITERIA: Final = Handler(_load_judging, _save_verdicts)


def __getattr__(name: str) -> Handler[tuple[Report, float]]:
    """The handler of the analysis of that key, as definitions name it."""
    if name not in BY_KEY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return handler_of(BY_KEY[name])
