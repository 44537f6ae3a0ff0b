"""One explanation computed anew from the weights, figure by figure, to be held against what was stored of it.

A link outlives the run that made it. Whoever follows one can have every figure of the explanation that is cheap to
compute found again on the spot, and see which of them equal what is stored. Nothing here knows where figures are
stored: :func:`hold_against` takes both sides as values.

Figures are named alike on both sides. Verdicts of criteria, and how many explanations there are in all, are not
computed again; the caller says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.alignment import Alignment
from analysis.alignments.iia import interchange_iia, score_alignment
from analysis.circuits.search import decide_right
from analysis.circuits.space import in_space
from analysis.errors import BeyondLimits, InvalidMask
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import MAX_EDGES, Circuit, mask_array, possible_circuit
from analysis.networks.mlp import forward
from analysis.networks.network import Network
from analysis.question import Question
from analysis.tasks import Task, input_table
from analysis.validity import decide, margin_to_edge

Value = bool | int | float | str | tuple[float, ...]
Status = Literal["equal", "differs", "not_stored", "not_recomputed"]

RELATIVE_TOLERANCE: Final = 1e-9
"""Real figures count as equal within this share of max(1, |value|): the order of additions differs between machines."""
MAX_SITE: Final = 12  # neurons: up to 4,095 smaller places are tried when minimality is decided


@dataclass(frozen=True)
class Recomputed:
    """One figure as the weights give it now.

    Args:
        key: its name, the same on the stored side.
        label: what it is, for people.
        value: None if it was not computed.
        note: how it was found; why not, where the value is None.
    """

    key: str
    label: str
    value: Value | None
    note: str = ""


@dataclass(frozen=True)
class HeldFigure:
    """One figure, stored and recomputed.

    Args:
        stored: None where nothing is stored.
        recomputed: None where it was not computed again.
        difference: largest absolute difference of real figures that are equal within the tolerance but not to the bit.
    """

    key: str
    label: str
    status: Status
    stored: Value | None
    recomputed: Value | None
    note: str = ""
    difference: float = 0.0


def hold_against(recomputed: Sequence[Recomputed], stored: Mapping[str, Value]) -> tuple[HeldFigure, ...]:
    """Each figure with what is stored of it; figures that are only stored come last, as not recomputed."""
    held = [_held(figure, stored.get(figure.key)) for figure in recomputed]
    known = {figure.key for figure in recomputed}
    rest = [
        HeldFigure(key, key.replace("_", " "), "not_recomputed", value, None)
        for key, value in stored.items()
        if key not in known
    ]
    return (*held, *rest)


def recompute_network(network: Network, tasks: Sequence[Task]) -> tuple[Recomputed, ...]:
    """A network's identity, its number of parameters, and on how many clean inputs each output decides right."""
    inputs = input_table(network.n_inputs)
    outputs = forward(network, inputs)
    figures = [
        Recomputed("network_digest", "Network digest", network.digest, "SHA-256 of settings and weights"),
        Recomputed("parameters", "Parameters", sum(w.size for w in (*network.weights, *network.biases))),
    ]
    for k, task in enumerate(tasks):
        right = int((decide(outputs[:, k], "rounding") == np.array(task.truth_table)).sum())
        figures.append(
            Recomputed(
                f"right_{k}",
                f"Inputs that output {k} decides right ({task.name or 'unnamed task'}), by rounding",
                f"{right}/{len(inputs)}",
            )
        )
    return tuple(figures)


def recompute_circuit(question: Question, circuit: Circuit) -> tuple[Recomputed, ...]:
    """Every figure of a circuit that its own activations give.

    Args:
        circuit: one of it.
    """
    protocol = question.protocol
    rows, labels = question.judged
    judged = question.activations(circuit, rows)[-1][:, 0]
    right = decide(judged, protocol.circuit_decision) == labels
    valid = _is_valid(question, circuit)
    representatives = question.activations(circuit)[-1][:, 0]
    own, asked = "", f"right on more than {protocol.accuracy_threshold:g} of the judged rows"
    if protocol.circuit_family != "own":
        own, asked = f"under {protocol.ablation} ablation", f"{asked} under any of zero, mean and resample ablation"
    return (
        Recomputed("mask", "Mask", circuit.hex, "structurally possible"),
        Recomputed("valid", "Valid", valid, asked),
        Recomputed("right", "Rows decided right", f"{int(right.sum())}/{len(right)}", own),
        Recomputed("edges", "Edges", circuit.n_edges),
        Recomputed("neurons", "Active hidden neurons", circuit.n_neurons),
        Recomputed(
            "margin",
            "Smallest margin to the decision's edge",
            float(margin_to_edge(judged, protocol.circuit_decision).min()),
        ),
        Recomputed("outputs", "Outputs on the inputs", tuple(map(float, representatives))),
        *_reading_counts(question, circuit, valid=valid),
        _smaller_by_one(question, circuit),
    )


