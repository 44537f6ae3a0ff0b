"""What the measures of a study need of an analysis, and how its networks are cut into chunks.

A chunk is what one process trains together and then analyses one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from analysis.circuits.space import count_in_space
from analysis.studies.cells import Cell
from analysis.studies.design import StudyDesign
from analysis.studies.measures.registry import measures_of

MOST: Final = 100  # trained together until the slowest has learned: fewer take unequal times, and longer
LEAST: Final = 8
_CIRCUITS: Final = 1 << 24  # possible ones of all networks of a chunk: what is lost at most if a worker is killed
_CIRCUIT_NEEDS: Final = frozenset({"circuits", "interpretations", "criteria"})
_ALGORITHM_NEEDS: Final = frozenset({"algorithms", "criteria"})


class Needs(NamedTuple):
    """What must be searched in each network of a study.

    Args:
        circuits: with their interpretations.
        algorithms: by the analysis; some measures search for themselves.
        lists: single alignments, since they are judged; else they are counted, exactly too.
    """

    circuits: bool
    algorithms: bool
    lists: bool


def needs_of(design: StudyDesign) -> Needs:
    """What the measures of a study are about, taken together."""
    measures = measures_of(design.measures, design.criteria, design.methods).values()
    needs = {need for measure in measures for need in measure.needs}
    return Needs(bool(needs & _CIRCUIT_NEEDS), bool(needs & _ALGORITHM_NEEDS), "criteria" in needs)


def possible_circuits(cell: Cell) -> int | None:
    """Possible circuits of one output of each network, in the largest space of the study's protocols.

    None where no measure needs circuits, so that they are not searched.
    """
    if not needs_of(cell.design).circuits:
        return None
    return max(count_in_space((*cell.sizes[:-1], 1), protocol) for protocol in cell.design.protocols)


def chunk_size(cell: Cell) -> int:
    """Networks of a cell that are trained and analysed together."""
    return max(LEAST, min(MOST, _CIRCUITS // (possible_circuits(cell) or 1)))


def chunks_of(seeds: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Seeds in runs that never cross a multiple of the size, so that a study extended is cut at the same places."""
    runs: dict[int, list[int]] = {}
    for seed in seeds:
        runs.setdefault(seed // size, []).append(seed)
    return [tuple(run) for run in runs.values()]
