"""The page of one circuit, stored or not: does it classify every row correctly, and how can it be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analysis.circuit_sets.chance import SizeChance
from analysis.criteria.interpretation_tallies import CountingReadings
from analysis.criteria.registry import criteria_for
from analysis.criteria.steps import CriterionStep
from analysis.errors import BeyondLimits
from analysis.networks.circuit import Circuit, mask_array
from analysis.progress import OutOfTime
from analysis.work import Work
from app.figures.numbers import decimal, exact, noun, readable
from app.pages.about_one import about, behaviour_table, column, figure, head_actions, listed, pairs, told
from app.pages.circuit_facts import Readings, Verdict
from app.pages.cut import Cut, cut_of
from app.pages.inside import N_ROWS, answers_table, played_url, table_blocks
from app.pages.interpretation_list import CircuitOptions, interpretations
from app.pages.network_page import behaviour_of
from app.pages.page import One, page
from app.pages.place import ModelPlace
from pluriscope.analyses.registry import COMMON_GROUND, SHOWN
from pluriscope.blocks import (
    Action,
    Block,
    Fact,
    Facts,
    Head,
    More,
    Notice,
    Section,
    Side,
    Table,
)
from pluriscope.blocks import Verdict as Mark
from pluriscope.records import AnswerRecord, ChanceRecord, CircuitRecord, RowRecord
from pluriscope.tables import MOST_VALUES, Row

_SECONDS: Final = 2.0  # that counting the interpretations that survive may take on a page


def circuit_record(one: One) -> CircuitRecord:
    """A circuit as JSON."""
    cut = cut_of(one)
    return CircuitRecord.showing(
        cut.verdict,
        **one.told(cut.stored),
        mask=cut.mask,
        edges=[name for name, there in zip(cut.names(), cut.bits, strict=True) if there],
        n_edges=cut.n_kept,
        n_possible_edges=len(cut.bits),
        n_neurons=cut.neurons,
        n_possible_neurons=cut.n_neurons,
        behaviour=cut.rows,
        interpretations=cut.readings.total,
        observed=cut.readings.observed,
        uncounted=cut.readings.why_not,
        chance=None if cut.chance is None else ChanceRecord.showing(cut.chance),
    )


@page(
    circuit_record,
    options=CircuitOptions,
    samples={
        "circuit": "/networks/xor-pretrained/explanations/c-{mask}",
        "circuit, every interpretation": "/networks/xor-pretrained/explanations/c-{mask}?classes=any&start=12",
        "circuit, its criteria": "/networks/xor-pretrained/explanations/c-{mask}?part=criteria",
        "circuit, verified": "/networks/xor-pretrained/explanations/c-{mask}?part=verify",
        "circuit of three inputs": "/networks/majority-3-3/explanations/c-1fffff",
        "circuit, not valid": "/networks/xor-pretrained/explanations/c-3fffe",
    },
)
def circuit(one: One, options: CircuitOptions) -> Iterator[Block]:
    """What it is, what it does, how it can be read or looked into, and the rest folded."""
    cut = cut_of(one)
    yield _head(one, cut)
    yield Side([figure(one, cut.drawn, "What is kept, the rest pale."), Facts(list(_facts(cut)))])
    if isinstance(one.whole, ModelPlace):
        yield from _on_the_rows(one, one.whole, cut)
    else:
        question = one.whole.question
        yield Section("On every input", f"the circuit alone, everything else ablated ({question.protocol.ablation})")
        yield behaviour_table(one.whole, [row for row in cut.rows if isinstance(row, RowRecord)])
        yield from interpretations(one, cut.readings, options)
        if cut.verdict.valid and question.data.boolean:
            yield More(
                "Story",
                lambda: told(one, [each for each in SHOWN if each != COMMON_GROUND]),
                "which algorithms it carries, and which analyses tell of it",
                id="story",
            )
            surviving = "Surviving interpretations"
            yield More(surviving, lambda: _surviving(one, cut.readings), "by criterion", id="surviving")
    yield More("What it keeps", lambda: _names(one, cut), f"{cut.size} by name, and the rest", id="names")
    yield from about(one)


def _head(one: One, cut: Cut) -> Head:
    place, valid = one.whole, cut.verdict.valid
    which = "a valid circuit" if valid else "a possible circuit"
    if valid and cut.n_valid is not None:
        which = f"one of {noun(cut.n_valid, 'valid circuit')}"
    here = "" if cut.stored else " No analysis here holds it; it was checked just now."
    beside = (mask and one.links.circuit(place.slug, mask, place.scope) for mask in cut.beside)
    return Head(
        f"A circuit of {cut.size}",
        f"{one.name}, {which} of {place.row.name} under {place.under}.{here}",
        verdict_marks(cut.verdict),
        head_actions(one, *beside),
    )


def verdict_marks(verdict: Verdict) -> list[Mark]:
    """Whether a circuit is valid and why, and whether that is fragile."""
    valid = Mark(f"valid: {verdict.reason}", "pass") if verdict.valid else Mark(f"not valid: {verdict.reason}", "fail")
    return [valid, Mark("fragile: a margin below 1e-6", "untested")] if verdict.fragile else [valid]


def _facts(cut: Cut) -> Iterator[Fact]:
    verdict, readings = cut.verdict, cut.readings
    above = f"more than {verdict.threshold:g} of them asked for"
    yield Fact("Rows right", f"{verdict.n_right} of {verdict.n_rows}", above)
    yield Fact(f"{cut.part.capitalize()}s", f"{cut.n_kept} of {len(cut.bits)}")
    yield Fact(cut.between, f"{cut.neurons} of {cut.n_neurons}")
    yield Fact("Margin", decimal(verdict.margin, 4), "smallest on any row")
    if cut.chance is not None:
        yield Fact("Valid at its size", _share(cut.chance), f"possible circuits of {cut.size}")
    if readings.total is not None and readings.observed is not None:
        yield Fact("Interpretations", readable(readings.total), url="#interpretations")
        yield Fact("Observed classes", readable(readings.observed), "that the inputs tell apart")


def _share(chance: SizeChance) -> str:
    valid = exact(chance.low) if chance.exact else f"{exact(chance.low)} to {exact(chance.high)}"
    return f"{valid} of {exact(chance.possible)}"


def _names(one: One, cut: Cut) -> Iterator[Block]:
    """What is kept and what is left out, and the circuits within it."""
    kept, left_out = cut.labelled(kept=True), cut.labelled(kept=False)
    yield pairs("set", {"Kept": ", ".join(kept) or "nothing", "Left out": ", ".join(left_out) or "nothing"})
    if len(left_out) > MOST_VALUES:
        return
    none = [f"!{label}" for label in left_out]
    within = one.links.explanations(one.whole.slug, one.whole.scope, kind="circuit", uses=none)
    yield Section("Within it", "listed circuits that keep nothing else", Action("List them", within))


def _on_the_rows(one: One, place: ModelPlace, cut: Cut) -> Iterator[Block]:
    """What a circuit of a transformer answers, the rows with the smallest gaps first, and what happens inside it."""
    answers = [answer for answer in cut.rows if isinstance(answer, AnswerRecord)]
    yield Section("On the rows of the task", f"the circuit alone, everything else cut; {N_ROWS} with the smallest gaps")
    yield answers_table(answers, lambda n: played_url(one.links, place, n, cut.mask))
    yield from table_blocks(cut.inside)


def on_every_input(one: One, kept: Circuit) -> Table:
    """What a circuit does on every input, everything else ablated."""
    outputs = one.place.question.activations(kept)[-1][:, 0]
    return behaviour_table(one.place, behaviour_of(one.place, outputs))


# --- what is computed when it is opened


def _surviving(one: One, readings: Readings) -> Iterator[Block]:
    """How many of its interpretations pass each criterion about interpretations, exactly."""
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
