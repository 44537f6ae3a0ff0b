"""Every kind of explanation: one line each."""

from __future__ import annotations

from typing import Any, Final

from pluriscope.analysis.explanations.algorithms import ALGORITHM, ALIGNMENT, DIRECTION
from pluriscope.analysis.explanations.circuits import CIRCUIT, INTERPRETATION
from pluriscope.analysis.explanations.explanation import Kind, RecordedKind
from pluriscope.analysis.explanations.probes import PROBE
from pluriscope.analysis.plugins import joined

_OWN: Final[tuple[Kind[Any], ...]] = (CIRCUIT, INTERPRETATION, ALGORITHM, ALIGNMENT, DIRECTION, PROBE)
EVERY_KIND: Final = joined("explanations", _OWN, lambda one: one.key)
KIND_OF: Final = {kind.key: kind for kind in EVERY_KIND}

RECORDED: Final[tuple[RecordedKind[Any], ...]] = tuple(kind for kind in EVERY_KIND if isinstance(kind, RecordedKind))
BY_KEY: Final = {kind.key: kind for kind in RECORDED}
