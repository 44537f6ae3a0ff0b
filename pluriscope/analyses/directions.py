"""Directions as pages show them: how many algorithms each class of directions carries, and how far each search went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from markupsafe import Markup

from analysis.algorithms.high_level_model import HighLevelModel, Variable
from analysis.algorithms.parsing import parse_algorithm
from analysis.directions.report import AlgorithmFound, ClassFound, DirectionsReport
from app.figures.numbers import noun
from app.figures.svg.ladder import ladder_thumb
from pluriscope.analyses.shown import Shown, Subject
from pluriscope.blocks import Block, Figure, More, Notice, Prose, Table
from pluriscope.tables import AtHand, Column, Query, Row

_SHORT: Final = {
    "integer": "integer, read",
    "integer-any": "integer, any",
    "orthogonal": "orthogonal",
    "oblique": "oblique",
    "learned": "learned",
}
_COLUMNS: Final = (
    Column("direction_class", "A variable lives on", "The class of directions.", "name", first=True),
    Column("aligned", "Algorithms that pass", "With a valid alignment, of those searched.", "text"),
    Column("valid", "Valid alignments", "That the search counted.", "text"),
    Column("joint", "Joint", "Kept valid ones that joint interchange confirms too.", "text"),
    Column("layers", "On layers", "Kept valid alignments with a direction on each hidden layer.", "text"),
    Column("chance", "By chance: networks", "Permuted networks on which anything passes (ladder).", "text"),
    Column("search", "Search", "How far it went.", "text"),
)
_READING: Final = """
- A variable is interchanged by moving a layer along its direction until the read-out is what it is on another input.
  Which directions are admitted decides how many explanations there are, so every number names its class. Classes are
  compared; not all are nested.
- Placed are the algorithms without a redundant literal. A direction reads a variable if it is off by at most 1e-3 on
  every input where weights are small integers, and 1e-6 for read-outs.
