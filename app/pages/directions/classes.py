"""What the classes of directions are called on pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from analysis.directions.result import DirectionClass

CLASS_LABELS: Final[Mapping[DirectionClass, str]] = {
    "integer": "Small integers that read it",
    "integer-any": "Small integers, any",
    "orthogonal": "Read-out, orthogonal swap",
    "oblique": "Read-out, oblique swap",
    "learned": "Learned subspaces",
}
