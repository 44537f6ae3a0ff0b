"""Alignments on learned subspaces: what a rotation of each layer reaches where no closed form does.

For every algorithm, every choice of a layer and a dimension for each variable is learned from several seeds
(:mod:`analysis.directions.das`). What comes out is an ordinary place, orthonormal rows, and is scored like any
other. A failure proves nothing: another seed may find what these did not, and the result says how many ended where.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.iia import tested_pairs
from analysis.directions.alignment import DirectionAlignment, LinearPlace
from analysis.directions.blocks import Block, block_placements, demands
from analysis.directions.das import LearnedRun, LearningCase, LearningOptions, learn
from analysis.directions.result import AlgorithmDirections, LearnedChoice, Learning
from analysis.directions.scoring import ScoredDirections, score_directions
from analysis.question import Question


def align_on_subspaces(question: Question, learning: Learning, algorithm: HighLevelModel) -> AlgorithmDirections:
    """One algorithm on learned subspaces, comparable with the classes in closed form.

    Args:
        question: what the network is asked.
        learning: how far to go.
        algorithm: over the network's inputs.

    Returns:
        A placement is a choice of layers and dimensions, valid if some seed reached IIA 1.

    Raises:
        BeyondLimits: too many choices.
    """
    if not algorithm.responses:
        empty = score_directions(question, algorithm, DirectionAlignment.of(algorithm.text, ()))
        return AlgorithmDirections(algorithm, "learned", (empty,), 1, 1, int(bool(empty.joint_valid)))
    options = LearningOptions(seeds=tuple(range(learning.seeds)), steps=learning.steps)
    found = learn_choices(question, algorithm, options, max_dimension=learning.max_dimension)
    best = [one for _, one in found]
    valid = sorted((one for one in best if one.valid), key=lambda one: (_n_dimensions(one), one.alignment.id))
    failing = sorted(
        (one for one in best if not one.valid), key=lambda one: (-one.iia.agreed, _n_dimensions(one), one.alignment.id)
    )
    return AlgorithmDirections(
        algorithm,
        "learned",
        (*valid, *failing[: question.protocol.n_near_misses]),
        len(found),
        len(valid),
        sum(1 for one in valid if one.joint_valid),
        irredundant=irredundancy(algorithm),
        choices=tuple(choice for choice, _ in found),
    )


def learn_choices(
    question: Question, algorithm: HighLevelModel, options: LearningOptions, *, max_dimension: int | None = None
) -> list[tuple[LearnedChoice, ScoredDirections]]:
    """Every choice of layers and dimensions, learned at once, each with its best seed; ties go to the earlier seed.

    Args:
        question: what the network is asked.
        algorithm: with at least one variable.
        options: seeds and steps.
        max_dimension: largest dimension of one variable; up to the whole layer if None.

    Raises:
        BeyondLimits: too many choices.
    """
    tested = tested_pairs(algorithm.n_inputs, question.protocol.interchange_pairs)
    asked = demands(algorithm, tested, joint=True)
    choices = block_placements(len(algorithm.responses), question.cut.hidden_sizes, max_dimension)
    runs = learn([LearningCase(question.cut, question.data.clean_rows, asked, blocks) for blocks in choices], options)
    return [_choice(question, algorithm, blocks, of_case) for blocks, of_case in zip(choices, runs, strict=True)]


def _choice(
    question: Question, algorithm: HighLevelModel, blocks: tuple[Block, ...], runs: Sequence[LearnedRun]
) -> tuple[LearnedChoice, ScoredDirections]:
    scored = [score_directions(question, algorithm, learned_alignment(algorithm, blocks, run)) for run in runs]
    best = max(scored, key=lambda one: (one.iia.agreed, one.joint.agreed if one.joint else 0))
    named = zip(sorted(algorithm.responses), blocks, strict=True)
    choice = LearnedChoice(
        tuple((path, block.layer, block.dimension) for path, block in named),
        best.alignment.id,
        best.iia,
        best.joint_valid,
        tuple(
            (run.seed, run.steps, one.iia, bool(one.valid and one.joint_valid))
            for run, one in zip(runs, scored, strict=True)
        ),
    )
    return choice, best


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


def _n_dimensions(scored: ScoredDirections) -> int:
    return sum(place.dimension for _, place in scored.alignment.places)