- Learned subspaces: what no seed found may exist all the same. An oblique swap moves a layer along any d with w·d = 1.
- By chance: networks with each layer's weights permuted, of the ladder, where that was asked.
"""


def _thumb(report: DirectionsReport, of: Subject) -> Markup:
    rows = [
        (_SHORT.get(one.direction_class, one.direction_class), one.n_aligned, one.n_searched) for one in report.searched
    ]
    return ladder_thumb(rows, title=f"Algorithms placed on directions of {of.name}, by class")


def _page(report: DirectionsReport, of: Subject) -> Iterator[Block]:
    if report.searched:
        yield Figure(_thumb(report, of), "A square for each algorithm; filled: some alignment of it passes.")
    rows = [_row(one, of) for one in report.classes]
    rules = {row.url: one.rule for row, one in zip(rows, report.classes, strict=True)}
    yield Table(
        AtHand(_COLUMNS, rows), Query(), "", noun="class", facets=False, says=lambda row: rules[row.url], id="classes"
    )
    for one in report.classes:
        if one.refused:
            yield Notice(f"Not searched: {one.label}", one.refused)
    for one in report.searched:
        if one.n_searched:
            yield More(
                f"{one.label}, by algorithm", partial(_algorithms, one, of), _searched(one), id=one.direction_class
            )
    yield More("How to read it", lambda: [Prose(_READING)])


def _list(of: Subject, **wanted: Any) -> str:
    return of.links.directions(of.slug, of.scope, **wanted)


def _row(one: ClassFound, of: Subject) -> Row:
    url = _list(of, map=one.direction_class)
    if one.refused:
        return Row({"direction_class": one.label, "search": "too large"}, url=url)
    least = "" if one.exact else "≥ "
    ladder = of.report("ladder")
    rung = next((rung for rung in ladder.rungs if rung.map_class == one.direction_class), None) if ladder else None
    values = {
        "direction_class": one.label,
        "aligned": f"{least}{one.n_aligned:,} of {one.n_searched:,}",
        "valid": f"{least}{int(one.n_valid):,}",
        "joint": f"{'≥ ' if one.truncated else ''}{one.n_joint:,}",
        "layers": ", ".join(f"layer {layer}: {many:,}" for layer, many in one.by_layer.items()),
        "chance": f"{rung.floor_passing:,} of {rung.floor_networks:,}" if rung and rung.floor_networks else None,
        "search": one.how_far,
    }
    return Row(values, url=url)


def _searched(one: ClassFound) -> str:
    """What was looked at."""
    said = f"{noun(one.n_searched, 'irredundant algorithm')} of {noun(int(one.n_candidates), 'candidate')}"
    said += "" if one.all_listed else ", as far as they are listed"
    if int(one.n_undecided):
        said += f"; of {noun(int(one.n_undecided), 'placement')} it is not known whether any swap passes"
    if one.settings:
        seeds, steps = one.settings["seeds"] or 0, one.settings["steps"] or 0
        said += f"; learned from {noun(seeds, 'seed')}, at most {noun(steps, 'step')} each"
    return f"{said}."


_OF_ALGORITHMS: Final = (
    Column("algorithm", "Algorithm", "That was placed.", "name", first=True),
    Column("valid", "Valid alignments", "Of the choices that the class offers.", "text"),
    Column("joint", "Joint", "Kept valid ones that joint interchange confirms too.", "int"),
    Column("kept", "Kept", "With those that come closest.", "int"),
    Column("without", "Without a direction", "Variables that have none of the class on a layer, and why.", "text"),
    Column("families", "Read-outs", "That are not the only one, and how many of their oblique swaps pass.", "text"),
    Column("solved", "Choices solved", "Choices of layers and dimensions that some seed solved.", "text"),
    Column("best", "Best seed", "Its interchanges predicted, and the place of each variable.", "text"),
)


def _algorithms(one: ClassFound, of: Subject) -> list[Block]:
    rows = [_of_algorithm(found, of) for found in one.algorithms]
    listing = AtHand(_OF_ALGORITHMS, rows)
    return [Table(listing, Query(limit=max(1, len(rows))), "", noun="algorithm", facets=False)]


def _of_algorithm(found: AlgorithmFound, of: Subject) -> Row:
    question = of.question
    algorithm = parse_algorithm(found.text, question.protocol.algorithm_form, question.model.n_inputs)
    variables = {one.path: one for one in algorithm.variables}
    if not variables:
        return Row({"algorithm": algorithm.formula, "valid": "no variable to place"}, url=_url(algorithm, of))
    best = max(found.choices, key=lambda choice: choice.iia.agreed, default=None)
    solved = sum(any(run[-1] for run in choice.runs) for choice in found.choices)
    values = {
        "algorithm": algorithm.formula,
        "valid": _valid(found),
        "joint": found.n_joint,
        "kept": found.n_kept,
        "without": "; ".join(
            f"{variables[one.path].shown} on layer {one.layer}: {_unread(one.residual)}" for one in found.unread
        ),
        "families": "; ".join(_families(found, variables)),
        "solved": f"{solved:,} of {len(found.choices):,}" if found.choices else None,
        "best": None
        if best is None
        else f"{best.iia.agreed} of {best.iia.of}: "
        + ", ".join(f"{variables[path].shown} in {k} of layer {layer}" for path, layer, k in best.blocks),
    }
    return Row({name: value for name, value in values.items() if value != ""}, url=_url(algorithm, of))


def _url(algorithm: HighLevelModel, of: Subject) -> str:
    return _list(of, algorithm=algorithm.id, valid="any")


def _valid(found: AlgorithmFound) -> str:
    cut = found.truncated_at is not None and found.n_valid <= found.truncated_at
    offered = "too many to count" if found.n_placements is None else f"{found.n_placements:,}"
    undecided = f", {found.n_undecided:,} undecided" if found.n_undecided else ""
    return f"{'≥ ' if cut else ''}{found.n_valid:,} of {offered}{undecided}"


def _unread(residual: float) -> str:
    return f"the best read-out is off by {residual:.2g}" if residual else "constant, nothing to move along"


def _families(found: AlgorithmFound, variables: Mapping[str, Variable]) -> Iterator[str]:
    for one in found.families:
        told = []
        if one.n_free_reads:
            told.append(f"the shortest of a family of {noun(one.n_free_reads, 'dimension')}")
        if one.swaps is not None:
            answer = "undecided how many" if one.swaps.answer == "undecided" else one.swaps.answer
            told.append(f"{answer} of its oblique swaps pass ({noun(one.swaps.dimension, 'dimension')})")
        if told:
            yield f"{variables[one.path].shown} on layer {one.layer}: {', '.join(told)}"


SHOWN: Final = Shown(_thumb, _page)
