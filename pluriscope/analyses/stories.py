"""Stories as pages show them: which algorithms the circuits carry, and those that carry others than the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from analysis.algorithms.parsing import parse_algorithm
from analysis.networks.circuit import Circuit
from analysis.stories.contrast import Contrast
from analysis.stories.of_circuit import story_of
from analysis.stories.relation import RELATIONS, Relation
from analysis.stories.report import GrainFound, StoriesReport
from analysis.stories.search import Unasked
from app.figures.numbers import exact, noun
from app.figures.svg.summaries import columns
from pluriscope.analyses.shown import Shown, Subject, input_words, listed, neurons
from pluriscope.blocks import Action, Block, Figure, More, Notice, Prose, Section, Side, Table
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
    Column("story", "Story", "How the circuits' story relates to the whole network's.", "name", first=True),
    Column("carry", "The circuits carry", "Beside what the whole network carries.", "text"),
    Column("circuits", "Circuits", "Of those asked.", "int"),
    Column("share", "Share of all, interval", "Among all valid circuits, where these are a sample.", "text"),
)
_CARRIED: Final = (
    Column("algorithm", "Algorithm", "That the circuit carries.", "name", first=True),
    Column("minimal", "Minimal alignments", "On the circuit.", "int"),
    Column("smallest", "Smallest alignment", "Where each variable sits.", "text"),
)
_READING: Final = """
The story of a circuit is the set of irredundant algorithms that have a valid alignment on the network when everything
outside the circuit is ablated. Every set of active neurons is interchanged for all tested pairs of inputs, with absent
edges carrying {carry}. A variable must be right on every pair. Asked for were the irredundant algorithms of the task
that have a variable: {asked}. For many tasks no network carries any.
"""


def _thumb(report: StoriesReport, _: Subject) -> Markup:
    same = RELATIONS.index("same")
    counts = {edges: (row[same], sum(row) - row[same]) for edges, row in report.by_edges}
    other = sum(rest for _, rest in counts.values())
    told = f"Circuits by edges; outlined the {other} of {report.asked} that tell another story"
    return columns(counts, sentence=told)


def _page(report: StoriesReport, of: Subject) -> Iterator[Block]:
    if not report.told:
        more = "That is not the same as none." if report.arises else ""
        yield Notice("Undecided" if report.arises else "Not applicable", report.reason, more)
        return
    if report.asked:
        yield Figure(
            _thumb(report, of), "Circuits by number of edges. Outlined: those that tell another story than the network."
        )
        yield _relations(report, of)
        if report.contrasts:
            yield Section("Circuits with another story", "each beside the most similar one that tells the usual one")
            for one in report.contrasts:
                yield from _contrast(one, report, of)
    if report.grain is not None:
        yield from _grain(report.grain, of)
    zero = of.question.protocol.ablation == "zero"
    asked = ", ".join(one.formula for one in report.values(of.question))
    yield More(
        "How to read it", lambda: [Prose(_READING.format(carry="0" if zero else "their source's mean", asked=asked))]
    )


def _relations(report: StoriesReport, of: Subject) -> Table:
    """How many circuits have a story of each relation; each leads to the list of these."""
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


def _contrast(one: Contrast, report: StoriesReport, of: Subject) -> Iterator[Block]:
    """A circuit with another story beside the usual one, and an interchange on which they part."""
    values = report.values(of.question)
    told = next(story for story in report.stories if one.mask in story.examples)
    variable = next(v for v in values[one.algorithm].variables if v.path == one.path)
    usual = "the network's story" if report.counts["same"] else "the commonest story"
    carrier, other = (one.usual, one.mask) if one.carrier == one.usual else (one.mask, one.usual)
    carries = listed((of.algorithm(values[number]) for number in told.algorithms), "no irredundant algorithm")
    words = Markup("{} carries {}: {}"), Markup("{} tells {}")
    source, base = (input_words(row, of.question.model.n_inputs) for row in (one.source, one.base))
    parting = Notice(
        Markup("Only c·{} carries {}, with {} on {}.").format(
            carrier, of.algorithm(values[one.algorithm]), variable.shown, neurons(one.layer, one.neurons)
        ),
        f"Run input {base} with these neurons set to what they are on {source}: the algorithm says {one.expected}, as "
        f"c·{carrier} decides, and c·{other} decides {one.decided}.",
        actions=[Action("Compare the two", of.compare(map(of.ref, (one.usual, one.mask))))],
    )
    yield Side(
        (
            Figure(of.thumb(one.mask), words[0].format(of.circuit(one.mask), carries, told.relation)),
            Figure(of.thumb(one.usual), words[1].format(of.circuit(one.usual), usual)),
            parting,
        )
    )


def _grain(grain: GrainFound, of: Subject) -> Iterator[Block]:
    """At which grain the whole network carries its algorithms."""
    yield Section("At which grain", "Algorithms with a shared gate, and what follows from them", id="grain")
    if not grain.considered:
        yield Prose(grain.reason)
        return
    n_inputs = of.question.model.n_inputs
    values = {one.text: parse_algorithm(one.text, "shared_gates", n_inputs) for one in grain.carried}
    shared = [one for one in grain.carried if values[one.text].shared]
    trees, refining = len(grain.carried) - len(shared), sum(one.refines for one in grain.carried)
    if not shared:
        words = "It carries no algorithm with a shared gate."
        if trees > 1:
            words += " So what it carries beside each other is not one explanation at two grains."
    elif refining and trees > 1:
        finer = "the finer algorithm" if refining == 1 else f"each of the {refining} finer algorithms"
        words = (
            f"What it carries does not contradict itself: the {trees} trees follow from {finer} that it carries too."
        )
    else:
        words = f"It carries {noun(len(shared), 'algorithm')} with a shared gate."
    placed = noun(grain.considered, "irredundant algorithm")
    named = ": " + "; ".join(values[one.text].formula for one in shared) if shared else ""
    yield Prose(
        f"{words} {placed} with variables were placed on the whole network: trees, and graphs with shared gates{named}."
    )


def _about(_report: StoriesReport | None, of: Subject, ref: ExplanationRef) -> Iterator[Block]:
    """Which algorithms a circuit carries, and where."""
    if ref.kind != "circuit":
        return
    action = Action("All stories", of.links.analysis(of.slug, "stories", of.scope))
    found = story_of(of.question, Circuit(of.question.layout, int(ref.first, 16)))
    if isinstance(found, Unasked):
        yield Section("Its story", found.reason, action)
        return
    yield Section("Its story", f"{found.relation}: {RELATION_WORDS[found.relation]}", action)
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


SHOWN: Final = Shown(_thumb, _page, _brief, about=_about)
