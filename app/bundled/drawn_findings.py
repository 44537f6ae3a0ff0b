"""What studies of trained networks beside drawn ones found, as pages show it: ``findings/trained-or-drawn.json``.

``python -m benchmarks.findings`` makes it anew from the studies' result files.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from pydantic import BaseModel, ConfigDict

from analysis.studies.null_model import DrawnNetworks

FINDINGS_NAME: Final = "trained-or-drawn.json"


class DrawnFindings(BaseModel):
    """All groups of networks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: tuple[DrawnNetworks, ...]


@cache
def drawn_findings() -> DrawnFindings:
    """The figures as they were made last."""
    file = resources.files("app.bundled") / "findings" / FINDINGS_NAME
    return DrawnFindings.model_validate_json(file.read_bytes())
