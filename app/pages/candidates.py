"""Common parts of pages about algorithms: the row that an address names, its tree, its variables, its hues."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analyses.shown import input_words
from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.alignments.search import untried
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.questions.tasks import Task
from pluriscope.app.db.prepared import algorithm_columns
from pluriscope.app.db.reads import algorithms as reads
from pluriscope.app.db.tables import AlgorithmRow
from pluriscope.app.errors import NotFound
from pluriscope.app.pages.place import Place
from pluriscope.figures.svg.tiles import Hues, bits_of, hues_among, variable
from pluriscope.views.records import VariableRecord

MAX_COMPUTED_INPUTS: Final = 3  # of tasks whose candidates a page can list by itself; beyond, some take half a minute


def hues_of(algorithm: HighLevelModel) -> Hues:
    """Assign the five hues of drawings to variables of an algorithm."""
    return hues_among(bits_of(one.function, algorithm.n_inputs) for one in algorithm.variables)


def find_algorithm_row(session: Session, addresses: Addresses, place: Place, algorithm_id: str) -> AlgorithmRow:
    """The row of an algorithm that an address names; one that no row stores is found among the task's candidates.

    Raises:
        NotFound: it is no candidate, or there are too many candidates to look for it in a page.
    """
    slug = place.row.slug
    row = None if place.analysis is None else reads.find_algorithm(session, place.analysis.id, algorithm_id)
    if row is None:
        row = _computed_row(place, algorithm_id)
    if row is None:
        protocol = place.question.protocol.name
        raise NotFound(
            f"algorithm {algorithm_id[:40]!r}",
            f"output {place.scope.output} of {slug} has not been analysed under {protocol}, so no algorithm is listed"
            if place.analysis is None and place.question.subject.n_inputs > MAX_COMPUTED_INPUTS
            else f"is no candidate of {slug}, output {place.scope.output}, under {protocol}; an id is the hash of a "
            "formula and cannot be read back",
            "choose it from the list of algorithms",
            field="algorithm",
            parent=addresses.algorithms(slug, place.scope),
            parent_label=f"algorithms of {slug}",
        )
    return row


def _computed_row(place: Place, algorithm_id: str) -> AlgorithmRow | None:
    """A row, in no session, for a candidate that is not stored; its placements count as not searched."""
    if place.question.subject.n_inputs > MAX_COMPUTED_INPUTS or place.question.subject.n_hidden_layers < 1:
        return None
    candidates = _candidates(
        place.question.task.truth_table, place.question.protocol, place.question.subject.n_hidden_layers
    )
    found = candidates.get(algorithm_id)
    if found is None:
        return None
    position, algorithm = found
    return AlgorithmRow(**algorithm_columns(position, untried(algorithm)))


@lru_cache(maxsize=32)
def _candidates(
    truth_table: tuple[int, ...], protocol: Protocol, n_hidden_layers: int
) -> dict[str, tuple[int, HighLevelModel]]:
    """Every candidate for a task by id, with its position: some ten thousand in a tenth of a second."""
    found = candidate_algorithms(Task(truth_table), protocol, n_hidden_layers).algorithms
    return {algorithm.id: (position, algorithm) for position, algorithm in enumerate(found)}


def algorithm_of(row: AlgorithmRow, place: Place) -> HighLevelModel:
    """The algorithm's tree, read from its identity text."""
    return parse_algorithm(row.text, row.form, place.question.subject.n_inputs)


def input_texts(n_inputs: int) -> list[str]:
    """Every input as its bits, in binary order: the rows of all truth tables."""
    return [input_words(row, n_inputs) for row in range(1 << n_inputs)]


def variables_of(algorithm: HighLevelModel) -> list[VariableRecord]:
    """The variables that an algorithm posits, by themselves."""
    n_inputs = algorithm.n_inputs
    return [
        VariableRecord.showing(one, truth_table=list(bits_of(one.function, n_inputs))) for one in algorithm.variables
    ]


def posited(one: VariableRecord, hues: Hues) -> Markup:
    """A variable that an algorithm posits, as its formula shows it, and as it is stored where that is the negation."""
    drawn = variable(one.truth_table, one.shown, hues=hues)
    if one.shown == one.formula:
        return drawn
    return drawn + Markup(' <span class="small muted negated nowrap">= {}, used negated</span>').format(one.formula)
