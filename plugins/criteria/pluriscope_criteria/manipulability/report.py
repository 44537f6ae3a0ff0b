"""Report of what each explanation predicts of doses and edits, beside what it predicts of interchanges."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from pydantic import Field

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.common_ground.survey import placement_standings
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.observed import observed_classes
from pluriscope.analysis.interpretations.predicting import class_predictions
from pluriscope.analysis.interventions.experiments import InterventionSpace, NetworkAnswers, run_interventions
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.methods.report import Analysed, Part, Report, Settings
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.placements.result import AlgorithmResult
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_criteria.manipulability.manipulations import Manipulations
from pluriscope_methods.directions.result import DirectionClass
from pluriscope_methods.directions.search import placed_in_seconds
from pluriscope_methods.steering.predicting import Bits

MOST_CLASSES: Final = 10_000
KINDS: Final = {
    "interpretation": "Observed classes of interpretations",
    "alignment": "Valid placements on neurons",
    "direction": "Valid placements on directions",
}
_WAYS: Final[tuple[DirectionClass, ...]] = ("integer", "orthogonal")
OnLayers = tuple[str, HighLevelModel, list[tuple[str, Subspace]]]
"""The reference of a placement, its algorithm, and the places of the variables."""


class Turn(Part):
    """A change of a row's answer along a direction."""

    row: str
    dose: float
    answer: int = Field(description="Above it.")


class Along(Part):
    """A direction of doses."""

    layer: int
    name: str
    direction: list[float]
    turns: list[Turn] | None = Field(description="Exactly; null where these are not found so.")


class Predicting(Part):
    """What an explanation predicts; of a circuit's interpretations class by class."""

    ref: str = Field(description="Of a circuit: of its interpretations.")
    right: list[int] = Field(description="Cells predicted right.")
    changed: list[int] = Field(description="Of these, those where the answer changes.")
    wrong: list[int]
    interchanges: list[int] = Field(description="Interchanges predicted right; empty where that is not known.")


class ManipulabilityReport(Report):
    """What explanations predict of doses and edits."""

    cells: int = Field(description="Doses and edits, each on every row where the network then answers 0 or 1.")
    changed: int = Field(description="Cells where the answer is another one than without.")
    interchanges: int
    along: list[Along]
    predicting: dict[str, list[Predicting]]
    notes: list[str]

    @property
    def guess(self) -> int:
        """Cells that the guess is right on that nothing changes."""
        return self.cells - self.changed

    def findings(self, question: Any = None) -> list[str]:
        found = [
            f"Of {self.cells:,} doses and edits on rows {self.changed:,} change the answer; the guess that nothing "
            f"changes is right on {self.guess:,}."
        ]
        for kind, n, more, best, changed in self.kinds():
            most = f"the best on {best:,}; of the changes one predicts at most {changed:,}"
            found.append(f"{kind}: {more:,} of {n:,} are right on more, {most}.")
        return [*found, *self.notes]

    def kinds(self) -> Iterator[tuple[str, int, int, int, int]]:
        """Of each kind its explanations, those that are right on more than the guess, the most cells that one is right
        on, and the most of these where the answer changes.
        """
        for kind, each in self.predicting.items():
            right, changed = [n for one in each for n in one.right], [n for one in each for n in one.changed]
            if right:
                yield KINDS[kind], len(right), sum(n > self.guess for n in right), max(right), max(changed)

    def of_ref(self, question: Question, ref: str) -> tuple[int, int] | None:
        """Cells that one explanation predicts right, and all; an interpretation as its observed class. None if it is
        not listed.
        """
        one = ExplanationRef.parse(ref)
        key, rank = ref, 0
        if one.kind == "interpretation":
            key, rank = f"c-{one.first}", class_of(question, int(one.first, 16), int(one.second))
        known = next((each for each in self.predicting.get(one.kind, ()) if each.ref == key), None)
        return None if known is None else (known.right[rank], self.cells)


def class_of(question: Question, mask: int, index: int) -> int:
    """The rank of the observed class of an interpretation."""
    space = InterpretationSpace(question, Circuit(question.layout, mask))
    return bisect_right(range(space.n_observed), index, key=space.index_of_observed) - 1


