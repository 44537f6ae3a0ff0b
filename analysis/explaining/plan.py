"""The plan of an analysis of any kind of network, as commands and addresses answer it."""

from __future__ import annotations

from pydantic import Field

from pluriscope.analysis.values.by_name import ByName
from pluriscope.analysis.values.exact import BigInt


class StagePlan(ByName):
    """Cost of one stage of an analysis."""

    stage: str
    seconds: list[float] = Field(description="Of one processor, from and to.")
    peak_bytes: list[int] = Field(description="Memory of the process meanwhile, from and to; empty if not known.")


class Way(ByName):
    """Cost of one way to find the circuits."""

    method: str
    seconds: float = Field(description="Predicted, of one processor; 0 for a sample that has the time it is given.")
    obstacle: str = Field(description='Why it cannot be taken; "" if it can.')


class Plan(ByName):
    """Cost of an analysis, measured on a part of it."""

    output: int
    protocol: str = Field(description="Name of the rules.")
    method: str = Field(description='How the circuits will be found; "none" where they are not searched.')
    possible: BigInt = Field(description="Circuits of the space.")
    reason: str = Field(description="Why they are found so, or not searched.")
    ways: list[Way] = Field(description="Every way to find them, the best first.")
    seconds: list[float] = Field(description="All stages together.")
    peak_bytes: list[int] = Field(description="The most of all stages.")
    stages: list[StagePlan]
