"""Where every explanation of one analysis stands on the common ground: coverage and accuracy, as exact fractions.

1. List the interventions and let the unablated network answer (:mod:`analysis.experiments`).
2. Every kept alignment of every algorithm (:mod:`analysis.common_ground.aligned`).
3. Every observed class of every circuit: its representative, and the best and the worst of its members
   (:mod:`analysis.common_ground.interpreted`). Where that is more work than allowed, a uniform sample of all classes,
   without repetition, from a stated seed; best and worst are then those of the sample's classes.
4. Where the classes are few, how *all* interpretations are spread (:mod:`analysis.common_ground.spread`).

Bare circuits and algorithms without a placed variable say nothing of interventions: they have no accuracy and are no
points here.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.iia import interchange_rows
from analysis.circuits.circuit import Circuit, EdgeLayout
from analysis.common_ground.aligned import Places, alignment_standings, positions_by_bits
from analysis.common_ground.interpreted import MAX_LISTED, ChosenClasses, choose_classes, representatives_right, speaks
from analysis.common_ground.spread import Spread
from analysis.data import DataRecord
from analysis.errors import BeyondLimits
from analysis.experiments import InterventionSpace, NetworkAnswers, decide_under_interventions, intervention_space
from analysis.interpretations.columns import UNDECIDED
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.observed import MAX_CLASSES, observed_classes
from analysis.interpretations.predicting import class_predictions, extreme_interpretation
from analysis.interventions.ablation import Ablation
from analysis.networks.network import Network
from analysis.progress import Progress, Report, silent

Integers = NDArray[np.int64]
STAGE: Final = "common ground"
UNKNOWN: Final = UNDECIDED
MAX_WORK: Final = 1 << 27  # numbers computed for the best and the worst of one circuit's classes


@dataclass(frozen=True)
class Bounds:
    """How far a survey goes.

    Args:
        max_seconds: of one quiet core, predicted for all classes (:func:`predicted_seconds`); beyond, some are drawn.
        n_drawn: classes drawn then.
        max_spread: classes up to which all interpretations are spread, about a third of a millisecond each.
        max_alignments: alignments looked at, in the order of the store.
        seed: of the draw.
    """

    max_seconds: float = 90.0
    n_drawn: int = 5_000
    max_spread: int = 20_000
    max_alignments: int = 200_000
    seed: int = 0


THOROUGH: Final = Bounds(max_seconds=3_600.0, n_drawn=50_000, max_spread=1_000_000, max_alignments=2_000_000)


@dataclass(frozen=True)
class Subject:
    """One analysis, as far as the survey needs it.

    Args:
        network: cut to the analysed output.
        ablation: the protocol's.
        data: its interchange rows are sources and bases.
        masks: ``[circuits]`` the listed valid circuits, ascending.
        observed: ``[circuits]`` observed classes of each.
        algorithms: those that have kept alignments.
        placements: for each of them, the places of each kept alignment, sorted by path.
    """

    network: Network
    ablation: Ablation
    data: DataRecord
    masks: NDArray[np.uint64]
    observed: Sequence[int]
    algorithms: Sequence[HighLevelModel]
    placements: Sequence[Sequence[Places]]


@dataclass(frozen=True, eq=False)
class ClassPoints:
    """Observed classes of circuits, by circuit, then rank; parallel columns.

    Args:
        circuit: position of the circuit among the masks.
        least_index: index of the representative.
        size: interpretations in the class.
        predicted: interventions that its members predict: all or none.
        right: of those, how many the representative predicts right.
        best: the most that a member predicts right, −1 where that is not known.
        worst: the fewest, likewise.
    """

    circuit: Integers
    least_index: tuple[int, ...]
    size: tuple[int, ...]
    predicted: Integers
    right: Integers
    best: Integers
    worst: Integers

    def __len__(self) -> int:
        return len(self.circuit)


@dataclass(frozen=True, eq=False)
class AlignmentPoints:
    """Kept alignments in the order of the subject, as far as they were looked at; parallel columns.

    Args:
        algorithm: position of the algorithm in the subject.
        alignment: position among that algorithm's placements.
        predicted: interventions that it predicts.
        right: of those, how many it predicts right.
    """

    algorithm: Integers
    alignment: Integers
    predicted: Integers
    right: Integers

    def __len__(self) -> int:
        return len(self.algorithm)


@dataclass(frozen=True)
class Extreme:
    """An interpretation that predicts as many or as few interventions right as any that was looked at.

    Args:
        circuit: position of its circuit among the masks.
        index: its index; None where its class is known but it cannot be singled out.
        right: interventions that it predicts right.
    """

    circuit: int
    index: int | None
    right: int


@dataclass(frozen=True, eq=False)
class CommonGround:
    """Where the explanations of one analysis stand.

    Args:
        space: the interventions; sets only up to ``space.largest`` neurons if that is not None.
        classes: observed classes, all of them unless ``drawn``.
        n_classes: observed classes of all listed circuits.
        drawn: whether ``classes`` is a uniform sample.
        seed: of the sample.
        circuit_best: ``[circuits]`` the most that an interpretation of the circuit predicts right; −1 where that is not
            known or it says nothing.
        circuit_worst: the fewest, likewise.
        best: of all classes, or of the sample; None if not known.
        worst: likewise.
        spread: interpretations by the number of interventions that they predict right, all of them; None where the
            classes are too many.
        n_perfect: interpretations of ``classes`` that are right on every intervention; None where that is not known.
        alignments: kept ones, all unless ``n_alignments`` is more.
        n_alignments: kept alignments.
    """

    space: InterventionSpace
    classes: ClassPoints
    n_classes: int
    drawn: bool
    seed: int
    circuit_best: Integers
    circuit_worst: Integers
    best: Extreme | None
    worst: Extreme | None
    spread: Mapping[int, int] | None
    n_perfect: int | None
    alignments: AlignmentPoints
    n_alignments: int


def survey_common_ground(subject: Subject, *, bounds: Bounds | None = None, report: Report = silent) -> CommonGround:
    """Coverage and accuracy of every explanation of an analysis.

    Args:
        subject: the analysis.
        bounds: how far to go.
        report: told "common ground" now and then; may cancel there.

    Raises:
        BeyondLimits: one of the drawn classes cannot even be found.
    """
    bounds = bounds or Bounds()
    network = subject.network
    space = intervention_space(network.hidden_sizes, network.n_inputs)
    answers = decide_under_interventions(network, interchange_rows(subject.data), space)
    alignments, n_alignments = _alignment_points(subject, space, answers, bounds, report)
    survey = _Interpretations(subject, space, answers, bounds)
    survey.run(report)
    points = survey.points()
    report(Progress(STAGE, 1, 1, f"{len(points):,} classes, {len(alignments):,} alignments"))
    return CommonGround(
        space=space,
        classes=points,
        n_classes=survey.n_classes,
        drawn=survey.drawn,
        seed=bounds.seed,
        circuit_best=survey.circuit_best,
        circuit_worst=survey.circuit_worst,
        best=survey.extreme(highest=True),
        worst=survey.extreme(highest=False),
        spread=survey.spread(),
        n_perfect=survey.n_perfect,
        alignments=alignments,
        n_alignments=n_alignments,
    )


def _alignment_points(
    subject: Subject, space: InterventionSpace, answers: NetworkAnswers, bounds: Bounds, report: Report
) -> tuple[AlignmentPoints, int]:
    positions = positions_by_bits(space)
    algorithm, alignment, predicted, right = ([np.zeros(0, dtype=np.int64)] for _ in range(4))
    left = bounds.max_alignments
    for number, (model, placements) in enumerate(zip(subject.algorithms, subject.placements, strict=True)):
        if number % 32 == 0:
            report(Progress(STAGE, number, max(1, len(subject.algorithms)), "algorithms"))
        some = placements[:left]
        left -= len(some)
        found = alignment_standings(model, some, space, answers, positions=positions)
        algorithm.append(np.full(len(some), number, dtype=np.int64))
        alignment.append(np.arange(len(some)))
        predicted.append(found.predicted)
        right.append(found.right)
    points = AlignmentPoints(*(np.concatenate(part) for part in (algorithm, alignment, predicted, right)))
    return points, sum(len(placements) for placements in subject.placements)


def predicted_seconds(space: InterventionSpace) -> float:
    """What one observed class of a circuit with all neurons active takes a quiet core, roughly.

    Three terms: what every class takes; its interventions, by column; the completions of its output's gate, which has
    at least as many free rows as it has rows more than there are inputs. Fitted to 2-3-3-1 and 3-3-3-1 networks.
    """
    first, second = (*space.hidden_sizes, 0, 0)[:2]
    columns = 1 << min(second, 16)
    free = max(0, columns - space.n_rows) if second else 0
    completions = 1 << min(free, 14)  # more are never tried
    cells = (1 << min(first, 16)) * columns * completions
    return 1.5e-4 + 2e-9 * space.n_interventions * columns + 4e-9 * cells


class _Interpretations:
    """The circuits' side of a survey, circuit after circuit."""

    def __init__(self, subject: Subject, space: InterventionSpace, answers: NetworkAnswers, bounds: Bounds) -> None:
        self.subject, self.space, self.answers, self.bounds = subject, space, answers, bounds
        self.layout = EdgeLayout(subject.network.sizes)
        self.n_classes = sum(subject.observed)
        self.drawn = self.n_classes * predicted_seconds(space) > bounds.max_seconds
        self.drawn |= max(subject.observed, default=0) > MAX_CLASSES
        self.drawn &= self.n_classes > bounds.n_drawn
        self.ranks_of = self._ranks()
        few = not self.drawn and self.n_classes <= bounds.max_spread
        self._spread: Spread | None = Spread(space, answers) if few else None
        self.n_perfect: int | None = 0
        n_circuits = len(subject.masks)
        self.circuit_best, self.circuit_worst = np.full(n_circuits, UNKNOWN), np.full(n_circuits, UNKNOWN)
        self._columns: dict[str, list[Integers]] = defaultdict(list)
        self._least: list[int] = []
        self._sizes: list[int] = []
        self._extremes: dict[bool, tuple[int, int, int] | None] = {True: None, False: None}  # right, circuit, rank
        self._all_known = True

    def _ranks(self) -> dict[int, list[int] | None]:
        """Which classes of which circuits are looked at; None for all of a circuit."""
        if not self.drawn:
            return {number: None for number, n in enumerate(self.subject.observed) if n}
        ends = list(accumulate(self.subject.observed))
        wanted: dict[int, list[int] | None] = {}
        for place in sorted(_distinct(self.n_classes, self.bounds.n_drawn, self.bounds.seed)):
            number = bisect_right(ends, place)
            ranks = wanted.setdefault(number, [])
            if ranks is not None:
                ranks.append(place - (ends[number - 1] if number else 0))
        return wanted

    def run(self, report: Report) -> None:
        for done, (number, ranks) in enumerate(self.ranks_of.items()):
            report(Progress(STAGE, done, len(self.ranks_of), f"{len(self._least):,} classes of interpretations"))
            self._look_at(number, ranks)

    def _circuit(self, number: int) -> Circuit:
        return Circuit(self.layout, int(self.subject.masks[number]))

    def _chosen(self, number: int, ranks: Sequence[int] | None) -> ChosenClasses:
        subject = self.subject
        return choose_classes(
            subject.network,
            self._circuit(number),
            subject.data,
            ablation=subject.ablation,
            ranks=ranks,
            max_listed=MAX_LISTED if ranks is not None else MAX_CLASSES,
        )

    def _look_at(self, number: int, ranks: Sequence[int] | None) -> None:
        chosen = self._chosen(number, ranks)
        n_classes = len(chosen)
        right, best, worst = (np.full(n_classes, UNKNOWN) for _ in range(3))
        predicted = np.zeros(n_classes, dtype=np.int64)
        speaking = speaks(chosen.classes)
        if speaking:
            predicted[:] = self.space.n_interventions
            found = class_predictions(
                chosen.classes, self.space, self.answers, "all", representatives=True, max_work=MAX_WORK
            )
            if found is None or (found.representative == UNDECIDED).any():
                right = representatives_right(chosen.classes, self.space, self.answers)
            if found is not None:
                best, worst = found.best, found.worst
                right = right if (found.representative == UNDECIDED).any() else found.representative
                known = all(n != UNDECIDED for n in found.passing)
                self.n_perfect = self.n_perfect + sum(found.passing) if known and self.n_perfect is not None else None
            self._note(number, ranks is None, chosen, best, worst)
            if self._spread is not None and not self._spread.add(chosen.classes):
                self._spread = None
        else:
            right[:] = 0
        for name, column in (
            ("circuit", np.full(n_classes, number, dtype=np.int64)),
            ("predicted", predicted),
            ("right", right),
            ("best", best),
            ("worst", worst),
        ):
            self._columns[name].append(column)
        self._least += chosen.least_indices
        self._sizes += chosen.classes.sizes

    def _note(self, number: int, whole: bool, chosen: ChosenClasses, best: Integers, worst: Integers) -> None:
        """Keep the best and the worst of a circuit, and of all."""
        if (best == UNKNOWN).any():
            self._all_known = False
        elif whole:
            self.circuit_best[number], self.circuit_worst[number] = best.max(), worst.min()
        for highest, column in ((True, best), (False, worst)):
            known = np.flatnonzero(column != UNKNOWN)
            if not len(known):
                continue
            values = column[known]
            at = int(known[np.argmax(values) if highest else np.argmin(values)])
            value, kept = int(column[at]), self._extremes[highest]
            if kept is None or (value > kept[0] if highest else value < kept[0]):
                self._extremes[highest] = value, number, chosen.ranks[at]

    def extreme(self, *, highest: bool) -> Extreme | None:
        """An interpretation that attains the best or the worst; None if that is not known for every class."""
        kept = self._extremes[highest]
        if kept is None or not self._all_known:
            return None
        value, number, rank = kept
        subject, circuit = self.subject, self._circuit(number)
        try:
            classes = observed_classes(subject.network, circuit, subject.data, ablation=subject.ablation)
            interpretations = InterpretationSpace(subject.network, circuit, subject.data, subject.ablation)
            found = extreme_interpretation(interpretations, classes, rank, self.space, self.answers, highest=highest)
        except BeyondLimits:
            found = None
        return Extreme(number, None if found is None else found.index, value)

    def spread(self) -> Counter[int] | None:
        """All interpretations by right predictions; None if that was too much."""
        return None if self._spread is None else self._spread.counted()

    def points(self) -> ClassPoints:
        columns = {
            name: np.concatenate(self._columns[name]) if self._columns[name] else np.zeros(0, dtype=np.int64)
            for name in ("circuit", "predicted", "right", "best", "worst")
        }
        return ClassPoints(
            columns["circuit"],
            tuple(self._least),
            tuple(self._sizes),
            columns["predicted"],
            columns["right"],
            columns["best"],
            columns["worst"],
        )


def _distinct(n: int, k: int, seed: int) -> set[int]:
    """As many distinct numbers below n as k says, uniformly; n may be of any size and is more than k."""
    chance = random.Random(seed)  # noqa: S311  # a sample that anyone can draw again, not a secret
    found: set[int] = set()
    while len(found) < k:
        found.add(chance.randrange(n))
    return found
