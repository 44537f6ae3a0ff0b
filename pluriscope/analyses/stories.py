"""Stories as pages show them: which algorithms the circuits carry, and those that carry others than the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from analysis.carried_algorithms.of_circuit import story_of
from analysis.carried_algorithms.relation import RELATIONS, Relation
from analysis.carried_algorithms.report import StoriesReport
from analysis.carried_algorithms.search import Unasked
from analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analyses.shown import AnalysisContext, Shown, neurons, thumb_of
from pluriscope.blocks import Action, Block, ChartFigure, More, Notice, Prose, Section, Table
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.figures.numbers import exact
from pluriscope.naming import ExplanationRef
from pluriscope.tables import Column, Row

RELATION_WORDS: Final[dict[Relation, str]] = {
    "same": "exactly the algorithms that the whole network carries",
    "narrower": "some of them, not all",
    "wider": "all of them and more",
    "opposite": "others only",
    "none": "no algorithm, although the whole network carries some",
    "overlapping": "some of them, and others",
}
"""What circuits of each relation carry, beside the whole network."""
_BY_RELATION: Final = (
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
_READING: Final = """
What a circuit carries is the set of irredundant algorithms that have a valid placement on the network when everything
outside the circuit is ablated. Every set of active neurons is interchanged for all tested pairs of inputs, with absent
edges carrying {carry}. A variable must be right on every pair. Asked for were the irredundant algorithms of the task
that have a variable: {asked}. For many tasks no network carries any.
"""


def _chart(report: StoriesReport, of: AnalysisContext) -> Chart:
    """Circuits by edges: all that were asked, and before them those that carry what the network carries."""
    same, sizes = RELATIONS.index("same"), [edges for edges, _ in report.by_edges]

    def urls(**more: Any) -> list[str]:
        ends: list[dict[str, Any]] = [{"edges_min": edges, "edges_max": edges} for edges in sizes]
        return [of.links.explanations(of.slug, of.scope, kind="circuit", **one, **more) for one in ends]

    every = Series("all asked", sizes, [sum(row) for _, row in report.by_edges], urls=urls(), look="open")
    alike = [row[same] for _, row in report.by_edges]
    series = [every, Series("the network’s algorithms", sizes, alike, urls=urls(story="same"))]
    return Chart("bars", "Circuits by edges and by what they carry", Axis("edges"), Axis("circuits"), series)


def _page(report: StoriesReport, of: AnalysisContext) -> Iterator[Block]:
    if not report.told:
        more = "That is not the same as none." if report.arises else ""
        yield Notice("Undecided" if report.arises else "Not applicable", report.reason, more)
        return
    if report.asked:
        told = "Circuits by number of edges. Outlined: those that carry others than the network."
        yield ChartFigure(chart=_chart(report, of), caption=told, id="sizes")
        yield _relations(report, of)
    zero = of.question.protocol.ablation == "zero"
    asked = ", ".join(one.formula for one in report.values(of.question))
    yield More(
        "How to read it", lambda: [Prose(_READING.format(carry="0" if zero else "their source's mean", asked=asked))]
    )


def _relations(report: StoriesReport, of: AnalysisContext) -> Table:
    """How many circuits carry algorithms of each relation; each leads to the list of these."""
    rows = []
    for relation in RELATIONS:
        many, between = report.counts[relation], report.intervals.get(relation)
        if many:
            url = of.links.explanations(of.slug, of.scope, kind="circuit", story=relation)
            share = f"{between[0]:.1%} to {between[1]:.1%}" if between else None
            values = {"story": relation, "carry": RELATION_WORDS[relation], "circuits": many, "share": share}
            rows.append(Row(values, url=url))
    shown = _BY_RELATION if report.drawn else _BY_RELATION[:-1]
    return Table.short("relation", shown, rows, id="relations")


def _about(_report: StoriesReport | None, of: AnalysisContext, ref: ExplanationRef) -> Iterator[Block]:
    """Which algorithms a circuit carries, and where."""
    if ref.kind != "circuit":
        return
    action = Action("All carried algorithms", of.links.analysis(of.slug, "stories", of.scope))
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
        told = {
            "algorithm": result.algorithm.formula,
            "minimal": result.n_minimal,
            "smallest": ", ".join(f"{variables[path]} on {neurons(site.layer, site.neurons)}" for path, site in places),
        }
        rows.append(Row(told, url=of.links.algorithm(of.slug, result.algorithm.id, of.scope)))
    if rows:
        yield Table.short("algorithm", _CARRIED, rows)


def _brief(report: StoriesReport) -> str:
    return f"{exact(report.counts.get('same', 0))} of {exact(report.asked)} alike" if report.asked else ""


SHOWN: Final = Shown(thumb_of(_chart), _page, _brief, "circuits by size, others outlined", about=_about)
