"""Counting alignments without listing them changes no figure of a study."""

from __future__ import annotations

import pytest

from pluriscope_studies.analysis import running
from pluriscope_studies.analysis.reading import design_from_mapping
from pluriscope_studies.analysis.running import run_chunk

MEASURES = [
    "circuits-valid",
    "algorithms-aligned",
    "alignments-valid",
    "alignments-minimal",
    "alignments-placed",
    "alignments-empty",
    "irredundant-formulas",
]


@pytest.mark.slow
@pytest.mark.parametrize("measures", [MEASURES, MEASURES[1:]])
def test_counted_as_listed(measures, monkeypatch):
    design = design_from_mapping(
        {
            "slug": "counted",
            "name": "counted",
            "question": "Is anything lost?",
            "tasks": [["XOR", "AND"]],
            "protocols": ["paper", "complete"],
            "measures": measures,
            "seeds": {"first": 0, "count": 3},
        }
    )
    counted = run_chunk(design, 0, range(3))
    monkeypatch.setattr(running, "_COUNTED", {"n_near_misses": 0})
    assert run_chunk(design, 0, range(3)) == counted
    assert any(row.get("protocol") for row in counted)
