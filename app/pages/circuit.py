"""The page of one circuit, stored or not: does it classify every row correctly, and how can it be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from markupsafe import Markup
from pydantic import BaseModel, Field

from analysis import ENGINE_VERSION
from analysis.circuit_sets.chance import SizeChance
from analysis.criteria.interpretation_tallies import CountingReadings
from analysis.criteria.registry import criteria_for
from analysis.criteria.steps import CriterionStep
from analysis.errors import BeyondLimits
from analysis.interpretations.gates import gate_name
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import Circuit, mask_array
from analysis.progress import OutOfTime
from analysis.tasks import INPUT_NAMES
from analysis.work import Work
from app.errors import BadQuery
from app.figures.numbers import decimal, exact, noun, readable
from app.figures.svg import circuit_thumb, gate_tiles
from app.options import ScopeOptions
from app.pages import analyses
from app.pages.about_one import about, column, figure, head_actions, listed, pairs
from app.pages.circuit_facts import MAX_INDEX_DIGITS, N_CARDS, Readings, Verdict
from app.pages.cut import Cut, cut_of
from app.pages.input_plane import plane_blocks
from app.pages.inside import N_ROWS, ROW, answers_table, chosen_row, inside_blocks
from app.pages.network.behaviour import behaviour_of
from app.pages.page import One, page
from app.pages.place import ModelPlace
from app.pages.shared import neuron_name
from pluriscope.blocks import (
    Action,
    Block,
    Choice,
    Fact,
    Facts,
    Form,
    Head,
    More,
    Notice,
    Section,
    Side,
    Table,
    Tray,
)
from pluriscope.blocks import Verdict as Mark
from pluriscope.naming import ExplanationRef
from pluriscope.records import AnswerRecord, ChanceRecord, CircuitRecord, RowRecord
from pluriscope.tables import MOST_VALUES, Query, Row, Selection

_SECONDS: Final = 2.0  # that counting the interpretations that survive may take on a page


class CircuitOptions(ScopeOptions):
    """Options of a circuit's page."""

    start: str = Field(
        "0",
        pattern=f"^[0-9]{{1,{MAX_INDEX_DIGITS}}}$",
        description="Number of the first interpretation shown: its index, or its class's number if classes=observed.",
    )
    classes: Literal["observed", "all"] = Field(
        "observed", description="Whether one interpretation of each observed class is listed, or every one."
    )
    row: int | None = Field(None, ge=0, description=ROW)


