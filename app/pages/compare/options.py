"""What may be said in a comparison's address."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from app.pages.shared import ScopeOptions

FIRST_SHOWN: Final = 10
MOST_SHOWN: Final = 1000

NetworkName = Annotated[str, StringConstraints(max_length=100)]
RefText = Annotated[str, StringConstraints(max_length=1200)]


class CompareOptions(ScopeOptions):
    """Options of a comparison."""

    network: list[NetworkName] = Field(
        [], max_length=12, description="The network that all explanations are of, by slug or digest prefix."
    )
    e: list[RefText] = Field(
        [],
        max_length=64,
        description="An explanation: c-MASK, i-MASK.INDEX, g-ALGORITHM, a-ALGORITHM.ALIGNMENT (or its placement in "
        "place of the id, a-ALGORITHM.0:1.0+2_1:2.1), with @PROTOCOL behind it where that differs. Two to six.",
    )
    experiments: Literal["first", "all"] = Field(
        "first", description=f"Crucial experiments listed: the first {FIRST_SHOWN}, or all (up to {MOST_SHOWN:,})."
    )
