"""Common parts of pages about algorithms: the row that an address names, its tree, its variables, its hues."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef, is_id, text_in_ref, text_of_ref
from pluriscope.analyses.shown import input_words
from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.algorithms.written import fitting
from pluriscope.analysis.placements.formulas import untried
from pluriscope.analysis.placements.report import PlacedModel, PlacementsReport, SitePlacement
from pluriscope.analysis.placements.search import placed_on, unplaced
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.questions.tasks import Task
from pluriscope.app.db.listing import ALGORITHMS
from pluriscope.app.db.prepared import algorithm_columns
from pluriscope.app.db.reads import algorithms as reads
from pluriscope.app.db.reports import report_of, reports_of
from pluriscope.app.db.tables import AlgorithmRow
from pluriscope.app.errors import BadQuery, NotFound
from pluriscope.app.pages.place import AnyPlace, Place
from pluriscope.figures.svg.tiles import Hues, bits_of, hues_among, variable
from pluriscope.processes.recent import Recent
from pluriscope.views.records import VariableRecord

JOINT_RUNS: Final = 1 << 16
"""Of a page; an analysis makes more."""
_SITES: Final = "p1:h1[1];p2:h2[0]+h2[1]"
_REPORTS: Final = Recent[PlacementsReport](8)
"""By what they hold; those asked for last."""
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


# --- on the sites of networks that no formulas are read of


def stored_placements(session: Session, place: AnyPlace) -> PlacementsReport | None:
    """The report on the placements of algorithms on the sites of a network; None where nobody asked for it."""
    row = reports_of(session, place.analysis, [ALGORITHMS], in_brief=True).get(ALGORITHMS)
    return None if row is None else _REPORTS.of(row.content, lambda: report_of(row, PlacementsReport))


def read_algorithm(session: Session, place: AnyPlace, ref: ExplanationRef) -> tuple[PlacedModel, ExplanationRef]:
    """The algorithm that an address names by the id of a stored one or by its text, and its reference.

    Raises:
        NotFound: none of that id is stored, or it is no text.
        InvalidAlgorithm: a text that is no algorithm, or does not fit the task.
        BeyondLimits: its variables have too many combinations of values.
    """
    report = stored_placements(session, place)
    stored = {} if report is None else {one.id: one for one in report.algorithms}
    if is_id(ref.first):
        if ref.first not in stored:
            why = "no algorithm has been placed in it yet" if report is None else "none that was placed has this id"
            cure = "choose it from the list of algorithms, or write it again"
            raise NotFound(f"algorithm {ref.first[:40]!r}", why, cure, "algorithm")
        return stored[ref.first], replace(ref, second="", kind="algorithm")
    try:
        text = text_of_ref(ref.first)
    except ValueError as error:
        cure = "write the algorithm in the form, which leads to its address"
        raise NotFound(f"algorithm {ref.first[:40]!r}", "is no id and no text", cure, "algorithm") from error
    model = fitting(text, place.question)
    if model.id in stored:
        return stored[model.id], ExplanationRef("algorithm", model.id)
    return unplaced(place.question, model), ExplanationRef("algorithm", text_in_ref(text))


def read_placement(
    session: Session, place: AnyPlace, ref: ExplanationRef
) -> tuple[tuple[PlacedModel, SitePlacement], ExplanationRef]:
    """The placement that an address names by the id of a stored one or by its sites, with its algorithm and its
    reference.

    Raises:
        NotFound, InvalidAlgorithm, BeyondLimits: as of :func:`read_algorithm`; no row keeps that id.
        InvalidPlacement, InvalidIntervention: sites that this algorithm or network does not have.
    """
    model, own = read_algorithm(session, place, ref)
    found = next((one for one in model.placements if one.id == ref.second), None)
    if found is None and ":" in ref.second:
        algorithm, sites = read_causal_model(model.text), read_sites(ref.second)
        made = placed_on(place.question, algorithm, sites, JOINT_RUNS)
        found = next((one for one in model.placements if one.id == made.id), made)
    if found is None:
        cause = "is not one of those that are kept of this algorithm"
        cure = f"choose it from the list of placements, or write its sites, such as {_SITES}"
        raise NotFound(f"placement {ref.second[:40]!r}", cause, cure, "ref")
    second = found.id if found in model.placements else sites_in_ref(found)
    return (model, found), ExplanationRef("alignment", own.first, second)


def read_sites(text: str) -> dict[str, str]:
    """Variable → its sites, from the text of a reference.

    Raises:
        BadQuery: it has another shape, or names a variable twice.
    """
    found = dict[str, str]()
    for piece in text.split(";"):
        name, colon, sites = (part.strip() for part in piece.partition(":"))
        if not (name and colon and sites) or name in found:
            cause = "names a variable twice" if name in found else "does not have the shape VARIABLE:SITE+SITE;…"
            raise BadQuery(f"sites {text[:60]!r}", cause, f"write it so, such as {_SITES}", "place")
        found[name] = sites.replace("+", " ").replace("!", "/")
    return found


def sites_in_ref(one: SitePlacement) -> str:
    """The sites of a placement as references have them: ``p1:h1[1];p2:h2[1]``."""
    each = (f"{place.variable}:{place.sites.replace(' ', '+').replace('/', '!')}" for place in one.places)
    return ";".join(each)
