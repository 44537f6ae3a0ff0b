"""Bounds of a survey of the common ground, and the points that it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.interpretations.columns import UNDECIDED
from pluriscope.analysis.methods.report import Exact, Part

Integers = NDArray[np.int64]
UNKNOWN: Final = UNDECIDED


@dataclass(frozen=True)
class Bounds:
    """The bounds of a survey.

    Args:
        max_seconds: of one quiet core, predicted for all classes
            (:func:`~pluriscope.analysis.common_ground.survey.predicted_seconds`); beyond, some are drawn.
        n_drawn: classes drawn then.
        max_spread: classes up to which all interpretations are spread, about a third of a millisecond each.
        max_added: words of 64 bits added for that, about 5 · 10⁸ a second; where it takes more, they are not spread.
        max_alignments: alignments looked at, in the order of the store.
    """

    max_seconds: float = 90.0
    n_drawn: int = 5_000
    max_spread: int = 20_000
    max_added: float = 3e10
    max_alignments: int = 200_000
    seed: int = 0


THOROUGH: Final = Bounds(
    max_seconds=3_600.0, n_drawn=50_000, max_spread=1_000_000, max_added=1e12, max_alignments=2_000_000
)


@dataclass(frozen=True, eq=False)
class ClassPoints:
    """Observed classes of circuits, by circuit, then rank; parallel columns.

    Args:
        circuit: position of the circuit among the masks.
        rank: which of the circuit's observed classes each is.
        least_index: index of the representative.
        size: interpretations in the class.
        predicted: interventions that its members predict: all or none.
        right: of those, how many the representative predicts right.
        best: the most that a member predicts right, −1 where that is not known.
        worst: the fewest, likewise.
    """

    circuit: Integers
    rank: Integers
    least_index: tuple[int, ...]
    size: tuple[int, ...]
    predicted: Integers
    right: Integers
    best: Integers
    worst: Integers

    def __len__(self) -> int:
        return len(self.circuit)

    @classmethod
    def joined(cls, parts: Sequence[ClassPoints]) -> ClassPoints:
        """Join the points of several circuits in a row."""
        nothing = np.zeros(0, dtype=np.int64)

        def column(name: str) -> Integers:
            return np.concatenate([nothing, *(getattr(part, name) for part in parts)])

        return cls(
            column("circuit"),
            column("rank"),
            tuple(index for part in parts for index in part.least_index),
            tuple(size for part in parts for size in part.size),
            *(column(name) for name in ("predicted", "right", "best", "worst")),
        )


@dataclass(frozen=True, eq=False)
class AlignmentPoints:
    """Kept alignments in the order in which they were placed, as far as they were looked at; parallel columns.

    Args:
        algorithm: position of the algorithm among those placed.
        alignment: position among that algorithm's placements.
        predicted: interventions that it predicts.
        right: of those, how many it predicts right.
    """

    algorithm: Integers
    alignment: Integers
    predicted: Integers
    right: Integers

    def __len__(self) -> int:
        return len(self.algorithm)


class ExtremeFound(Part):
    """An interpretation that no other predicts more right than, or none fewer."""

    mask: str
    index: Exact | None = Field(description="Null where its class is known and it cannot be singled out.")
    right: int
