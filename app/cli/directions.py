"""The directions of `pluriscope analyse`: chosen classes are searched for every algorithm that the analysis found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.cli.terminal import Refusal

if TYPE_CHECKING:
    from analysis.directions.result import DirectionClass, DirectionSearch
    from analysis.result import OutputAnalysis
    from analysis.work import Work
    from app.cli.chain_bar import ChainBar

ALL = "all"


def read_direction_classes(texts: Sequence[str]) -> tuple[DirectionClass, ...]:
    """The classes that an option names; "all" stands for those in closed form.

    Raises:
        Refusal: an unknown class.
    """
    if not texts:
        return ()
    from analysis.directions.findings import CLOSED_FORM
    from analysis.directions.result import CLASSES

    meant: dict[str, tuple[DirectionClass, ...]] = {ALL: CLOSED_FORM, **{key: (key,) for key in CLASSES}}
    unknown = next((text for text in texts if text not in meant), None)
    if unknown is not None:
        raise Refusal(f"directions {unknown[:40]!r}: unknown class. Use one of {', '.join(CLASSES)}, or all.")
    return tuple(dict.fromkeys(key for text in texts for key in meant[text]))


def search_directions_of(
    analyses: Sequence[OutputAnalysis], classes: Sequence[DirectionClass], bar: ChainBar, work: Work
) -> tuple[list[dict[str, Any]], list[str]]:
    """What each output's result file says of directions, and what stopped at a limit.

    Raises:
        Cancelled: stopped by the user.
    """
    if not classes:
        return [], []
    from analysis.directions.result_json import directions_json, unfinished_directions
    from app.cli.expecting import stage_prefix

    told: list[dict[str, Any]] = []
    unfinished: list[str] = []
    for analysis in analyses:
        prefix = stage_prefix(analysis.question.output, [one.question.output for one in analyses])
        findings = _findings(analysis, classes, bar, prefix, work)
        told.append(directions_json(findings))
        unfinished += unfinished_directions(findings, analysis.question.output)
    return told, unfinished


def _findings(
    analysis: OutputAnalysis, classes: Sequence[DirectionClass], bar: ChainBar, prefix: str, work: Work
) -> list[DirectionSearch]:
    from analysis.algorithms.candidates import Candidates
    from analysis.directions.findings import find_directions
    from analysis.directions.result import DirectionSearch
    from analysis.directions.table import DirectionTable

    listed = Candidates(
        tuple(result.algorithm for result in analysis.algorithms.algorithms), analysis.algorithms.n_candidates
    )
    table = DirectionTable(analysis.question)
    found: list[DirectionSearch] = []
    for direction_class in classes:
        if work.is_over or "algorithms" in analysis.out_of_time:
            n_candidates = analysis.algorithms.n_candidates
            late = DirectionSearch(direction_class, (), n_candidates, True, all_listed=False, refused="the time was up")
            found.append(late)
            continue
        began = time.perf_counter()
        own = work.reporting_to(bar.report(prefix, named=f"directions, {direction_class}"))
        one = find_directions(analysis.question, listed, direction_class, own, table=table)
        found.append(replace(one, seconds=time.perf_counter() - began))
    return found
