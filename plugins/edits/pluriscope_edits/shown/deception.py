"""Whether methods can be made to rank first a neuron that can go, as pages show it, and which criteria accept that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.page_kit.blocks import Block, ChartFigure, More, Prose, Section, Table
from pluriscope.tables.table import Column, Row
from pluriscope_edits.addresses import edit_url
from pluriscope_edits.deception.ranking import RANKINGS
from pluriscope_edits.deception.report import LIMITS, DeceptionReport, MethodRanking

_WORDS: Final = {"": "as it is", "silent": "the output hardly moves", "answers": "answers stay"}
_LIES: Final = (
    Column("method", "Method", "Which is deceived.", "name", first=True),
    Column("limits", "Where", "What the network has to keep without the neuron.", "text"),
    Column("fooled", "Fooled", "Whether it ranks the neuron first, ahead of each other by half.", "bool"),
    Column("own", "Neuron, %", "Its share of what the method says of its layer.", "float"),
    Column("next", "Next, %", "That of the next neuron of the layer.", "float"),
    Column("move", "Moves", "How far the output moves without the neuron, at most.", "float"),
    Column("needed_edges", "Needed edges", "Edges out of it without which alone an answer changes.", "int"),
    Column("steps", "Steps", "Of the descent.", "int"),
)
_CRITERIA: Final = (
    Column("criterion", "Criterion", "Which circuits are asked.", "name", first=True),
    Column("honest", "Accepted before", "Circuits that the methods give of the network as it is.", "int"),
    Column("honest_of", "Of", "Those that it decides on.", "int"),
    Column("kept", "In a smallest", "Valid circuits with the neuron, which some smallest valid circuit has.", "int"),
    Column("kept_of", "Of", "Those that it decides on.", "int"),
    Column("lies", "Lies accepted", "Valid circuits with the neuron, which no smallest valid circuit has.", "int"),
    Column("lies_of", "Of lies", "Those that it decides on.", "int"),
)
_TRUTH: Final = (
    Column("method", "Method", "Which is deceived.", "name", first=True),
    Column("limits", "Where", "What the network has to keep without the neuron.", "text"),
    Column("keeps", "Keeps it", "Whether the circuit that the method gives keeps the neuron.", "bool"),
    Column("valid", "Valid", "Whether that circuit is valid.", "bool"),
    Column("n_without", "Without it", "Valid circuits without the neuron.", "int"),
    Column("n_valid", "Of", "Valid circuits.", "int"),
    Column("n_smallest_with", "Smallest with it", "Smallest valid circuits with the neuron.", "int"),
    Column("n_smallest", "Of smallest", "Smallest valid circuits.", "int"),
)
_READING: Final = """
Each method is deceived by itself. A descent moves all weights and biases until the method ranks the neuron first, ahead
of each other neuron of its layer by half, while the neuron can go as a whole: every answer is right with it and without
it. Where *the output
hardly moves*, outputs stay within 0.25 of 0 and 1, and taking the neuron out moves none by more than 0.05; where
*answers stay*, within 0.45, and the neuron may move the output by 1. A descent that did not come to its end in 300
steps is no proof that the method cannot be fooled. With [other settings](glossary.md#deceiving-a-method) it may be.

Methods that score edges rank no neurons. What stands here of a neuron is our sum of the sizes of the scores of its
edges out; of ACDC, how much the loss rose at the edge that was hardest to remove. Of its edges a method may be right:
where effects cancel, a single edge can be needed though the neuron can go. Shapley values say their mean size over the
rows with the neurons of the layer as players; the probe, which share of the variance of the answer the neuron alone
explains. [What of this nobody had to make](/findings/deception): networks as they were, and methods that ask about
whole neurons.
"""


def _chart(report: DeceptionReport, _: AnalysisContext[SubjectQuestion]) -> Chart:
    """The neuron's share of what each method says of its layer."""
    at, looks = {key: place for place, key in enumerate([*RANKINGS][::-1])}, {"": "open", "silent": "ink"}
    series = []
    for limits, words in _WORDS.items():
        some = report.of(limits)
        shares = [one.numbers[report.number] / (sum(one.numbers) or 1.0) for one in some]
        look: Any = looks.get(limits, "grey")
        series.append(Series(words, shares, [at[one.method] for one in some], look=look))
    title = f"Share of neuron {report.neuron} in what methods say of its layer"
    names = [RANKINGS[key].label for key in at]
    return Chart("dots", title, Axis("share", low=0, high=1, percent=True), Axis(names=names), series)


def _page(report: DeceptionReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    words = (
        f"How much of what a method says of the layer it says of neuron {report.neuron}: of the network as it is, and "
        "of those that were to deceive it, in which it can go as a whole. Of methods that score edges that is our sum "
        "of the sizes of the scores of the edges out of it; they themselves rank edges."
    )
    yield ChartFigure(chart=_chart(report, of), caption=words, id="shares")
    yield Section("Each method and its networks", "a row leads to the edit that makes the network")
    ordered = sorted(report.lies, key=lambda one: [*RANKINGS].index(one.method))
    yield Table.short("network", _LIES, [_row(one, report, of) for one in ordered], id="lies")
    some = [one for limits in LIMITS for one in report.judged(limits)]
    if any(one.kept for one in some):
        hint = "a lie keeps the neuron, and no smallest valid circuit does"
        yield Section("Which criteria accept the circuits that keep it", hint)
        yield Table.short("criterion", _CRITERIA, list(_criteria(report, some)), id="criteria")
    if some:
        yield Section("What all valid circuits say", "of the networks that deceive")
        rows = [Row({**one.model_dump(), **(one.circuit or one).model_dump(), **_named(one)}) for one in some]
        yield Table.short("network", _TRUTH, rows, id="truth")
    yield More("How methods are deceived", lambda: [Prose(_READING)])


def _named(one: MethodRanking) -> dict[str, str]:
    return {"method": RANKINGS[one.method].label, "limits": _WORDS[one.limits]}


def _row(one: MethodRanking, report: DeceptionReport, of: AnalysisContext[SubjectQuestion]) -> Row:
    shares = [round(100 * number / (sum(one.numbers) or 1.0), 1) for number in one.numbers]
    values: dict[str, Any] = {**_named(one), "own": shares.pop(report.number), "next": max(shares), "move": one.move}
    values["needed_edges"] = one.needed_edges
    if not one.limits:
        return Row(values)
    values |= {"fooled": one.fooled, "steps": one.steps}
    given = {"method": one.method, "neuron": report.neuron, "seed": report.seed, **LIMITS[one.limits]}
    return Row(values, url=edit_url(of.links, of.slug, of.scope, rule="deceive", **given))


def _criteria(report: DeceptionReport, some: Sequence[MethodRanking]) -> Iterator[Row]:
    lies, kept = ([one for one in some if one.kept and one.lies == lying] for lying in (True, False))
    groups = {"honest": report.judged(""), "kept": kept, "lies": lies}
    for key in report.criteria:
        values: dict[str, Any] = {"criterion": criterion_named(key).label}
        for name, own in groups.items():
            outcomes = [one.circuit.criteria.get(key) for one in own if one.circuit]
            values |= {
                name: outcomes.count("passed"),
                f"{name}_of": outcomes.count("passed") + outcomes.count("failed"),
            }
        yield Row(values)


def _list(
    report: DeceptionReport | None, _: AnalysisContext[SubjectQuestion]
) -> tuple[str, Sequence[str], list[Sequence[Any]]]:
    """Table of the numbers of each method on each network."""
    own = tuple(name for name in MethodRanking.model_fields if name not in ("numbers", "circuit"))
    rows: list[Sequence[Any]] = [[getattr(one, name) for name in own] for one in (report.lies if report else ())]
    return "Limits are empty for the network as it is. Empty: unknown, none.", own, rows


SHOWN: Final = Shown(_page, table=_list)
