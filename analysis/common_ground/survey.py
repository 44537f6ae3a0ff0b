"""Survey of the explanations of an analysis on the common ground: coverage and accuracy, as exact fractions.

1. List the interventions and let the unablated network answer (:mod:`pluriscope.analysis.interventions.experiments`).
2. Every kept alignment of every algorithm (:mod:`pluriscope.analysis.common_ground.survey`).
3. Every observed class of every circuit: its representative, and the best and the worst of its members
   (:mod:`pluriscope.analysis.common_ground.interpreted`). Where that is more work than allowed, a uniform sample of all
   classes, without repetition, from a stated seed; best and worst are then those of the sample's classes.
4. Where the classes are few, how *all* interpretations are spread (:mod:`pluriscope.analysis.common_ground.spread`).

Bare circuits and algorithms without a placed variable say nothing of interventions: they have no accuracy and are no
points here.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.common_ground.interpreted import MAX_LISTED, ChosenClasses, choose_classes, speaks
from pluriscope.analysis.common_ground.points import UNKNOWN, AlignmentPoints, Bounds, ClassPoints, ExtremeFound
from pluriscope.analysis.common_ground.spread import Spread
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.observed import MAX_CLASSES, observed_classes
from pluriscope.analysis.interpretations.predicting import class_predictions, extreme_interpretation
from pluriscope.analysis.interventions.experiments import InterventionSpace, NetworkAnswers, run_interventions
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.joint import predicted_from_one_source
from pluriscope.analysis.placements.result import AlgorithmResult
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question

Integers = NDArray[np.int64]
Places = Sequence[tuple[str, NeuronSet]]
"""An alignment's places, sorted by path."""

_CELLS_AT_ONCE: Final = 1 << 22


class Standings(NamedTuple):
    """The predictions of several explanations on a space.

    Args:
        predicted: ``[explanations]`` interventions on which each predicts.
        right: ``[explanations]`` of those, the ones on which the network answers as predicted.
    """

    predicted: Integers
    right: Integers


def predictions_by_choice(algorithm: HighLevelModel) -> NDArray[np.int8]:
    """Compute the output of an algorithm when some of its variables take their values on source.

    Returns:
        ``[choices, source, base]``: choice c swaps the variables (in the order of their paths) whose bits of c + 1 are
        set, the lowest bit for the first path.
    """
    paths = sorted(algorithm.carriers)
    n_rows = 1 << algorithm.n_inputs
    found = np.zeros(((1 << len(paths)) - 1, n_rows, n_rows), dtype=np.int8)
    for choice in range(len(found)):
        chosen = [path for bit, path in enumerate(paths) if (choice + 1) >> bit & 1]
        found[choice] = predicted_from_one_source(algorithm, chosen)
    return found


def positions_by_bits(space: InterventionSpace) -> dict[int, int]:
    """Return the position of each listed set in the space, by its neurons as a bit set (see :func:`site_bits`)."""
    starts = [0, *accumulate(space.hidden_sizes)]
    return {
        sum(1 << (starts[layer - 1] + neuron) for layer, neuron in members): index
        for index, members in enumerate(space.sets)
    }


def site_bits(site: NeuronSet, hidden_sizes: Sequence[int]) -> int:
    """A neuron set among all hidden neurons, lowest layer and neuron least significant."""
    return site.bits << sum(hidden_sizes[: site.layer - 1])


