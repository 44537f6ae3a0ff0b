"""Tests of every kind's record, on explanations of the pretrained XOR network."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.explanations.explanation import WHAT_THEN_WHERE, WHERE_THEN_WHAT, claim_nothing
from pluriscope.analysis.explanations.registry import EVERY_KIND, KIND_OF
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.interventions.experiments import SILENT, intervention_space
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.placements.directions import DirectionPlacement
from pluriscope.analysis.placements.placement import NeuronPlacement, PlacedFormula
from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from tests.factories import interpretation_at, pretrained_xor, two_xor_algorithms

KEYS = sorted(KIND_OF)


@cache
def question() -> Question:
    file = pretrained_xor()
    return ask(file.network, task=file.tasks[0])


@cache
def item(key: str) -> Any:
    """Explanation of a kind."""
    algorithm = two_xor_algorithms()[0]
    circuits = search_circuits(question())
    circuit = Circuit(circuits.layout, int(circuits.masks[np.argmin(np.bitwise_count(circuits.masks))]))
    places = [("0", Subspace.of(1, [[1, 0, -1]])), ("1", Subspace.of(1, [[0, 1, 0.5], [1, 1, 1]]))]
    chosen = {
        "circuit": circuit,
        "interpretation": interpretation_at(question(), circuit, 0),
        "algorithm": algorithm,
        "alignment": PlacedFormula(
            algorithm, NeuronPlacement.of(algorithm.text, {"0": NeuronSet(1, (0, 2)), "1": NeuronSet(2, (1,))})
        ),
        "direction": PlacedFormula(algorithm, DirectionPlacement.of(algorithm.text, dict(places))),
    }
    return chosen[key]


@pytest.mark.parametrize(
    ("key", "strategy", "step"),
    [
        ("circuit", WHERE_THEN_WHAT, 1),
        ("interpretation", WHERE_THEN_WHAT, 2),
        ("algorithm", WHAT_THEN_WHERE, 1),
        ("alignment", WHAT_THEN_WHERE, 2),
        ("direction", WHAT_THEN_WHERE, 2),
    ],
)
def test_a_kind_is_a_step_of_one_strategy(key, strategy, step):
    assert (KIND_OF[key].strategy, KIND_OF[key].step) == (strategy, step)


@pytest.mark.parametrize("kind", EVERY_KIND, ids=lambda kind: kind.key)
def test_addresses_and_stored_rows_identify_it(kind):
    others = [other for other in EVERY_KIND if other is not kind]
    assert kind.letter not in {other.letter for other in others}, "this letter is taken: choose one of your own"
    assert kind.key not in {other.key for other in others}, "this key is taken: choose one of your own"
    assert re.fullmatch("[a-z]", kind.letter)
    assert re.fullmatch("[a-z][a-z-]{0,15}", kind.key), "at most 16 lower-case letters and dashes"


@pytest.mark.parametrize("key", KEYS)
def test_what_it_says_by_hand_is_what_it_predicts_on_the_common_ground(key):
    kind, one, cut = KIND_OF[key], item(key), question().network
    space = intervention_space(cut.hidden_sizes, cut.n_inputs)
    bench = Bench(cut, question().data.clean_rows)
    predicted = kind.predict(question(), [one], space)
    assert predicted.shape == (1, *space.shape)
    for at, source, base in np.ndindex(space.shape):
        changes = tuple(Change(*site, None, "source", source) for site in space.sets[at])
        said = kind.ask(question(), one, Intervention(base, changes), bench)
        assert said.bit == predicted[0, at, source, base]
        assert bool(said.reason) == (said.bit == SILENT)
    assert kind.silence


@pytest.mark.parametrize("key", KEYS)
def test_it_decides_right_on_clean_inputs_if_it_says_anything_of_them(key):
    said = KIND_OF[key].outputs(question(), item(key))
    assert said in ((), question().task.truth_table)
    assert said or key not in ("circuit", "interpretation", "algorithm", "alignment", "direction")


@pytest.mark.parametrize("key", KEYS)
def test_its_claims_stand_on_sites_of_the_network(key):
    sizes = question().network.sizes
    claims = KIND_OF[key].claims(item(key))
    assert claims or KIND_OF[key].claims is claim_nothing
    for claim in claims:
        assert not (claim.neurons and claim.directions)
        assert bool(claim.neurons or claim.directions) == (claim.layer > 0)
        assert all(0 <= neuron < sizes[claim.layer] for neuron in claim.neurons)
        assert all(len(weights) == sizes[claim.layer] for weights in claim.directions)
        assert (claim.says == "function") == bool(claim.label)
    carried = [(claim.layer, neuron) for claim in claims for neuron in claim.neurons]
    assert len(set(carried)) == len(carried)


def test_values_are_what_follows_from_forced_ones_and_end_in_what_is_predicted():
    network, rows = question().network, range(4)
    space = intervention_space(network.hidden_sizes, 2)
    circuit = Circuit(question().layout, (1 << question().layout.n_edges) - 1)
    one = interpretation_at(question(), circuit, 123456)
    answer = KIND_OF["interpretation"].values(one, space)
    settled = KIND_OF["interpretation"].settled(one, space)
    assert (np.broadcast_to(answer[3, 0], space.shape) == predict("interpretation", one)).all()
    assert not settled.all()
    others = [filled(one, bit) for bit in (0, 1)]
    for other in others:  # whatever free rows hold
        assert (predict("interpretation", other) == predict("interpretation", one))[settled].all()
    for site, bits in answer.items():
        gate, forced = one.gate(*site), space.holds.get(site, np.zeros(len(space.sets), dtype=bool))
        own = [gate.function >> source & 1 for source in rows]
        assert (np.broadcast_to(bits, space.shape)[forced] == np.array(own)[None, :, None]).all()
    aligned = item("alignment")
    carried = KIND_OF["alignment"].values(aligned, space)
    assert set(carried) == {(1, 0), (1, 2), (2, 1)}
    variables = {variable.path: variable.function for variable in aligned.algorithm.variables}
    only = space.position[frozenset({(1, 0), (1, 2)})]
    assert [[int(bit) for bit in row] for row in carried[1, 0][only]] == [[variables["0"] >> s & 1] * 4 for s in rows]
    assert [int(bit) for bit in carried[2, 1][only][0]] == [variables["1"] >> base & 1 for base in rows]


def predict(key: str, one: Any) -> Any:
    """Predict every intervention."""
    return KIND_OF[key].predict(question(), [one], intervention_space(question().network.hidden_sizes, 2))[0]


def filled(one: Interpretation, bit: int) -> Interpretation:
    """Put one bit in every free row of every gate."""
    gates = (
        replace(gate, table=tuple(bit if row in gate.free_rows else value for row, value in enumerate(gate.table)))
        for gate in one.gates
    )
    return replace(one, gates=tuple(gates))
