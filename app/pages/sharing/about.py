"""The text beside a table that is taken away: what it is about, and what its numbers do not say."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.app.pages.counted import counts_of, interval_words, stops_of
from pluriscope.app.pages.place import AnyPlace
from pluriscope.app.pages.scope import in_short

IN_SHORT: Final = (
    *in_short(),
    "What was not searched, and every setting: /scope of the site that this was taken from.",
)
"""What stands beside every table; the words are those of docs/scope.md."""
FIRST_CELL: Final = (
    "In CSV, text that a spreadsheet would take for a formula stands behind an apostrophe. Numbers have all their "
    "digits; in JSON integers beyond 2^53 are decimal text.",
)


def about_place(place: AnyPlace, what: str) -> tuple[str, ...]:
    """The text beside a table of one analysis: scope, settings, what a verdict means, how sure the numbers are."""
    task, document = place.question.task_document, place.question.protocol.document
    settings = ", ".join(f"{key}={value}" for key, value in document.items() if key not in ("name", "digest"))
    table = f": {''.join(map(str, task['truth_table']))}" if "truth_table" in task else ""
    lines = [
        f"Pluriscope {ENGINE_VERSION}: {what}.",
        f"Network: {place.row.name} ({place.row.slug}), SHA-256 {place.row.digest}.",
        f"Output {place.scope.output}, which should compute {task['name'] or 'an unnamed task'}{table}.",
        f"Protocol: {place.rules}, SHA-256 {place.protocol_digest}.",
        f"Settings: {settings}.",
        f"Data: {place.rows}, SHA-256 {place.data_digest}.",
    ]
    analysis = place.analysis
    if analysis is None:
        lines.append("Analysis: none is stored; what needs one is empty here, which does not mean that none exist.")
    else:
        lines.append(
            f"Analysis: engine {analysis.engine_version}, {analysis.created_at.isoformat(timespec='seconds')}, result "
            f"SHA-256 {analysis.result_digest}."
        )
        sure = {
            "listed": "every possible circuit was tested",
            "counted": "every possible circuit was judged without being listed; the count is exact",
            "hashed": f"by hashing; {interval_words(analysis)}",
            "sampled": f"from a uniform sample; {interval_words(analysis)}",
            "refused": "there are too many to be searched",
        }[analysis.circuits_method]
        lines.append(f"Circuits: {counts_of(analysis).valid_circuits} of {analysis.circuits_possible}: {sure}.")
        stops = stops_of(analysis)
        lines.append(f"Searches that stopped at a limit: {stops or 'none'}.")
    return (*lines, *IN_SHORT, *FIRST_CELL)
