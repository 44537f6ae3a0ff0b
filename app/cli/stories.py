"""The fields that `pluriscope analyse --stories` adds: what is said of the valid circuits of each output together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

OUT_OF_TIME = "The time was up before every circuit was asked."

if TYPE_CHECKING:
    from analysis.result import OutputAnalysis
    from analysis.work import Work
    from app.cli.chain_bar import ChainBar


def look_beside(
    analyses: Sequence[OutputAnalysis], bar: ChainBar, work: Work, *, masks: bool = True
) -> tuple[list[dict[str, Any]], list[str]]:
    """For each analysis the fields that its output has beside the others, and what stopped at a limit.

    Args:
        analyses: one for each output.
        bar: shows progress.
        work: of the whole.
        masks: whether to name each circuit with its story.

    Raises:
        Cancelled: stopped by the user.
    """
    from analysis.circuit_sets.most_different import most_different
    from analysis.circuit_sets.result_json import circuit_set_json
    from analysis.progress import OutOfTime
    from analysis.stories.result_json import stories_json
    from analysis.stories.search import Unasked, find_stories
    from app.cli.expecting import stage_prefix

    outputs = [one.question.output for one in analyses]
    found: list[dict[str, Any]] = []
    unfinished: list[str] = []
    for analysis in analyses:
        output = analysis.question.output
        own = work.reporting_to(bar.report(stage_prefix(output, outputs)))
        pair = most_different(analysis.circuits.masks, analysis.circuits.layout, own)
        fields: dict[str, Any] = {"circuits": circuit_set_json(analysis.circuits, analysis.question.protocol, pair)}
        try:
            stories = find_stories(analysis.question, analysis.circuits.masks, own)
        except OutOfTime:
            stories = Unasked(True, OUT_OF_TIME)
        fields["stories"] = stories_json(stories, analysis.circuits, masks=masks)
        found.append(fields)
        if isinstance(stories, Unasked) and stories.arises:
            unfinished.append(f"output {output}: stories of circuits: {stories.reason}")
        if pair is not None and not pair.exact:
            unfinished.append(
                f"output {output}: not all pairs of the {pair.of:,} listed circuits were compared, so the largest "
                "distance is a lower bound"
            )
    return found, unfinished
