"""How many interpretations of each circuit pass the criteria for interpretations, one by one and in any combination.

Counted are, without listing them (:mod:`analysis.criteria.interpretation_counts`), for each circuit its interpretations
and those that are right under interchange; and the same among the *representatives*, one of each observed class. That
is all that any combination needs:

- what is right on every set of active neurons is right on each neuron alone, so of the two interchange criteria on the
  network, and of the two on the circuit, the stricter one decides;
- ``observed-class`` leaves the representatives;
- ``causal-scrubbing`` passes or fails whole classes; how many pass two of these three (the network, the circuit, the
  scrubbing) lies between two bounds, and what is between them is undecided;
- ``margin`` and ``representative`` say the same of every interpretation of a circuit, or are undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.interpretation_counts import ON_CIRCUIT, CircuitReadings, read_circuits
from analysis.criteria.scrubbing import preserved
from analysis.criteria.steps import CriterionStep
from analysis.criteria.symmetry import MAX_SYMMETRIES, Permutations, permuted_masks, symmetries
from analysis.criteria.verdict import FAILED, NOT_APPLICABLE, PASSED
from analysis.criteria.verdict import UNDECIDED as UNDECIDED_OUTCOME
from analysis.errors import BeyondLimits
from analysis.experiments import (
    InterventionSpace,
    NetworkAnswers,
    decide_in_circuit,
    decide_under_interventions,
    intervention_space,
)
from analysis.explanations.interpretations import predict_by_interpretation
from analysis.interpretations.columns import UNDECIDED
from analysis.interpretations.counting import count_alone
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.predicting import Family, family_sets
from analysis.networks.circuit import Circuit, EdgeLayout
from analysis.networks.mlp import keep_matrices
from analysis.progress import Progress
from analysis.question import Question
from analysis.result import CriterionTally
from analysis.work import DEFAULT_WORK, Work

MIXED: Final = 4  # an outcome of a circuit: its interpretations fare differently, the counts tell
CIRCUIT_WIDE: Final = ("margin", "representative")
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


@dataclass(frozen=True, eq=False)
class ReadingCounts:
    """What one criterion says about the interpretations of each circuit in a row.

    Args:
        totals: interpretations of each circuit.
        passed: how many of them pass.
        undecided: how many of them are undecided.
        representatives: representatives of observed classes that pass; never more than ``passed``.
        representatives_undecided: representatives that are undecided.
        applicable: whether the question arises for the circuit.
        scores: ``[circuits]`` what the criterion measures where that is the same for all interpretations, else NaN.
    """

    totals: tuple[int, ...]
    passed: tuple[int, ...]
    undecided: tuple[int, ...]
    representatives: tuple[int, ...]
    representatives_undecided: tuple[int, ...]
    applicable: tuple[bool, ...]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.totals)

    @classmethod
    def undecided_for(cls, totals: Sequence[int], observed: Sequence[int]) -> ReadingCounts:
        """Nothing is known of any of them but how many there are, and in how many classes."""
        none, n = (0,) * len(totals), len(totals)
        return cls(tuple(totals), none, tuple(totals), none, tuple(observed), (True,) * n, np.full(n, np.nan))

    @cached_property
    def outcomes(self) -> NDArray[np.uint8]:
        """``[circuits]`` the outcome of all of a circuit's interpretations, or :data:`MIXED`."""
        return np.array([self._outcome(position) for position in range(len(self))], dtype=np.uint8)

    def _outcome(self, position: int) -> int:
        total, passed, undecided = self.totals[position], self.passed[position], self.undecided[position]
        if not self.applicable[position]:
            return NOT_APPLICABLE
        if undecided == total and undecided:
            return UNDECIDED_OUTCOME
        if passed == total:
            return PASSED
        return MIXED if passed or undecided else FAILED

    @property
    def tally(self) -> CriterionTally:
        """Over all interpretations of these circuits."""
        passed, undecided = sum(self.passed), sum(self.undecided)
        beside = sum(total for total, asked in zip(self.totals, self.applicable, strict=True) if not asked)
        return CriterionTally(passed, sum(self.totals) - passed - undecided - beside, undecided, beside)


