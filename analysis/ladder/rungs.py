"""The ladder of map classes as values: how many explanations pass in each class, and how many on networks by chance.

Classes are compared, not all nested: single neurons lie in neuron sets, these in subspaces; orthogonal swaps of a
read-out lie in oblique ones. Under non-linear maps nearly anything passes (Sutter et al., NeurIPS 2025), which is why
each class stands beside the same class on networks whose weights are permuted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

ClosedClass = Literal["single", "sets", "integer", "integer-any", "orthogonal", "oblique"]
LearnedClass = Literal["learned", "non-linear"]
MapClass = ClosedClass | LearnedClass

MAP_CLASSES: Final[Mapping[MapClass, str]] = {
    "single": "single neurons",
    "sets": "neuron sets",
    "integer": "small integer directions that read the variable",
    "integer-any": "small integer directions, read-out or not",
    "orthogonal": "read-out, orthogonal swap",
    "oblique": "read-out, some oblique swap",
    "learned": "learned subspaces",
    "non-linear": "blocks of a learned non-linear map",
}
CLOSED: Final[tuple[ClosedClass, ...]] = ("single", "sets", "integer", "integer-any", "orthogonal", "oblique")
LEARNED: Final[tuple[LearnedClass, ...]] = ("learned", "non-linear")


@dataclass(frozen=True)
class Rung:
    """One class on one network.

    Args:
        algorithms: those with an alignment whose single interchanges are all right.
        alignments: such alignments.
        of: placements that the class offers; None if they were too many to count.
        joint: those of the alignments that every joint interchange confirms too; None if it was not run.
        exact: whether the numbers are exact; otherwise they are lower bounds.
        seconds: it took; 0 without a clock.
        refused: why the class was not computed; "" if it was, and all numbers are 0 if not.
    """

    algorithms: int
    alignments: int
    of: int | None
    joint: int | None
    exact: bool = True
    seconds: float = 0.0
    refused: str = ""

    @classmethod
    def refusal(cls, why: str) -> Rung:
        """A class that was not computed."""
        return cls(0, 0, None, None, refused=why)


@dataclass(frozen=True)
class Floor:
    """One class on the permuted networks.

    Args:
        networks: on which the class was climbed.
        passing: of those, the ones on which any alignment passes.
        alignments: that pass on all of them together.
    """

    networks: int
    passing: int
    alignments: int

    @classmethod
    def of(cls, rungs: list[Rung]) -> Floor:
        """What the rungs of a class on permuted networks come to; refused ones are left out."""
        climbed = [rung for rung in rungs if not rung.refused]
        return cls(
            len(climbed), sum(1 for rung in climbed if rung.alignments), sum(rung.alignments for rung in climbed)
        )


@dataclass(frozen=True)
class Ladder:
    """Every class that was climbed on one network, each with its floor.

    Args:
        algorithms: texts of the algorithms that were placed, in the order of candidates.
        n_irredundant: candidates without a redundant literal and with a variable, exact; more than ``algorithms`` if
            only the first were placed.
        rungs: class → what passes.
        floors: class → what passes on permuted networks.
        n_permuted: permuted networks.
        n_permuted_right: of those, the ones that compute the task by themselves.
        seed: of the permutations.
    """

    algorithms: tuple[str, ...]
    n_irredundant: int
    rungs: Mapping[MapClass, Rung]
    floors: Mapping[MapClass, Floor]
    n_permuted: int
    n_permuted_right: int
    seed: int

    @property
    def truncated(self) -> bool:
        """Whether only the first algorithms were placed."""
        return len(self.algorithms) < self.n_irredundant
