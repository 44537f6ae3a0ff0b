"""The page of one circuit, stored or not: does it classify every row correctly, and how can it be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from analysis.circuit_sets.by_bits import chances_by_bits
from analysis.circuit_sets.chance import SizeChance, chance_at
from analysis.circuits.space import count_by_edges
from analysis.criteria.interpretation_tallies import CountingReadings
from analysis.criteria.registry import criteria_for
from analysis.criteria.steps import CriterionStep
from analysis.discovery.part_names import names_of
from analysis.errors import BeyondLimits
from analysis.explanations.circuits import raw_outputs
from analysis.explanations.explanation import REF
from analysis.progress import OutOfTime
from analysis.subjects.enumeration import mask_bits
from analysis.subjects.graph import perceptron_graph
from analysis.subjects.perceptron.circuit import Circuit, mask_array
from analysis.subjects.question import CircuitVerdict, GraphQuestion
from analysis.subjects.subject import Table as Numbers
from analysis.subjects.subject import gaps
from analysis.work import Work
from app.db.models import searches_of, stored_circuits
from app.db.reads.circuits import find_circuit, stored_coverage, stored_sizes
from app.pages.about_one import about, behaviour_table, column, figure, head_actions, listed, pairs, told
from app.pages.circuit_facts import NEAREST, Readings, readings_of
from app.pages.inside import N_ROWS, answers_of, answers_table, table_blocks
from app.pages.interpretation_list import CircuitOptions, interpretations
from app.pages.network_page import behaviour_of
from app.pages.page import One, page
from app.pages.place import ModelPlace, Place
from pluriscope.analyses.registry import COMMON_GROUND, EVERY, PLANTED
from pluriscope.blocks import Action, Block, Fact, Facts, Head, More, Notice, Section, Side, Table
from pluriscope.blocks import Verdict as Mark
from pluriscope.figures.numbers import decimal, exact, noun, readable
from pluriscope.figures.svg.graphs import graph_diagram
from pluriscope.figures.svg.networks import network_diagram
from pluriscope.kinds.circuits import edge_labels
from pluriscope.records import AnswerRecord, ChanceRecord, CircuitRecord, RowRecord
from pluriscope.tables import MOST_VALUES, Row

MAX_EDGES_COUNTED: Final = 130
"""Of the networks whose possible circuits are counted by size on a page: a tenth of a second."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What there is to say of any circuit.

    Args:
        mask: as addresses write it.
        part: what one of its bits is, in one word.
        bits: which it keeps.
        n_kept: how many.
        names: makes what each bit stands for, as claims and JSON name it.
        labels: the same as lists name it.
        neurons: how many hidden neurons, or heads, take part.
        n_neurons: how many there are.
        between: what those are called.
        verdict: whether it is valid.
        chance: how many of its size are; None where that is not known.
        stored: whether an analysis here holds it.
        n_valid: valid circuits, where all are known.
        draws: makes the drawing.
        rows: what it does on each row.
        readings: its interpretations, or why there are none.
        inside: says what happens inside it over all rows; nothing where interpretations say that.
    """

    mask: str
    part: str
    bits: tuple[bool, ...]
    n_kept: int
    names: Callable[[], Sequence[str]]
    labels: Callable[[], Sequence[str]]
    neurons: int
    n_neurons: int
    between: str
    verdict: CircuitVerdict
    chance: SizeChance | None
    stored: bool
    n_valid: int | None
    draws: Callable[[], Markup]
    rows: list[RowRecord] | list[AnswerRecord]
    readings: Readings
    inside: Callable[[], tuple[Numbers, ...]]

    @property
    def size(self) -> str:
        """How much it keeps, with its noun."""
        return noun(self.n_kept, self.part)

    def labelled(self, *, kept: bool) -> list[str]:
        """What it keeps, or leaves out, as lists name it."""
        return [label for label, there in zip(self.labels(), self.bits, strict=True) if there == kept]


def cut_of(one: One) -> Cut:
    """The circuit that an address names."""
    if isinstance(one.whole, ModelPlace):
        return _of_transformer(one.session, one.whole, one.item)
    return _of_perceptron(one, one.item)


def _of_perceptron(one: One, circuit: Circuit) -> Cut:
    place, layout = one.place, circuit.layout
    analysis, question, verdict = place.analysis, place.question, place.question.judge(circuit.mask)
    return Cut(
        mask=circuit.hex,
        part=place.part,
        bits=tuple(bool(circuit.mask >> edge & 1) for edge in range(layout.n_edges)),
        n_kept=circuit.n_edges,
        names=lambda: list(names_of(perceptron_graph(layout.sizes)).numbers),
        labels=lambda: edge_labels(layout.sizes),
        neurons=circuit.n_neurons,
        n_neurons=sum(question.cut.hidden_sizes),
        between="Hidden neurons",
        verdict=verdict,
        chance=_chance_of(one.session, place, circuit),
        stored=analysis is not None and find_circuit(one.session, analysis.id, circuit.hex) is not None,
        n_valid=analysis.circuits_valid if analysis is not None and stored_coverage(analysis) == "all" else None,
        draws=lambda: network_diagram(question.cut.weights, circuit, title=f"Circuit {circuit.hex}"),
        rows=behaviour_of(place, raw_outputs(question, circuit)),
        readings=readings_of(place, circuit, verdict),
        inside=tuple,
    )


def _chance_of(session: Session, place: Place, circuit: Circuit) -> SizeChance | None:
    """How many of the possible circuits of that size are valid; None without an analysis, or of a large network."""
    layout = circuit.layout
    if place.analysis is None or layout.n_edges > MAX_EDGES_COUNTED:
        return None
    possible = count_by_edges(layout.sizes, place.question.protocol, layout.n_edges).get(circuit.n_edges)
    if possible is None:  # the protocol does not look at such circuits
        return None
    return chance_at(stored_sizes(session, place.analysis), circuit.n_edges, possible)


def _of_transformer(session: Session, place: ModelPlace, mask: str) -> Cut:
    question = GraphQuestion(place.kind, place.model, place.settings)
    model, space, graph = place.model, place.space, place.space.graph
    bits = mask_bits(space, mask)
    outputs = space.run(bits[None])
    search = searches_of(session, [place.row.id]).get((place.row.id, place.text))
    stored = stored_circuits(session, place.row.id, place.text, place.kind)
    return Cut(
        mask=mask,
        part=place.part,
        bits=tuple(bits.tolist()),
        n_kept=int(bits.sum()),
        names=lambda: list(names_of(graph).numbers),
        labels=lambda: graph.bit_names,
        neurons=int(graph.active_nodes(bits[None]).sum()),
        n_neurons=len(graph.removable),
        between="Nodes",
        verdict=question.judge(int(mask, 16)),
        chance=None if search is None else chances_by_bits(space, dict(search.by_bits)).get(int(bits.sum())),
        stored=stored is not None and mask in stored[REF],
        n_valid=None if search is None else search.valid,
        draws=lambda: graph_diagram(graph, graph.kept_edges(bits[None])[0].tolist(), title=f"Circuit {mask}"),
        rows=answers_of(model, outputs[0], gaps(outputs, model.answers)[0]),
        readings=Readings(why_not="only circuits of perceptrons are interpreted"),
        inside=lambda: space.inside(bits),
    )


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


@page(circuit_record, CircuitOptions)
def circuit(one: One, options: CircuitOptions) -> Iterator[Block]:
    """What it is, what it does, how it can be read or looked into, and the rest folded."""
    cut = cut_of(one)
    yield _head(one, cut)
    yield Side([figure(one, cut.draws(), "What is kept, the rest pale."), Facts(list(_facts(cut)))])
    if isinstance(one.whole, ModelPlace):
        yield from told(one, [PLANTED])
        yield from _on_the_rows(cut)
    else:
        question = one.whole.question
        yield Section("On every input", f"the circuit alone, everything else ablated ({question.protocol.ablation})")
        yield behaviour_table(one.whole, [row for row in cut.rows if isinstance(row, RowRecord)])
        yield from interpretations(one, cut.readings, options)
        if cut.verdict.valid and question.data.boolean:
            yield More(
                "Story",
                lambda: told(one, [each for each in EVERY if each != COMMON_GROUND]),
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
    return Head(
        f"A circuit of {cut.size}",
        f"{one.name}, {which} of {place.row.name} under {place.under}.{here}",
        verdict_marks(cut.verdict),
        head_actions(one),
    )


def verdict_marks(verdict: CircuitVerdict) -> list[Mark]:
    """Whether a circuit is valid and why, and whether that is fragile."""
    valid = Mark(f"valid: {verdict.reason}", "pass") if verdict.valid else Mark(f"not valid: {verdict.reason}", "fail")
    return [valid, Mark("fragile: a margin below 1e-6", "untested")] if verdict.fragile else [valid]


def _facts(cut: Cut) -> Iterator[Fact]:
    verdict, readings = cut.verdict, cut.readings
    above = f"more than {verdict.threshold:g} of them asked for"
    yield Fact("Rows right", f"{verdict.n_right} of {verdict.n_rows}", above)
    yield Fact(f"{cut.part.capitalize()}s", f"{cut.n_kept} of {len(cut.bits)}")
    yield Fact(cut.between, f"{cut.neurons} of {cut.n_neurons}")
    yield Fact("Margin", decimal(verdict.margin, 4), NEAREST)
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


def _on_the_rows(cut: Cut) -> Iterator[Block]:
    """What a circuit of a transformer answers, the rows with the smallest gaps first, and what happens inside it."""
    answers = [answer for answer in cut.rows if isinstance(answer, AnswerRecord)]
    yield Section("On the rows of the task", f"the circuit alone, everything else cut; {N_ROWS} with the smallest gaps")
    yield answers_table(answers)
    yield from table_blocks(cut.inside())


def on_every_input(one: One, kept: Circuit) -> Table:
    """What a circuit does on every input, everything else ablated."""
    return behaviour_table(one.place, behaviour_of(one.place, raw_outputs(one.place.question, kept)))


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
