"""What the page of a circuit says of the algorithms that it carries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import AnalysisContext, Shown, neurons
from pluriscope.analysis.carried_algorithms.relation import Relation
from pluriscope.analysis.carried_algorithms.search import Unasked
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.page_kit.blocks import Action, Block, Section, Table
from pluriscope.tables.table import Column, Row
from pluriscope_methods.analyses import STORIES
from pluriscope_methods.carried_algorithms.of_circuit import story_of

RELATION_WORDS: Final[dict[Relation, str]] = {
    "same": "exactly the algorithms that the whole network carries",
    "narrower": "some of them, not all",
    "wider": "all of them and more",
    "opposite": "others only",
    "none": "no algorithm, although the whole network carries some",
    "overlapping": "some of them, and others",
}
"""What circuits of each relation carry, beside the whole network."""
_CARRIED: Final = (
    Column("algorithm", "Algorithm", "That the circuit carries.", "name", first=True),
    Column("minimal", "Minimal placements", "On the circuit.", "int"),
    Column("smallest", "Smallest placement", "Where each variable sits.", "text"),
)


def _about(_report: Any, of: AnalysisContext[Question], ref: ExplanationRef) -> Iterator[Block]:
    """Section on the algorithms that a circuit carries, and where."""
    if ref.kind != "circuit":
        return
    action = Action("In all circuits", STORIES.url(of.links, of.slug, of.scope))
    found = story_of(of.question, Circuit(of.question.layout, int(ref.first, 16)))
    if isinstance(found, Unasked):
        yield Section("What it carries", found.reason, action)
        return
    yield Section("What it carries", f"{found.relation}: {RELATION_WORDS[found.relation]}", action)
    rows = []
    for result in found.carried:
        variables = {variable.path: variable.shown for variable in result.algorithm.variables}
        smallest = next((scored.alignment for scored in result.alignments if scored.minimal), None)
        places = () if smallest is None else smallest.places
        answer = {
            "algorithm": result.algorithm.formula,
            "minimal": result.n_minimal,
            "smallest": ", ".join(f"{variables[path]} on {neurons(site.layer, site.neurons)}" for path, site in places),
        }
        rows.append(Row(answer, url=of.links.algorithm(of.slug, result.algorithm.id, of.scope)))
    if rows:
        yield Table.short("algorithm", _CARRIED, rows)


SHOWN: Final = Shown(about=_about)
