"""The page of one circuit, stored or not: does it classify every row correctly, and how can it be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from markupsafe import Markup

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.registry import BY_KEY, COMMON_GROUND, EVERY
from pluriscope.analysis.circuit_sets.chance import SizeChance, chance_at
from pluriscope.analysis.criteria.interpretation_tallies import CountingReadings
from pluriscope.analysis.criteria.registry import criteria_for
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.discovery.part_names import labels_of, names_of
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.numerics.large_numbers import in_words
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.question import GrainQuestion, Question
from pluriscope.analysis.subjects.question import CircuitVerdict, SubjectQuestion
from pluriscope.analysis.subjects.subject import Table
from pluriscope.app.db.distributions import distribution_in
from pluriscope.app.db.reads.circuits import is_counted, stored_sizes
from pluriscope.app.pages.circuit_tree import ID as TREE
from pluriscope.app.pages.explanations import Explanation, Readings, readings_by_variables, readings_of
from pluriscope.app.pages.inside import rows_blocks, table_blocks
from pluriscope.app.pages.interpretation_list import CircuitOptions, interpretations
from pluriscope.app.pages.page import about, column, figure, head_actions, listed, of_analyses, page, pairs
from pluriscope.app.pages.pending_work import STORIES
from pluriscope.app.pages.place import key_of
from pluriscope.app.pages.variable_readings import reading_blocks
from pluriscope.figures.numbers import decimal, exact, noun, readable
from pluriscope.kinds.circuits import left_out_words
from pluriscope.page_kit.blocks import Action, Block, Fact, Facts, Head, More, Notice, Prose, Section, Side, Text
from pluriscope.page_kit.blocks import Verdict as Mark
from pluriscope.tables.table import MOST_VALUES, Row
from pluriscope.views.networks import draw_network, possible_of, rows_of
from pluriscope.views.records import CircuitRecord


@lru_cache(maxsize=64)
def _judged(question: SubjectQuestion, mask: int) -> CircuitVerdict:
    """Whether a circuit is valid; its page, drawing, card and JSON ask alike."""
    return question.judge(mask)


@lru_cache(maxsize=64)
def _inside(question: SubjectQuestion, mask: int) -> tuple[Table, ...]:
    return question.inside(mask)


def _readings(one: Explanation[Any], verdict: CircuitVerdict) -> Readings:
    if one.place.question.kind.refuses("formulas"):
        return readings_by_variables(one)
    return readings_of(one.place, one.mask, verdict)


def _chance_of(one: Explanation[SubjectQuestion]) -> SizeChance | None:
    """Share of possible circuits of its size that are valid; None without an analysis, or of a large network."""
    analysis, n_bits = one.place.analysis, one.mask.bit_count()
    possible = None if analysis is None else possible_of(one.place.question, n_bits)
    if analysis is None or possible is None:
        return None
    if is_counted(analysis):  # the stored distribution is of all valid circuits
        found = distribution_in(analysis.distributions).by_edges.get(n_bits, 0)
        return SizeChance(possible, found, found)
    return chance_at(stored_sizes(one.session, analysis), n_bits, possible)


def _named(one: Explanation[SubjectQuestion], names: Iterable[str], *, kept: bool) -> list[str]:
    """Those of the names of all parts that it keeps, or leaves out."""
    return [name for bit, name in enumerate(names) if (one.mask >> bit & 1) == kept]


_OF_PLANTED: Final = [one for one in EVERY if "planted" in one.reads]
"""Analyses of what was planted, which stand first on the page of a circuit without interpretations."""
_NAMED: Final = 4  # parts that its title names
_SECONDS: Final = 2.0  # that counting the interpretations that survive may take on a page


def circuit_record(one: Explanation[SubjectQuestion]) -> CircuitRecord:
    """A circuit as JSON."""
    question, mask = one.place.question, one.mask
    graph, verdict = question.graph, _judged(question, mask)
    readings = _readings(one, verdict)
    return CircuitRecord.showing(
        verdict,
        **one.fields,
        mask=one.ref.first,
        edges=_named(one, names_of(graph).numbers, kept=True),
        n_edges=mask.bit_count(),
        n_possible_edges=graph.n_bits,
        n_neurons=int(graph.active_nodes(graph.bits([mask])).sum()),
        n_possible_neurons=len(graph.removable),
        behaviour=rows_of(question, mask),
        interpretations=readings.total,
        observed=readings.observed,
        uncounted=readings.why_not,
        chance=_chance_of(one),
        by_edges=_by_edges(one)[0],
    )


@page(circuit_record, CircuitOptions)
def circuit(one: Explanation[Any], options: CircuitOptions) -> Iterator[Block]:
    """Page of a circuit: what it keeps and does, how it can be read, and the rest folded."""
    question, mask = one.place.question, one.mask
    verdict = _judged(question, mask)
    readings = _readings(one, verdict)
    yield _head(one, verdict)
    drawn = draw_network(question, mask, title=f"Circuit {one.ref.first}")
    yield Side([figure(one, drawn, "What is kept, the rest pale."), Facts(list(_facts(one, verdict, readings)))])
    read = not question.kind.refuses("formulas")
    if not read:
        yield from of_analyses(one, _OF_PLANTED)
    yield from rows_blocks(question, rows_of(question, mask))
    yield from table_blocks(_inside(question, mask))
    if read:
        yield from interpretations(one, readings, options)
    elif verdict.valid and not question.kind.refuses("readings"):
        yield from reading_blocks(one, readings.by_variables, readings.why_not)
    if verdict.valid and (one.place.boolean or not read):
        fold, what = "Analyses", "which"
        if read and STORIES in BY_KEY:  # which pluriscope-methods brings
            fold, what = "Carried algorithms", "which algorithms it carries, and which"
        others = [each for each in EVERY if each != COMMON_GROUND and (read or each not in _OF_PLANTED)]
        nothing = Prose("None of them is about it.")
        yield More(
            fold, lambda: list(of_analyses(one, others)) or [nothing], f"{what} analyses are about it", id="story"
        )
        if read:
            surviving = "Surviving interpretations"
            yield More(surviving, lambda: _surviving(one, readings), "by criterion", id="surviving")
    size = noun(mask.bit_count(), one.place.part)
    yield More("What it keeps", lambda: _names(one), f"{size} by name, and the rest", id="names")
    yield from about(one)


def _head(one: Explanation[SubjectQuestion], verdict: CircuitVerdict) -> Head:
    place, analysis = one.place, one.place.analysis
    which: Text = "a valid circuit" if verdict.valid else "a possible circuit"
    if verdict.valid and analysis is not None and is_counted(analysis):
        among = one.links.explanations(place.slug, place.scope, view="tree", circuit=str(one.ref))
        every = noun(analysis.circuits_valid, "valid circuit")
        which = Markup('<a href="{}#{}">one of {}</a>').format(among, TREE, every)
    here = "" if one.stored else " No analysis here holds it; it was checked just now."
    left_out = left_out_words(place.question, one.mask, _NAMED)
    return Head(
        f"Circuit {left_out or 'that keeps everything'}",
        Markup("{}, {} of {} under {}.{}").format(one.name, which, place.row.name, place.under, here),
        verdict_marks(verdict),
        head_actions(one),
    )


def verdict_marks(verdict: CircuitVerdict) -> list[Mark]:
    """Whether a circuit is valid and why, and whether that is fragile."""
    valid = Mark(f"valid: {verdict.reason}", "pass") if verdict.valid else Mark(f"not valid: {verdict.reason}", "fail")
    return [valid, Mark("fragile: a margin below 1e-6", "untested")] if verdict.fragile else [valid]


def _facts(one: Explanation[SubjectQuestion], verdict: CircuitVerdict, readings: Readings) -> Iterator[Fact]:
    kind, graph, chance = one.place.question.kind, one.place.question.graph, _chance_of(one)
    above = f"more than {verdict.threshold:g} of them asked for"
    yield Fact("Rows right", f"{verdict.n_right} of {verdict.n_rows}", above)
    yield Fact(f"{one.place.part.capitalize()}s", f"{one.mask.bit_count()} of {graph.n_bits}")
    url, n_edges = _by_edges(one)
    if url:
        yield Fact("By edges", noun(n_edges, "edge"), "the circuit of edges that keeps the same", "", url)
    if graph.cut == "edges":
        nodes = "Nodes" if kind.refuses("edge-weights") else "Hidden neurons"
        yield Fact(nodes, f"{graph.active_nodes(graph.bits([one.mask])).sum()} of {len(graph.removable)}")
    yield Fact("Margin", decimal(verdict.margin, 4), "smallest distance of a row, right or wrong, from another answer")
    if kind.refuses("formulas"):
        yield Fact("Smallest gap", decimal(verdict.worst, 4), "right output less the largest other, of any row")
    if chance is not None:
        size = noun(one.mask.bit_count(), one.place.part)
        yield Fact("Valid at its size", _share(chance), f"possible circuits of {size}")
    if readings.total is not None and readings.observed is not None:
        yield Fact("Interpretations", readable(readings.total), url="#interpretations")
        yield Fact("Observed classes", readable(readings.observed), "that the inputs tell apart")


def _by_edges(one: Explanation[SubjectQuestion]) -> tuple[str, int]:
    """Address of the circuit of edges that keeps the same, and how many it has; "" where there is none."""
    question, place = one.place.question, one.place
    found = question.as_edges(one.mask) if isinstance(question, GrainQuestion) else None
    if found is None:
        return "", 0
    asked, mask = found
    ref = ExplanationRef("circuit", asked.graph.to_hex(mask))
    scope = replace(place.scope, protocol=key_of(asked))
    return one.links.explanation(place.slug, ref, scope), mask.bit_count()


def _share(chance: SizeChance) -> str:
    valid = in_words(chance.low) if chance.exact else f"{in_words(chance.low)} to {in_words(chance.high)}"
    return f"{valid} of {in_words(chance.possible)}"


def _names(one: Explanation[SubjectQuestion]) -> Iterator[Block]:
    """List the parts that are kept and left out, and lead to the circuits within it."""
    labels = labels_of(one.place.question)
    kept, left_out = _named(one, labels, kept=True), _named(one, labels, kept=False)
    yield pairs("set", {"Kept": ", ".join(kept) or "nothing", "Left out": ", ".join(left_out) or "nothing"})
    if len(left_out) > MOST_VALUES:
        return
    none = [f"!{label}" for label in left_out]
    within = one.links.explanations(one.place.slug, one.place.scope, kind="circuit", uses=none)
    yield Section("Within it", "listed circuits that keep nothing else", Action("List them", within))


# --- what is computed when it is opened


def _surviving(one: Explanation[Question], readings: Readings) -> Iterator[Block]:
    """Count exactly how many of its interpretations pass each criterion about interpretations."""
    if readings.total is None or readings.observed is None:
        yield Notice("Its interpretations are not counted.", f"{readings.why_not[:1].upper()}{readings.why_not[1:]}.")
        return
    steps = [CriterionStep.of(criterion) for criterion in criteria_for("interpretation")]
    work = Work().for_seconds(_SECONDS)
    masks = mask_array([one.item.mask], one.item.layout)
    counting = CountingReadings(
        one.place.question, masks, [readings.total], [readings.observed], steps, all_counted=True
    )
    late = ""
    try:
        counting.advance(work)
    except (OutOfTime, BeyondLimits) as stop:
        late = f"They were not all counted: {stop}"
    rows = []
    for step, (counts,) in counting.found().items():
        if not counts.applicable:
            said = "not applicable"
        elif counts.undecided == counts.total:
            said = "not decided here"
        else:
            said = f"{exact(counts.passed)} of {exact(counts.total)}"
            said += f", {exact(counts.undecided)} undecided" if counts.undecided else ""
        rows.append(Row({"criterion": step.criterion.label, "surviving": said}))
    columns = (
        column("criterion", "Criterion", "About interpretations.", first=True),
        column("surviving", "Interpretations that survive", "Exact."),
    )
    yield listed("count", columns, rows)
    if late:
        yield Notice("Some are not counted.", late)
