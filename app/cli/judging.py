"""The criteria of `pluriscope analyse`: chosen ones judge everything that the analysis found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.criteria.criterion import Kind
    from analysis.criteria.steps import CriterionStep
    from analysis.result import CriterionTally, OutputAnalysis
    from analysis.result_file import Tallies
    from analysis.work import Work
    from app.cli.chain_bar import ChainBar

ALL = "all"


def read_criteria(texts: Sequence[str]) -> tuple[CriterionStep, ...]:
    """The criteria that an option names; "all" stands for every one with its default settings.

    Raises:
        InvalidCriterion: an unknown criterion or parameter, a value out of range, or a criterion about explanations
            that the command does not search.
    """
    if not texts:
        return ()
    from analysis.criteria.steps import default_steps, parse_steps
    from analysis.errors import InvalidCriterion
    from analysis.explanations.registry import BY_KEY

    named = parse_steps(text for text in texts if text != ALL)
    for step in named:
        if not step.kinds:
            about = " and ".join(BY_KEY[kind].plural for kind in step.recorded_kinds)
            cause = f"is about {about}, which this command does not search"
            raise InvalidCriterion(
                f"criterion {step.key}", cause, "leave it out; a server searches them and judges them"
            )
    every = (step for step in default_steps() if step.kinds)
    return tuple(dict.fromkeys((*every, *named))) if ALL in texts else named


def count_jointly(
    analyses: Sequence[OutputAnalysis], steps: Sequence[CriterionStep], bar: ChainBar, work: Work
) -> list[dict[str, int | None]]:
    """For each analysis the alignments that are minimal among the jointly right ones, where the protocol keeps too few
    for the verdicts to tell; none where that criterion is not asked.
    """
    from analysis.alignments.minimal_joint import count_minimal_joint
    from analysis.progress import OutOfTime
    from analysis.result_file import MINIMAL_JOINT
    from app.cli.expecting import stage_prefix

    found: list[dict[str, int | None]] = []
    for analysis in analyses:
        told: dict[str, int | None] = {}
        if analysis.question.protocol.alignments_kept == "minimal" and MINIMAL_JOINT in {str(step) for step in steps}:
            prefix = stage_prefix(analysis.question.output, [one.question.output for one in analyses])
            own = work.reporting_to(bar.report(f"{prefix}criteria on ")).for_seconds(work.limits.criterion_seconds)
            try:
                counted = count_minimal_joint(analysis.question, analysis.algorithms, own)
                told["alignments_minimal_joint"] = None if counted.why_more else counted.found
            except OutOfTime:
                told["alignments_minimal_joint"] = None
        found.append(told)
    return found


def judge(
    analyses: Sequence[OutputAnalysis], steps: Sequence[CriterionStep], bar: ChainBar, work: Work
) -> tuple[list[OutputAnalysis], list[Tallies], list[str]]:
    """The analyses with the time that judging took, the tallies of each, and what stopped at a limit.

    Raises:
        Cancelled: stopped by the user.
    """
    if not steps:
        return list(analyses), [], []
    from analysis.criteria.budget import OUT_OF_TIME
    from analysis.criteria.judged import Subject
    from analysis.criteria.judging import judge_analysis
    from analysis.result import NOTHING_JUDGED
    from app.cli.expecting import stage_prefix

    judged: list[OutputAnalysis] = []
    verdicts: list[Tallies] = []
    unfinished: list[str] = []
    wanted = [(kind, step) for step in steps for kind in step.kinds]
    for analysis in analyses:
        found: dict[tuple[Kind, CriterionStep], CriterionTally] = dict.fromkeys(wanted, NOTHING_JUDGED)
        stopped: dict[str, None] = {}
        late: set[tuple[Kind, CriterionStep]] = set()
        begun = time.perf_counter()
        prefix = stage_prefix(analysis.question.output, [one.question.output for one in analyses])
        subject = Subject.of(analysis)
        for block in judge_analysis(subject, wanted, work.reporting_to(bar.report(f"{prefix}criteria on "))):
            found[block.kind, block.step] = found[block.kind, block.step] + block.tally
            nothing_in_time = bool(analysis.out_of_time) and not subject.count(block.kind)
            if block.note == OUT_OF_TIME or nothing_in_time:
                late.add((block.kind, block.step))
            elif block.stopped:
                stopped[f"output {analysis.question.output}: {block.step} on {block.kind}s: {block.note}"] = None
        spent = analysis.seconds.get("criteria", 0.0) + time.perf_counter() - begun
        judged.append(replace(analysis, seconds={**analysis.seconds, "criteria": spent}))
        verdicts.append({(kind, str(step)): tally for (kind, step), tally in found.items()})
        unfinished += stopped
        if late:
            n_done = len(found) - len(late)
            unfinished.append(
                f"output {analysis.question.output}: criteria truncated at {n_done:,} of {len(found):,} (each on one "
                "kind of explanation), as the time was up; the others are undecided where they had not come to"
            )
    return judged, verdicts, unfinished
