"""Counting alignments without listing them changes no figure of a study."""

from __future__ import annotations

import pytest

from analysis.studies.cells import cells_of
from analysis.studies.chunks import needs_of
from analysis.studies.reading import design_from_mapping
from analysis.studies.running import outcome_of, run_cell
from analysis.studies.sources import source_named
from analysis.work import DEFAULT_WORK

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
def test_counted_as_listed(measures):
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
    (cell,) = cells_of(design)
    assert needs_of(design) == ("circuits-valid" in measures, True, False)
    counted = [outcome.values for outcome in run_cell(cell, range(3))]
    made = source_named("boolean").load()(cell, range(3), DEFAULT_WORK)
    listed = needs_of(design)._replace(lists=True)
    assert counted == [outcome_of(cell, produced, listed).values for produced in made]
    assert any(counted)
