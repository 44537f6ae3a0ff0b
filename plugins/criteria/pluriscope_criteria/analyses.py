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
    needs=("boxes",),
    boolean=False,
    shows="pluriscope_criteria.boxes.page",
)
EVERY: Final = (ROBUST,)
