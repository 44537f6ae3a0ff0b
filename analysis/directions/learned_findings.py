"""Learned subspaces as findings: every choice with its seeds beside the search. Loads torch."""

from __future__ import annotations

from collections import defaultdict

from analysis.algorithms.catalogue import Candidates
from analysis.data import DataRecord
from analysis.directions.findings import DirectionFindings, LearnedChoice, evidence_of
from analysis.directions.learned import LearnedPlacement, search_learned
from analysis.directions.result import DirectionSearch
from analysis.directions.table import DirectionTable
from analysis.directions.training import LearningOptions
from analysis.errors import BeyondLimits
from analysis.networks.network import Network
from analysis.progress import Report, silent
from analysis.protocol import Protocol
from analysis.shards import FORGETFUL, Shards


def find_learned(
    network: Network,
    candidates: Candidates,
    protocol: Protocol,
    data: DataRecord,
    *,
    n_seeds: int = 3,
    steps: int = 300,
    max_dimension: int | None = None,
    irredundant_only: bool = True,
    report: Report = silent,
    shards: Shards = FORGETFUL,
) -> DirectionFindings:
    """Learn subspaces for every candidate algorithm.

    Args:
        network: cut to the analysed output.
        candidates: the algorithms, all over the network's inputs.
        protocol: pairs and decision.
        data: rows to interchange.
        n_seeds: seeds 0 to n − 1.
        steps: most steps from each seed.
        max_dimension: largest dimension of one variable; up to the whole layer if None.
        irredundant_only: leave out algorithms with a redundant literal.
        report: told "directions" before each algorithm; may cancel there.
        shards: where the algorithms go that are done.

    Returns:
        The findings; too many choices come back refused, with the reason.
    """
    settings = {"seeds": n_seeds, "steps": steps, "max_dimension": max_dimension}
    try:
        search, placements = search_learned(
            network,
            candidates,
            protocol,
            data,
            options=LearningOptions(seeds=tuple(range(n_seeds)), steps=steps),
            max_dimension=max_dimension,
            irredundant_only=irredundant_only,
            report=report,
            shards=shards,
        )
    except BeyondLimits as error:
        nothing = DirectionSearch("learned", (), candidates.n_candidates, irredundant_only)
        return DirectionFindings(nothing, {}, settings=settings, refused=str(error))
    choices: dict[str, list[LearnedChoice]] = defaultdict(list)
    for placement in placements:
        choices[placement.algorithm_text].append(_choice(placement))
    table = DirectionTable(network, protocol, data)
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
