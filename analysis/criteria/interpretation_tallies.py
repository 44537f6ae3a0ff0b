"""How many interpretations of each circuit pass the criteria for interpretations, one by one and in any combination.

Counted are, without listing them, for each circuit its observed classes, and for each class how many of its
interpretations are right under every interchange of one active neuron and of any set of them
(:mod:`analysis.interpretations.predicting`); and the same among the *representatives*, one of each observed class. That
is all that any combination needs:

- what is right on every set of active neurons is right on each neuron alone, so of the two interchange criteria on the
  network, and of the two on the circuit, the stricter one decides;
- ``observed-class`` leaves the representatives;
- ``causal-scrubbing`` passes or fails whole classes; how many pass two of these three (the network, the circuit, the
  scrubbing) lies between two bounds, and what is between them is undecided;
- ``margin`` and ``representative`` say the same of every interpretation of a circuit, or are undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, starmap
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.scrubbing import preserved
from analysis.criteria.steps import CriterionStep
from analysis.criteria.symmetry import Permutations, known_symmetries, permuted_masks
from analysis.criteria.verdict import FAILED, NOT_APPLICABLE, PASSED
from analysis.criteria.verdict import UNDECIDED as UNDECIDED_OUTCOME
from analysis.errors import BeyondLimits
from analysis.experiments import (
    InterventionSpace,
    NetworkAnswers,
    ask_network,
    decide_in_circuit,
    decide_under_interventions,
    intervention_space,
)
from analysis.explanations.interpretations import predict_by_interpretation
from analysis.interpretations.columns import UNDECIDED
from analysis.interpretations.counting import count_alone
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.observed import MAX_CLASSES, ObservedClasses, observed_classes
from analysis.interpretations.predicting import ClassPredictions, Family, class_predictions, family_sets
from analysis.networks.circuit import Circuit, mask_array
from analysis.networks.mlp import keep_matrices
from analysis.progress import Progress
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


_BETWEEN_REPORTS: Final = 64  # circuits of which only the number of interpretations is needed
MAX_REPRESENTATIVES: Final = 20_000  # tried one by one for each circuit and criterion, some ten seconds
_FAMILIES: Final[dict[str, Family]] = {
    "interchange": "alone",
    "interchange-joint": "joint",
    "interchange-on-circuit": "alone",
    "interchange-joint-on-circuit": "joint",
}
SCRUBBING: Final = "causal-scrubbing"
COSTLY: Final = (*_FAMILIES, SCRUBBING)
"""Criteria that must look at the observed classes of each circuit one by one; the others need only their number."""


_Size = tuple[int, int]  # interpretations and observed classes of one circuit


class CountingReadings:
    """Counts circuit after circuit; may be left and continued between two circuits.

    Args:
        masks: ``[circuits]``.
        totals: interpretations of each; 0 where they are not counted yet, which is made good.
        observed: and their observed classes.
        steps: criteria for interpretations with settings.
        all_counted: whether a circuit with 0 of them has none.
    """

    def __init__(
        self,
        question: Question,
        masks: NDArray[np.uint64],
        totals: Sequence[int],
        observed: Sequence[int],
        steps: Sequence[CriterionStep],
        *,
        all_counted: bool = False,
    ) -> None:
        self.question, self.masks, self.steps = question, masks, steps
        self.totals, self.observed = list(totals), list(observed)
        self.note, self._all_counted = "", all_counted
        self._work = DEFAULT_WORK
        self.done = 0  # circuits counted so far
        self._readings: list[list[Reading]] = [[] for _ in steps]  # for each step one of each circuit

    @property
    def finished(self) -> bool:
        return self.done >= len(self.masks)

    def advance(self, work: Work) -> None:
        """Count on until all are counted.

        Raises:
            BeyondLimits: there are too many interventions even to begin.
        """
        self._work = work
        look = self._by_classes if any(step.key in COSTLY for step in self.steps) else self._by_numbers
        while not self.finished:
            try:
                look()
            except BeyondLimits as refusal:  # this circuit has too many; go on with the next
                self.note = self.note or f"Not tried: {refusal.cause}."
                self._add([None])

    def _by_classes(self) -> None:
        """Find out about the circuits left one by one."""
        own = any(step.key in ON_CIRCUIT for step in self.steps)
        work = self._work.reporting_to(self._within_all)
        left = self.masks[self.done :]
        for reading in read_circuits(self.question, left, work, on_circuit=own):
            self.totals[self.done], self.observed[self.done] = reading.total, reading.n_observed
            self._add([reading])

    def _by_numbers(self) -> None:
        """Go through the circuits left, of which nothing is needed but how many interpretations each has."""
        while not self.finished:
            self._within_all(Progress("criteria", 0, 1))
            stop = min(self.done + _BETWEEN_REPORTS, len(self.masks))
            for position in range(self.done, stop):
                if not self._all_counted and not self.totals[position]:  # a limit may have ended counting before it
                    self._add([None] * (position - self.done))
                    self._count()
            self._add([None] * (stop - self.done))

    def _count(self) -> None:
        """The interpretations of the next circuit.

        Raises:
            BeyondLimits: counting them is too much.
            OutOfTime: the time is up.
        """
        position = self.done
        alone = self.masks[position : position + 1]
        counts = count_alone(self.question, alone, self._work.reporting_to(self._within_all))
        self.totals[position], self.observed[position] = counts.total, counts.observed

    def _within_all(self, progress: Progress, /) -> None:
        """Report, counting from the first circuit."""
        self._work.tell(progress.stage, self.done, len(self.masks), progress.found)

    def _add(self, readings: Sequence[CircuitReadings | None]) -> None:
        """Some more circuits, all steps at once; None for those of which nothing but numbers is known.

        A limit or the end of the time may stop any of the steps; then none of them has taken these circuits.
        """
        part = slice(self.done, self.done + len(readings))
        sizes = list(zip(self.totals[part], self.observed[part], strict=True))
        said = [list(self._said(step, readings, sizes)) for step in self.steps]
        for told, more in zip(self._readings, said, strict=True):
            told += more
        self.done = part.stop

    def _said(
        self, step: CriterionStep, readings: Sequence[CircuitReadings | None], sizes: Sequence[_Size]
    ) -> Iterable[Reading]:
        """What a step says of the next circuits."""
        key = step.key
        if key == SCRUBBING:
            return map(self._scrubbed, readings, sizes)
        if key in COSTLY:
            return (self._counted(reading, key, size) for reading, size in zip(readings, sizes, strict=True))
        if key == "observed-class":
            return [Reading(n, 0, n, 0, total) if total else Reading.unknown(total, n) for total, n in sizes]
        if key == "margin":
            margins = self._margins[self.done : self.done + len(sizes)]
            least = float(step.settings["least"])
            return [_all_or_none(size, margin >= least) for size, margin in zip(sizes, margins, strict=True)]
        if key == "representative":
            if not self._images and not self._symmetries[1]:
                return [_all_or_none(size, True) for size in sizes]
            return map(self._least, count(self.done), sizes)
        return starmap(Reading.unknown, sizes)

    def found(self) -> dict[CriterionStep, tuple[Reading, ...]]:
        """For each step what was counted, circuit by circuit; circuits after that are undecided."""
        sizes = zip(self.totals[self.done :], self.observed[self.done :], strict=True)
        rest = list(starmap(Reading.unknown, sizes))
        return {step: (*told, *rest) for step, told in zip(self.steps, self._readings, strict=True)}

    # ---- one circuit and one criterion -------------------------------------------------------------------------------

    @cached_property
    def _space(self) -> InterventionSpace:
        return intervention_space(self.question.cut.hidden_sizes, self.question.cut.n_inputs)

    @cached_property
    def _answers(self) -> NetworkAnswers:
        return decide_under_interventions(self.question.cut, self.question.data.clean_rows, self._space)

    def _counted(self, reading: CircuitReadings | None, key: str, size: _Size) -> Reading:
        if reading is None:
            return Reading.unknown(*size)
        tally = reading.tally(key)
        if tally.not_applicable:
            return Reading(0, 0, 0, 0, size[0], applicable=False)
        return Reading(tally.passed, tally.undecided, *self._representatives(reading, key), size[0])

    def _scrubbed(self, reading: CircuitReadings | None, size: _Size) -> Reading:
        """Whole classes pass or fail."""
        if reading is None or reading.classes is None:
            return Reading.unknown(*size)
        passing = np.equal(preserved(self.question, reading.classes), len(self.question.data.clean_rows))
        sizes = reading.classes.sizes
        return Reading(sum(sizes[k] for k in np.flatnonzero(passing).tolist()), 0, int(passing.sum()), 0, size[0])

    def _representatives(self, reading: CircuitReadings, key: str) -> tuple[int, int]:
        """Representatives of observed classes that are right under interchange, and those that are undecided.

        Where none or all of a class pass its representative is among them; the others are tried.
        """
        classes, predictions = reading.classes, reading.predictions.get(key)
        if classes is None or predictions is None:
            return 0, reading.n_observed
        sizes, passing = classes.sizes, predictions.passing
        passed = sum(1 for size, n in zip(sizes, passing, strict=True) if n == size)
        undecided = 0
        open_classes = [k for k, n in enumerate(passing) if n == UNDECIDED or 0 < n < sizes[k]]
        if open_classes:
            spaces = InterpretationSpace(self.question, reading.circuit)
            chosen = family_sets(reading.circuit, self._space, _FAMILIES[key])
            answers = self._answers
            if key in ON_CIRCUIT:
                answers = decide_in_circuit(self.question, reading.circuit, self._space, chosen)
            decisions, counted = answers.decisions[chosen], self._space.counted[chosen]
            for tried, number in enumerate(open_classes[:MAX_REPRESENTATIVES]):
                if tried % 256 == 0:
                    self._within_all(Progress("criteria", 0, 1))
                self._work.check()
                said = predict_by_interpretation(spaces.at(classes.least_indices[number]), self._space)[chosen]
                passed += not bool(((said != decisions) & counted).any())
            undecided = len(open_classes) - len(open_classes[:MAX_REPRESENTATIVES])
        if key.startswith("interchange-joint") and not reading.of_all_sets:
            return 0, passed + undecided  # larger sets were not tried
        return passed, undecided

    @cached_property
    def _margins(self) -> list[float]:
        """For each circuit the least margin of the network when some of the circuit's active neurons are interchanged;
        it depends on nothing else.
        """
        outputs = np.where(self._space.counted, self._answers.margins, np.inf)
        least = outputs.min(axis=(1, 2), initial=np.inf)
        keep = keep_matrices(self.masks, self.question.layout)
        active = np.concatenate([np.zeros((len(self.masks), 0), bool), *(m.any(axis=2) for m in keep[:-1])], axis=1)
        of_active: dict[bytes, float] = {}
        margins = []
        for position, row in enumerate(active):
            neurons = row.tobytes()
            if neurons not in of_active:
                chosen = family_sets(Circuit(self.question.layout, int(self.masks[position])), self._space, "joint")
                of_active[neurons] = float(least[chosen].min(initial=np.inf))
            margins.append(of_active[neurons])
        return margins

    @cached_property
    def _symmetries(self) -> tuple[list[Permutations], bool]:
        return known_symmetries(self.question.cut)

    @cached_property
    def _images(self) -> list[NDArray[np.uint64]]:
        """The masks after each symmetry but the identity."""
        return [
            permuted_masks(self.masks, permutations, self.question.layout) for permutations in self._symmetries[0][1:]
        ]

    def _least(self, position: int, size: _Size) -> Reading:
        """All of a circuit's interpretations or none, unless a symmetry maps the circuit to itself."""
        mask = self.masks[position]
        images = [image[position] for image in self._images]
        if any(image < mask for image in images):
            return _all_or_none(size, False)
        circuit = Circuit(self.question.layout, int(mask))
        onto_itself = any(
            image == mask and self._moves(circuit, permutations)
            for image, permutations in zip(images, self._symmetries[0][1:], strict=True)
        )
        if self._symmetries[1] or onto_itself:
            self.note = self.note or "Symmetries that map a circuit to itself may exchange its interpretations."
            return Reading.unknown(*size)
        return _all_or_none(size, True)

    @staticmethod
    def _moves(circuit: Circuit, permutations: Permutations) -> bool:
        """Whether some active neuron goes elsewhere."""
        return any(
            to != neuron and bool(circuit.active[layer][neuron])
            for layer, permutation in enumerate(permutations, start=1)
            for neuron, to in enumerate(permutation)
        )


def _all_or_none(size: _Size, passed: bool) -> Reading:  # the value itself, no switch
    """All interpretations of a circuit fare alike."""
    total, observed = size
    return Reading(total, 0, observed, 0, total) if passed else Reading(0, 0, 0, 0, total)
