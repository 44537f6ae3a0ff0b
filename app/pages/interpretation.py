"""The page of one interpretation of a circuit: what it predicts, and the gate on each neuron."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from pluriscope.analysis.interpretations.gates import essential, gate_name, gate_words
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.interpretation import Interpretation, NeuronGate
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import CircuitVerdict
from pluriscope.app.errors import NotFound
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.circuit import verdict_marks
from pluriscope.app.pages.compare.compared import Compared
from pluriscope.app.pages.compare.networks import OnInterventions
from pluriscope.app.pages.explanations import Explanation, readings_of
from pluriscope.app.pages.inside import rows_table
from pluriscope.app.pages.interpretation_list import class_of, marks_of
from pluriscope.app.pages.page import about, column, figure, head_actions, listed, page
from pluriscope.figures.numbers import decimal, digits_apart, exact, noun, readable
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.networks import network_diagram
from pluriscope.figures.svg.number_line import Threshold, number_line
from pluriscope.figures.svg.tiles import bits_of, gate_tiles, table_name, variable
from pluriscope.kinds.interpretations import boxed
from pluriscope.page_kit.blocks import Block, Columns, Fact, Facts, Head, More, Section, Table
from pluriscope.page_kit.templating import linked
from pluriscope.tables.table import Row
from pluriscope.views.networks import rows_of
from pluriscope.views.records import GateRecord, GateRowRecord, InterpretationRecord

_FAILURES: Final = 5  # interventions that it predicts wrong, on its page
_SHOWN: Final = 16  # rows of a gate's table that a page shows; all are in the record


def interpretation_record(one: Explanation[Question]) -> InterpretationRecord:
    """An interpretation as JSON."""
    place, found = one.place, one.item
    verdict = place.question.judge(found.circuit.mask)
    space = _space(one, verdict)
    return InterpretationRecord(
        **one.fields,
        mask=found.circuit.hex,
        index=found.index,
        of=space.count,
        observed=space.n_observed,
        observed_class=class_of(space, found.index),
        valid=verdict.valid,
        margin=verdict.margin,
        gates=[_gate(one, gate) for gate in found.gates],
        silent=_silent(one),
    )


@page(interpretation_record)
def interpretation(one: Explanation[Question], _options: ScopeOptions) -> Iterator[Block]:
    """Page of an interpretation: predictions, failures, the function of each neuron, its grounds, the rest folded."""
    place, found = one.place, one.item
    verdict = place.question.judge(found.circuit.mask)
    space = _space(one, verdict)
    gates = [_gate(one, gate) for gate in found.gates]
    yield _head(one, space, verdict)
    drawn = network_diagram(
        place.question.network.weights,
        found.circuit,
        gate_tiles(found.gates, place.question.network.n_inputs),
        title=f"Interpretation {found.index} of circuit {found.circuit.hex}",
    )
    asked = OnInterventions(one.session, one.links, place, [one])
    n_free = sum(row.free for gate in gates for row in gate.table)
    legend = (
        f"index {readable(found.index)} of {exact(space.count)}, counted from 0",
        f"observed class {readable(class_of(space, found.index) + 1)} of {exact(space.n_observed)}",
        f"{noun(n_free, 'free row')} of gates",
        f"margin {decimal(verdict.margin, 4)}",
    )
    left = figure(one, drawn, f"Each neuron with its function of the inputs. This is {', '.join(legend)}.")
    yield Columns([[left], list(_predictions(asked))])
    yield Section("Gates", f"{len(gates)}; a dashed value is free: no input produces the row, so it is a choice")
    yield _gates(gates, _silent(one))
    yield More(
        "Thresholds", lambda: _thresholds(one, gates), "each neuron’s activations beside its threshold", id="cut"
    )
    yield More("On every input", lambda: [_on_every_input(one, found.circuit)], "the circuit alone", id="behaviour")
    yield from about(one)


def _predictions(asked: Compared) -> Iterator[Block]:
    """Show how often it predicts right, and the interventions that show most clearly where it does not."""
    right, wrong = int(asked.trials.right.sum()), asked.trials.wrong
    yield Facts(
        [
            Fact("Right on", f"{exact(right)} of {exact(asked.of)}", "interventions on sets of hidden neurons"),
            Fact("Wrong on", exact(len(wrong)), asked.trials.bounded),
        ]
    )
    if not len(wrong):
        return
    failures = [asked.contradiction(trial) for trial in wrong[:_FAILURES].tolist()]
    yield Section("Where it fails", f"{len(failures)} of {exact(len(wrong))}, the most telling first", id="wrong")
    rows = []
    for one in failures:
        what = Markup('{} on <span class="mono">{}</span> as on <span class="mono">{}</span>')
        what = linked(what.format(one.neurons, one.base, one.source), one.url, "link")
        rows.append((what, *one.says.values(), f"{one.happens} ({decimal(one.output or 0.0, 3)})"))
    yield Table.plain(("Intervention", "It says", "The network answers"), rows)


def _space(one: Explanation[Question], verdict: CircuitVerdict) -> InterpretationSpace:
    """All interpretations of the circuit."""
    place, circuit = one.place, one.item.circuit
    readings = readings_of(place, circuit.mask, verdict, None)
    if readings.space is None:
        url = one.links.circuit(place.slug, circuit.hex, place.scope)
        raise NotFound(
            f"explanation {one.ref}", readings.why_not, "choose a valid circuit", "ref", url, f"circuit {circuit.hex}"
        )
    return readings.space


def _head(one: Explanation[Question], space: InterpretationSpace, verdict: CircuitVerdict) -> Head:
    place, found = one.place, one.item
    circuit = found.circuit
    reading = gate_words(found.gates, place.question.network.sizes)
    url = f"{one.links.circuit(place.slug, circuit.hex, place.scope)}#interpretations"
    return Head(
        f"A circuit of {noun(circuit.n_edges, 'edge')}" + (f", read as {reading}" if reading else ""),
        boxed(marks_of(one).get(found.index, ()))
        + Markup('{}, one of {} of <a href="{}">circuit {}</a> of {}, under protocol {}.').format(
            one.name,
            noun(space.count, "interpretation"),
            url,
            circuit.hex,
            place.row.name,
            place.question.protocol.name,
        ),
        verdict_marks(verdict),
        head_actions(one),
    )


def _gate(one: Explanation[Question], gate: NeuronGate) -> GateRecord:
    """Record of a gate with the table over what it reads."""
    sizes, n_parents = one.place.question.network.sizes, len(gate.parents)
    parents = [node_name(layer, neuron, sizes) for layer, neuron in gate.parents]
    return GateRecord.showing(
        gate,
        site=node_name(gate.layer, gate.neuron, sizes),
        name=gate_name(gate.function, sizes[0]),
        truth_table=list(bits_of(gate.function, sizes[0])),
        neutral=gate.layer == len(sizes) - 1,
        local=local_formula(gate, parents),
        parents=parents,
        table=[
            GateRowRecord(
                bits=[(row >> (n_parents - 1 - i)) & 1 for i in range(n_parents)],
                value=value,
                free=row in gate.free_rows,
            )
            for row, value in enumerate(gate.table)
        ],
        activations=one.place.question.activations(one.item.circuit)[gate.layer][:, gate.neuron].tolist(),
    )


def _gates(gates: Sequence[GateRecord], silent: Sequence[str]) -> Table:
    columns = (
        column("site", "Neuron", "Its name.", first=True),
        column("name", "Hence, of the inputs", "Its function of the inputs.", show=_function),
        column("local", "Gate on what it reads", "Its function of its parents."),
        column("parents", "Reads", "Its parents."),
        column("table", "Table", "Over the bits that it reads.", show=_table),
        column("cut", "0 │ threshold │ 1", "The activations beside the threshold."),
    )
    rows = []
    for gate in gates:
        below = [value for value in gate.activations if value <= gate.threshold]
        above = [value for value in gate.activations if value > gate.threshold]
        beside = [max(below, default=gate.low), gate.threshold, min(above, default=gate.high)]
        digits = digits_apart(beside)
        cut = " │ ".join(decimal(value, digits) for value in beside)
        values = {
            "site": gate.site,
            "name": gate.name or table_name(gate.truth_table),
            "gate": gate,
            "local": gate.local or None,
            "parents": ", ".join(gate.parents),
            "table": gate.table,
            "cut": cut,
        }
        rows.append(Row(values))
    rows += [Row({"site": site, "name": "no gate: the same on every input, so nothing reads it"}) for site in silent]
    return listed("neuron", columns, rows, id="gates")


def _function(row: Row) -> Markup | str:
    gate: GateRecord | None = row["gate"]
    name: str = row["name"]
    return name if gate is None else variable(gate.truth_table, name, neutral=gate.neutral)


def _table(row: Row) -> Markup | str:
    rows: Sequence[GateRowRecord] = row["table"]
    if len(rows) > _SHOWN:
        return f"{len(rows)} rows, {sum(one.free for one in rows)} free; see the JSON"
    cells = (
        Markup('<span class="{}" title="{}">{} <b>{}</b></span>').format(
            "nowrap free" if one.free else "nowrap",
            f"{bits} gives {one.value}" + (", free: no input produces it" if one.free else ""),
            bits,
            one.value,
        )
        for one in rows
        for bits in ["".join(map(str, one.bits))]
    )
    return Markup(" · ").join(cells)


def _thresholds(one: Explanation[Question], gates: Sequence[GateRecord]) -> Iterator[Block]:
    n_inputs = one.place.question.network.n_inputs
    inputs = [f"{row:0{n_inputs}b}" for row in range(1 << n_inputs)]
    for gate in gates:
        if not gate.neutral:
            mark = Threshold(gate.threshold, "", tuple(gate.truth_table))
            drawn = number_line(gate.activations, inputs, [mark], title=f"Activations of {gate.site}")
            name = gate.name or table_name(gate.truth_table)
            yield figure(one, drawn, f"{gate.site}, taken for {name}", f"cut.{gate.site}")


def local_formula(gate: NeuronGate, parents: Sequence[str]) -> str:
    """The gate over its parents' names ("n1.0 ∧ ¬n1.1"), its short name where it reads more than two, or ""."""
    if len(parents) > len(INPUT_NAMES) or len(essential(gate.table)[0]) > 2:
        return gate.name
    with_letters = gate_name(sum(value << row for row, value in enumerate(gate.table)), len(parents))
    return "".join(parents[INPUT_NAMES.index(c)] if c in INPUT_NAMES else c for c in with_letters)


def _silent(one: Explanation[Question]) -> list[str]:
    """Active neurons that carry no gate."""
    found: Interpretation = one.item
    return [
        node_name(layer, neuron, one.place.question.network.sizes)
        for layer, row in enumerate(found.circuit.active[1:], start=1)
        for neuron, active in enumerate(row)
        if active and found.gate(layer, neuron) is None
    ]


def _on_every_input(one: Explanation[Question], circuit: Circuit) -> Block:
    """Table of what its circuit does, everything else ablated."""
    question = one.place.question
    return rows_table(question, rows_of(question, circuit.mask))
