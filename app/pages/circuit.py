"""The page of one circuit, stored or not: does it classify every row correctly, and how can it be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from pluriscope.analyses.registry import COMMON_GROUND, EVERY
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
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import CircuitVerdict, SubjectQuestion
from pluriscope.analysis.subjects.subject import Table
from pluriscope.app.db.distributions import distribution_in
from pluriscope.app.db.reads.circuits import find_circuit, is_counted, stored_sizes
from pluriscope.app.pages.circuit_tree import ID as TREE
from pluriscope.app.pages.explanations import Readings, readings_of
from pluriscope.app.pages.inside import rows_blocks, table_blocks
from pluriscope.app.pages.interpretation_list import CircuitOptions, interpretations
from pluriscope.app.pages.page import One, about, column, figure, head_actions, listed, of_analyses, page, pairs
from pluriscope.app.pages.place import StoredQuestion
from pluriscope.figures.numbers import decimal, exact, noun, readable
from pluriscope.kinds.circuits import left_out_words
from pluriscope.page_kit.blocks import Action, Block, Fact, Facts, Head, More, Notice, Prose, Section, Side, Text
from pluriscope.page_kit.blocks import Verdict as Mark
from pluriscope.tables.table import MOST_VALUES, Row
from pluriscope.views.networks import Rows, draw_network, possible_of, rows_of
from pluriscope.views.records import CircuitRecord


@dataclass(frozen=True)
class CircuitFacts:
    """Facts that are known of any circuit.

    Args:
        place: the network that it is of.
        question: about that network, of whichever kind.
        mask: its bits as a number.
        hex: the mask as addresses write it.
        size: how much it keeps, with its noun.
        verdict: whether it is valid.
        chance: how many of its size are; None where that is not known.
        stored: whether an analysis here holds it.
        n_valid: valid circuits, where all are known.
        readings: its interpretations, or why there are none.
    """

    place: StoredQuestion[SubjectQuestion]
    question: SubjectQuestion
    mask: int
    hex: str
    size: str
    verdict: CircuitVerdict
    chance: SizeChance | None
    stored: bool
    n_valid: int | None
    readings: Readings

    @cached_property
    def bits(self) -> NDArray[np.bool_]:
        """``[1, bits]`` which it keeps."""
        bits: NDArray[np.bool_] = self.question.graph.bits([self.mask])
        return bits

    @property
    def n_nodes(self) -> int:
        """Nodes that a circuit may do without and that take part in this one."""
        return int(self.question.graph.active_nodes(self.bits).sum())

    @cached_property
    def rows(self) -> Rows:
        """Behaviour on each row."""
        return rows_of(self.question, self.mask)

    def labelled(self, *, kept: bool) -> list[str]:
        """Names of the parts that it keeps, or leaves out."""
        return [label for label, there in zip(labels_of(self.question), self.bits[0], strict=True) if there == kept]


@lru_cache(maxsize=64)
def _judged(question: SubjectQuestion, mask: int) -> CircuitVerdict:
    """Whether a circuit is valid; its page, drawing, card and JSON ask alike."""
    return question.judge(mask)


@lru_cache(maxsize=64)
def _inside(question: SubjectQuestion, mask: int) -> tuple[Table, ...]:
    return question.inside(mask)


def facts_of(one: One[SubjectQuestion]) -> CircuitFacts:
    """The circuit that an address names."""
    place, mask, analysis = one.place, one.mask, one.place.analysis
    question, verdict = place.question, _judged(place.question, mask)
    return CircuitFacts(
        place,
        question,
        mask,
        str(question.graph.to_hex(mask)),
        noun(mask.bit_count(), place.part),
        verdict,
        chance=_chance_of(one.session, place, mask.bit_count()),
        stored=analysis is not None and find_circuit(one.session, analysis.id, one.ref.first) is not None,
        n_valid=analysis.circuits_valid if analysis is not None and is_counted(analysis) else None,
        readings=readings_of(place, mask, verdict),
    )


def _chance_of(session: Session, place: StoredQuestion[SubjectQuestion], n_bits: int) -> SizeChance | None:
    """Share of possible circuits of a size that are valid; None without an analysis, or of a large network."""
    possible = None if place.analysis is None else possible_of(place.question, n_bits)
    if place.analysis is None or possible is None:
        return None
    if is_counted(place.analysis):  # the stored distribution is of all valid circuits
        found = distribution_in(place.analysis.distributions).by_edges.get(n_bits, 0)
        return SizeChance(possible, found, found)
    return chance_at(stored_sizes(session, place.analysis), n_bits, possible)


_OF_PLANTED: Final = [one for one in EVERY if "planted" in one.reads]
"""Analyses of what was planted, which stand first on the page of a circuit without interpretations."""
_NAMED: Final = 4  # parts that its title names
_SECONDS: Final = 2.0  # that counting the interpretations that survive may take on a page


def circuit_record(one: One[SubjectQuestion]) -> CircuitRecord:
    """A circuit as JSON."""
    facts = facts_of(one)
    graph = facts.question.graph
    return CircuitRecord.showing(
        facts.verdict,
        **one.record(facts.stored),
        mask=facts.hex,
        edges=[name for name, there in zip(names_of(graph).numbers, facts.bits[0], strict=True) if there],
        n_edges=facts.mask.bit_count(),
        n_possible_edges=graph.n_bits,
        n_neurons=facts.n_nodes,
        n_possible_neurons=len(graph.removable),
        behaviour=facts.rows,
        interpretations=facts.readings.total,
        observed=facts.readings.observed,
        uncounted=facts.readings.why_not,
        chance=facts.chance,
    )


@page(circuit_record, CircuitOptions)
def circuit(one: One[Any], options: CircuitOptions) -> Iterator[Block]:
    """Page of a circuit: what it keeps and does, how it can be read, and the rest folded."""
    facts, question = facts_of(one), one.place.question
    yield _head(one, facts)
    drawn = draw_network(question, facts.mask, title=f"Circuit {facts.hex}")
    yield Side([figure(one, drawn, "What is kept, the rest pale."), Facts(list(_facts(facts)))])
    read = not question.kind.refuses("interpretations")
    if not read:
        yield from of_analyses(one, _OF_PLANTED)
    yield from rows_blocks(question, facts.rows)
    yield from table_blocks(_inside(question, facts.mask))
    if read:
        yield from interpretations(one, facts.readings, options)
    if facts.verdict.valid and (one.place.boolean or not read):
        fold, what = ("Carried algorithms", "which algorithms it carries, and which") if read else ("Analyses", "which")
        others = [each for each in EVERY if each != COMMON_GROUND and (read or each not in _OF_PLANTED)]
        nothing = Prose("None of them is about it.")
        yield More(
            fold, lambda: list(of_analyses(one, others)) or [nothing], f"{what} analyses are about it", id="story"
        )
        if read:
            surviving = "Surviving interpretations"
            yield More(surviving, lambda: _surviving(one, facts.readings), "by criterion", id="surviving")
    yield More("What it keeps", lambda: _names(one, facts), f"{facts.size} by name, and the rest", id="names")
    yield from about(one)


def _head(one: One[SubjectQuestion], facts: CircuitFacts) -> Head:
    place, valid = one.place, facts.verdict.valid
    which: Text = "a valid circuit" if valid else "a possible circuit"
    if valid and facts.n_valid is not None:
        among = one.links.explanations(place.slug, place.scope, view="tree", circuit=str(one.ref))
        which = Markup('<a href="{}#{}">one of {}</a>').format(among, TREE, noun(facts.n_valid, "valid circuit"))
    here = "" if facts.stored else " No analysis here holds it; it was checked just now."
    left_out = left_out_words(facts.question, facts.mask, _NAMED)
    return Head(
        f"Circuit {left_out or 'that keeps everything'}",
        Markup("{}, {} of {} under {}.{}").format(one.name, which, place.row.name, place.under, here),
        verdict_marks(facts.verdict),
        head_actions(one),
    )


def verdict_marks(verdict: CircuitVerdict) -> list[Mark]:
    """Whether a circuit is valid and why, and whether that is fragile."""
    valid = Mark(f"valid: {verdict.reason}", "pass") if verdict.valid else Mark(f"not valid: {verdict.reason}", "fail")
    return [valid, Mark("fragile: a margin below 1e-6", "untested")] if verdict.fragile else [valid]


def _facts(facts: CircuitFacts) -> Iterator[Fact]:
    verdict, readings, graph = facts.verdict, facts.readings, facts.question.graph
    above = f"more than {verdict.threshold:g} of them asked for"
    yield Fact("Rows right", f"{verdict.n_right} of {verdict.n_rows}", above)
    yield Fact(f"{facts.place.part.capitalize()}s", f"{facts.mask.bit_count()} of {graph.n_bits}")
    if graph.cut == "edges":
        nodes = "Nodes" if facts.question.kind.refuses("edge-weights") else "Hidden neurons"
        yield Fact(nodes, f"{facts.n_nodes} of {len(graph.removable)}")
    yield Fact("Margin", decimal(verdict.margin, 4), "smallest distance of a row, right or wrong, from another answer")
    if facts.question.kind.refuses("interpretations"):
        yield Fact("Smallest gap", decimal(verdict.worst, 4), "right output less the largest other, of any row")
    if facts.chance is not None:
        yield Fact("Valid at its size", _share(facts.chance), f"possible circuits of {facts.size}")
    if readings.total is not None and readings.observed is not None:
        yield Fact("Interpretations", readable(readings.total), url="#interpretations")
        yield Fact("Observed classes", readable(readings.observed), "that the inputs tell apart")


def _share(chance: SizeChance) -> str:
    valid = in_words(chance.low) if chance.exact else f"{in_words(chance.low)} to {in_words(chance.high)}"
    return f"{valid} of {in_words(chance.possible)}"


def _names(one: One[SubjectQuestion], facts: CircuitFacts) -> Iterator[Block]:
    """List the parts that are kept and left out, and lead to the circuits within it."""
    kept, left_out = facts.labelled(kept=True), facts.labelled(kept=False)
    yield pairs("set", {"Kept": ", ".join(kept) or "nothing", "Left out": ", ".join(left_out) or "nothing"})
    if len(left_out) > MOST_VALUES:
        return
    none = [f"!{label}" for label in left_out]
    within = one.links.explanations(one.place.slug, one.place.scope, kind="circuit", uses=none)
    yield Section("Within it", "listed circuits that keep nothing else", Action("List them", within))


# --- what is computed when it is opened


def _surviving(one: One[Question], readings: Readings) -> Iterator[Block]:
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