_Cell = tuple[int, int, int, int, bool, float]  # the last six arguments of ReadingCounts, for one circuit
_Size = tuple[int, int]  # interpretations and observed classes of one circuit


def _none_known(size: _Size) -> _Cell:
    return 0, size[0], 0, size[1], True, np.nan


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
        self._cells: list[list[_Cell]] = []  # for each circuit one of each step
        self._firmness: dict[bytes, float] = {}

    @property
    def done(self) -> int:
        """Circuits counted so far."""
        return len(self._cells)

    @property
    def finished(self) -> bool:
        return self.done >= len(self.masks)

    def advance(self, work: Work) -> None:
        """Count on until all are counted.

        Raises:
            BeyondLimits: there are too many interventions even to begin.
        """
        self._work = work
        while not self.finished:
            try:
                for reading in self._readings(self.masks[self.done :]):
                    self._add(reading)
            except BeyondLimits as refusal:  # this circuit has too many; go on with the next
                self.note = self.note or f"Not tried: {refusal.cause}."
                self._add(None)

    def _readings(self, masks: NDArray[np.uint64]) -> Iterator[CircuitReadings | None]:
        """What has to be found out about each circuit, None if nothing has to but how many interpretations it has."""
        if any(step.key in COSTLY for step in self.steps):
            own = any(step.key in ON_CIRCUIT for step in self.steps)
            work = self._work.reporting_to(self._within_all)
            yield from read_circuits(self.question, masks, work, extremes=False, on_circuit=own)
            return
        for number in range(len(masks)):
            if number % _BETWEEN_REPORTS == 0:
                self._within_all(Progress("criteria", 0, 1))
            if not self._all_counted and not self.totals[self.done]:  # a limit may have ended counting before it
                self._count()
            yield None

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

    def _add(self, reading: CircuitReadings | None) -> None:
        """One more circuit, all steps at once."""
        position = len(self._cells)
        if reading is not None:
            self.totals[position], self.observed[position] = reading.total, reading.n_observed
        size = (self.totals[position], self.observed[position])
        self._cells.append([count(position, reading, size) for count in self._counters])

    @cached_property
    def _counters(self) -> list[Callable[[int, CircuitReadings | None, _Size], _Cell]]:
        """What each step says of a circuit."""
        return [self._counter(step) for step in self.steps]

    def _counter(self, step: CriterionStep) -> Callable[[int, CircuitReadings | None, _Size], _Cell]:
        key = step.key
        if key == SCRUBBING:
            return lambda _, reading, size: self._scrubbed(reading, size)
        if key in COSTLY:
            return lambda _, reading, size: self._counted(reading, key, size)
        if key == "observed-class":
            return lambda _position, _reading, size: (
                (size[1], 0, size[1], 0, True, np.nan) if size[0] else _none_known(size)
            )
        if key == "margin":
            least = float(step.settings["least"])
            return lambda position, _, size: self._firm(position, size, least)
        if key == "representative":
            return lambda position, _, size: self._least(position, size)
        return lambda _position, _reading, size: _none_known(size)

    def found(self) -> dict[CriterionStep, ReadingCounts]:
        """For each step what was counted; circuits after that are undecided."""
        told = {}
        sizes = zip(self.totals, self.observed, strict=True)
        rest = [_none_known(size) for size in islice(sizes, self.done, None)]
        for number, step in enumerate(self.steps):
            every = [*(cells[number] for cells in self._cells), *rest]
            columns: list[tuple[Any, ...]] = list(zip(*every, strict=True)) or [()] * 6
            passed, undecided, first, first_undecided, applicable, scores = columns
            told[step] = ReadingCounts(
                tuple(self.totals),
                passed,
                undecided,
                first,
                first_undecided,
                applicable,
                np.array(scores, dtype=np.float64),
            )
        return told

    # ---- one circuit and one criterion -------------------------------------------------------------------------------

    @cached_property
    def _space(self) -> InterventionSpace:
        return intervention_space(self.question.cut.hidden_sizes, self.question.cut.n_inputs)

    @cached_property
    def _answers(self) -> NetworkAnswers:
        return decide_under_interventions(self.question.cut, self.question.data.clean_rows, self._space)

    def _counted(self, reading: CircuitReadings | None, key: str, size: _Size) -> _Cell:
        if reading is None:
            return _none_known(size)
        tally = reading.tally(key)
        if tally.not_applicable:
            return 0, 0, 0, 0, False, np.nan
        passed, undecided = self._representatives(reading, key)
        return tally.passed, tally.undecided, passed, undecided, True, np.nan

    def _scrubbed(self, reading: CircuitReadings | None, size: _Size) -> _Cell:
        """Whole classes pass or fail."""
        if reading is None or reading.classes is None:
            return _none_known(size)
        passing = np.equal(preserved(self.question, reading.classes), len(self.question.data.clean_rows))
        sizes = reading.classes.sizes
        return sum(sizes[k] for k in np.flatnonzero(passing).tolist()), 0, int(passing.sum()), 0, True, np.nan

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

    def _firm(self, position: int, size: _Size, least: float) -> _Cell:
        active = self._active[position].tobytes()
        if active not in self._firmness:  # the margin depends on nothing else
            circuit = Circuit(self._layout, int(self.masks[position]))
            chosen = family_sets(circuit, self._space, "joint")
            margins = self._answers.margins[chosen][self._space.counted[chosen]]
            self._firmness[active] = float(margins.min(initial=np.inf))
        margin = self._firmness[active]
        passed, first = size if margin >= least else (0, 0)
        return passed, 0, first, 0, True, np.nan if np.isinf(margin) else margin

    @cached_property
    def _active(self) -> NDArray[np.bool_]:
        """``[circuits, hidden neurons]``."""
        keep = keep_matrices(self.masks, self._layout)
        return np.concatenate([np.zeros((len(self.masks), 0), bool), *(m.any(axis=2) for m in keep[:-1])], axis=1)

    @cached_property
    def _layout(self) -> EdgeLayout:
        return self.question.layout

    @cached_property
    def _symmetries(self) -> tuple[list[Permutations], bool]:
        found = list(islice(symmetries(self.question.cut), MAX_SYMMETRIES + 1))
        return found[:MAX_SYMMETRIES], len(found) > MAX_SYMMETRIES

    @cached_property
    def _images(self) -> list[NDArray[np.uint64]]:
        """The masks after each symmetry but the identity."""
        return [permuted_masks(self.masks, permutations, self._layout) for permutations in self._symmetries[0][1:]]

    def _least(self, position: int, size: _Size) -> _Cell:
        """All of a circuit's interpretations or none, unless a symmetry maps the circuit to itself."""
        if not self._images and not self._symmetries[1]:
            return size[0], 0, size[1], 0, True, np.nan
        mask = self.masks[position]
        images = [image[position] for image in self._images]
        if any(image < mask for image in images):
            return 0, 0, 0, 0, True, np.nan
        circuit = Circuit(self._layout, int(mask))
        onto_itself = any(
            image == mask and self._moves(circuit, permutations)
            for image, permutations in zip(images, self._symmetries[0][1:], strict=True)
        )
        if self._symmetries[1] or onto_itself:
            self.note = self.note or "Symmetries that map a circuit to itself may exchange its interpretations."
            return _none_known(size)
        return size[0], 0, size[1], 0, True, np.nan

    @staticmethod
    def _moves(circuit: Circuit, permutations: Permutations) -> bool:
        """Whether some active neuron goes elsewhere."""
        return any(
            to != neuron and bool(circuit.active[layer][neuron])
            for layer, permutation in enumerate(permutations, start=1)
            for neuron, to in enumerate(permutation)
        )
