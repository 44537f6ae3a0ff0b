"""What the studies of lenses found: ``findings/who-can-tell.json``, a file of figures that nothing makes any more."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FINDINGS_NAME: Final = "who-can-tell.json"
AT_ELEVEN: Final = "sum at 11"
Story = Literal["first only", "second only", "both", "neither"]
STORIES: Final[tuple[Story, ...]] = ("first only", "second only", "both", "neither")


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Told(_Figures):
    """How well a lens's numbers tell one algorithm from the other.

    Args:
        lens: its key.
        numbers: all of them, or one sum of two.
        kind: whether products of two numbers take part.
    """

    lens: str
    numbers: str = "all"
    kind: Literal["linear", "quadratic"]
    first: tuple[int, int] = Field(description="Networks that carry the first alone: told right, and all.")
    second: tuple[int, int] = Field(description="Those that carry the second alone.")
    low: float = Field(description="Wilson's interval of the share told right, 95%.")
    high: float

    @property
    def right(self) -> int:
        return self.first[0] + self.second[0]

    @property
    def of(self) -> int:
        return self.first[1] + self.second[1]

    @property
    def base(self) -> float:
        """The share of the more frequent story, which is told right without looking."""
        return max(self.first[1], self.second[1]) / self.of


class Shown(_Figures):
    """Which stories a lens tells that finds variables, by the story that is carried.

    Args:
        measure: of the study.
        counts: by the story carried, then by the story told, how many networks.
    """

    lens: str
    measure: str
    counts: dict[Story, dict[Story, int]]


class Networks(_Figures):
    """What was found on networks of one shape that learned one task.

    Args:
        study: slug of the study that they are from.
        task: its truth table, in the order of inputs.
        algorithms: the two that are told apart, by name or formula.
        hidden: widths.
        carried: networks by the story that they carry.
        failed: networks that did not converge.
    """

    study: str
    task: str
    algorithms: tuple[str, str]
    hidden: tuple[int, ...]
    activation: str
    carried: dict[Story, int]
    failed: int
    told: tuple[Told, ...] = ()
    shown: tuple[Shown, ...] = ()


class LensFindings(_Figures):
    """All groups of networks."""

    groups: tuple[Networks, ...]


@cache
def lens_findings() -> LensFindings:
    """The figures as they were made last."""
    file = resources.files("app.bundled") / "findings" / FINDINGS_NAME
    return LensFindings.model_validate_json(file.read_bytes())