def find(of: Analysed[Question], _: Settings, work: Work = DEFAULT_WORK) -> ManipulabilityReport:
    """Try every dose and edit, and ask the explanations about them."""
    question, notes = of.question, list[str]()
    on_directions = [*_on_directions(question)]
    # on directions of one dimension answers are changed by doses, too
    placed = [(place.layer, place.matrix[0]) for *_, at in on_directions for _, place in at if len(place.matrix) == 1]
    asked, found = Manipulations(question, placed), dict[str, list[Predicting]]()
    common = run_interventions(question)
    if of.formulas is not None:
        found["interpretation"] = [*_interpretations(of, asked, common, notes, work)]
        found["alignment"] = [*_placements(question, of.formulas.kept, asked, common)]
    found["direction"] = [
        _predicting(ref, asked, asked.of_placement(tree, at)[None]) for ref, tree, at in on_directions
    ]
    meant, n = asked.happens >= 0, question.network.n_inputs
    along = list[Along]()
    for dosed in asked.doses:
        for name, direction in dosed.directions:
            flips = asked.flips(dosed, direction)
            each = [(f"{row:0{n}b}", *one) for row, every in enumerate(flips or ()) for one in every]
            turns = [Turn(row=row, dose=dose, answer=answer) for row, dose, answer in each]
            known = None if flips is None else turns
            along.append(Along(layer=dosed.layer, name=name, direction=direction.tolist(), turns=known))
    return ManipulabilityReport(
        cells=int(meant.sum()),
        changed=int((meant & (asked.happens != asked.unchanged)).sum()),
        interchanges=common[0].n_interventions,
        along=along,
        predicting=found,
        notes=notes,
    ).asked_about(question)


def _predicting(ref: str, asked: Manipulations, predicted: Bits, interchanges: list[int] | None = None) -> Predicting:
    right, changed, wrong = (some.tolist() for some in asked.right(predicted))
    return Predicting(ref=ref, right=right, changed=changed, wrong=wrong, interchanges=interchanges or [])


def _interpretations(
    of: Analysed[Question],
    asked: Manipulations,
    common: tuple[InterventionSpace, NetworkAnswers],
    notes: list[str],
    work: Work,
) -> Iterator[Predicting]:
    """Observed classes, of the circuits with the fewest of them where all are too many."""
    observed = np.array(of.classes, dtype=np.int64)
    order = np.argsort(observed, kind="stable")
    few = order[(observed[order] > 0) & (np.cumsum(observed[order]) <= MOST_CLASSES)]
    if (n := int(observed.sum())) > MOST_CLASSES:
        notes.append(f"Asked are the observed classes, of {n:,}, of the {len(few):,} circuits with the fewest of them.")
    for number in work.each("manipulability", sorted(few.tolist()), "circuits"):
        circuit = Circuit(of.question.layout, int(of.circuits.masks[number]))
        classes = observed_classes(of.question, circuit)
        predicted = class_predictions(classes, *common, "all", extremes=False, representatives=True)
        right = [] if predicted is None else [*predicted.representative]
        yield _predicting(f"c-{circuit.hex}", asked, asked.of_classes(classes), right)


def _placements(
    question: Question,
    placed: Sequence[AlgorithmResult],
    asked: Manipulations,
    common: tuple[InterventionSpace, NetworkAnswers],
) -> Iterator[Predicting]:
    """Valid placements on neurons."""
    width = question.network.hidden_sizes
    for result in placed:
        tree = result.algorithm
        some = [scored.alignment.places for scored in result.alignments if scored.valid and tree.responses]
        for one, n in zip(some, placement_standings(tree, some, *common).right.tolist(), strict=True):
            at = [(path, Subspace.on_neurons(site, width[site.layer - 1])) for path, site in one]
            ref = f"a-{tree.id}.{NeuronPlacement.of(tree.text, one).id}"
            yield _predicting(ref, asked, asked.of_placement(tree, at)[None], [n])


def _on_directions(question: Question) -> Iterator[OnLayers]:
    """Valid placements on directions of integers, and with orthogonal swaps, where finding them takes little time."""
    known = set[str]()
    for algorithm, scored in placed_in_seconds(question, _WAYS) or ():
        ref = str(ExplanationRef("direction", algorithm.id, scored.alignment.text.replace("@", ":")))
        if ref not in known:
            known.add(ref)
            yield ref, algorithm, list(scored.alignment.places)
