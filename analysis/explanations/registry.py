"""Every kind of explanation: one line each."""

from __future__ import annotations

from typing import Any, Final

from pluriscope.analysis.explanations.algorithms import ALGORITHM, ALIGNMENT, DIRECTION
from pluriscope.analysis.explanations.circuits import CIRCUIT, INTERPRETATION
from pluriscope.analysis.explanations.explanation import Kind

EVERY_KIND: Final[tuple[Kind[Any], ...]] = (CIRCUIT, INTERPRETATION, ALGORITHM, ALIGNMENT, DIRECTION)
KIND_OF: Final = {kind.key: kind for kind in EVERY_KIND}
