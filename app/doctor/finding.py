"""What the doctor says: one finding for each thing that was looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["ok", "note", "warning", "problem"]


class Finding(BaseModel):
    """One thing that was looked at."""

    model_config = ConfigDict(frozen=True)

    check: str = Field(description="What was looked at: area and name, stable.")
    level: Level = Field(
        description="ok; note: worth knowing; warning: will hurt some day; problem: something does not work."
    )
    found: str = Field(description="What was found, in a sentence.")
    cure: str = Field("", description="What to do; empty where nothing is to be done.")


class Diagnosis(BaseModel):
    """Everything that was looked at, in order."""

    version: str = Field(description="Of the program.")
    healthy: bool = Field(description="Whether no finding is a problem.")
    findings: list[Finding]


def ok(check: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(check=check, level="ok", found=found)


def note(check: str, found: str, cure: str = "") -> Finding:
    """Worth knowing."""
    return Finding(check=check, level="note", found=found, cure=cure)


def warning(check: str, found: str, cure: str) -> Finding:
    """Will hurt some day."""
    return Finding(check=check, level="warning", found=found, cure=cure)


def problem(check: str, found: str, cure: str) -> Finding:
    """Something does not work."""
    return Finding(check=check, level="problem", found=found, cure=cure)


def guarded(check: str, looking: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of one look; where looking itself fails, that is a finding, and the next look follows."""
    try:
        yield from looking()
    except Exception as error:  # whatever is wrong with a sick installation must not end its examination
        cause = str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__]
        yield problem(check, f"could not be looked at ({type(error).__name__}: {cause[0][:200]})", "mend what is above")
