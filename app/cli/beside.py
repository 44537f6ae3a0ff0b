"""What `pluriscope analyse` adds to an output's analysis on request: criteria and directions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from analysis.progress import OutOfTime, Progress
from app.cli.terminal import Refusal

if TYPE_CHECKING:
    from analysis.criteria.criterion import Kind
    from analysis.criteria.steps import CriterionStep
    from analysis.directions.result import DirectionClass, DirectionSearch
    from analysis.result import CriterionTally, OutputAnalysis
    from analysis.result_file import Tallies
    from analysis.work import Work

ALL: Final = "all"


def named(work: Work, prefix: str, name: str = "") -> Work:
    """The same work, whose stages have a prefix before their name, or before another name for all of them."""

    def tell(progress: Progress, /) -> None:
        work.report(replace(progress, stage=prefix + (name or progress.stage)))

    return work.reporting_to(tell)


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

    asked = parse_steps(text for text in texts if text != ALL)
    for step in asked:
        if not step.criterion.kinds:
            about = " and ".join(BY_KEY[kind].plural for kind in step.criterion.recorded_kinds)
            cause = f"is about {about}, which this command does not search"
            raise InvalidCriterion(
                f"criterion {step.key}", cause, "leave it out; a server searches them and judges them"
            )
    every = (step for step in default_steps() if step.criterion.kinds)
    return tuple(dict.fromkeys((*every, *asked))) if ALL in texts else asked


def judge(
    analysis: OutputAnalysis, steps: Sequence[CriterionStep], work: Work
) -> tuple[OutputAnalysis, Tallies, list[str]]:
    """The analysis with the time that judging took, the tallies, and what stopped at a limit."""
    from analysis.criteria.judging import OUT_OF_TIME, Subject, judge_analysis
    from analysis.result import NOTHING_JUDGED

    wanted = [(kind, step) for step in steps for kind in step.criterion.kinds]
    found: dict[tuple[Kind, CriterionStep], CriterionTally] = dict.fromkeys(wanted, NOTHING_JUDGED)
    stopped: dict[str, None] = {}
    late: set[tuple[Kind, CriterionStep]] = set()
    output, begun = analysis.question.output, time.perf_counter()
    subject = Subject.of(analysis)
    for block in judge_analysis(subject, wanted, named(work, "criteria on ")):
        found[block.kind, block.step] = block.tally
        nothing_in_time = bool(analysis.out_of_time) and not len(subject.population(block.kind))
        if block.note == OUT_OF_TIME or nothing_in_time:
            late.add((block.kind, block.step))
        elif block.stopped:
            stopped[f"output {output}: {block.step} on {block.kind}s: {block.note}"] = None
    unfinished = list(stopped)
    if late:
        unfinished.append(
            f"output {output}: criteria truncated at {len(found) - len(late):,} of {len(found):,} (each on one kind of "
            "explanation), as the time was up; the others are undecided where they had not come to"
        )
    spent = analysis.seconds.get("criteria", 0.0) + time.perf_counter() - begun
    judged = replace(analysis, seconds={**analysis.seconds, "criteria": spent})
    return judged, {(kind, str(step)): tally for (kind, step), tally in found.items()}, unfinished


def count_jointly(analysis: OutputAnalysis, steps: Sequence[CriterionStep], work: Work) -> dict[str, int | None]:
    """The alignments that are minimal among the jointly right ones, where the protocol keeps too few for the verdicts
    to tell; nothing where that criterion is not asked.
    """
    from analysis.alignments.joint import count_minimal_joint
    from analysis.result_file import MINIMAL_JOINT

    kept = analysis.question.protocol.alignments_kept
    if kept != "minimal" or MINIMAL_JOINT not in {str(step) for step in steps}:
        return {}
    own = named(work, "criteria on ").for_seconds(work.limits.criterion_seconds)
    try:
        counted = count_minimal_joint(analysis.question, analysis.algorithms, own)
    except OutOfTime:
        return {"alignments_minimal_joint": None}
    return {"alignments_minimal_joint": None if counted.why_more else counted.found}


def read_direction_classes(texts: Sequence[str]) -> tuple[DirectionClass, ...]:
    """The classes that an option names; "all" stands for those in closed form.

    Raises:
        Refusal: an unknown class.
    """
    if not texts:
        return ()
    from analysis.directions.result import CLASSES, CLOSED_FORM

    meant: dict[str, tuple[DirectionClass, ...]] = {ALL: CLOSED_FORM, **{key: (key,) for key in CLASSES}}
    unknown = next((text for text in texts if text not in meant), None)
    if unknown is not None:
        raise Refusal(f"directions {unknown[:40]!r}: unknown class. Use one of {', '.join(CLASSES)}, or all.")
    return tuple(dict.fromkeys(key for text in texts for key in meant[text]))


def search_directions(
    analysis: OutputAnalysis, classes: Sequence[DirectionClass], work: Work
) -> tuple[dict[str, Any], list[str]]:
    """What the result file says of directions for every algorithm that was found, and what stopped at a limit."""
    from analysis.algorithms.candidates import Candidates
    from analysis.directions import search
    from analysis.directions.report import directions_json, directions_report, unfinished_directions
    from analysis.directions.result import DirectionSearch
    from analysis.directions.table import DirectionTable

    n_candidates = analysis.algorithms.n_candidates
    listed = Candidates(tuple(result.algorithm for result in analysis.algorithms.algorithms), n_candidates)
    table = DirectionTable(analysis.question)
    found: list[DirectionSearch] = []
    for direction_class in classes:
        if work.is_over or "algorithms" in analysis.out_of_time:
            late = DirectionSearch(direction_class, (), n_candidates, all_listed=False, refused="the time was up")
            found.append(late)
            continue
        began = time.perf_counter()
        own = named(work, "", f"directions, {direction_class}")
        one = search.search_directions(analysis.question, listed, direction_class, own, table=table)
        found.append(replace(one, seconds=time.perf_counter() - began))
    report = directions_report(found, table)
    return directions_json(report, report.kept), unfinished_directions(report, analysis.question.output)
