"""Progress of work, reported to the caller, who can so stop the work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal
from typing import Protocol as Interface

from pluriscope.analysis.numerics.large_numbers import estimate, in_words, interval, within


@dataclass(frozen=True)
class KnownCircuits:
    """The bounds of the number of valid circuits before their search has ended.

    Args:
        possible: circuits that the rules look at.
        value: how many are valid: exactly, at least, or about.
        least: so many are, at least.
        most: so many are, at most.
        confidence: with which both hold; None where they are certain.
        method: how it is known: "tested", where some circuits were tried one by one, or how a search found it.
        masks: some valid ones: the whole network, if it is one, and the smallest known.
    """

    possible: int
    value: int
    least: int
    most: int
    confidence: float | None = None
    method: Literal["tested", "listed", "counted", "hashed", "sampled", "none"] = "tested"
    masks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        least, most = within(self.least, self.most, len(self.masks), self.possible)
        object.__setattr__(self, "least", least)
        object.__setattr__(self, "most", most)
        object.__setattr__(self, "value", min(max(self.value, least), most))

    @property
    def is_exact(self) -> bool:
        return self.least == self.most and self.confidence is None

    @property
    def words(self) -> str:
        """The bounds in a clause."""
        many = f"{in_words(self.value)} valid circuit{'' if self.value == 1 else 's'}"
        if self.is_exact:
            return many
        if self.confidence is None:
            return f"at least {many}" if self.least else "no valid circuit found yet"
        about = estimate(self.value, self.least, self.most)
        ends = interval(self.least, self.most, self.possible)
        return f"about {about} valid circuits, {self.confidence:.0%} interval {ends}"

    def as_json(self) -> dict[str, Any]:
        """The bounds as numbers and lists that :meth:`of_json` reads."""
        return {**asdict(self), "masks": [*self.masks]}

    @classmethod
    def of_json(cls, answer: Mapping[str, Any]) -> KnownCircuits:
        return cls(**{**answer, "masks": tuple(answer["masks"])})


@dataclass(frozen=True)
class Progress:
    """A report of progress.

    Args:
        stage: the stage's key: "circuits", "interpretations", "algorithms", "alignments", "training".
        done: units finished, 0 ≤ done ≤ total.
        total: units in the stage, at least 1.
        found: what has been found so far in this stage, with its noun, e.g. "32 valid circuits"; "" if nothing to say.
        loss: of a training after so many units; None where nothing falls.
        known: of the valid circuits, where more is known than at the report before; else None.
        part: what was found by now, whole in itself, for whoever stores it; else None.
    """

    stage: str
    done: int
    total: int
    found: str = ""
    loss: float | None = None
    known: KnownCircuits | None = None
    part: Any = None


class Report(Interface):
    """A callback for progress. It may raise :class:`pluriscope.analysis.errors.Cancelled` to stop the work between two
    steps.
    """

    def __call__(self, progress: Progress, /) -> None: ...


def silent(progress: Progress, /) -> None:
    """Report to nobody and never cancel."""


LATE: Final = "The time was up before it was decided."
"""What stands in place of an answer that there was no time for."""


class OutOfTime(Exception):
    """The time that work was given is up."""