def circuit_record(one: One) -> CircuitRecord:
    """A circuit as JSON."""
    cut = cut_of(one)
    return CircuitRecord.showing(
        cut.verdict,
        ref=str(one.ref),
        url=one.url(),
        network=one.whole.row.digest,
        output=one.whole.scope.output,
        protocol=one.whole.protocol_digest,
        data=one.whole.data_digest,
        engine_version=ENGINE_VERSION,
        stored=cut.stored,
        mask=cut.mask,
        edges=[name for name, there in zip(cut.names(), cut.bits, strict=True) if there],
        n_edges=cut.n_kept,
        n_possible_edges=len(cut.bits),
        n_neurons=cut.neurons,
        n_possible_neurons=cut.n_neurons,
        behaviour=[row if isinstance(row, AnswerRecord) else RowRecord.showing(row) for row in cut.rows],
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
        "circuit, every interpretation": "/networks/xor-pretrained/explanations/c-{mask}?classes=all&start=12",
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
        yield from _on_the_rows(one, one.whole, cut, options.row)
    else:
        question = one.whole.question
        yield Section("On every input", f"the circuit alone, everything else ablated ({question.protocol.ablation})")
        yield on_every_input(one, one.item)
        yield from _interpretations(one, cut.readings, options)
        if question.data.boolean and question.cut.n_inputs in (2, 3):
            yield More("Between the inputs", lambda: _plane(one), "what it decides there", id="plane")
        if cut.verdict.valid and question.data.boolean:
            yield More(
                "Story",
                lambda: analyses.about(one.session, one.place, one.links, one.ref),
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


def _on_the_rows(one: One, place: ModelPlace, cut: Cut, row: int | None) -> Iterator[Block]:
    """What a circuit of a transformer answers, the rows with the smallest gaps first, and what happens inside it."""
    answers = [answer for answer in cut.rows if isinstance(answer, AnswerRecord)]
    at = chosen_row(place.model, np.array([answer.gap for answer in answers]), row)
    yield Section("On the rows of the task", f"the circuit alone, everything else cut; {N_ROWS} with the smallest gaps")
    yield answers_table(answers, lambda n: f"{one.url(row=n)}#row")
    yield from inside_blocks(
        *(place.model, cut.inside, at, one.links.explanation(place.slug, one.ref)),
        *(place.scope.protocol, lambda n: one.url(row=n)),
    )


def on_every_input(one: One, kept: Circuit) -> Table:
    """What a circuit does on every input, everything else ablated."""
    question = one.place.question
    names = "".join(INPUT_NAMES[: question.model.n_inputs]) if question.data.boolean else "Row"
    rows = [
        Row(
            {
                "input": "".join(map(str, row.bits))
                if question.data.boolean
                else ", ".join(decimal(value, 3) for value in row.row),
                "output": row.output,
                "decision": -1 if row.decision is None else row.decision,
                "target": row.target,
                "right": row.right,
                "margin": row.margin,
            }
        )
        for row in behaviour_of(one.place, question.activations(kept)[-1][:, 0])
    ]
    columns = (
        column("input", names, "The inputs.", "name", first=True),
        column("output", "Output", "What it puts out.", "float", show=lambda row: decimal(row["output"], 4)),
        column("decision", "Decides", "The output, decided by the protocol's rule.", "int", show=_decision),
        column("target", question.task.name or "Task", "What the task asks for.", "int"),
        column("right", "Right", "Whether the two are the same.", "bool"),
        column("margin", "Margin", "Distance from the decision's edge.", "float"),
    )
    return listed("row", columns, rows, "behaviour")


def _decision(row: Row) -> str:
    return "neither" if row["decision"] < 0 else str(row["decision"])


def _plane(one: One) -> Iterator[Block]:
    """What it decides between the inputs."""
    return plane_blocks(one.place, one.item, f"Circuit {one.item.hex}", lambda *drawn: figure(one, *drawn))


# --- its interpretations, from a number on


class GoTo(BaseModel):
    """The form that leads to an interpretation's number."""

    start: int = Field(0, ge=0, title="Go to number")
    classes: str = Field("all", json_schema_extra={"control": "hidden"})
    output: int = Field(0, json_schema_extra={"control": "hidden"})
    protocol: str = Field("", json_schema_extra={"control": "hidden"})
    data: str = Field("", json_schema_extra={"control": "hidden"})


@dataclass(frozen=True)
class ByNumber:
    """The interpretations of a circuit in the order of their index; none is made but those that are shown.

    Args:
        one: the circuit.
        space: all of them.
        observed: whether only the first of each observed class is listed.
    """

    one: One
    space: InterpretationSpace
    observed: bool
    columns = (column("name", "Interpretation", "Its index among all of the circuit.", "name", first=True),)

    @property
    def total(self) -> int:
        """How many are listed; of any size."""
        return self.space.n_observed if self.observed else self.space.count

    def select(self, query: Query, facets: bool = True) -> Selection:  # it can be filtered by gate on its own page
        """Some of them."""
        stop = min(query.start + query.limit, self.total)
        rows = tuple(self.row(rank) for rank in range(query.start, stop))
        return Selection(self.total, self.space.count, rows)

    def row(self, rank: int) -> Row:
        """The one at a rank of the list."""
        index = self.space.index_of_observed(rank) if self.observed else rank
        place, mask = self.one.place, self.space.circuit.hex
        ref = ExplanationRef("interpretation", mask, str(index))
        url = self.one.links.interpretation(place.slug, mask, index, place.scope)
        return Row({"name": f"i·{index}", "read": self.space.at(index)}, "interpretation", str(ref), url)

    def thumb(self, row: Row) -> Markup:
        """The circuit with a tile on each neuron."""
        question = self.one.place.question
        tiles = gate_tiles(row["read"].gates, question.cut.n_inputs)
        return circuit_thumb(question.cut.weights, self.space.circuit, tiles, title=f"Interpretation {row['name']}")

    def says(self, row: Row) -> str:
        """What each hidden neuron is taken for."""
        sizes = self.one.place.question.cut.sizes
        return ", ".join(
            f"{neuron_name(sizes, gate.layer, gate.neuron)} {gate_name(gate.function, sizes[0])}"
            for gate in row["read"].gates
            if gate.layer < len(sizes) - 1
        )


def _interpretations(one: One, readings: Readings, options: CircuitOptions) -> Iterator[Block]:
    """Some interpretations from a number on.

    Raises:
        BadQuery: it begins beyond the last one.
    """
    space, place = readings.space, one.place
    if space is None:
        yield Section("Interpretations", id="interpretations")
        yield Notice("It has no interpretations to show.", f"{readings.why_not[:1].upper()}{readings.why_not[1:]}.")
        return
    listing = ByNumber(one, space, options.classes == "observed")
    start = int(options.start)
    if start and start >= listing.total:
        what = "observed classes" if listing.observed else "interpretations"
        raise BadQuery(f"start {start:,}", f"the circuit has {listing.total:,} {what}", "use a smaller number", "start")
    slug, mask, scope = place.slug, space.circuit.hex, place.scope
    classes = noun(space.n_observed, "observed class", "observed classes")
    choice = Choice(
        "Listed",
        {"one of each class": one.url(), "all": one.url(classes="all")},
        "one of each class" if listing.observed else "all",
    )
    title = f"{noun(space.count, 'interpretation')} in {classes}"
    yield Section("Interpretations", title, choice, id="interpretations")
    kept = {**scope.query(), **({} if listing.observed else {"classes": "all"})}
    path, question, query = one.links.interpretations(slug, mask, scope).partition("?")
    files = {form: f"{path}.{form.lower()}{question}{query}" for form in ("CSV", "JSON")}
    usual = Query(limit=N_CARDS)
    yield Table(
        listing,
        Query(start=start, limit=N_CARDS),
        one.links.explanation(slug, one.ref),
        "interpretation",
        usual,
        "cards",
        listing.thumb,
        listing.says,
        Tray(f"{slug}/{scope.output}", one.links.compare(slug, (), scope)),
        facets=False,
        files=files,
        kept=kept,
        id="excerpt",
    )
    yield More("Find one", lambda: _find(one), "by its number, or by gate", id="find")


def _find(one: One) -> Iterator[Block]:
    """The ways to one interpretation of many."""
    slug, scope = one.place.slug, one.place.scope
    yield Form(GoTo, one.links.explanation(slug, one.ref), "Go", dict(scope.fields), changes=False, id="go")
    by_gate = one.links.interpretations(slug, one.item.hex, scope)
    yield Section("By gate", "choose what each neuron is taken for", Action("Choose gates", by_gate))


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
    for step, counts in counting.found().items():
        undecided = counts.undecided[0]
        if not counts.applicable[0]:
            said = "not applicable"
        elif undecided == counts.totals[0]:
            said = "not decided here"
        else:
            said = f"{exact(counts.passed[0])} of {exact(counts.totals[0])}"
            said += f", {exact(undecided)} undecided" if undecided else ""
        rows.append(Row({"criterion": step.criterion.label, "surviving": said}))
    columns = (
        column("criterion", "Criterion", "About interpretations.", first=True),
        column("surviving", "Interpretations that survive", "Exact."),
    )
    yield listed("count", columns, rows)
    if late:
        yield Notice("Some are not counted.", late)
