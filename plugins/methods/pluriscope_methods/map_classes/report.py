"""Classes of maps: how many explanations pass in each class, and how many on networks by chance.

Classes are compared, not all nested: single neurons lie in neuron sets, these in subspaces; orthogonal swaps of a
read-out lie in oblique ones. Under non-linear maps nearly anything passes (Sutter et al., NeurIPS 2025), which is why
each class stands beside the same class on networks whose weights are permuted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import Field

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.methods.report import Report
from pluriscope.analysis.placements.map_classes import MAP_CLASSES, map_class
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion

ClosedClass = Literal["single", "sets", "integer", "integer-any", "orthogonal", "oblique"]
LearnedClass = Literal["learned", "non-linear"]

CLOSED: Final[tuple[ClosedClass, ...]] = ("single", "sets", "integer", "integer-any", "orthogonal", "oblique")
LEARNED: Final[tuple[LearnedClass, ...]] = ("learned", "non-linear")


@dataclass(frozen=True)
class ClassCounts:
    """Counts of one class on one network.

    Args:
        map_class: which.
        algorithms: those with an alignment whose single interchanges are all right.
        alignments: such alignments.
        of: placements that the class offers; None if they were too many to count.
        joint: those of the alignments that every joint interchange confirms too; None if it was not run.
        exact: whether the numbers are exact; otherwise they are lower bounds.
        seconds: it took; 0 without a clock.
        refused: why the class was not computed; "" if it was, and all numbers are 0 if not.
        floor_networks: permuted networks on which the class was counted too.
        floor_passing: of those, the ones on which any alignment passes.
        floor_placements: that pass on all of them together.
    """

    map_class: str
    algorithms: int
    alignments: int
    of: int | None
    joint: int | None
    exact: bool = True
    seconds: float = 0.0
    refused: str = ""
    floor_networks: int = 0
    floor_passing: int = 0
    floor_placements: int = 0

    @classmethod
    def refusal(cls, map_class: str, why: str) -> ClassCounts:
        """A class that was not computed."""
        return cls(map_class, 0, 0, None, None, refused=why)

    def above(self, counts: Iterable[ClassCounts]) -> ClassCounts:
        """Add the class on permuted networks as its floor; refused ones are left out."""
        counted = [one for one in counts if not one.refused]
        passing, alignments = sum(one.alignments > 0 for one in counted), sum(one.alignments for one in counted)
        return replace(self, floor_networks=len(counted), floor_passing=passing, floor_placements=alignments)

    @property
    def label(self) -> str:
        """Its name."""
        return map_class(self.map_class).label


class MapClassesReport(Report):
    """Every class that was counted on one network."""

    algorithms: list[str] = Field(description="Those that were placed.")
    n_irredundant: int = Field(description="Irredundant algorithms with a variable, exact.")
    rungs: tuple[ClassCounts, ...]
    n_permuted: int
    n_permuted_right: int = Field(description="Permuted networks that compute the task by themselves.")
    seed: int = Field(description="Of the permutations.")

    @property
    def in_order(self) -> list[ClassCounts]:
        """Counts of the classes of maps, refused ones too, from the narrowest class on."""
        return sorted(self.rungs, key=lambda one: [*MAP_CLASSES, one.map_class].index(one.map_class))

    def values(self, question: Question) -> list[HighLevelModel]:
        """The algorithms that were placed."""
        form, n_inputs = question.protocol.algorithm_form, question.subject.n_inputs
        return [parse_algorithm(text, form, n_inputs) for text in self.algorithms]

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        """Sentences on which classes of maps place all, some or no algorithms, and which do by chance too."""
        if not self.algorithms:
            return ["No algorithm of this task has a variable to place."]
        n, sentences = len(self.algorithms), []
        counted = [one for one in self.in_order if not one.refused]
        partly = [one for one in counted if 0 < one.algorithms < n]
        what = "The irredundant algorithm" if n == 1 else f"{'Both' if n == 2 else f'All {n:,}'} irredundant algorithms"
        for words, chosen in (
            (f"{what} can be placed on", [one for one in counted if one.algorithms == n]),
            (f"{'One' if n == 2 else 'Some'} of them, not {'both' if n == 2 else 'all'}, can be placed on", partly),
            ("None can be placed on", [one for one in counted if not one.algorithms]),
        ):
            if chosen:
                sentences.append(f"{words} {_listed(chosen)}.")
        vain = [one for one in counted if one.alignments and 0 < one.floor_networks <= 2 * one.floor_passing]
        if vain:
            sentences.append(
                f"On at least half of the permuted networks something passes on {_listed(vain)} too. Passing there "
                "says little about this network."
            )
        return sentences


def _listed(counted: Sequence[ClassCounts]) -> str:
    """Classes of maps in words: a, b and c."""
    *others, last = (one.label for one in counted)
    return f"{', '.join(others)} and {last}" if others else last
