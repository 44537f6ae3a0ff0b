"""The page of one circuit, stored or not: does it classify every row correctly, and how can it be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analysis.circuit_sets.chance import SizeChance
from analysis.criteria.interpretation_tallies import CountingReadings
from analysis.criteria.registry import criteria_for
from analysis.criteria.steps import CriterionStep
from analysis.discovery.part_names import names_in
from analysis.errors import BeyondLimits
from analysis.networks.circuit import Circuit, mask_array
from analysis.progress import OutOfTime
from analysis.tasks import INPUT_NAMES
from analysis.work import Work
from app.db.reads.circuit_sets import stored_coverage
from app.db.reads.circuits import is_stored
from app.db.reads.neighbours import masks_beside
from app.figures.numbers import decimal, exact, noun, readable
from app.figures.svg import network_diagram, plane_figure
from app.pages import analyses
from app.pages.about_one import about, column, figure, head_actions, listed
from app.pages.circuit_facts import Readings, Verdict, readings_of, verdict_on
from app.pages.circuit_sets import chance_of
from app.pages.input_plane import input_plane
from app.pages.interpretation_list import CircuitOptions, interpretations
from app.pages.network import BehaviourRow, behaviour_of
from app.pages.page import One, page
from pluriscope.blocks import (
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
from pluriscope.records import ChanceRecord, CircuitRecord, RowRecord
from pluriscope.tables import Row

_SECONDS: Final = 2.0  # that counting the interpretations that survive may take on a page


def circuit_record(one: One) -> CircuitRecord:
    """A circuit as JSON."""
    place, circuit = one.place, one.item
    verdict = verdict_on(place, circuit)
    readings = readings_of(place, circuit, verdict)
    chance = chance_of(one.session, place, circuit)
    return CircuitRecord.showing(
        verdict,
        **one.told(_is_stored(one)),
        mask=circuit.hex,
        edges=[name for name, edge in names_in(circuit.layout).numbers.items() if circuit.mask >> edge & 1],
        n_edges=circuit.n_edges,
        n_possible_edges=circuit.layout.n_edges,
        n_neurons=circuit.n_neurons,
        n_possible_neurons=sum(place.question.cut.hidden_sizes),
        behaviour=[RowRecord.showing(row) for row in _behaviour(one, circuit)],
        interpretations=readings.total,
        observed=readings.observed,
        uncounted=readings.why_not,
        chance=None if chance is None else ChanceRecord.showing(chance),
    )


@page(
    circuit_record,
    options=CircuitOptions,
    samples={
        "circuit": "/networks/xor-pretrained/explanations/c-{mask}",
        "circuit, every interpretation": "/networks/xor-pretrained/explanations/c-{mask}?classes=any&start=12",
        "circuit, read by gate": "/networks/xor-pretrained/explanations/c-{mask}?gate=1-0:A",
        "circuit, its criteria": "/networks/xor-pretrained/explanations/c-{mask}?part=criteria",
        "circuit, verified": "/networks/xor-pretrained/explanations/c-{mask}?part=verify",
        "circuit of three inputs": "/networks/majority-3-3/explanations/c-1fffff",
        "circuit, not valid": "/networks/xor-pretrained/explanations/c-3fffe",
    },
)
def circuit(one: One, options: CircuitOptions) -> Iterator[Block]:
    """What it is, what it does, how it can be read, and the rest folded."""
    place, kept = one.place, one.item
    verdict = verdict_on(place, kept)
    readings = readings_of(place, kept, verdict)
    yield _head(one, verdict)
    drawn = network_diagram(place.question.cut.weights, kept, title=f"Circuit {kept.hex}")
    facts = Facts(list(_facts(one, verdict, readings)))
    yield Side([figure(one, drawn, "The edges that are kept, with their weights."), facts])
    yield Section("On every input", f"the circuit alone, everything else ablated ({place.question.protocol.ablation})")
    yield on_every_input(one, kept)
    yield from interpretations(one, readings, options)
    if place.question.data.boolean and place.question.cut.n_inputs in (2, 3):
        yield More("Between the inputs", lambda: _plane(one), "what it decides there", id="plane")
    if verdict.valid and place.question.data.boolean:
        yield More(
            "Story",
            lambda: analyses.about(one.session, place, one.links, one.ref),
            "which algorithms it carries, and which analyses tell of it",
            id="story",
        )
        yield More("Surviving interpretations", lambda: _surviving(one, readings), "by criterion", id="surviving")
    yield from about(one)


def _head(one: One, verdict: Verdict) -> Head:
    place, kept = one.place, one.item
    which = "a valid circuit" if verdict.valid else "a possible circuit"
    if verdict.valid and place.analysis is not None and stored_coverage(place.analysis) == "all":
        which = f"one of {noun(place.analysis.circuits_valid, 'valid circuit')}"
    output = ""
    if len(place.row.tasks) > 1:
        task = place.question.task
        output = f", output {place.scope.output} ({task.name or ''.join(map(str, task.truth_table))})"
    here = "" if _is_stored(one) else " No analysis here holds it; it was checked just now."
    beside = (None, None) if place.analysis is None else masks_beside(one.session, place.analysis, kept.mask)
    before, after = (
        "" if mask is None else one.links.circuit(place.slug, kept.layout.to_hex(mask), place.scope) for mask in beside
    )
    return Head(
        f"A circuit of {noun(kept.n_edges, 'edge')}",
        f"{one.name}, {which} of {place.row.name} under protocol {place.question.protocol.name}{output}.{here}",
        verdict_marks(verdict),
        head_actions(one, before, after),
    )


def verdict_marks(verdict: Verdict) -> list[Mark]:
    """Whether a circuit is valid and why, and whether that is fragile."""
    valid = Mark(f"valid: {verdict.reason}", "pass") if verdict.valid else Mark(f"not valid: {verdict.reason}", "fail")
    return [valid, Mark("fragile: a margin below 1e-6", "untested")] if verdict.fragile else [valid]


def _is_stored(one: One) -> bool:
    analysis = one.place.analysis
    return analysis is not None and is_stored(one.session, analysis.id, one.item.hex)


def _facts(one: One, verdict: Verdict, readings: Readings) -> Iterator[Fact]:
    place, kept = one.place, one.item
    above = f"more than {verdict.threshold:g} of them asked for"
    yield Fact("Rows right", f"{verdict.n_right} of {verdict.n_rows}", above)
    yield Fact("Edges", f"{kept.n_edges} of {kept.layout.n_edges}")
    yield Fact("Hidden neurons", f"{kept.n_neurons} of {sum(place.question.cut.hidden_sizes)}")
    yield Fact("Margin", decimal(verdict.margin, 4), "smallest on any row")
    chance = chance_of(one.session, place, kept)
    if chance is not None:
        yield Fact("Valid at its size", _share(chance), f"possible circuits of {noun(kept.n_edges, 'edge')}")
    if readings.total is not None and readings.observed is not None:
        yield Fact("Interpretations", readable(readings.total), url="#interpretations")
        yield Fact("Observed classes", readable(readings.observed), "that the inputs tell apart")


def _share(chance: SizeChance) -> str:
    valid = exact(chance.low) if chance.exact else f"{exact(chance.low)} to {exact(chance.high)}"
    return f"{valid} of {exact(chance.possible)}"


def _behaviour(one: One, kept: Circuit) -> list[BehaviourRow]:
    return behaviour_of(one.place, one.place.question.activations(kept)[-1][:, 0])


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
        for row in _behaviour(one, kept)
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
    """What it decides between the inputs, where these are two or three: a square, or three slices of the cube."""
    plane = input_plane(one.place, one.item)
    if plane is None:
        yield Notice("There is no picture.", "The network is too large, or nothing is left of a layer.")
        return
    title = f"Circuit {one.item.hex}"
    figures = [
        figure(
            one,
            plane_figure(
                part.pieces, part.rows, plane.point.inputs[:2], sentence=plane.sentence(title, part), with_point=False
            ),
            f"{plane.sentence(title, part)}. Filled where it decides 1, empty where 0. {plane.how}.",
            f"plane.{number}",
        )
        for number, part in enumerate(plane.slices, start=1)
    ]
    if len(figures) == 1:
        yield figures[0]
    else:
        yield Side(figures)


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
