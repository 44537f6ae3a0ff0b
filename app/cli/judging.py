"""The criteria of `pluriscope analyse`: chosen ones judge everything that the analysis found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.cli.terminal import progress_bar

if TYPE_CHECKING:
    from analysis.criteria.criterion import Kind
    from analysis.criteria.steps import CriterionStep
    from analysis.result import CriterionTally, OutputAnalysis
    from analysis.result_file import Tallies

ALL = "all"


def read_criteria(texts: Sequence[str]) -> tuple[CriterionStep, ...]:
    """The criteria that an option names; "all" stands for every one with its default settings.

    Raises:
        InvalidCriterion: an unknown criterion or parameter, or a value out of range.
    """
    if not texts:
        return ()
    from analysis.criteria.steps import default_steps, parse_steps

    named = parse_steps(text for text in texts if text != ALL)
    return tuple(dict.fromkeys((*default_steps(), *named))) if ALL in texts else named


def judge(
    analyses: Sequence[OutputAnalysis], steps: Sequence[CriterionStep], quiet: bool
) -> tuple[list[OutputAnalysis], list[Tallies], list[str]]:
    """The analyses with the time that judging took, the tallies of each, and what stopped at a limit.

    Raises:
        Cancelled: stopped by the user.
    """
    if not steps:
        return list(analyses), [], []
    from analysis.criteria.judged import Subject
    from analysis.criteria.judging import judge_analysis
    from analysis.result import NOTHING_JUDGED

    judged: list[OutputAnalysis] = []
    verdicts: list[Tallies] = []
    unfinished: list[str] = []
    wanted = [(kind, step) for step in steps for kind in step.kinds]
    for analysis in analyses:
        found: dict[tuple[Kind, CriterionStep], CriterionTally] = dict.fromkeys(wanted, NOTHING_JUDGED)
        stopped: dict[str, None] = {}
        begun = time.perf_counter()
        with progress_bar(quiet) as report:
            for block in judge_analysis(Subject.of(analysis), wanted, report=report, clock=time.perf_counter):
                found[block.kind, block.step] = found[block.kind, block.step] + block.tally
                if block.stopped:
                    stopped[f"output {analysis.output}: {block.step} on {block.kind}s: {block.note}"] = None
        spent = analysis.seconds.get("criteria", 0.0) + time.perf_counter() - begun
        judged.append(replace(analysis, seconds={**analysis.seconds, "criteria": spent}))
        verdicts.append({(kind, str(step)): tally for (kind, step), tally in found.items()})
        unfinished += stopped
    return judged, verdicts, unfinished
