"""The ready-made funnel of robustness."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.criteria.funnel import FunnelPreset

PRESET: Final = FunnelPreset(
    "robustness",
    "Robustness",
    "Whether it still holds near the clean inputs and for whatever its absent neurons carry.",
    ("margin", "input-noise", "input-robust", "patching-robust"),
)
