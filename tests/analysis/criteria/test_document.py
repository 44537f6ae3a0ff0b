"""docs/criteria.md is what the registry says."""

from __future__ import annotations

from pathlib import Path

from benchmarks.criteria_document import criteria_document

DOCUMENT = Path(__file__).parents[3] / "docs" / "criteria.md"


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text() == criteria_document()  # python -m benchmarks.criteria_document writes it
