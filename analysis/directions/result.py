"""What a search for alignments on directions found, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import IIA
from analysis.directions.oblique import ObliqueFamily
from analysis.directions.rowspace import RowspaceSplit
from analysis.directions.scoring import ScoredDirections

DirectionClass = Literal["integer", "integer-any", "orthogonal", "oblique", "learned"]

CLASSES: Final[Mapping[DirectionClass, str]] = {
    "integer": "weights −1, 0, 1 that read the variable, orthogonal swap",
    "integer-any": "weights −1, 0, 1 whether they read the variable or not, orthogonal swap",
    "orthogonal": "the shortest affine read-out, orthogonal swap",
    "oblique": "the shortest affine read-out, any swap direction d with w·d = 1",
    "learned": "subspaces by a learned rotation, one block of it for each variable",
}


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
class ReadFamily:
    """How many directions one variable could be read from, and swapped along, on one layer.

    Args:
        path: the variable.
        layer: from 1.
        n_free_reads: dimension of all read-outs with the same values on the inputs; 0 if there is only one.
        swaps: of the shortest one's oblique swaps: dimension of the family, and whether all, some or none of it pass by
            themselves; None if the class asked for was "orthogonal".
    """

    path: str
    layer: int
    n_free_reads: int
    swaps: ObliqueFamily | None


@dataclass(frozen=True)
class LearnedChoice:
    """What learning reached for one choice of a layer and a dimension for each variable.

    Args:
        blocks: (path, layer, dimension), sorted by path.
        best: id of the alignment that the best seed ended with.
        iia: its score.
        joint_valid: whether every joint interchange agrees as well; None if they were not run.
        runs: (seed, steps, IIA, whether every single and joint interchange was right) of each seed.
    """

    blocks: tuple[tuple[str, int, int], ...]
    best: str
    iia: IIA
    joint_valid: bool | None
    runs: tuple[tuple[int, int, IIA, bool], ...]


@dataclass(frozen=True)
class Learning:
    """How far subspaces are learned.

    Args:
        seeds: from how many, 0 to n − 1.
        steps: most steps from each.
        max_dimension: largest dimension of one variable; up to the whole layer if None.
    """

    seeds: int = 3
    steps: int = 300
    max_dimension: int | None = None

    @property
    def settings(self) -> dict[str, int | None]:
        """By name, as they are stored and written."""
        return {"seeds": self.seeds, "steps": self.steps, "max_dimension": self.max_dimension}


@dataclass(frozen=True)
class PlaceEvidence:
    """What is known of one variable's place beside its score.

    Args:
        rowspace: how the read-out fares with only what the next layer reads; None for several dimensions.
        family: the oblique swaps of the read-out, None where it is not a read-out in closed form.
    """

    rowspace: RowspaceSplit | None
    family: ObliqueFamily | None


@dataclass(frozen=True)
class AlgorithmDirections:
    """One algorithm's alignments on directions of one class.

    Args:
        algorithm: the candidate.
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
        families: for "orthogonal" and "oblique", every variable and layer with a read-out.
        n_undecided: placements of which it is not known whether any direction of the class passes (oblique only).
        irredundant: verdicts of the three redundancy classes by criterion key.
        choices: of learned subspaces, every choice of layers and dimensions with its seeds.
        evidence: for each kept alignment, one entry for each place in order; empty where nobody asked.
    """

    algorithm: HighLevelModel
    direction_class: DirectionClass
    alignments: tuple[ScoredDirections, ...]
    n_placements: int | None
    n_valid: int
    n_joint: int
    truncated_at: int | None = None
    unread: tuple[Unread, ...] = ()
    families: tuple[ReadFamily, ...] = ()
    n_undecided: int = 0
    irredundant: Mapping[str, bool] = field(default_factory=dict)
    choices: tuple[LearnedChoice, ...] = ()
    evidence: tuple[tuple[PlaceEvidence, ...], ...] = ()

    @property
    def valid(self) -> tuple[ScoredDirections, ...]:
        """The valid ones kept."""
        return tuple(scored for scored in self.alignments if scored.valid)


@dataclass(frozen=True)
class DirectionSearch:
    """Every algorithm of one analysis on directions of one class.

    Args:
        direction_class: which directions were admitted.
        algorithms: one result for each candidate searched, in the candidates' order.
        n_candidates: candidates that compute the task, exact.
        irredundant_only: whether only those without a redundant literal were searched.
        all_listed: whether every candidate was at hand; where there are very many, only the first are listed.
        n_left: algorithms that were still to be searched when the caller's time was up.
        settings: of learned subspaces, see :class:`Learning`; else empty.
        refused: why this class was not searched, so that there are no algorithms; "" if it was.
        seconds: that it took, 0 if not measured.
    """

    direction_class: DirectionClass
    algorithms: tuple[AlgorithmDirections, ...]
    n_candidates: int
    irredundant_only: bool
    all_listed: bool = True
    n_left: int = 0
    settings: Mapping[str, int | None] = field(default_factory=dict)
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
        """Those that joint interchange confirms."""
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
