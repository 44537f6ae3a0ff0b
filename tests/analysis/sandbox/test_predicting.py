"""Tests of predictions about changes made by hand: on the common ground as there, elsewhere as a plain twin."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.sandbox.predicting import predict_by_interpretation, predict_by_placement
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.sandbox.test_running import random_intervention
from tests.factories import interpretation_at, pretrained_xor, two_xor_algorithms

SIZES = (2, 3, 3, 1)


def xor_bench() -> Bench:
    rows = input_table(2)
    return Bench(pretrained_xor().network, rows)


def some_interpretations(n_circuits: int, n_each: int):
    network, data = pretrained_xor().network, clean_data(2)
    search = search_circuits(ask(network, task=named_task("XOR", 2), data=data))
    chosen = search.masks[:: max(1, len(search.masks) // n_circuits)][:n_circuits]
    for mask, count in zip(chosen, count_interpretations(ask(network, data=data), chosen).by_circuit, strict=True):
        for index in sorted({count * k // n_each for k in range(n_each)}):
            yield interpretation_at(ask(network, data=data), Circuit(search.layout, int(mask)), index)


def patched(sites, source: int, base: int) -> Intervention:
    return Intervention(base, tuple(Change(layer, neuron, None, "source", source) for layer, neuron in sites))


# ---- the common ground ----------------------------------------------------------------------------------------------


# ---- interpretations, any change ------------------------------------------------------------------------------------


def twin(interpretation, intervention: Intervention, bench: Bench) -> int:
    """Every gate with every threshold that its cut admits, one whole assignment of thresholds after the other."""
    gates = {(gate.layer, gate.neuron): gate for gate in interpretation.gates}
    last = len(bench.network.weights)
    if (last, 0) not in gates:
        return -1
    keep = interpretation.circuit.keep
    numbers: dict[tuple[int, int], set[float]] = {}
    for change in intervention.changes:
        if change.written != "source":
            numbers.setdefault(change.carrier, set()).add(bench.value_of(change))

    def thresholds(site) -> list[float]:
        """Between the two sides of the cut, one in each gap that the numbers written there leave."""
        low, high = (gates[site].low, gates[site].high) if site in gates else (0.0, 1.0)
        inside = sorted(v for v in numbers.get(site, ()) if low < v < high)
        ends = [low, *inside, high]
        return [(a + b) / 2 for a, b in pairwise(ends)]

    def read(change: Change, at: dict[tuple[int, int], float]) -> int:
        layer, neuron = change.carrier
        if change.written != "source":
            return int(bench.value_of(change) > at[change.carrier])
        if layer == 0:
            return int(bench.rows[change.source, neuron])
        return gates[change.carrier].function >> change.source & 1

    sites = [site for site in numbers if site in gates or site[0] == 0]
    said = set()
    for chosen in product(*map(thresholds, sites)):
        at = dict(zip(sites, chosen, strict=True))
        bits = {(0, i): int(value) for i, value in enumerate(bench.rows[intervention.base])}
        for site, gate in sorted(gates.items()):
            if site in intervention.neurons:
                bits[site] = read(intervention.neurons[site], at)
                continue
            row = ""
            for parent in gate.parents:
                edge = intervention.edges.get((gate.layer, gate.neuron, parent[1]))
                # in the first layer a gate reads all inputs, also one whose edge the circuit leaves out
                kept = keep[gate.layer - 1][gate.neuron, parent[1]]
                row += str(read(edge, at) if edge is not None and kept else bits[gate.layer - 1, parent[1]])
            bits[site] = gate.table[int(row, 2)]
        said.add(bits[last, 0])
    return said.pop() if len(said) == 1 else -1


@pytest.mark.slow
def test_interpretations_say_of_any_changes_what_the_twin_says():
    bench, random = xor_bench(), np.random.default_rng(4)
    seen = {-1: 0, 0: 0, 1: 0}
    for interpretation in some_interpretations(12, 2):
        for _ in range(25):
            intervention = random_intervention(random, SIZES, 2)
            said = predict_by_interpretation(interpretation, intervention, bench)
            assert said.bit == twin(interpretation, intervention, bench)
            assert bool(said.reason) != said.speaks
            seen[said.bit] += 1
    assert min(seen.values()) > 10


def test_a_number_between_the_sides_of_the_cut_is_read_both_ways():
    bench = xor_bench()
    interpretation = next(
        found
        for found in some_interpretations(12, 1)
        if predict_by_interpretation(found, patched(((2, 0),), 0, 1), bench).bit
        != predict_by_interpretation(found, patched(((2, 0),), 1, 1), bench).bit
    )
    gate = interpretation.gate(2, 0)
    assert gate is not None

    def said(value: float):
        change = Change(2, 0, None, "value", value=value)
        return predict_by_interpretation(interpretation, Intervention(1, (change,)), bench)

    assert {said(gate.low).bit, said(gate.high).bit} == {0, 1}
    assert said(gate.low - 100).bit == said(gate.low).bit
    assert said(gate.high + 100).bit == said(gate.high).bit
    between = said(gate.threshold)
    assert not between.speaks
    assert "on n2.0 lies between" in between.reason


# ---- algorithms -----------------------------------------------------------------------------------------------------


def placed(first: NeuronSet, second: NeuronSet):
    algorithm = two_xor_algorithms()[0]
    return algorithm, NeuronPlacement.of(algorithm.text, {"0": first, "1": second})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ([Change(1, 0, None, "zero")], "what is written into n1.0 is no value from a run"),
        ([Change(1, 0, None, "mean")], "what is written into n1.0 is no value from a run"),
        ([Change(1, 0, None, "value", value=1.0)], "what is written into n1.0 is no value from a run"),
        ([Change(2, 0, 0, "source", 1)], "the edge n1.0 → n2.0 is changed"),
        ([Change(1, 1, None, "source", 1)], "only a part of the place of"),
        ([Change(1, 1, None, "source", 1), Change(1, 2, None, "source", 2)], "from more than one source"),
        ([Change(2, 0, None, "source", 1)], "n2.0 is on no place of its variables"),
    ],
)
def test_an_alignment_says_why_it_does_not_speak(changes, reason):
    algorithm, alignment = placed(NeuronSet(1, (0,)), NeuronSet(1, (1, 2)))
    said = predict_by_placement(algorithm, alignment, Intervention(0, tuple(changes)), SIZES)
    assert said.bit == -1
    assert reason in said.reason


def test_every_variable_may_have_a_source_of_its_own():
    algorithm, alignment = placed(NeuronSet(1, (0,)), NeuronSet(1, (1, 2)))
    first, second = (variable.function for variable in algorithm.variables)
    for base, one, other in product(range(4), repeat=3):
        changes = [Change(1, 0, None, "source", one), *(Change(1, n, None, "source", other) for n in (1, 2))]
        said = predict_by_placement(algorithm, alignment, Intervention(base, tuple(changes)), SIZES)
        # the root of XOR's first algorithm is the AND of its two negated variables
        assert said.bit == (1 - (first >> one & 1)) & (1 - (second >> other & 1))
