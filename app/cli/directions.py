"""The directions of `pluriscope analyse`: chosen classes are searched for every algorithm that the analysis found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.cli.terminal import Refusal, progress_bar

if TYPE_CHECKING:
    from analysis.directions.findings import DirectionFindings
    from analysis.directions.result import DirectionClass
    from analysis.result import OutputAnalysis

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
    analyses: Sequence[OutputAnalysis], classes: Sequence[DirectionClass], quiet: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """What each output's result file says of directions, and what stopped at a limit.

    Raises:
        Cancelled: stopped by the user.
    """
    if not classes:
        return [], []
    from analysis.directions.result_json import directions_json, unfinished_directions

    told: list[dict[str, Any]] = []
    unfinished: list[str] = []
    for analysis in analyses:
        findings = _findings(analysis, classes, quiet)
        told.append(directions_json(findings))
        unfinished += unfinished_directions(findings, analysis.output)
    return told, unfinished


def _findings(analysis: OutputAnalysis, classes: Sequence[DirectionClass], quiet: bool) -> list[DirectionFindings]:
    from analysis.algorithms.catalogue import Candidates
    from analysis.directions.findings import find_directions
    from analysis.directions.table import DirectionTable

    network = analysis.network.for_output(analysis.output)
    listed = Candidates(
        tuple(result.algorithm for result in analysis.algorithms.algorithms), analysis.algorithms.n_candidates
    )
    table = DirectionTable(network, analysis.protocol, analysis.data)
    found: list[DirectionFindings] = []
    for direction_class in classes:
        began = time.perf_counter()
        with progress_bar(quiet) as report:
            if direction_class == "learned":
                from analysis.directions.learned_findings import find_learned

                one = find_learned(network, listed, analysis.protocol, analysis.data, report=report)
            else:
                one = find_directions(
                    network, listed, analysis.protocol, analysis.data, direction_class, table=table, report=report
                )
        found.append(replace(one, seconds=time.perf_counter() - began))
    return found
