"""Planted explanation of a network on pages: whether it is found, and what it passes."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import Final

from markupsafe import Markup

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import AnalysisContext, Shown, neurons
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.methods.report import Score
from pluriscope.analysis.planted.circuit import PlantedCircuit, PlantedExplanation, recovery_of
from pluriscope.analysis.planted.record import PlantedRecord
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.numbers import noun
from pluriscope.page_kit.blocks import Action, Block, Figure, Notice, Prose, Section, Side, Table
from pluriscope_edits.planting.found import PlantedReport


def _thumb(_: PlantedReport, of: AnalysisContext[SubjectQuestion]) -> Markup:
    return Markup("") if of.planted is None else of.thumb(of.planted.circuit.hex)


def _page(report: PlantedReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    record = of.planted
    if record is None:
        yield Notice("Nothing is said to be planted any more")
        return
    circuit = record.circuit
    caption = Markup("The planted circuit {}, {}, carries {}.").format(
        of.circuit(circuit.hex), noun(circuit.n_edges, of.part), _carried(record, of)
    )
    tested = [(name, words) for name, words in _tested(report, of) if words]
    yield Side((Figure(_thumb(report, of), caption), Table.plain(("What was planted", "Passes"), tested)))
    for reason in report.reasons:
        yield Notice(reason)
    made = ", ".join(one.text for one in record.made)
    url = of.links.analysis(of.slug, "methods", of.scope)
    tried = "" if of.kind.refuses("formulas") else "Every intervention was tried. "
    yield Prose(
        f"{tried}Made by: {made or 'not said'}. A benchmark that knows the planted circuit "
        f"alone counts every other answer as an error: [what each method answers beside it]({url}).",
        glossary=False,
    )
    answers = list(_answers(of, circuit.mask))
    if answers:
        yield Section("Under default settings", "what each method answers beside the planted circuit")
        yield Table.plain(("Method", "Answer", of.part.capitalize() + "s", "Beside the planted circuit"), answers)


def _carried(record: PlantedExplanation, of: AnalysisContext[SubjectQuestion]) -> Markup:
    """Describe what was planted: a program, or an algorithm with its variables on neurons."""
    if isinstance(record, PlantedCircuit):
        return Markup("the program {}").format(record.program)
    variables = {variable.path: variable.shown for variable in record.algorithm.variables}
    places = (f"{variables[path]} on {neurons(site.layer, site.neurons)}" for path, site in record.alignment.places)
    return Markup("{}, {}").format(of.algorithm(record.algorithm), ", ".join(places))


def _answers(of: AnalysisContext[SubjectQuestion], planted: int) -> Iterator[tuple[Markup | str | int, ...]]:
    """Rows of the methods, each with its circuit and what that is beside the planted one; none where none was asked."""
    report = of.report("methods")
    for key, place in {} if report is None else report.defaults.items():
        mask, relation = place["mask"], recovery_of(int(place["mask"], 16), planted, valid=place["valid"])
        circuit = of.circuit(mask) if place["possible"] else f"c·{mask}"
        yield METHODS.label(key), circuit, place["edges"], relation.replace("-", " ")


def _tested(report: PlantedReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[tuple[str, str]]:
    """Outcome of each test; "" where it was not made."""
    passes = report.passes
    if report.backbone is not None:
        yield "Backbone held", "{} of {}".format(*report.backbone)
    for name, right in report.under.items():
        yield f"{name.capitalize()} ablation", {True: "passes", False: "fails", None: ""}[right]
    if of.kind.refuses("formulas"):
        return
    if passes is None:
        yield "Placement", "these rules do not allow its places"
    else:
        for name in ("zero", "mean", "resample"):
            yield f"{name.capitalize()} ablation", "passes" if getattr(passes, name) else "fails"
        yield "Interchange of one variable", _score(passes.single)
        yield "Joint interchange", "too many to try" if passes.joint is None else _score(passes.joint)
        minimal = "minimal" if report.alignment_minimal else "with a valid one inside"
        yield "Placement", f"recovered, {minimal}" if passes.single.right else "not valid"
    proved = "not proved" if report.margin is None else f"proved, margin at least {floor(report.margin * 1e4) / 1e4}"
    yield "Whatever the neurons off the circuit carry", proved


def _score(one: Score) -> str:
    return f"{'passes' if one.right else 'fails'}, {one.agreed:,} of {one.of:,}"


def _about(_: PlantedReport | None, of: AnalysisContext[SubjectQuestion], ref: ExplanationRef) -> Iterator[Block]:
    """Notice that an explanation is what was planted."""
    record = of.planted
    if record is None:
        return
    planted = {ExplanationRef("circuit", record.circuit.hex)}
    if isinstance(record, PlantedRecord):
        planted.add(ExplanationRef("algorithm", record.algorithm.id))
        planted.add(ExplanationRef("alignment", record.algorithm.id, record.alignment.id))
    if str(ref) in map(str, planted):
        action = Action("What was planted", of.links.analysis(of.slug, "planted", of.scope))
        yield Notice("It was planted", actions=[action])


SHOWN: Final = Shown(_page, about=_about)
