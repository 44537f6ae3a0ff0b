"""Every kind of explanation that has a record: one line each."""

from __future__ import annotations

from typing import Any, Final

from analysis.explanations.explanation import Kind

RECORDED: Final[tuple[Kind[Any], ...]] = ()

BY_KEY: Final = {kind.key: kind for kind in RECORDED}
