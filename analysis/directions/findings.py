"""A search for alignments on directions with what else is known of each alignment that it keeps.

The search itself says which alignments pass. Besides: how each direction fares in the row space of the next
layer (:mod:`analysis.directions.rowspace`), how much of the family of its oblique swaps passes
(:mod:`analysis.directions.oblique`). One value for the store, the result file and the pages.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from analysis.algorithms.candidates import Candidates
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.iia import Behaviour
from analysis.directions.alignment import LinearPlace
from analysis.directions.integers import n_integer_directions
from analysis.directions.oblique import ObliqueFamily
from analysis.directions.result import AlgorithmDirections, DirectionClass, DirectionSearch, Learning, PlaceEvidence
from analysis.directions.rowspace import RowspaceSplit, rowspace_split
from analysis.directions.search import search_directions
from analysis.directions.table import DirectionTable
from analysis.errors import BeyondLimits
from analysis.networks.network import Network
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work

CLOSED_FORM: Final[tuple[DirectionClass, ...]] = ("orthogonal", "oblique", "integer", "integer-any")
MAX_CHEAP: Final = 200_000_000  # numbers moved through a layer; some seconds


def find_directions(
    question: Question,
    candidates: Candidates,
    direction_class: DirectionClass,
    work: Work = DEFAULT_WORK,
    *,
    irredundant_only: bool = True,
    table: DirectionTable | None = None,
    learning: Learning | None = None,
) -> DirectionSearch:
    """Search one class and gather what is known of each alignment found; only learned subspaces load torch.

    Args:
        candidates: the algorithms, all over the network's inputs.
        direction_class: which directions are admitted.
        irredundant_only: leave out algorithms with a redundant literal.
        table: of the same network, protocol and data, where several classes are searched.
        learning: how far subspaces are learned.
        work: told "directions" before each algorithm; may cancel there.

    Returns:
        The search; a class that is beyond its limits comes back refused, with the reason.
    """
    known, how = table or DirectionTable(question), learning or Learning()
    settings = how.settings if direction_class == "learned" else {}
    try:
        search = search_directions(
            question, candidates, direction_class, work, irredundant_only=irredundant_only, table=known, learning=how
        )
    except BeyondLimits as error:
        search = DirectionSearch(direction_class, (), candidates.n_candidates, irredundant_only, refused=str(error))
    algorithms = tuple(_with_evidence(known, found) for found in search.algorithms)
    return replace(search, algorithms=algorithms, settings=settings)


def _with_evidence(table: DirectionTable, found: AlgorithmDirections) -> AlgorithmDirections:
    evidence = (
        tuple(
            PlaceEvidence(split_of(table, found.algorithm, *place), family_of(table, found.algorithm, *place))
            for place in scored.alignment.places
        )
        for scored in found.alignments
    )
    return replace(found, evidence=tuple(evidence))


def split_of(table: DirectionTable, algorithm: HighLevelModel, path: str, place: LinearPlace) -> RowspaceSplit | None:
    """How a place's read-out fares with only what the next layer reads; None for several dimensions."""
    if place.dimension != 1:
        return None
    return rowspace_split(table.question, algorithm, path, LinearPlace(place.layer, place.reads))


def family_of(table: DirectionTable, algorithm: HighLevelModel, path: str, place: LinearPlace) -> ObliqueFamily | None:
    """The oblique swaps of a place's read-out, within the table's budget; None where it is not the shortest one."""
    response = algorithm.responses[path]
    plain = LinearPlace(place.layer, place.reads)
    if place.dimension != 1 or table.read_out(place.layer, response.function).place != plain:
        return None
    return table.family(place.layer, Behaviour.of(response, algorithm.n_inputs))


def closed_form_work(network: Network, n_algorithms: int) -> int:
    """About how many numbers all classes in closed form move through a layer; compare with :data:`MAX_CHEAP`.

    Args:
        network: cut to the analysed output.
        n_algorithms: that are to be searched.
    """
    widest = max(network.sizes)
    pairs = 4**network.n_inputs
    directions = sum(n_integer_directions(min(width, 9)) for width in network.hidden_sizes)
    combinations = min(20_000, directions * directions) * 20  # each choice for two variables is looked at
    return int(pairs * widest * (directions + 40 * n_algorithms) + n_algorithms * combinations)
