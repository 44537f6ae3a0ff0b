"""Every kind of explanation that has a record: one line each."""

from __future__ import annotations

from typing import Any, Final

from analysis.explanations.explanation import Kind
from analysis.explanations.probes import PROBE

RECORDED: Final[tuple[Kind[Any], ...]] = (PROBE,)

BY_KEY: Final = {kind.key: kind for kind in RECORDED}
