"""What is kept of a search for alignments on directions: the search, and what else is known of each alignment.

The search itself says which alignments pass. Kept beside it: how each direction fares in the row space of the next
layer (:mod:`analysis.directions.rowspace`), how much of the family of its oblique swaps passes
(:mod:`analysis.directions.oblique`). One value for the store, the result file and the pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from analysis.algorithms.candidates import Candidates
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.iia import Behaviour
from analysis.directions.alignment import DirectionAlignment, LinearPlace
from analysis.directions.integers import n_integer_directions
from analysis.directions.oblique import ObliqueFamily
from analysis.directions.result import AlgorithmDirections, DirectionClass, DirectionSearch, Learning
from analysis.directions.rowspace import RowspaceSplit, rowspace_split
from analysis.directions.search import search_directions
from analysis.directions.table import DirectionTable
from analysis.errors import BeyondLimits
from analysis.networks.network import Network
from analysis.question import Question
from analysis.work import DEFAULT_WORK, Work

CLOSED_FORM: Final[tuple[DirectionClass, ...]] = ("orthogonal", "oblique", "integer", "integer-any")
MAX_CHEAP: Final = 200_000_000  # numbers moved through a layer; some seconds


@dataclass(frozen=True)
class PlaceEvidence:
    """What is known of one variable's place beside its score.

    Args:
        rowspace: how the read-out fares with only what the next layer reads; None for several dimensions.
        family: the oblique swaps of the read-out, None where it is not a read-out in closed form.
    """

    rowspace: RowspaceSplit | None
    family: ObliqueFamily | None


@dataclass(frozen=True)
class DirectionFindings:
    """A search with what is known of its alignments.

    Args:
        search: the search; without algorithms if it was refused.
        evidence: for each kept alignment by id, one entry for each place in order.
        settings: of a learned search, see :class:`~analysis.directions.result.Learning`; else empty.
        refused: why this class was not searched; "" if it was.
        seconds: that it took, 0 if not measured.
    """

    search: DirectionSearch
    evidence: Mapping[str, tuple[PlaceEvidence, ...]]
    settings: Mapping[str, int | None] = field(default_factory=dict)
    refused: str = ""
    seconds: float = 0.0


def find_directions(
    question: Question,
    candidates: Candidates,
    direction_class: DirectionClass,
    work: Work = DEFAULT_WORK,
    *,
    irredundant_only: bool = True,
    table: DirectionTable | None = None,
    learning: Learning | None = None,
) -> DirectionFindings:
    """Search one class and gather what is known of each alignment found; only learned subspaces load torch.

    Args:
        candidates: the algorithms, all over the network's inputs.
        direction_class: which directions are admitted.
        irredundant_only: leave out algorithms with a redundant literal.
        table: of the same network, protocol and data, where several classes are searched.
        learning: how far subspaces are learned.
        work: told "directions" before each algorithm; may cancel there.

    Returns:
        The findings; a class that is beyond its limits comes back refused, with the reason.
    """
    known, how = table or DirectionTable(question), learning or Learning()
    settings = how.settings if direction_class == "learned" else {}
    try:
        search = search_directions(
            question, candidates, direction_class, work, irredundant_only=irredundant_only, table=known, learning=how
        )
    except BeyondLimits as error:
        nothing = DirectionSearch(direction_class, (), candidates.n_candidates, irredundant_only)
        return DirectionFindings(nothing, {}, settings, refused=str(error))
    return DirectionFindings(search, evidence_of(known, search.algorithms), settings)


def out_of_time(direction_class: DirectionClass, n_candidates: int) -> DirectionFindings:
    """The findings of a class whose search did not begin because the caller's time was up."""
    nothing = DirectionSearch(direction_class, (), n_candidates, irredundant_only=True, all_listed=False)
    return DirectionFindings(nothing, {}, refused="the time was up")


def evidence_of(
    table: DirectionTable, algorithms: Sequence[AlgorithmDirections]
) -> dict[str, tuple[PlaceEvidence, ...]]:
    """What is known of every kept alignment of some algorithms, by id."""
    return {
        scored.alignment.id: alignment_evidence(table, found.algorithm, scored.alignment)
        for found in algorithms
        for scored in found.alignments
    }


def alignment_evidence(
    table: DirectionTable, algorithm: HighLevelModel, alignment: DirectionAlignment
) -> tuple[PlaceEvidence, ...]:
    """What is known of each place of one alignment, in the order of its paths.

    Args:
        table: of the network, under the protocol and data meant.
        algorithm: the algorithm that is aligned.
        alignment: places for all of its variables, checked before.
    """
    return tuple(_place_evidence(table, algorithm, path, place) for path, place in alignment.places)


def _place_evidence(table: DirectionTable, algorithm: HighLevelModel, path: str, place: LinearPlace) -> PlaceEvidence:
    if place.dimension != 1:
        return PlaceEvidence(None, None)
    plain = LinearPlace(place.layer, place.reads)
    split = rowspace_split(table.question, algorithm, path, plain)
    response = algorithm.responses[path]
    family = None
    if table.read_out(place.layer, response.function).place == plain:
        family = table.family(place.layer, Behaviour.of(response, algorithm.n_inputs))
    return PlaceEvidence(split, family)


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
