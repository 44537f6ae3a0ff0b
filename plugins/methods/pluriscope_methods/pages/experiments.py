"""Experiments as pages show them: the shortest lists that decide among the valid circuits, and what none separates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.figures.numbers import exact, noun
from pluriscope.page_kit.blocks import Block, Fact, Facts, More, Notice, Prose, Section, Table
from pluriscope.tables.table import Column, Row
from pluriscope_methods.analyses import EXPERIMENTS
from pluriscope_methods.experiments.outcomes import KINDS
from pluriscope_methods.experiments.report import ExperimentsReport, ListOfExperiments

if TYPE_CHECKING:
    from pluriscope.app.pages.network_page import Known

_STEPS: Final = (
    Column("experiment", "Experiment", "What is done to the network, and on which input.", "name", first=True),
    Column("leaves", "Each outcome leaves", "Circuits of those that the answers before leave.", "text"),
    Column("answer", "The network answers", "Its decision.", "text"),
)
_RESIDUES: Final = (
    Column("kind", "Experiments", "All of a kind, each on each input.", "name", first=True),
    Column("tried", "How many", "Experiments.", "int"),
    Column("classes", "Classes", "Of circuits that these do not separate.", "int"),
    Column("together", "Pairs together", "Share of pairs of circuits that none of these separates.", "text"),
    Column("left", "Circuits left", "That predict every one of the network's answers.", "int"),
)
_READING: Final = """
A circuit predicts of an experiment what it decides itself with the same intervention made in it; an edge that it lacks
changes nothing. What is ablated carries what the rules give to absent edges. A neuron is patched with its value on
another input, several at once are interchanged: {sets}. Circuits that predict alike everywhere are a class. The whole
network is a circuit, so its answers always leave its own class, and with it every circuit that no experiment tells from
it. The first list is shortest for the answers that the network gives; the second is a
[minimum test set](glossary.md#minimum-test-set), which tells all classes apart whatever is answered. Both are exact
unless two numbers are given: then the search ended after a minute. Algorithms and their places predict nothing of
ablations and have no part in it.
"""


def _page(report: ExperimentsReport, of: AnalysisContext[Question]) -> Iterator[Block]:
    if not report.complete:
        yield Notice("Not every valid circuit is listed", "This is of those that are.")
    if report.why:
        yield Notice("Nothing was tried", report.why)
        return
    every = report.every
    yield Facts([*_facts(report)])
    if every.classes > 1:
        yield from _list("deciding", "The shortest list that would decide", report.deciding)
    else:
        yield Notice("There is one class of circuits", "Whatever an experiment gives, it decides nothing.")
    if report.smallest_left:
        yield Section("What the answers leave", noun(every.left, "circuit"), id="left")
        mask, n_edges = report.smallest_left[0], of.question.layout.n_edges
        kept, link = int(mask, 16).bit_count(), f"[c·{mask}]({of.circuit_url(mask)})"
        if kept == n_edges:
            words = f"No circuit but {link}, the whole network, answers as the network does."
        else:
            words = f"The one with the fewest edges, {link}, keeps {kept} of {n_edges} edges."
        yield Prose(words, glossary=False)
    yield Section("What no experiment separates", "pairs of circuits, by kind of experiment", id="residue")
    rows = []
    for one in report.residues:
        values = one.model_dump() | {"kind": {**KINDS, "all": "all together"}[one.experiments]}
        rows.append(Row(values | {"together": f"{one.together / max(one.pairs, 1):.1%}"}))
    yield Table.short("kind of experiment", _RESIDUES, rows, id="residues")
    if every.classes > 1:
        title, n = "Experiments that tell every class from every other", report.separating.count
        yield More(title, lambda: _list("separating", title, report.separating), n)
    sets = f"every set of up to {report.largest} of the hidden neurons"
    yield More("How to read it", lambda: [Prose(_READING.format(sets=sets))])


def _facts(report: ExperimentsReport) -> Iterator[Fact]:
    every = report.every
    yield Fact("Circuits", exact(report.circuits), f"in {noun(every.classes, 'class', 'classes')}")
    yield Fact("To decide", report.deciding.count, "experiments, as the network answers")
    yield Fact("To tell all apart", report.separating.count, "experiments, whatever it answers")
    yield Fact(
        "Never separated",
        f"{every.together / max(every.pairs, 1):.1%}",
        f"of pairs, by {exact(every.tried)} experiments",
    )


def _list(key: str, title: str, found: ListOfExperiments) -> Iterator[Block]:
    rows = []
    for one in found.steps:
        leaves = "; ".join(f"{each.outcome}: {noun(each.circuits, 'circuit')}" for each in one.leaves)
        rows.append(Row({"experiment": one.words, "leaves": leaves, "answer": one.answer}))
    yield Section(title, f"{found.count} experiments", id=key)
    yield Table.short("experiment", _STEPS, rows, id=f"{key}-list")


def beside(known: Known) -> Iterator[Block]:
    """The shortest list on the first page of a network, where it is stored."""
    found = known.brief(EXPERIMENTS)
    if found is None or not found.report.deciding.steps:
        return
    deciding: ListOfExperiments = found.report.deciding
    head, table = _list("experiments", "The shortest list of experiments that would decide", deciding)
    yield head
    yield table
    yield Prose(f"{' '.join(found.findings)} [More of it]({found.url})", glossary=False)


SHOWN: Final = Shown(_page)
