"""Plan of how an analysis will find the valid circuits, shown before anyone starts it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from pluriscope.addresses.naming import Scope
from pluriscope.analyses.analysis import LONGEST
from pluriscope.analysis.circuits.planning import CircuitPlan, plan_circuits
from pluriscope.analysis.circuits.result import CircuitMethod
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.explaining.plan import Plan, StagePlan
from pluriscope.analysis.explaining.preflight import preflight, refuse
from pluriscope.analysis.results.result import memory_words, seconds_words
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.reads.networks import count_running
from pluriscope.app.limits import limits_in
from pluriscope.app.pages.place import AnyPlace, others
from pluriscope.figures.numbers import readable
from pluriscope.page_kit.blocks import Block, Prose, Table
from pluriscope.processes.recent import Recent

METHOD_WORDS: Final[Mapping[CircuitMethod, str]] = {
    "listed": "list every valid circuit",
    "counted": "count the valid circuits exactly, without listing them",
    "hashed": "say between which two numbers the valid circuits are, by hashing",
    "sampled": "say between which two numbers the valid circuits are, from a uniform sample",
}

_MEASURED: Final = Recent[Plan](256)


def plan_of(question: Question, limits: Limits) -> CircuitPlan | tuple[AnalysisError, ...]:
    """Plan how the circuits of an output would be found within limits, or list all that forbids it."""
    problems = preflight(question)
    if problems:
        return problems
    try:
        return plan_circuits(question, limits=limits)
    except AnalysisError as error:
        return (error,)


def is_quick(question: SubjectQuestion) -> bool:
    """Whether the circuits of an output are expected to be found within a minute, so that pages ask for them by
    themselves.
    """
    milliseconds: float | None = question.kind.explaining.milliseconds(question)
    return milliseconds is not None and milliseconds <= LONGEST


def measured(session: Session, place: AnyPlace) -> Plan:
    """Estimate what an analysis of an output will take, measured for about a second where nobody asked for it lately.

    Raises:
        AnalysisError: all that speaks against the analysis.
    """
    question, limits = place.question, limits_in(session)
    if isinstance(question, Question):
        refuse(preflight(question))
    key = question.digest, question.protocol.name, limits
    return _MEASURED.of(key, lambda: question.kind.explaining.plan([question], limits, time.thread_time)[0])


def plan_blocks(session: Session, place: AnyPlace) -> Iterator[Block]:
    """Show what the analysis of an output will take, stage by stage, beside all that runs now."""
    plan, busy = measured(session, place), float(count_running(session))
    if hasattr(os, "getloadavg"):  # jobs are not all that a machine does
        busy = max(busy, os.getloadavg()[0])
    crowd = max(1.0, (busy + 1) / (os.cpu_count() or 1))
    rows = [
        (one.stage, seconds_words((one.seconds[0], crowd * one.seconds[1])), memory_words(one.peak_bytes))
        for one in [*plan.stages, StagePlan.showing(plan, stage="together")]
    ]
    yield Table.plain(("Stage", "Takes", "Peak memory"), rows)
    words = "Measured just now on this machine, on parts of the network's own analysis; longer if other work runs. "
    yield Prose(f"{words}Memory is of the process that computes.", glossary=False)


def refused(session: Session, place: AnyPlace) -> tuple[str, dict[str, Scope]]:
    """Reason why circuits of a network cannot be searched under its rules, "" if they can; and rules that allow it."""
    limits = limits_in(session)
    if not (why := _refusal(place.question, limits)):
        return "", {}
    return why, {rules: one.scope for rules, one in others(place).items() if not _refusal(one.question, limits)}


def _refusal(question: SubjectQuestion, limits: Limits) -> str:
    if not isinstance(question, Question):
        return f"Its circuits are not searched: {question.obstacle}." if question.obstacle else ""
    plan = plan_of(question, limits)
    return refusal_words(plan) if isinstance(plan, tuple) else ""


def refusal_words(problems: Sequence[AnalysisError]) -> str:
    """Sentence of why nothing can be started."""
    return "; ".join(f"{problem.item} {problem.cause}" for problem in problems) + "."


def planned_table(questions: Sequence[Question], limits: Limits, what: str, name: str) -> Table:
    """Table of what would be analysed, one line for each output and protocol.

    Args:
        questions: of one network or several alike.
        what: the networks.
        name: id of the table.
    """
    several = len({one.output for one in questions}) > 1
    rows = []
    for one in questions:
        plan = plan_of(one, limits)
        about = ", ".join([what, *([one.task.label] if several else []), one.protocol.name])
        if isinstance(plan, tuple):
            rows.append((about, "", f"not analysed: {refusal_words(plan)}"))
        else:
            rows.append((about, readable(plan.possible), METHOD_WORDS[plan.method]))
    labels = ("Network and rules", "Possible circuits", "What is done")
    return replace(Table.plain(labels, rows or [(what, "", "stored, not analysed")]), id=name)
