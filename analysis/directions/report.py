"""What was found on linear directions, as it is stored, told and shown: every class of directions, in sum.

The alignments themselves are explanations, each a row of its own beside the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import numpy as np
from pydantic import Field

from analysis.algorithms.candidates import Candidates
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.parsing import parse_algorithm
from analysis.alignments.alignment import IIA
from analysis.directions.findings import CLOSED_FORM, MAX_CHEAP, closed_form_work, find_directions, split_of
from analysis.directions.oblique import ObliqueFamily
from analysis.directions.result import (
    CLASSES,
    AlgorithmDirections,
    DirectionClass,
    DirectionSearch,
    LearnedChoice,
    PlaceEvidence,
    Unread,
)
from analysis.directions.scoring import ScoredDirections
from analysis.directions.table import DirectionTable
from analysis.networks.network import Network
from analysis.question import Question
from analysis.report import Analysed, Exact, Part, Report, Score, Settings
from analysis.work import DEFAULT_WORK, Work

MAX_CHOICES: Final = 500
"""Of an algorithm's learned choices, the best ones."""
LABELS: Final[Mapping[str, str]] = {
    "integer": "Small integers that read it",
    "integer-any": "Small integers, any",
    "orthogonal": "Read-out, orthogonal swap",
    "oblique": "Read-out, oblique swap",
    "learned": "Learned subspaces",
}


class FamilyFound(Part):
    """The oblique swaps of one read-out; see :class:`analysis.directions.oblique.ObliqueFamily`."""

    dimension: int = Field(description="Of the family: the layer's width less 1.")
    answer: str = Field(description="How many of them pass every single interchange: all, some, none or undecided.")
    method: str = Field(description="How that was decided: interval, cells, witness, reach or clean.")


class UnreadFound(Part):
    """A variable that has no direction of the class on one layer."""

    path: str
    layer: int
    residual: float = Field(description="Of the best read-out, in units of the variable.")


class ReadFamilyFound(Part):
    """How many directions a variable could be read from and swapped along."""

    path: str
    layer: int
    n_free_reads: int = Field(description="Dimension of all read-outs with the same values on the inputs; 0: only one.")
    swaps: FamilyFound | None


class ChoiceFound(Part):
    """What learning reached for one choice of a layer and a dimension for each variable."""

    blocks: list[tuple[str, int, int]] = Field(description="Path, layer and dimension of each variable.")
    best: str = Field(description="Id of the alignment that the best seed ended with.")
    iia: Score = Field(description="Of the best seed.")
    joint_valid: bool | None
    runs: list[tuple[int, int, Score, bool]] = Field(description="Seed, steps, score, whether everything was right.")


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
    unread: list[UnreadFound]
    families: list[ReadFamilyFound]
    choices: list[ChoiceFound] = Field(description="Of learned subspaces.")


class ClassFound(Part):
    """What the search of one class found, in sum; see :class:`analysis.directions.result.DirectionSearch`."""

    direction_class: str
    n_candidates: Exact
    n_searched: int
    n_left: int = Field(description="Irredundant algorithms that were not searched yet.")
    all_listed: bool = Field(description="Whether every candidate was at hand.")
    n_aligned: int = Field(description="Algorithms with a valid alignment; those without variables not counted.")
    n_valid: Exact
    n_joint: int
    n_undecided: Exact
    truncated: bool
    exact: bool = Field(description="Whether no limit and nothing undecided leaves a count open.")
    by_layer: dict[int, int] = Field(description="Kept valid alignments with a direction on each hidden layer.")
    refused: str
    settings: dict[str, int | None] = Field(description="Of learned subspaces: seeds, steps, max_dimension.")
    seconds: float
    algorithms: list[AlgorithmFound]

    @property
    def label(self) -> str:
        """Its name."""
        return LABELS.get(self.direction_class, self.direction_class)

    @property
    def rule(self) -> str:
        """Which directions it admits."""
        return next((rule for name, rule in CLASSES.items() if name == self.direction_class), "")

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
        """Those that were not refused."""
        return [one for one in self.classes if not one.refused]

    def findings(self, question: Question | None, part: str = "edge") -> list[str]:
        """How many algorithms pass on each class, at least; where nothing passes that is said of the search alone."""
        if not any(one.n_searched for one in self.searched):
            return ["No algorithm of this task has a variable to place."]
        told = []
        for one in self.searched:
            least = "" if one.exact else "at least "
            told.append(f"{one.label}: {least}{one.n_aligned:,} of {one.n_searched:,}")
        return [f"Algorithms with a valid alignment on directions, by class. {'; '.join(told)}."]


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
    scored: ScoredDirections
    classes: tuple[str, ...]
    families: tuple[ObliqueFamily | None, ...]


class Told(DirectionsReport):
    """A report on its way to the store, which keeps the alignments as rows beside it."""

    kept: Any = Field(exclude=True)


