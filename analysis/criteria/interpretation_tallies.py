"""Counts of the interpretations of each circuit that pass the criteria for them, one by one and in any combination.

Counted are, without listing them, for each circuit its observed classes, and for each class how many of its
interpretations are right under every interchange of one active neuron and of any set of them
(:mod:`pluriscope.analysis.interpretations.predicting`). A class passes where any of its interpretations does. That is
what combinations need:

- what is right on every set of active neurons is right on each neuron alone, so of the two interchange criteria on the
  network, and of the two on the circuit, the stricter one decides;
- ``observed-class`` counts the classes in place of the interpretations;
- ``causal-scrubbing`` passes or fails whole classes; how many pass two of these three (the network, the circuit, the
  scrubbing) lies between two bounds, and what is between them is undecided;
- ``margin`` and ``representative`` say the same of every interpretation of a circuit, or are undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import starmap
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.criteria.scrubbing import preserved
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.symmetry import Permutations, known_symmetries, permuted_masks
from pluriscope.analysis.criteria.verdict import FAILED, NOT_APPLICABLE, PASSED
from pluriscope.analysis.criteria.verdict import UNDECIDED as UNDECIDED_OUTCOME
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.columns import UNDECIDED
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.interpretations.observed import ObservedClasses, observed_classes
from pluriscope.analysis.interpretations.predicting import ClassPredictions, Family, class_predictions, family_sets
from pluriscope.analysis.interventions.experiments import (
    InterventionSpace,
    NetworkAnswers,
    decide_in_circuit,
    run_interventions,
)
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.analysis.running.progress import OutOfTime, Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices
from pluriscope.analysis.subjects.perceptron.question import Question

MIXED: Final = 4  # an outcome of a circuit: its interpretations fare differently; see the counts
SCRUBBING: Final = "causal-scrubbing"
FAMILIES: Final[dict[str, Family]] = {
    "interchange": "alone",
    "interchange-joint": "joint",
    "interchange-on-circuit": "alone",
    "interchange-joint-on-circuit": "joint",
}
"""Criteria that interpretations of one observed class may fare differently on, and the sets that each asks about."""
_SUFFIX: Final = "-on-circuit"
COSTLY: Final = (*FAMILIES, SCRUBBING)
"""Criteria that must look at the observed classes of each circuit one by one; the others need only their number."""
_BETWEEN_REPORTS: Final = 64  # circuits of which only the number of interpretations is needed


class Reading(NamedTuple):
    """The outcomes of a criterion on the interpretations of a circuit, as numbers.

    Args:
        passed: how many of them pass.
        undecided: how many of them are undecided.
        classes: observed classes of which any interpretation passes; never more than ``passed``.
        classes_undecided: classes of which none is known to pass and some are undecided.
        total: interpretations.
        applicable: whether the question arises for the circuit.
    """

    passed: int
    undecided: int
    classes: int
    classes_undecided: int
    total: int
    applicable: bool = True

    @classmethod
    def unknown(cls, total: int, observed: int) -> Reading:
        """Return a reading in which all interpretations are undecided."""
        return cls(0, total, 0, observed, total)

    @property
    def outcome(self) -> int:
        """The common outcome of all the circuit's interpretations, or :data:`MIXED`."""
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


