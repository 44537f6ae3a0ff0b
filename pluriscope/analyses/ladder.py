"""Where an algorithm can stand: on which classes of maps of the network, each beside the same by chance, and in which
of its circuits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pluriscope.analyses.shown import AnalysisContext, Shown, listed, neurons
from pluriscope.analysis.alignments.map_classes import DIRECTIONS, MAP_CLASSES, map_class
from pluriscope.analysis.carried_algorithms.of_circuit import story_of
from pluriscope.analysis.carried_algorithms.relation import RELATIONS, Relation
from pluriscope.analysis.carried_algorithms.report import StoriesReport
from pluriscope.analysis.carried_algorithms.search import Unasked
from pluriscope.analysis.directions.report import ClassFound, DirectionsReport
from pluriscope.analysis.map_classes.report import ClassCounts, MapClassesReport
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.blocks import Action, Block, More, Notice, Prose, Section, Table
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
_ON_MAPS: Final = (
    Column("map_class", "A variable stands on", "The class of maps.", "name", first=True),
    Column("algorithms", "Algorithms", "With a placement that passes, of those placed.", "text"),
    Column("alignments", "Placements that pass", "Of those that the class offers.", "text"),
    Column("joint", "Joint", "Those of them that joint interchange confirms too.", "text"),
    Column("layers", "With a direction on", "Kept valid placements with a direction on each hidden layer.", "text"),
    Column("search", "Search", "How far that of directions went.", "text"),
    Column("floor", "By chance: networks", "Permuted networks on which anything passes.", "text"),
    Column("mean", "By chance: placements, mean", "On one permuted network.", "float"),
)
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
_READING: Final = """
- A variable is interchanged by giving neurons, or a layer along a direction, what they are on another input. Which maps
  are admitted decides how many explanations there are. Classes are compared; not all are nested.
- Placements are counted out of what the class offers: disjoint neurons or sets; pairs of small integer directions; one
  direction for each layer with a read-out; a layer and a dimension for each variable where a map is learned.
- Small integer directions have weights −1, 0 and 1, and read a variable if they come within a thousandth of it. An
  oblique swap moves a layer along any d with w·d = 1: a placement counts if some d passes for each variable by itself,
  so its number of joint ones is a lower bound where variables lie below the last hidden layer.
- Learned maps are lower bounds: what no seed found may exist all the same. Under non-linear ones any algorithm fits
  nearly any network (Sutter et al., NeurIPS 2025), so passing there explains nothing.
- By chance: networks with each layer's weights permuted, biases kept. Swaps of an exact read-out pass only where such a
  network computes the task by itself.
- A circuit carries the irredundant algorithms that have a valid placement on the network when everything outside it is
  ablated. Every set of active neurons is interchanged for all tested pairs of inputs, and a variable must be right on
  every pair. For many tasks no network carries any.
"""


def _page(report: MapClassesReport | None, of: AnalysisContext) -> Iterator[Block]:
    directions: DirectionsReport | None = of.report("directions")
    found = {} if directions is None else {one.direction_class: one for one in directions.classes}
    counted = {} if report is None else {one.map_class: one for one in report.rungs}
    keys = sorted({*counted, *found}, key=[*MAP_CLASSES, *counted, *found].index)
    rows = [_row(key, counted.get(key), report, found.get(key), of) for key in keys]
    if any(row["algorithms"] for row in rows):
        yield Table.short("class", _ON_MAPS, rows)
    for key in keys:
        if why := (found[key] if key in found else counted[key]).refused:
            yield Notice(f"Not searched: {map_class(key).label}", why)
    if report is not None and report.algorithms:
        placed = f"Placed: {len(report.algorithms):,} of {report.n_irredundant:,} irredundant algorithms with variables"
        yield Section(placed, listed(map(of.algorithm, report.values(of.question)[:6]), ""), id="placed")
    if (carried := of.report("stories")) is not None:
        yield from _circuits(carried, of)
    yield More("How to read it", lambda: [Prose(_READING)])


def _row(
    key: str, counts: ClassCounts | None, report: MapClassesReport | None, found: ClassFound | None, of: AnalysisContext
) -> Row:
    """One class: what was counted on it, and what its search for directions found beside that."""
    url = of.links.directions(of.slug, of.scope, classes=key) if key in DIRECTIONS else ""
    if key == "sets":
        url = of.links.algorithms(of.slug, of.scope)
    values: dict[str, Any] = {"map_class": map_class(key).label}
    if found is not None and not found.refused:
        least = "" if found.exact else "≥ "
        values |= {
            "algorithms": f"{least}{found.n_aligned:,} of {found.n_searched:,}",
            "alignments": f"{least}{int(found.n_valid):,}",
            "joint": f"{least}{found.n_joint:,}",
            "layers": _on_layers(found) or None,
            "search": found.how_far,
        }
    if counts is not None and report is not None and not counts.refused:
        least, tried = "" if counts.exact else "≥ ", len(report.algorithms)
        joint = None if counts.joint is None else f"{'≥ ' if key == 'oblique' else least}{counts.joint:,}"
        values |= {
            "algorithms": f"{least}{counts.algorithms:,} of {tried:,}",
            "alignments": f"{least}{counts.alignments:,} of {'too many' if counts.of is None else f'{counts.of:,}'}",
            "joint": joint,
            "floor": f"{counts.floor_passing:,} of {counts.floor_networks:,}" if counts.floor_networks else None,
            "mean": counts.floor_alignments / counts.floor_networks if counts.floor_networks else None,
        }
    return Row(values, url=url)


def _on_layers(found: ClassFound) -> str:
    """On which layers the placements have directions; one with directions on two layers counts on both."""
    told = [f"layer {layer}: {many:,}" for layer, many in found.by_layer.items()]
    if (twice := sum(found.by_layer.values()) - int(found.n_valid)) > 0:
        told.append(f"{twice:,} on both" if len(told) == 2 else "some on several")
    return ", ".join(told)


# --- in circuits


def _circuits(report: StoriesReport, of: AnalysisContext) -> Iterator[Block]:
    """How many circuits carry algorithms of each relation; each leads to the list of these."""
    yield Section("In which circuits", " ".join(report.findings(of.question)) if report.told else "", id="circuits")
    if not report.told:
        more = "That is not the same as none." if report.arises else ""
        yield Notice("Undecided" if report.arises else "Not applicable", report.reason, more)
    elif report.asked:
        rows = []
        for relation in (one for one in RELATIONS if report.counts[one]):
            between = report.intervals.get(relation)
            url = of.links.explanations(of.slug, of.scope, kind="circuit", story=relation)
            share = f"{between[0]:.1%} to {between[1]:.1%}" if between else None
            carry, many = RELATION_WORDS[relation], report.counts[relation]
            rows.append(Row({"story": relation, "carry": carry, "circuits": many, "share": share}, url=url))
        yield Table.short("relation", _IN_CIRCUITS if report.drawn else _IN_CIRCUITS[:-1], rows, id="relations")


def _about(_report: Any, of: AnalysisContext, ref: ExplanationRef) -> Iterator[Block]:
    """Which algorithms a circuit carries, and where."""
    if ref.kind != "circuit":
        return
    action = Action("In all circuits", of.links.analysis(of.slug, "ladder", of.scope))
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


SHOWN: Final = Shown(_page, about=_about)