def recompute_interpretation(question: Question, circuit: Circuit, index: int) -> tuple[Recomputed, ...]:
    """What makes an interpretation one: its gates agree with the activations, and its index leads back to it.

    Raises:
        InvalidIndex: the circuit has no interpretation with that index.
        BeyondLimits: too many states to number them.
    """
    network = question.cut
    space = InterpretationSpace(question, circuit)
    found = space.at(index)
    bits: dict[tuple[int, int], list[int]] = {
        (0, i): [(row >> (network.n_inputs - 1 - i)) & 1 for row in range(1 << network.n_inputs)]
        for i in range(network.n_inputs)
    }
    layers = question.activations(circuit)
    fitting = 0
    for gate in found.gates:
        values = layers[gate.layer][:, gate.neuron]
        above = [int(v > gate.threshold) for v in values]
        if gate.layer == len(network.sizes) - 1:  # the output uses its rounded activation
            above = [int(v) for v in decide(values, "rounding")]
        looked_up = []
        for row in range(1 << network.n_inputs):
            number = 0
            for parent in gate.parents:
                number = number << 1 | bits[parent][row]
            looked_up.append(gate.table[number])
        bits[gate.layer, gate.neuron] = looked_up
        fitting += looked_up == above and sum(b << row for row, b in enumerate(looked_up)) == gate.function
    last = found.gates[-1] if found.gates else None
    is_output = last is not None and last.layer == len(network.sizes) - 1
    return (
        Recomputed("index", "Index that its gates lead back to", space.index_of(found.gates)),
        Recomputed("gates", "Gates that agree with the circuit's activations", f"{fitting}/{len(found.gates)}"),
        Recomputed(
            "computes_task",
            "Its output gate is the task",
            is_output and last is not None and _table(last.function, question.task) == question.task.truth_table,
        ),
        Recomputed("free_rows", "Free rows", sum(len(gate.free_rows) for gate in found.gates)),
    )


def recompute_algorithm(algorithm: HighLevelModel, task: Task) -> tuple[Recomputed, ...]:
    """What an algorithm is, apart from any network."""
    return (
        Recomputed("algorithm", "Id", algorithm.id, "first 16 hex digits of the SHA-256 of its text"),
        Recomputed("formula", "Formula", algorithm.formula),
        Recomputed("computes_task", "Computes the task", _table(algorithm.function, task) == task.truth_table),
        Recomputed("depth", "Depth in gates", algorithm.depth),
        Recomputed("n_gates", "Gates", algorithm.n_gates),
        Recomputed("n_variables", "Variables", len(algorithm.carriers)),
        *(
            Recomputed(key.replace("-", "_"), key.replace("-", " ").capitalize(), verdict)
            for key, verdict in (irredundancy(algorithm) if algorithm.form != "formula_trees" else {}).items()
        ),
    )


