"""How many of all interpretations of circuits pass the criteria for interpretations, exactly, without listing them.

For each circuit: its observed classes, and for each class how many of its interpretations are right under every
interchange of one active neuron and of any set of them (:mod:`analysis.interpretations.predicting`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.verdict import FAILED, NOT_APPLICABLE, PASSED
from analysis.criteria.verdict import UNDECIDED as UNDECIDED_OUTCOME
from analysis.errors import BeyondLimits
from analysis.experiments import (
    InterventionSpace,
    NetworkAnswers,
    ask_network,
    decide_in_circuit,
)
from analysis.interpretations.columns import UNDECIDED
from analysis.interpretations.counting import count_alone
from analysis.interpretations.observed import MAX_CLASSES, ObservedClasses, observed_classes
from analysis.interpretations.predicting import ClassPredictions, class_predictions, family_sets
from analysis.networks.circuit import Circuit, mask_array
from analysis.question import Question
from analysis.result import NOTHING_JUDGED, CriterionTally
from analysis.work import DEFAULT_WORK, Work

KEYS: Final = ("observed-class", "interchange", "interchange-joint")
ON_CIRCUIT: Final = ("interchange-on-circuit", "interchange-joint-on-circuit")
MIXED: Final = 4  # an outcome of a circuit: its interpretations fare differently, the counts tell


class Reading(NamedTuple):
    """What one criterion says about the interpretations of one circuit.

    Args:
        passed: how many of them pass.
        undecided: how many of them are undecided.
        representatives: representatives of observed classes that pass; never more than ``passed``.
        representatives_undecided: representatives that are undecided.
        total: interpretations.
        applicable: whether the question arises for the circuit.
    """

    passed: int
    undecided: int
    representatives: int
    representatives_undecided: int
    total: int
    applicable: bool = True

    @classmethod
    def unknown(cls, total: int, observed: int) -> Reading:
        """Nothing is known of them but how many there are, and in how many observed classes."""
        return cls(0, total, 0, observed, total)

    @property
    def outcome(self) -> int:
        """Of all of the circuit's interpretations, or :data:`MIXED`."""
        if not self.applicable:
            return NOT_APPLICABLE
        if self.undecided == self.total and self.undecided:
            return UNDECIDED_OUTCOME
        if self.passed == self.total:
            return PASSED
        return MIXED if self.passed or self.undecided else FAILED


def tally_of_readings(readings: Iterable[Reading]) -> CriterionTally:
    """Over all interpretations of some circuits."""
    readings = list(readings)
    passed, undecided = sum(one.passed for one in readings), sum(one.undecided for one in readings)
    beside = sum(one.total for one in readings if not one.applicable)
    failed = sum(one.total for one in readings) - passed - undecided - beside
    return CriterionTally(passed, failed, undecided, beside)


@dataclass(frozen=True, eq=False)
class CircuitReadings:
    """All interpretations of one circuit.

    Args:
        circuit: the circuit.
        total: interpretations, exactly.
        n_observed: observed classes, exactly.
        classes: them, or None where they are too many to hold.
        predictions: by criterion key, parallel to the classes; None where nothing is predicted or ``classes`` is None.
        of_all_sets: whether every set of hidden neurons was tested.
    """

    circuit: Circuit
    total: int
    n_observed: int
    classes: ObservedClasses | None
    predictions: Mapping[str, ClassPredictions | None]
    of_all_sets: bool

    def tally(self, key: str) -> CriterionTally:
        """How many interpretations pass a criterion of :data:`KEYS`, or of :data:`ON_CIRCUIT` if these were read."""
        if key == "observed-class":
            return CriterionTally(self.n_observed, self.total - self.n_observed, 0, 0)
        if self.classes is None:
            return CriterionTally(0, 0, self.total, 0)
        found = self.predictions[key]
        if found is None:
            return CriterionTally(0, 0, 0, self.total)
        passed = sum(n for n in found.passing if n != UNDECIDED)
        undecided = sum(size for size, n in zip(self.classes.sizes, found.passing, strict=True) if n == UNDECIDED)
        failed = self.total - passed - undecided
        if key.startswith("interchange-joint") and not self.of_all_sets:
            return CriterionTally(0, failed, passed + undecided, 0)
        return CriterionTally(passed, failed, undecided, 0)


def read_circuits(
    question: Question,
    masks: NDArray[np.uint64],
    work: Work = DEFAULT_WORK,
    *,
    on_circuit: bool = False,
    max_classes: int = MAX_CLASSES,
) -> Iterator[CircuitReadings]:
    """All interpretations of each circuit, one circuit after the other.

    Args:
        masks: ``[circuits]``.
        work: told "criteria" before each circuit; may cancel there.
        on_circuit: whether to interchange in each circuit's own forward pass too.
        max_classes: most observed classes of one circuit that are held; beyond, its interchange criteria are undecided.

    Raises:
        BeyondLimits: even counting the interpretations of a circuit is too much.
    """
    space, answers = ask_network(question)
    layout = question.layout
    for mask in work.each("criteria", masks.tolist(), "interpretations under interchange"):
        circuit = Circuit(layout, mask)
        yield _read(question, circuit, space, answers, max_classes, work, on_circuit=on_circuit)


def _read(
    question: Question,
    circuit: Circuit,
    space: InterventionSpace,
    answers: NetworkAnswers,
    max_classes: int,
    work: Work,
    *,
    on_circuit: bool,
) -> CircuitReadings:
    every = space.largest is None
    try:
        classes = observed_classes(question, circuit, max_classes=max_classes)
    except BeyondLimits:
        counts = count_alone(question, mask_array([circuit.mask], circuit.layout), work)
        return CircuitReadings(circuit, counts.total, counts.observed, None, {}, every)
    predictions = dict(zip(KEYS[1:], _alone_and_joint(classes, space, answers, work), strict=True))
    if on_circuit:
        own = decide_in_circuit(question, circuit, space, family_sets(circuit, space, "joint"))
        predictions |= dict(zip(ON_CIRCUIT, _alone_and_joint(classes, space, own, work), strict=True))
    return CircuitReadings(circuit, sum(classes.sizes), len(classes), classes, predictions, every)


def _alone_and_joint(
    classes: ObservedClasses, space: InterventionSpace, answers: NetworkAnswers, work: Work
) -> tuple[ClassPredictions | None, ClassPredictions | None]:
    """How each class fares on single neurons and on sets of them; what fails on the first fails on the second."""
    alone = class_predictions(classes, space, answers, "alone", work, extremes=False)
    open_classes = None if alone is None else np.array([n != 0 for n in alone.passing], dtype=bool)
    joint = class_predictions(classes, space, answers, "joint", work, extremes=False, among=open_classes)
    return alone, joint


def tallied(readings: Iterable[CircuitReadings], key: str) -> CriterionTally:
    """A criterion's tally over the interpretations of several circuits."""
    return sum((reading.tally(key) for reading in readings), NOTHING_JUDGED)