_Looked = tuple[ObservedClasses, Mapping[str, ClassPredictions | None]]
"""Observed classes of one circuit, and by criterion key what is parallel to them; None where nothing is predicted."""


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

    def advance(self, work: Work) -> None:
        """Count on until all are counted; a limit or the end of the time takes a circuit from all steps or none.

        Raises:
            BeyondLimits: there are too many interventions even to begin.
        """
        self._work = work
        looks = any(step.key in COSTLY for step in self.steps)
        while self.done < len(self.masks):
            try:
                if looks or self.done % _BETWEEN_REPORTS == 0:
                    self._report(Progress("criteria", 0, 1, "interpretations under interchange" if looks else ""))
                looked = self._look() if looks else None
                if not looks and not self._all_counted and not self.totals[self.done]:
                    self._count()  # a limit may have ended counting before it
                readings = [self._reading(step, looked) for step in self.steps]
            except BeyondLimits as refusal:  # this circuit has too many; go on with the next
                self.note = self.note or f"Not tried: {refusal.cause}."
                readings = [self._reading(step, None) for step in self.steps]
            for answer, one in zip(self._readings, readings, strict=True):
                answer.append(one)
            self.done += 1

    def found(self) -> dict[CriterionStep, tuple[Reading, ...]]:
        """Return the readings of each step, circuit by circuit; circuits that were not reached are undecided."""
        sizes = zip(self.totals[self.done :], self.observed[self.done :], strict=True)
        rest = list(starmap(Reading.unknown, sizes))
        return {step: (*answer, *rest) for step, answer in zip(self.steps, self._readings, strict=True)}

    def _report(self, progress: Progress, /) -> None:
        """Report, counting from the first circuit."""
        self._work.report_step(progress.stage, self.done, len(self.masks), progress.found)

    # ---- the next circuit --------------------------------------------------------------------------------------------

    def _count(self) -> None:
        """Count the interpretations of the next circuit."""
        alone = self.masks[self.done : self.done + 1]
        counts = count_interpretations(self.question, alone, self._work.reporting_to(self._report))
        if counts.truncated_at is not None:
            raise OutOfTime
        self.totals[self.done], self.observed[self.done] = counts.total, counts.observed

    def _look(self) -> _Looked | None:
        """Find the observed classes of the next circuit and their predictions; None where they are too many to hold,
        and are only counted.
        """
        space, network = self._interventions
        circuit = Circuit(self.question.layout, int(self.masks[self.done]))
        try:
            classes = observed_classes(self.question, circuit)
        except BeyondLimits:
            self._count()
            return None
        self.totals[self.done], self.observed[self.done] = sum(classes.sizes), len(classes)
        answers, work = {"": network}, self._work.reporting_to(self._report)
        if any(step.key.endswith(_SUFFIX) for step in self.steps):
            answers[_SUFFIX] = decide_in_circuit(self.question, circuit, space, family_sets(circuit, space, "joint"))
        predictions: dict[str, ClassPredictions | None] = {}
        for suffix, own in answers.items():
            alone = class_predictions(classes, space, own, "alone", work, extremes=False)
            # what fails on single neurons fails on sets of them
            among = None if alone is None else np.array([n != 0 for n in alone.passing], dtype=bool)
            joint = class_predictions(classes, space, own, "joint", work, extremes=False, among=among)
            predictions |= {f"interchange{suffix}": alone, f"interchange-joint{suffix}": joint}
        return classes, predictions

    def _reading(self, step: CriterionStep, looked: _Looked | None) -> Reading:
        """Read a step on the next circuit; without a look only as far as it follows from numbers."""
        key, size = step.key, (self.totals[self.done], self.observed[self.done])
        if key in COSTLY and looked is not None:
            return self._scrubbed(looked[0]) if key == SCRUBBING else self._interchanged(looked, key)
        if key == "observed-class" and size[0]:
            return Reading(size[1], 0, size[1], 0, size[0])
        if key == "margin":
            return _all_or_none(size, self._margins[self.done] >= float(step.settings["least"]))
        if key == "representative":
            return self._least(self.done, size)
        if key not in COSTLY:  # of a plugin
            self.note = "It is judged one interpretation at a time, so how many of all pass is not counted."
        return Reading.unknown(*size)

    def _scrubbed(self, classes: ObservedClasses) -> Reading:
        """Read scrubbing on the next circuit, where whole classes pass or fail."""
        passing = np.equal(preserved(self.question, classes), len(self.question.clean_rows))
        sizes = classes.sizes
        return Reading(sum(sizes[k] for k in np.flatnonzero(passing).tolist()), 0, int(passing.sum()), 0, sum(sizes))

    def _interchanged(self, looked: _Looked, key: str) -> Reading:
        found, sizes = looked[1][key], looked[0].sizes
        if found is None:
            return Reading(0, 0, 0, 0, sum(sizes), applicable=False)
        passing = [n for n in found.passing if n != UNDECIDED]
        passed, classes = sum(passing), sum(n > 0 for n in passing)
        undecided = sum(size for size, n in zip(sizes, found.passing, strict=True) if n == UNDECIDED)
        unsure = len(sizes) - len(passing)
        if FAMILIES[key] == "joint" and self._interventions[0].largest is not None:  # larger sets were not tried
            return Reading(0, passed + undecided, 0, classes + unsure, sum(sizes))
        return Reading(passed, undecided, classes, unsure, sum(sizes))

    # ---- of all circuits ---------------------------------------------------------------------------------------------

    @cached_property
    def _interventions(self) -> tuple[InterventionSpace, NetworkAnswers]:
        return run_interventions(self.question)

    @cached_property
    def _margins(self) -> list[float]:
        """Return for each circuit the least margin of the network when some of the circuit's active neurons are
        interchanged; it depends on nothing else.
        """
        space, answers = self._interventions
        outputs = np.where(space.counted, answers.margins, np.inf)
        least = outputs.min(axis=(1, 2), initial=np.inf)
        of_active: dict[bytes, float] = {}
        margins = []
        for position, row in enumerate(self._active):
            neurons = row.tobytes()
            if neurons not in of_active:
                chosen = family_sets(Circuit(self.question.layout, int(self.masks[position])), space, "joint")
                of_active[neurons] = float(least[chosen].min(initial=np.inf))
            margins.append(of_active[neurons])
        return margins

    @cached_property
    def _symmetries(self) -> tuple[list[Permutations], bool]:
        return known_symmetries(self.question.network)

    @cached_property
    def _active(self) -> NDArray[np.bool_]:
        """The active hidden neurons of each circuit, ``[circuits, hidden neurons]``."""
        hidden = keep_matrices(self.masks, self.question.layout)[:-1]
        return np.concatenate([np.zeros((len(self.masks), 0), bool), *(m.any(axis=2) for m in hidden)], axis=1)

    @cached_property
    def _under_symmetries(self) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """The least mask into which a symmetry turns each circuit, ``[circuits]``, and whether one maps it to itself in
        which an active neuron goes elsewhere.
        """
        least, onto_itself = self.masks.copy(), np.zeros(len(self.masks), dtype=np.bool_)
        for permutations in self._symmetries[0][1:]:
            self._work.check()
            images = permuted_masks(self.masks, permutations, self.question.layout)
            moved = np.array([to != neuron for one in permutations for neuron, to in enumerate(one)], dtype=np.bool_)
            np.minimum(least, images, out=least)
            onto_itself |= (images == self.masks) & self._active[:, moved].any(axis=1)
        return least, onto_itself

    def _least(self, position: int, size: tuple[int, int]) -> Reading:
        """Return the reading of a circuit whose interpretations all pass or all fail, unless a symmetry maps it to
        itself.
        """
        least, onto_itself = self._under_symmetries
        if least[position] < self.masks[position]:
            return _all_or_none(size, False)
        if self._symmetries[1] or onto_itself[position]:
            self.note = self.note or "Symmetries that map a circuit to itself may exchange its interpretations."
            return Reading.unknown(*size)
        return _all_or_none(size, True)


def _all_or_none(size: tuple[int, int], passed: bool) -> Reading:  # the value itself, no switch
    """Return the reading of a circuit whose interpretations all pass, or all fail."""
    total, observed = size
    return Reading(total, 0, observed, 0, total) if passed else Reading(0, 0, 0, 0, total)
