"""Findings on linear directions, as they are stored, sent and shown: every class of directions, in sum.

The alignments themselves are explanations, each a row of its own beside the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field

from pluriscope.analysis.algorithms.candidates import Candidates
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.methods.report import Analysed, Exact, Part, Report, Settings
from pluriscope.analysis.placements.directions import OnDirections
from pluriscope.analysis.placements.iia import Behaviour
from pluriscope.analysis.placements.map_classes import DIRECTIONS, map_class
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_methods.directions.oblique import ObliqueFamily
from pluriscope_methods.directions.result import CLOSED, AlgorithmDirections, DirectionClass, DirectionSearch, Unread
from pluriscope_methods.directions.search import MAX_CHEAP, closed_form_work, search_directions
from pluriscope_methods.directions.table import DirectionTable


class AlgorithmFound(Part):
    """What one class's search found for one algorithm."""

    id: str
    text: str
    n_placements: int | None = Field(description="Choices that the class offers; null if too many to count.")
    n_valid: int
    n_joint: int = Field(description="Kept valid ones that joint interchange confirms.")
    n_undecided: int
    n_kept: int
    truncated_at: int | None
    unread: tuple[Unread, ...]


class ClassFound(Part):
    """What the search of one class found, in sum; see
    :class:`pluriscope_methods.directions.result.DirectionSearch`.
    """

    direction_class: str
    n_candidates: Exact
    n_searched: int
    n_left: int = Field(description="Irredundant algorithms that were not searched yet.")
    all_listed: bool = Field(description="Whether every candidate was at hand.")
    n_aligned: int = Field(description="Algorithms with a valid placement; those without variables not counted.")
    n_valid: Exact
    n_joint: int
    n_undecided: Exact
    truncated: bool
    exact: bool = Field(description="Whether no limit and nothing undecided leaves a count open.")
    by_layer: dict[int, int] = Field(description="Kept valid placements with a direction on each hidden layer.")
    refused: str
    settings: dict[str, int | None] = Field(description="Of learned subspaces: seeds and steps.")
    seconds: float
    algorithms: list[AlgorithmFound]

    @property
    def label(self) -> str:
        """Its name."""
        label = map_class(self.direction_class).label
        return label[:1].upper() + label[1:]

    @property
    def rule(self) -> str:
        """Which directions it admits."""
        return map_class(self.direction_class).rule

    @property
    def how_far(self) -> str:
        """How far its search went."""
        if self.refused:
            return "not searched"
        if self.direction_class == "learned" and self.exact:
            return f"{self.settings['seeds']} seeds"
        if self.exact:
            return "exhaustive"
        if self.n_left:
            return f"{self.n_left:,} algorithms left"
        if self.truncated:
            return "truncated"
        return f"{int(self.n_undecided):,} undecided" if int(self.n_undecided) else "of the candidates at hand"


class DirectionsReport(Report):
    """Every class that was searched."""

    classes: list[ClassFound]

    @property
    def searched(self) -> list[ClassFound]:
        """Classes of directions that were not refused."""
        return [one for one in self.classes if not one.refused]

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        """Sentence on how many algorithms at least have a valid placement on each class of directions."""
        if not any(one.n_searched for one in self.searched):
            return ["No algorithm of this task has a variable to place."]
        answer = []
        for one in self.searched:
            least = "" if one.exact else "at least "
            answer.append(f"{one.label}: {least}{one.n_aligned:,} of {one.n_searched:,}")
        return [f"Algorithms with a valid placement on directions, by class. {'; '.join(answer)}."]


@dataclass(frozen=True)
class KeptDirections:
    """An alignment on directions as it is kept.

    Args:
        algorithm: the one that is aligned.
        scored: the alignment with its score.
        classes: of directions that found it.
        families: of the oblique swaps of each place; None for one that is no shortest read-out.
    """

    algorithm: HighLevelModel
    scored: OnDirections
    classes: tuple[str, ...]
    families: tuple[ObliqueFamily | None, ...]


class DirectionsWithKept(DirectionsReport):
    """A report on its way to the store, which keeps the alignments as rows beside it."""

    kept: Any = Field(exclude=True)


def find(of: Analysed[Question], settings: Settings, work: Work = DEFAULT_WORK) -> DirectionsReport:
    """Search every class in closed form, as many algorithms as take seconds; thoroughly all, and learned subspaces."""
    if (formulas := of.formulas) is None:
        raise ValueError("the algorithms were not read")
    # where it is not known whether one is irredundant, the search looks
    every = [one.algorithm for one in formulas.algorithms if one.irredundant.get("irredundant-literals") is not False]
    chosen = every if settings.thorough else every[: _affordable(of.question.network)]
    table, searches = DirectionTable(of.question), []
    classes: tuple[DirectionClass, ...] = (*CLOSED, *(("learned",) if settings.thorough else ()))
    for one in classes:
        begun, candidates = work.clock(), Candidates(tuple(chosen), formulas.n_candidates)
        found = search_directions(of.question, candidates, one, work, table=table)
        left, seconds = found.n_left + len(every) - len(chosen), work.clock() - begun
        searches.append(replace(found, all_listed=not formulas.n_unlisted, n_left=left, seconds=seconds))
    return directions_report(searches, table)


def _affordable(network: Network) -> int:
    """How many algorithms can be searched in seconds."""
    first, second = (closed_form_work(network, n) for n in (1, 2))
    return 1 + max(0, (MAX_CHEAP - first) // max(1, second - first))


def directions_report(searches: Iterable[DirectionSearch], table: DirectionTable) -> DirectionsWithKept:
    """Searches of some classes on one network, with the alignments that they kept, each once."""
    known = sorted(searches, key=lambda one: DIRECTIONS.index(one.direction_class))
    kept: dict[tuple[str, str], KeptDirections] = {}
    for search in known:
        for found in search.algorithms:
            for scored in found.alignments:
                key = found.algorithm.id, scored.alignment.id
                other = kept.get(key)
                if other is None:
                    families = tuple(_family(table, found.algorithm, *place) for place in scored.alignment.places)
                    kept[key] = KeptDirections(found.algorithm, scored, (search.direction_class,), families)
                else:
                    kept[key] = replace(other, classes=(*other.classes, search.direction_class))
    return DirectionsWithKept(classes=[_class_found(one) for one in known], kept=tuple(kept.values()))


def _family(table: DirectionTable, algorithm: HighLevelModel, path: str, place: Subspace) -> ObliqueFamily | None:
    """The oblique swaps of a place's read-out; None where it is not the shortest one."""
    response = algorithm.responses[path]
    plain = Subspace(place.layer, place.reads)
    if place.dimension != 1 or table.read_out(place.layer, response.function).place != plain:
        return None
    return table.family(place.layer, Behaviour.of(response, algorithm.n_inputs))


def _class_found(search: DirectionSearch) -> ClassFound:
    layers = Counter(
        layer
        for found in search.algorithms
        for scored in found.valid
        for layer in {place.layer for _, place in scored.alignment.places}
    )
    return ClassFound.showing(
        search,
        n_searched=len(search.algorithms),
        n_undecided=sum(found.n_undecided for found in search.algorithms),
        truncated=any(found.truncated_at is not None for found in search.algorithms),
        exact=search.is_exact,
        by_layer=dict(sorted(layers.items())),
        settings=dict(search.settings),
        algorithms=[_algorithm_found(found) for found in search.algorithms],
    )


def _algorithm_found(found: AlgorithmDirections) -> AlgorithmFound:
    algorithm = found.algorithm
    return AlgorithmFound.showing(found, id=algorithm.id, text=algorithm.text, n_kept=len(found.alignments))
