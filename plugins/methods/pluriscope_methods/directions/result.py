"""What a search for alignments on directions found, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.placements.directions import OnDirections

DirectionClass = Literal["integer", "integer-any", "orthogonal", "oblique", "learned"]

CLOSED: Final[tuple[DirectionClass, ...]] = ("orthogonal", "oblique", "integer", "integer-any")
LEARNING: Final = {"seeds": 3, "steps": 300}
"""How far subspaces are learned: from how many seeds, 0 to n − 1, and at most how many steps from each."""


@dataclass(frozen=True)
class Unread:
    """A variable that has no direction of the class on one layer.

    Args:
        path: the variable.
        layer: from 1.
        residual: of the best read-out, in units of the variable; 0 for a constant variable, which nothing can move.
    """

    path: str
    layer: int
    residual: float


@dataclass(frozen=True)
class AlgorithmDirections:
    """One algorithm's alignments on directions of one class.

    Args:
        direction_class: which directions were admitted.
        alignments: kept ones: valid first, then the best that fail; both fewest nonzero weights first, then by id.
        n_placements: choices of a place of the class for each variable that can all be set at once; None if they were
            too many to count, and only those that pass were gone through.
        n_valid: those with every single interchange right; if ``truncated_at`` is set, at least so many.
        n_joint: those of the valid ones kept with every joint interchange right too. An oblique one stands for its
            families: where all its variables lie in the last hidden layer, it is one that passes jointly if any does;
            elsewhere others of the families may pass jointly where this one fails.
        truncated_at: valid ones kept when a limit was reached, else None.
        unread: where variables have no direction of the class.
        n_undecided: placements of which it is not known whether any direction of the class passes (oblique only).
    """

    algorithm: HighLevelModel
    direction_class: DirectionClass
    alignments: tuple[OnDirections, ...]
    n_placements: int | None
    n_valid: int
    n_joint: int
    truncated_at: int | None = None
    unread: tuple[Unread, ...] = ()
    n_undecided: int = 0

    @property
    def valid(self) -> tuple[OnDirections, ...]:
        """The valid ones kept."""
        return tuple(scored for scored in self.alignments if scored.valid)


@dataclass(frozen=True)
class DirectionSearch:
    """Every algorithm of one analysis on directions of one class.

    Args:
        direction_class: which directions were admitted.
        algorithms: one result for each candidate searched, in the candidates' order: those without a redundant literal.
        n_candidates: candidates that compute the task, exact.
        all_listed: whether every candidate was at hand; where there are very many, only the first are listed.
        n_left: algorithms that were still to be searched when the caller's time was up.
        settings: of learned subspaces, how far they are learned; else empty.
        refused: why this class was not searched, so that there are no algorithms; "" if it was.
        seconds: that it took, 0 if not measured.
    """

    direction_class: DirectionClass
    algorithms: tuple[AlgorithmDirections, ...]
    n_candidates: int
    all_listed: bool = True
    n_left: int = 0
    settings: Mapping[str, int] = field(default_factory=dict)
    refused: str = ""
    seconds: float = 0.0

    @property
    def n_aligned(self) -> int:
        """Algorithms with a valid alignment; those without variables, which need none, not counted."""
        return sum(1 for found in self.algorithms if found.n_valid and found.algorithm.responses)

    @property
    def n_valid(self) -> int:
        """Valid alignments of algorithms with variables."""
        return sum(found.n_valid for found in self.algorithms if found.algorithm.responses)

    @property
    def n_joint(self) -> int:
        """Number of alignments that joint interchange confirms."""
        return sum(found.n_joint for found in self.algorithms if found.algorithm.responses)

    @property
    def is_exact(self) -> bool:
        """Whether no limit and nothing undecided leaves a count open."""
        return (
            self.all_listed
            and not self.n_left
            and not self.refused
            and all(found.truncated_at is None and not found.n_undecided for found in self.algorithms)
        )
