"""Analyses that come from here."""

from __future__ import annotations

from typing import Final

from pluriscope.analyses.analysis import Analysis, about

ROBUST: Final = Analysis(
    "robust",
    "How many hold up",
    "Robust circuits",
    "Which circuits decide right whatever the edges that they leave out carry, and which is the smallest?",
    "Some seconds; beyond 2,000 valid circuits the smallest are judged.",
    "pluriscope_criteria.boxes.report:find",
    (("boxes", "Boxes", "each circuit proved, or refuted at a point, over all that absent sources may carry"),),
    about(20),
    version=2,
    needs=("boxes",),
    boolean=False,
    page="funnel",
    shows="pluriscope_criteria.boxes.page",
)
MANIPULABILITY: Final = Analysis(
    "manipulability",
    "How many hold up",
    "Edits and doses",
    "Of edits of a weight and doses along directions, how many does each explanation predict?",
    "Some seconds; of more than 10,000 observed classes those of the circuits with the fewest are asked.",
    "pluriscope_criteria.manipulability.report:find",
    (("manipulability", "Edits and doses", "every explanation asked about every edit and dose on every input"),),
    about(10),
    version=2,
    needs=("formulas",),
    reads=frozenset({"formulas", "classes"}),
    page="funnel",
)
EVERY: Final = (ROBUST, MANIPULABILITY)
