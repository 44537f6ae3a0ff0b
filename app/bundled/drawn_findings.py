"""What studies of trained networks beside drawn ones found, as pages show it: ``findings/trained-or-drawn.json``.

``python -m benchmarks.findings`` makes it anew from the studies' result files.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FINDINGS_NAME: Final = "trained-or-drawn.json"
What = Literal["any", "one", "both", "yes"]
WHAT_WORDS: Final[dict[What, str]] = {"any": "any", "one": "exactly one", "both": "both", "yes": "yes"}


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArmShare(_Figures):
    """A share of the networks of one arm.

    Args:
        hits: networks of which it is true.
        of: networks with an answer.
    """

    hits: int
    of: int
    low: float | None = Field(description="Wilson's interval, 95%; null of no networks.")
    high: float | None


class MeasureShares(_Figures):
    """What one measure says of each arm.

    Args:
        measure: its key.
        what: which networks are counted: those with any, with exactly one, with both of two, or those that say yes.
        shares: one for each arm.
    """

    measure: str
    what: What
    shares: tuple[ArmShare, ...]


class DrawnNetworks(_Figures):
    """Networks of one shape that compute one task, an arm for each way in which they were found.

    Args:
        study: slug of the study that they are from.
        task: its truth table, in the order of inputs.
        hidden: widths.
        arms: "trained", then the priors that networks were drawn from.
        networks: those of each arm that converged or were accepted.
        of: seeds of each arm.
    """

    study: str
    task: str
    hidden: tuple[int, ...]
    activation: str
    output_activation: str
    arms: tuple[str, ...]
    networks: tuple[int, ...]
    of: int
    measures: tuple[MeasureShares, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes."""
        return ((len(self.task) - 1).bit_length(), *self.hidden, 1)


class DrawnFindings(_Figures):
    """All groups of networks."""

    groups: tuple[DrawnNetworks, ...]


@cache
def drawn_findings() -> DrawnFindings:
    """The figures as they were made last."""
    file = resources.files("app.bundled") / "findings" / FINDINGS_NAME
    return DrawnFindings.model_validate_json(file.read_bytes())
