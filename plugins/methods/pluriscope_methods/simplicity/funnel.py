"""The ready-made funnel of the shortest descriptions."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.criteria.funnel import FunnelPreset
from pluriscope_methods.simplicity.criteria import SHORTEST_ENUMERATIVE, SHORTEST_LIST

PRESET: Final = FunnelPreset(
    "simplicity",
    "Simplicity",
    "What has the shortest description depends on the code, so two codes are asked one after the other.",
    (SHORTEST_LIST.key, SHORTEST_ENUMERATIVE.key),
)
