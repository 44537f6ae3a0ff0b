"""Alignments on learned subspaces: what a rotation of each layer reaches where no closed form does.

For every algorithm, every choice of a layer and a dimension for each variable is learned from several seeds
(:mod:`analysis.directions.das`). What comes out is an ordinary place, orthonormal rows, and is scored like any
other. A failure proves nothing: another seed may find what these did not, and the result says how many ended where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np

from analysis.algorithms.candidates import Candidates
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.alignment import IIA
from analysis.alignments.iia import tested_pairs
from analysis.checkpoints import in_parts
from analysis.directions.alignment import DirectionAlignment, LinearPlace
from analysis.directions.blocks import Block, block_placements, demands
from analysis.directions.das import LearnedRun, LearningCase, LearningOptions, learn
from analysis.directions.result import AlgorithmDirections, DirectionSearch
from analysis.directions.scoring import ScoredDirections, score_directions
from analysis.progress import OutOfTime
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work


@dataclass(frozen=True)
class LearnedPlacement:
    """What learning reached for one choice of layers and dimensions.

    Args:
        algorithm_text: identity text of the algorithm.
        blocks: for each variable, by path in order, its layer and dimension.
        best: the best of the seeds, scored; ties go to the earlier seed.
        runs: (seed, steps, IIA, whether every single and joint interchange was right) for each seed.
    """

    algorithm_text: str
    blocks: tuple[Block, ...]
    best: ScoredDirections
    runs: tuple[tuple[int, int, IIA, bool], ...]

    @property
    def n_solved(self) -> int:
        """Seeds that ended with everything right."""
        return sum(1 for *_, solved in self.runs if solved)


def search_learned(
    question: Question,
    candidates: Candidates,
    work: Work = DEFAULT_WORK,
    *,
    options: LearningOptions | None = None,
    max_dimension: int | None = None,
    irredundant_only: bool = True,
) -> tuple[DirectionSearch, tuple[LearnedPlacement, ...]]:
    """Learn subspaces for every candidate algorithm.

    Args:
        candidates: the algorithms, all over the network's inputs.
        options: seeds and steps.
        max_dimension: largest dimension of one variable; up to the whole layer if None.
        irredundant_only: leave out algorithms with a redundant literal.
        work: told "directions" before each algorithm; may cancel there, or raise OutOfTime to stop.

    Returns:
        The search, comparable with those in closed form: a placement is a choice of layers and dimensions, valid if
        some seed reached IIA 1; and every placement with its seeds.

    Raises:
        BeyondLimits: too many choices.
    """
    how = options or LearningOptions()
    chosen = [a for a in candidates.algorithms if not irredundant_only or irredundancy(a)["irredundant-literals"]]
    results: list[AlgorithmDirections] = []
    placements: list[LearnedPlacement] = []

    def pieces() -> Iterator[Callable[[], tuple[LearnedPlacement, ...]]]:
        for done, algorithm in enumerate(chosen):
            work.tell("directions", done, len(chosen), f"{sum(r.n_valid for r in results)} valid alignments")
            yield partial(learn_algorithm, question, algorithm, how, max_dimension=max_dimension)

    with suppress(OutOfTime):
        for algorithm, found in zip(chosen, in_parts(pieces(), work.checkpoints), strict=True):
            placements += found
            results.append(_result(question, algorithm, found))
    work.tell("directions", 1, 1, f"{sum(r.n_valid for r in results)} valid alignments")
    listed = len(candidates.algorithms) == candidates.n_candidates
    left = len(chosen) - len(results)
    found_all = DirectionSearch("learned", tuple(results), candidates.n_candidates, irredundant_only, listed, left)
    return found_all, tuple(placements)


def learn_algorithm(
    question: Question, algorithm: HighLevelModel, options: LearningOptions, *, max_dimension: int | None = None
) -> tuple[LearnedPlacement, ...]:
    """Learn subspaces for one algorithm, all choices of layers and dimensions at once; none if it has no variables.

    Raises:
        BeyondLimits: too many choices.
    """
    if not algorithm.responses:
        return ()
    tested = tested_pairs(algorithm.n_inputs, question.protocol.interchange_pairs)
    asked = demands(algorithm, tested, joint=True)
    rows = question.data.clean_rows
    choices = block_placements(len(algorithm.responses), question.cut.hidden_sizes, max_dimension)
    runs = learn([LearningCase(question.cut, rows, asked, blocks) for blocks in choices], options)
    return tuple(
        _placement(question, algorithm, blocks, of_case) for blocks, of_case in zip(choices, runs, strict=True)
    )


def _placement(
    question: Question, algorithm: HighLevelModel, blocks: tuple[Block, ...], runs: Sequence[LearnedRun]
) -> LearnedPlacement:
    scored = [score_directions(question, algorithm, learned_alignment(algorithm, blocks, run)) for run in runs]
    told = tuple(
        (run.seed, run.steps, one.iia, bool(one.valid and one.joint_valid))
        for run, one in zip(runs, scored, strict=True)
    )
    best = max(scored, key=lambda one: (one.iia.agreed, one.joint.agreed if one.joint else 0))
    return LearnedPlacement(algorithm.text, blocks, best, told)


def learned_alignment(algorithm: HighLevelModel, blocks: Sequence[Block], run: LearnedRun) -> DirectionAlignment:
    """The alignment that a run on rotations ended with: each variable's block of the learned coordinates.

    Args:
        algorithm: with a block for each of its variables, by path in order.
        blocks: where each variable was learned.
        run: its rotations.
    """
    places = {}
    for path, block in zip(sorted(algorithm.responses), blocks, strict=True):
        rows = run.rotations[block.layer - 1][block.first : block.first + block.dimension]
        # nine digits keep addresses short; the place need not be orthonormal to the last bit to be one
        places[path] = LinearPlace.of(block.layer, np.round(rows, 9))
    return DirectionAlignment.of(algorithm.text, places)


def _result(question: Question, algorithm: HighLevelModel, found: Sequence[LearnedPlacement]) -> AlgorithmDirections:
    if not algorithm.responses:
        empty = score_directions(question, algorithm, DirectionAlignment.of(algorithm.text, ()))
        return AlgorithmDirections(algorithm, "learned", (empty,), 1, 1, int(bool(empty.joint_valid)))
    best = [placement.best for placement in found]
    valid = sorted((one for one in best if one.valid), key=lambda one: (_n_dimensions(one), one.alignment.id))
    failing = sorted(
        (one for one in best if not one.valid), key=lambda one: (-one.iia.agreed, _n_dimensions(one), one.alignment.id)
    )
    n_joint = sum(1 for one in valid if one.joint_valid)
    return AlgorithmDirections(
        algorithm,
        "learned",
        (*valid, *failing[: question.protocol.n_near_misses]),
        len(found),
        len(valid),
        n_joint,
        irredundant=irredundancy(algorithm),
    )


def _n_dimensions(scored: ScoredDirections) -> int:
    return sum(place.dimension for _, place in scored.alignment.places)
