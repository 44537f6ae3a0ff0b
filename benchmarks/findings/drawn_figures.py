"""What studies of trained networks beside drawn ones say, as shares that pages show beside one network's figures."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from analysis.studies.null_model import groups_of
from app.bundled.drawn_findings import FINDINGS_NAME, DrawnFindings
from benchmarks.findings.results import FOLDER, summary_of

STUDIES: Final = (
    *("learned-or-drawn", "drawn-survivors", "functions-of-two", "functions-of-three"),
    *("drawn-depth", "drawn-activation"),
)
FILE: Final = FOLDER.parent / "findings" / FINDINGS_NAME


def write_drawn_figures(path: Path = FILE) -> None:
    """Make the file of shares anew."""
    path.write_text(figures_text())


def figures_text() -> str:
    """The file's text, a line for each group of networks."""
    groups = (group.model_dump_json() for slug in STUDIES for group in groups_of(summary_of(slug), "complete"))
    text = '{"groups": [\n' + ",\n".join(groups) + "\n]}\n"
    DrawnFindings.model_validate_json(text)
    return text