def placement_standings(
    algorithm: HighLevelModel,
    placements: Sequence[Places],
    space: InterventionSpace,
    answers: NetworkAnswers,
    *,
    positions: dict[int, int] | None = None,
) -> Standings:
    """Coverage and accuracy of several alignments of one algorithm.

    Args:
        algorithm: whose variables are placed.
        placements: the places of each alignment, sorted by path, disjoint.
        space: the interventions.
        answers: what the unablated network does on them.
        positions: :func:`positions_by_bits` of the space, if it is at hand.
    """
    positions = positions_by_bits(space) if positions is None else positions
    said = predictions_by_choice(algorithm)
    n_rows = space.n_rows
    counted = ~np.eye(n_rows, dtype=bool)
    predicted, right = (np.zeros(len(placements), dtype=np.int64) for _ in range(2))
    if not len(said) or not len(placements):
        return Standings(predicted, right)
    wanted = said[:, counted]  # [choices, pairs]
    decided = answers.decisions[:, counted]  # [sets, pairs]
    where = np.array([_unions(placement, space, positions) for placement in placements], dtype=np.int64)
    step = max(1, _CELLS_AT_ONCE // wanted.size)
    for start in range(0, len(placements), step):
        part = slice(start, start + step)
        listed = where[part] >= 0
        same = (decided[where[part]] == wanted).sum(axis=2)
        predicted[part] = listed.sum(axis=1) * wanted.shape[1]
        right[part] = (same * listed).sum(axis=1)
    return Standings(predicted, right)


def _unions(placement: Places, space: InterventionSpace, positions: dict[int, int]) -> list[int]:
    """Return the position in the space of the union of each choice of sites, −1 if it is not listed."""
    unions = [0]
    for _, site in placement:
        bits = site_bits(site, space.hidden_sizes)
        unions += [union | bits for union in unions]
    return [positions.get(union, -1) for union in unions[1:]]


STAGE: Final = "common ground"
_BYTES_OF_CLASS: Final = 400  # that its columns take, twice while they are joined
MAX_WORK: Final = 1 << 27  # numbers computed for the best and the worst of one circuit's classes


def predicted_seconds(space: InterventionSpace) -> float:
    """Predict the seconds of a quiet core, roughly, for an observed class of a circuit with all neurons active.

    Three terms: what every class takes; its interventions, by column; the completions of its output's gate, which has
    at least as many free rows as it has rows more than there are inputs. Fitted to 2-3-3-1 and 3-3-3-1 networks.
    """
    first, second = (*space.hidden_sizes, 0, 0)[:2]
    columns = 1 << min(second, 16)
    free = max(0, columns - space.n_rows) if second else 0
    completions = 1 << min(free, 14)  # more are never tried
    cells = (1 << min(first, 16)) * columns * completions
    return 1.5e-4 + 2e-9 * space.n_interventions * columns + 4e-9 * cells


@dataclass(frozen=True, eq=False)
class CommonGround:
    """The points of the explanations of an analysis.

    Args:
        space: the interventions; sets only up to ``space.largest`` neurons if that is not None.
        classes: observed classes, all of them unless ``drawn``.
        n_classes: observed classes of all listed circuits.
        drawn: whether ``classes`` is a uniform sample.
        n_unread: classes drawn beside ``classes``: to find one of their circuit's by its rank takes too many states.
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
    n_unread: int
    best: ExtremeFound | None
    worst: ExtremeFound | None
    spread: Mapping[int, int] | None
    n_perfect: int | None
    alignments: AlignmentPoints
    n_alignments: int


def survey_common_ground(
    question: Question,
    masks: NDArray[np.uint64],
    placed: Sequence[AlgorithmResult],
    observed: Sequence[int],
    work: Work = DEFAULT_WORK,
    *,
    bounds: Bounds | None = None,
) -> CommonGround:
    """Coverage and accuracy of every explanation of an analysis.

    Args:
        masks: ``[circuits]`` the listed valid circuits, ascending.
        placed: algorithms with kept placements.
        observed: ``[circuits]`` how many observed classes each has.
        work: reports "common ground" now and then; may cancel there.
        bounds: how far to go.
    """
    bounds = bounds or Bounds()
    space, answers = run_interventions(question)
    alignments = _placement_points(placed, space, answers, bounds, work)
    # classes are drawn where asking all would take too long or too much room, and drawing leaves some out at all
    n_classes = sum(observed)
    drawn = n_classes * predicted_seconds(space) > bounds.max_seconds
    drawn |= max(observed, default=0) > MAX_CLASSES or n_classes * _BYTES_OF_CLASS > work.limits.max_bytes
    drawn &= n_classes > bounds.n_drawn
    spread = None if drawn or n_classes > bounds.max_spread else Spread(space, answers)
    ranks_of = (
        drawn_ranks(observed, bounds.n_drawn, bounds.seed)
        if drawn
        else dict.fromkeys(number for number, n in enumerate(observed) if n)
    )
    parts: list[ClassPoints] = []
    n_perfect: int | None = 0
    n_unread = 0
    for done, (number, ranks) in enumerate(ranks_of.items()):
        work.report_step(STAGE, done, len(ranks_of), f"{sum(map(len, parts)):,} classes of interpretations")
        circuit = Circuit(question.layout, int(masks[number]))
        most = MAX_CLASSES if ranks is None else MAX_LISTED
        try:
            chosen = choose_classes(question, circuit, ranks=ranks, max_listed=most)
        except BeyondLimits:  # of a draw a circuit may be left out and counted; of the whole nothing may
            if ranks is None:
                raise
            n_unread += len(ranks)
            continue
        points, perfect = _class_points(number, chosen, space, answers)
        parts.append(points)
        n_perfect = None if n_perfect is None or perfect is None else n_perfect + perfect
        if spread is not None and speaks(chosen.classes) and not spread.add(chosen.classes):
            spread = None
    points = ClassPoints.joined(parts)
    work.report_step(STAGE, 1, 1, f"{len(points):,} classes, {len(alignments):,} placements")
    return CommonGround(
        space=space,
        classes=points,
        n_classes=n_classes,
        drawn=drawn,
        seed=bounds.seed,
        n_unread=n_unread,
        best=_extreme(question, masks, points, space, answers, highest=True),
        worst=_extreme(question, masks, points, space, answers, highest=False),
        spread=None if spread is None or spread.cost > bounds.max_added else spread.counted(work),
        n_perfect=n_perfect,
        alignments=alignments,
        n_alignments=sum(len(one.alignments) for one in placed),
    )


def drawn_ranks(observed: Sequence[int], n_drawn: int, seed: int) -> dict[int, list[int] | None]:
    """A uniform sample of classes without repetition: for each circuit with drawn ones which of its classes these are.

    Args:
        observed: ``[circuits]`` observed classes of each, more in all than are drawn.
    """
    ends = list(accumulate(observed))
    ranks: dict[int, list[int]] = {}
    for position in sorted(distinct(ends[-1], n_drawn, seed)):
        number = bisect_right(ends, position)
        ranks.setdefault(number, []).append(position - (ends[number - 1] if number else 0))
    return dict(ranks)


def _class_points(
    number: int, chosen: ChosenClasses, space: InterventionSpace, answers: NetworkAnswers
) -> tuple[ClassPoints, int | None]:
    """Compute the points of some classes of a circuit, and the number of their interpretations that are always right,
    if known.
    """
    n_classes = len(chosen)
    predicted, right = (np.zeros(n_classes, dtype=np.int64) for _ in range(2))
    best, worst = (np.full(n_classes, UNKNOWN) for _ in range(2))
    n_perfect: int | None = 0
    if speaks(chosen.classes):
        predicted[:], right[:] = space.n_interventions, UNKNOWN
        found = class_predictions(chosen.classes, space, answers, "all", representatives=True, max_work=MAX_WORK)
        if found is not None:
            right, best, worst = found.representative, found.best, found.worst
            n_perfect = None if UNKNOWN in found.passing else sum(found.passing)
    circuit, ranks = np.full(n_classes, number, dtype=np.int64), np.array(chosen.ranks, dtype=np.int64)
    least, sizes = tuple(chosen.least_indices), tuple(chosen.classes.sizes)
    return ClassPoints(circuit, ranks, least, sizes, predicted, right, best, worst), n_perfect


def _extreme(
    question: Question,
    masks: NDArray[np.uint64],
    points: ClassPoints,
    space: InterventionSpace,
    answers: NetworkAnswers,
    *,
    highest: bool,
) -> ExtremeFound | None:
    """An interpretation that attains the best or the worst; None if that is not known for every class that speaks."""
    speaking = np.flatnonzero(points.predicted)
    if not len(speaking) or (points.best[speaking] == UNKNOWN).any():
        return None
    values = points.best[speaking] if highest else points.worst[speaking]
    at = int(speaking[values.argmax() if highest else values.argmin()])
    circuit = Circuit(question.layout, int(masks[points.circuit[at]]))
    try:
        classes = observed_classes(question, circuit)
        every, rank = InterpretationSpace(question, circuit), int(points.rank[at])
        found = extreme_interpretation(every, classes, rank, space, answers, highest=highest)
    except BeyondLimits:
        found = None
    value = int(points.best[at] if highest else points.worst[at])
    return ExtremeFound(mask=circuit.hex, index=None if found is None else str(found.index), right=value)


def distinct(n: int, k: int, seed: int) -> set[int]:
    """Draw k distinct numbers below n, uniformly; n may be of any size and is more than k."""
    chance = random.Random(seed)  # noqa: S311  # a sample that anyone can draw again, not a secret
    found: set[int] = set()
    while len(found) < k:
        found.add(chance.randrange(n))
    return found


def _placement_points(
    placed: Sequence[AlgorithmResult], space: InterventionSpace, answers: NetworkAnswers, bounds: Bounds, work: Work
) -> AlignmentPoints:
    positions = positions_by_bits(space)
    algorithm, alignment, predicted, right = ([np.zeros(0, dtype=np.int64)] for _ in range(4))
    left = bounds.max_alignments
    for number, one in enumerate(placed):
        if number % 32 == 0:
            work.report_step(STAGE, number, len(placed), "algorithms")
        some = [scored.alignment.places for scored in one.alignments[:left]]
        left -= len(some)
        found = placement_standings(one.algorithm, some, space, answers, positions=positions)
        algorithm.append(np.full(len(some), number, dtype=np.int64))
        alignment.append(np.arange(len(some)))
        predicted.append(found.predicted)
        right.append(found.right)
    return AlignmentPoints(*(np.concatenate(part) for part in (algorithm, alignment, predicted, right)))