def find(of: Analysed, settings: Settings, work: Work = DEFAULT_WORK) -> DirectionsReport:
    """Search every class in closed form, as many algorithms as take seconds; thoroughly all, and learned subspaces."""
    if of.irredundant is None:
        raise ValueError("the algorithms were not read")
    every = of.irredundant.algorithms
    chosen = every if settings.thorough else every[: _affordable(of.question.cut)]
    table, searches = DirectionTable(of.question), []
    classes: tuple[DirectionClass, ...] = (*CLOSED_FORM, *(("learned",) if settings.thorough else ()))
    for one in classes:
        begun, candidates = work.clock(), Candidates(chosen, of.irredundant.n_candidates)
        found = find_directions(of.question, candidates, one, work, table=table)
        left, seconds = found.n_left + len(every) - len(chosen), work.clock() - begun
        searches.append(replace(found, all_listed=of.irredundant.all_listed, n_left=left, seconds=seconds))
    return directions_report(searches)


def _affordable(network: Network) -> int:
    """How many algorithms can be searched in seconds."""
    first, second = (closed_form_work(network, n) for n in (1, 2))
    return 1 + max(0, (MAX_CHEAP - first) // max(1, second - first))


def directions_report(searches: Iterable[DirectionSearch]) -> Told:
    """Searches of some classes, with the alignments that they kept, each once."""
    known = sorted(searches, key=lambda one: list(CLASSES).index(one.direction_class))
    kept: dict[tuple[str, str], KeptDirections] = {}
    for search in known:
        for found in search.algorithms:
            for scored, evidence in zip(found.alignments, found.evidence, strict=True):
                key = found.algorithm.id, scored.alignment.id
                other = kept.get(key)
                if other is None:
                    families, own = tuple(one.family for one in evidence), (search.direction_class,)
                    kept[key] = KeptDirections(found.algorithm, scored, own, families)
                else:
                    kept[key] = replace(other, classes=(*other.classes, search.direction_class))
    return Told(classes=[_class_found(one) for one in known], kept=tuple(kept.values()))


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
    return AlgorithmFound.showing(
        found,
        id=found.algorithm.id,
        text=found.algorithm.text,
        n_kept=len(found.alignments),
        choices=[ChoiceFound.showing(one) for one in _best(found.choices)],
    )


def _best(choices: Sequence[LearnedChoice]) -> Sequence[LearnedChoice]:
    if len(choices) <= MAX_CHOICES:
        return choices
    return sorted(choices, key=lambda one: (-one.iia.agreed, sum(k for _, _, k in one.blocks), one.best))[:MAX_CHOICES]


def searches_of(report: DirectionsReport, kept: Sequence[KeptDirections], question: Question) -> list[DirectionSearch]:
    """The searches that a report sums up, as result files write them; what a report leaves out is computed anew.

    Args:
        report: as it is stored.
        kept: the alignments that are stored beside it.
        question: that the analysis answers.
    """
    table, form, n_inputs = DirectionTable(question), question.protocol.algorithm_form, question.model.n_inputs

    def size(one: KeptDirections, name: str) -> int:
        places = [place for _, place in one.scored.alignment.places]
        return sum(p.dimension if name == "learned" else int(np.count_nonzero(p.matrix)) for p in places)

    def found(one: AlgorithmFound, name: DirectionClass) -> AlgorithmDirections:
        own = [each for each in kept if each.algorithm.id == one.id and name in each.classes]
        own.sort(key=lambda each: (not each.scored.valid, 0 if each.scored.valid else -each.scored.iia.agreed,
                                   size(each, name), each.scored.alignment.id))  # fmt: skip
        algorithm = own[0].algorithm if own else parse_algorithm(one.text, form, n_inputs)
        return AlgorithmDirections(
            algorithm,
            name,
            tuple(each.scored for each in own),
            one.n_placements,
            one.n_valid,
            one.n_joint,
            one.truncated_at,
            unread=tuple(Unread(gap.path, gap.layer, gap.residual) for gap in one.unread),
            n_undecided=one.n_undecided,
            choices=tuple(
                LearnedChoice(
                    tuple(choice.blocks),
                    choice.best,
                    IIA(choice.iia.agreed, choice.iia.of),
                    choice.joint_valid,
                    tuple((seed, steps, IIA(iia.agreed, iia.of), done) for seed, steps, iia, done in choice.runs),
                )
                for choice in one.choices
            ),
            evidence=tuple(
                tuple(
                    PlaceEvidence(split_of(table, algorithm, path, place), family)
                    for (path, place), family in zip(each.scored.alignment.places, each.families, strict=True)
                )
                for each in own
            ),
        )

    return [
        DirectionSearch(
            cast(DirectionClass, one.direction_class),
            tuple(found(each, cast(DirectionClass, one.direction_class)) for each in one.algorithms),
            int(one.n_candidates),
            irredundant_only=True,
            all_listed=one.all_listed,
            n_left=one.n_left,
            settings=one.settings,
            refused=one.refused,
            seconds=one.seconds,
        )
        for one in report.classes
    ]