def recompute_alignment(question: Question, algorithm: HighLevelModel, alignment: Alignment) -> tuple[Recomputed, ...]:
    """Every interchange of an alignment made again.

    Args:
        algorithm: the algorithm that is aligned.
        alignment: places for all of its variables.

    Raises:
        InvalidAlignment: it does not fit the algorithm, the network or the protocol.
    """
    large = max((len(site.neurons) for _, site in alignment.places), default=0) > MAX_SITE
    iia, margin = interchange_iia(question, algorithm, alignment)
    minimal = None if large else score_alignment(question, algorithm, alignment).minimal
    why = f"a place of more than {MAX_SITE} neurons has too many smaller ones"
    return (
        Recomputed("alignment", "Id", alignment.id, "hash of the algorithm's text and the places"),
        Recomputed("iia", "Interchange intervention accuracy", f"{iia.agreed}/{iia.of}"),
        Recomputed("valid", "Valid", iia.agreed == iia.of, "every tested interchange agrees"),
        Recomputed(
            "minimal", "Minimal", minimal, why if minimal is None else "no smaller place of any variable is valid"
        ),
        Recomputed(
            "margin",
            "Smallest margin of a tested output",
            margin if math.isfinite(margin) else None,
            "" if math.isfinite(margin) else "nothing is tested: the algorithm has no variables",
        ),
        Recomputed("alignment_neurons", "Neurons that carry variables", alignment.n_neurons),
    )


def _reading_counts(question: Question, circuit: Circuit, *, valid: bool) -> tuple[Recomputed, Recomputed]:
    """How many interpretations a valid circuit has, by transfer over layers."""
    labels = ("interpretations", "Interpretations"), ("observed", "Observed classes")
    why = ""
    if not valid:
        why = "only valid circuits are interpreted"
    elif circuit.layout.n_edges > MAX_EDGES:
        why = f"interpretations are counted for networks of up to {MAX_EDGES} edges"
    if not why:
        space = InterpretationSpace(question, circuit)
        try:
            counts = (space.count, space.n_observed)
        except BeyondLimits as error:
            why = error.cause
        else:
            (first, second), how = labels, "counted exactly by transfer over layers"
            return Recomputed(*first, counts[0], how), Recomputed(*second, counts[1], how)
    (first, second) = labels
    return Recomputed(*first, None, why), Recomputed(*second, None, why)


def _smaller_by_one(question: Question, circuit: Circuit) -> Recomputed:
    """How many single-edge removals leave a valid circuit: what quasi and local minimality ask."""
    n_valid = sum(_is_valid(question, smaller) for smaller in smaller_by_one(circuit))
    note = "0 means locally minimal; fewer than its edges, quasi-minimal"
    return Recomputed("valid_without_one_edge", "Single-edge removals that leave a valid circuit", n_valid, note)


def _is_valid(question: Question, circuit: Circuit) -> bool:
    """Whether the protocol looks at a circuit and it decides right."""
    looked_at = in_space(circuit.n_neurons, question.cut.sizes, question.protocol)
    return looked_at and bool(decide_right(question, mask_array([circuit.mask], circuit.layout))[0])


def smaller_by_one(circuit: Circuit) -> tuple[Circuit, ...]:
    """The structurally possible circuits with one edge less."""
    found = []
    for edge in range(circuit.layout.n_edges):
        if circuit.mask >> edge & 1:
            try:
                found.append(possible_circuit(circuit.mask & ~(1 << edge), circuit.layout))
            except InvalidMask:
                continue
    return tuple(found)


def _table(function: int, task: Task) -> tuple[int, ...]:
    return tuple(function >> row & 1 for row in range(len(task.truth_table)))


def _held(figure: Recomputed, stored: Value | None) -> HeldFigure:
    both = HeldFigure(figure.key, figure.label, "equal", stored, figure.value, figure.note)
    if figure.value is None:
        return replace(both, status="not_recomputed")
    if stored is None:
        return replace(both, status="not_stored")
    if stored == figure.value:
        return both
    distance = _distance(stored, figure.value)
    return replace(both, status="differs") if distance is None else replace(both, difference=distance)


def _distance(stored: Value, recomputed: Value) -> float | None:
    """The largest distance of real figures that are equal within the tolerance, None if they are not."""
    pair = [side if isinstance(side, tuple) else (side,) for side in (stored, recomputed)]
    if len(pair[0]) != len(pair[1]):
        return None
    largest = 0.0
    for one, other in zip(*pair, strict=True):
        if not (isinstance(one, float) and isinstance(other, float)):
            if one != other:
                return None
            continue
        if math.isnan(one) and math.isnan(other):
            continue
        if one != other:
            gap = abs(one - other)
            if not gap <= RELATIVE_TOLERANCE * max(1.0, abs(one)):
                return None
            largest = max(largest, gap)
    return largest
