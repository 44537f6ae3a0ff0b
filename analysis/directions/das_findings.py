"""Learned subspaces as findings: every choice with its seeds beside the search. Loads torch."""

from __future__ import annotations

from collections import defaultdict

from analysis.algorithms.candidates import Candidates
from analysis.directions.das import LearningOptions
from analysis.directions.das_result import LearnedPlacement, search_learned
from analysis.directions.findings import DirectionFindings, LearnedChoice, evidence_of
from analysis.directions.result import DirectionSearch
from analysis.directions.table import DirectionTable
from analysis.errors import BeyondLimits
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work


def find_learned(
    question: Question,
    candidates: Candidates,
    work: Work = DEFAULT_WORK,
    *,
    n_seeds: int = 3,
    steps: int = 300,
    max_dimension: int | None = None,
    irredundant_only: bool = True,
) -> DirectionFindings:
    """Learn subspaces for every candidate algorithm.

    Args:
        candidates: the algorithms, all over the network's inputs.
        n_seeds: seeds 0 to n − 1.
        steps: most steps from each seed.
        max_dimension: largest dimension of one variable; up to the whole layer if None.
        irredundant_only: leave out algorithms with a redundant literal.
        work: told "directions" before each algorithm; may cancel there.

    Returns:
        The findings; too many choices come back refused, with the reason.
    """
    settings = {"seeds": n_seeds, "steps": steps, "max_dimension": max_dimension}
    try:
        search, placements = search_learned(
            question,
            candidates,
            work,
            options=LearningOptions(seeds=tuple(range(n_seeds)), steps=steps),
            max_dimension=max_dimension,
            irredundant_only=irredundant_only,
        )
    except BeyondLimits as error:
        nothing = DirectionSearch("learned", (), candidates.n_candidates, irredundant_only)
        return DirectionFindings(nothing, {}, settings=settings, refused=str(error))
    choices: dict[str, list[LearnedChoice]] = defaultdict(list)
    for placement in placements:
        choices[placement.algorithm_text].append(_choice(placement))
    table = DirectionTable(question)
    return DirectionFindings(
        search,
        evidence_of(table, search.algorithms),
        {text: tuple(found) for text, found in choices.items()},
        settings,
    )


def _choice(placement: LearnedPlacement) -> LearnedChoice:
    paths = [path for path, _ in placement.best.alignment.places]
    blocks = tuple((path, block.layer, block.dimension) for path, block in zip(paths, placement.blocks, strict=True))
    return LearnedChoice(
        blocks, placement.best.alignment.id, placement.best.iia, placement.best.joint_valid, placement.runs
    )
