"""Display of carried algorithms: the number of circuits that carry algorithms of the whole network, and those of one
circuit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.registry import BY_KEY
from pluriscope.analyses.shown import AnalysisContext, Shown, neurons
from pluriscope.analysis.carried_algorithms.relation import RELATIONS, Relation
from pluriscope.analysis.carried_algorithms.search import Unasked
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.page_kit.blocks import Action, Block, More, Notice, Prose, Section, Table
from pluriscope.tables.table import Column, Row
from pluriscope_methods.carried_algorithms.of_circuit import story_of
from pluriscope_methods.carried_algorithms.report import StoriesReport

RELATION_WORDS: Final[dict[Relation, str]] = {
    "same": "exactly the algorithms that the whole network carries",
    "narrower": "some of them, not all",
    "wider": "all of them and more",
    "opposite": "others only",
    "none": "no algorithm, although the whole network carries some",
    "overlapping": "some of them, and others",
}
"""What circuits of each relation carry, beside the whole network."""
_IN_CIRCUITS: Final = (
    Column("story", "Carries", "How what the circuits carry relates to the whole network.", "name", first=True),
    Column("carry", "The circuits carry", "Beside what the whole network carries.", "text"),
    Column("circuits", "Circuits", "Of those asked.", "int"),
    Column("share", "Share of all, interval", "Among all valid circuits, where these are a sample.", "text"),
)
_CARRIED: Final = (
    Column("algorithm", "Algorithm", "That the circuit carries.", "name", first=True),
    Column("minimal", "Minimal placements", "On the circuit.", "int"),
    Column("smallest", "Smallest placement", "Where each variable sits.", "text"),
)
READING: Final = """\
- A circuit carries the irredundant algorithms that have a valid placement on the network when everything outside it is
  ablated. Every set of active neurons is interchanged for all tested pairs of inputs, and a variable must be right on
  every pair. For many tasks no network carries any.
"""


def _page(report: StoriesReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    yield from circuits_by_relation(report, of)
    yield More("How to read it", lambda: [Prose(READING)])


def circuits_by_relation(report: StoriesReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    """Table of the number of circuits by the relation of their algorithms to the network's; each row leads to the list
    of these.
    """
    if not report.has_asked:
        more = "That is not the same as none." if report.arises else ""
        yield Notice("Undecided" if report.arises else "Not applicable", report.reason, more)
    elif report.has_asked:
        rows = []
        for relation in (one for one in RELATIONS if report.counts[one]):
            between = report.intervals.get(relation)
            url = of.links.explanations(of.slug, of.scope, kind="circuit", story=relation)
            share = f"{between[0]:.1%} to {between[1]:.1%}" if between else None
            carry, many = RELATION_WORDS[relation], report.counts[relation]
            rows.append(Row({"story": relation, "carry": carry, "circuits": many, "share": share}, url=url))
        yield Table.short("relation", _IN_CIRCUITS if report.drawn else _IN_CIRCUITS[:-1], rows, id="relations")


def _about(_report: Any, of: AnalysisContext[Question], ref: ExplanationRef) -> Iterator[Block]:
    """Section on the algorithms that a circuit carries, and where."""
    if ref.kind != "circuit":
        return
    stories = BY_KEY["stories"]
    action = Action("In all circuits", of.links.analysis(of.slug, stories.page or stories.key, of.scope))
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


SHOWN: Final = Shown(_page, about=_about)
