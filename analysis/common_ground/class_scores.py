"""The circuits' side of a survey: each circuit's observed classes looked at, and what that gives put together."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.common_ground.interpreted import MAX_LISTED, ChosenClasses, choose_classes, speaks
from analysis.common_ground.points import UNKNOWN, Bounds, ClassPoints, Extreme, Subject
from analysis.common_ground.spread import Spread
from analysis.errors import BeyondLimits
from analysis.experiments import InterventionSpace, NetworkAnswers, ask_network
from analysis.interpretations.columns import UNDECIDED
from analysis.interpretations.indexing import InterpretationSpace
from analysis.interpretations.observed import MAX_CLASSES, observed_classes
from analysis.interpretations.predicting import class_predictions, extreme_interpretation
from analysis.networks.circuit import Circuit, EdgeLayout
from analysis.question import Question
from analysis.work import Work

Integers = NDArray[np.int64]
STAGE: Final = "common ground"
MAX_SECONDS: Final = 2.0  # that the best and the worst of one circuit may be expected to take on a page
MAX_WORK: Final = 1 << 27  # numbers computed for the best and the worst of one circuit's classes


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


def circuit_range(question: Question, circuit: Circuit) -> tuple[int, int, int] | None:
    """Fewest and most interventions that an interpretation of a circuit predicts right, and of how many.

    Returns:
        None where its interpretations predict nothing.

    Raises:
        BeyondLimits: finding them would take longer than a page may.
    """
    space, answers = ask_network(question)
    most = int(MAX_SECONDS / predicted_seconds(space))
    classes = observed_classes(question, circuit, max_classes=max(1, most))
    found = class_predictions(classes, space, answers, "all", max_work=MAX_WORK)
    if found is None:
        return None
    if (found.best == UNKNOWN).any():
        raise BeyondLimits(f"circuit {circuit.hex}", "has too many completions to find the best", "ask for another")
    return int(found.worst.min()), int(found.best.max()), found.tested


@dataclass(frozen=True, eq=False)
class Looked:
    """What a look at some observed classes of one circuit gave; parallel columns.

    Args:
        number: position of the circuit.
        speaking: whether they say anything of interventions.
        ranks: which of the circuit's classes.
        least: indices of the representatives.
        sizes: interpretations of each.
        predicted, right, best, worst: as in :class:`ClassPoints`.
        n_perfect: interpretations that are always right, None if that is not known.
    """

    number: int
    speaking: bool
    ranks: tuple[int, ...]
    least: tuple[int, ...]
    sizes: tuple[int, ...]
    predicted: Integers
    right: Integers
    best: Integers
    worst: Integers
    n_perfect: int | None


class InterpretationSurvey:
    """The circuits' side of a survey, circuit after circuit."""

    def __init__(self, subject: Subject, space: InterventionSpace, answers: NetworkAnswers, bounds: Bounds) -> None:
        self.subject, self.space, self.answers, self.bounds = subject, space, answers, bounds
        self.layout = EdgeLayout(subject.question.cut.sizes)
        self.n_classes = sum(subject.observed)
        self.drawn = self.n_classes * predicted_seconds(space) > bounds.max_seconds
        self.drawn |= max(subject.observed, default=0) > MAX_CLASSES
        self.drawn &= self.n_classes > bounds.n_drawn
        self.ranks_of = self._ranks()
        few = not self.drawn and self.n_classes <= bounds.max_spread
        self._spread: Spread | None = Spread(space, answers) if few else None
        self._in_spread: set[int] = set()
        self.n_perfect: int | None = 0
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
        for place in sorted(distinct(self.n_classes, self.bounds.n_drawn, self.bounds.seed)):
            number = bisect_right(ends, place)
            ranks = wanted.setdefault(number, [])
            if ranks is not None:
                ranks.append(place - (ends[number - 1] if number else 0))
        return wanted

    def run(self, work: Work) -> None:
        for done, (number, ranks) in enumerate(self.ranks_of.items()):
            work.tell(STAGE, done, len(self.ranks_of), f"{len(self._least):,} classes of interpretations")
            self._take(self._look_at(number, ranks))

    def _circuit(self, number: int) -> Circuit:
        return Circuit(self.layout, int(self.subject.masks[number]))

    def _chosen(self, number: int, ranks: Sequence[int] | None) -> ChosenClasses:
        subject = self.subject
        return choose_classes(
            subject.question,
            self._circuit(number),
            ranks=ranks,
            max_listed=MAX_LISTED if ranks is not None else MAX_CLASSES,
        )

    def _look_at(self, number: int, ranks: Sequence[int] | None) -> Looked:
        chosen = self._chosen(number, ranks)
        n_classes = len(chosen)
        right, best, worst = (np.full(n_classes, UNKNOWN) for _ in range(3))
        predicted = np.zeros(n_classes, dtype=np.int64)
        n_perfect: int | None = 0
        speaking = speaks(chosen.classes)
        if speaking:
            predicted[:] = self.space.n_interventions
            found = class_predictions(
                chosen.classes, self.space, self.answers, "all", representatives=True, max_work=MAX_WORK
            )
            if found is not None:
                right, best, worst = found.representative, found.best, found.worst
                known = all(n != UNDECIDED for n in found.passing)
                n_perfect = sum(found.passing) if known else None
            self._spread_over(number, chosen)
        else:
            right[:] = 0
        sizes = tuple(chosen.classes.sizes)
        columns = predicted, right, best, worst
        return Looked(number, speaking, chosen.ranks, tuple(chosen.least_indices), sizes, *columns, n_perfect)

    def _spread_over(self, number: int, chosen: ChosenClasses) -> None:
        """Take a circuit's classes into the spread."""
        self._in_spread.add(number)
        if self._spread is not None and not self._spread.add(chosen.classes):
            self._spread = None

    def _take(self, looked: Looked) -> None:
        """Take in what was found of one circuit."""
        number = looked.number
        if looked.speaking:
            known = self.n_perfect is not None and looked.n_perfect is not None
            self.n_perfect = (self.n_perfect or 0) + (looked.n_perfect or 0) if known else None
            self._note(number, looked)
            if self._spread is not None and number not in self._in_spread:  # it was looked at by an earlier attempt
                self._spread_over(number, self._chosen(number, self.ranks_of[number]))
        for name, column in (
            ("circuit", np.full(len(looked.ranks), number, dtype=np.int64)),
            ("predicted", looked.predicted),
            ("right", looked.right),
            ("best", looked.best),
            ("worst", looked.worst),
        ):
            self._columns[name].append(column)
        self._least += looked.least
        self._sizes += looked.sizes

    def _note(self, number: int, looked: Looked) -> None:
        """Keep the best and the worst of all."""
        best, worst = looked.best, looked.worst
        if (best == UNKNOWN).any():
            self._all_known = False
        for highest, column in ((True, best), (False, worst)):
            known = np.flatnonzero(column != UNKNOWN)
            if not len(known):
                continue
            values = column[known]
            at = int(known[np.argmax(values) if highest else np.argmin(values)])
            value, kept = int(column[at]), self._extremes[highest]
            if kept is None or (value > kept[0] if highest else value < kept[0]):
                self._extremes[highest] = value, number, looked.ranks[at]

    def extreme(self, *, highest: bool) -> Extreme | None:
        """An interpretation that attains the best or the worst; None if that is not known for every class."""
        kept = self._extremes[highest]
        if kept is None or not self._all_known:
            return None
        value, number, rank = kept
        subject, circuit = self.subject, self._circuit(number)
        try:
            classes = observed_classes(subject.question, circuit)
            interpretations = InterpretationSpace(subject.question, circuit)
            found = extreme_interpretation(interpretations, classes, rank, self.space, self.answers, highest=highest)
        except BeyondLimits:
            found = None
        return Extreme(number, None if found is None else found.index, value)

    def spread(self, work: Work) -> Counter[int] | None:
        """All interpretations by right predictions; None if that is too much."""
        if self._spread is None or self._spread.cost > self.bounds.max_added:
            return None
        return self._spread.counted(work)

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


def distinct(n: int, k: int, seed: int) -> set[int]:
    """As many distinct numbers below n as k says, uniformly; n may be of any size and is more than k."""
    chance = random.Random(seed)  # noqa: S311  # a sample that anyone can draw again, not a secret
    found: set[int] = set()
    while len(found) < k:
        found.add(chance.randrange(n))
    return found
