"""Interpretations by variables in the library: of a result, of a circuit, each with an address."""

import json

import pytest

import pluriscope
from pluriscope.analysis.errors import InvalidCriterion
from pluriscope.app.bundled import bundled_models

NODES = {**{f"1.0~{k}": f"t[{k - 2}]" for k in range(3, 7)}}


@pytest.fixture(scope="module")
def result():
    return pluriscope.explain(json.loads(bundled_models()["tracr-induction"]))


def test_interpretations_of_a_result_are_those_of_its_circuits():
    result = pluriscope.explain(json.loads(bundled_models()["majority-5-attention"]))
    every = result.interpretations
    each = [circuit.interpretations for circuit in sorted(result.circuits, key=lambda one: (one.n_edges, one.number))]
    assert len(every) == sum(map(len, each)) == every.total.value > 0
    assert [one.address for one in every] == [one.address for some in each for one in some]
    assert every.index(every[3]) == 3


def test_an_interpretation_names_the_variable_of_each_node(result):
    circuit = result.circuits.smallest[0]
    one = circuit.interpretations[0]
    assert {place: one.nodes[place] for place in NODES} == NODES
    assert one.circuit == circuit
    assert one.address.endswith(f"/explanations/i-{circuit.mask}.0")
    assert one.row()["2.0"] == one.nodes["2.0"]
    assert len(circuit.classes) <= len(circuit.interpretations)
    assert one.draw().svg().startswith("<svg")
    assert one.to_graph("networkx").nodes["2.0"]["function"] == f"2.0 is {one.nodes['2.0']}"


def test_criteria_about_gates_are_refused_and_its_circuit_can_be_asked(result):
    one = result.circuits.smallest[0].interpretations[0]
    keys = {"observed-class", "margin", "interchange", "interchange-joint"}
    assert set(one.verdicts) == {*keys, "interchange-on-circuit", "interchange-joint-on-circuit"}
    assert all(verdict.outcome in ("passed", "failed") for verdict in one.verdicts.values())
    with pytest.raises(InvalidCriterion, match="is not about interpretations of such networks"):
        one.verdict("causal-scrubbing")
    assert one.circuit.verdict("minimal-subset").outcome in ("passed", "failed")


@pytest.mark.slow
def test_variables_of_written_algorithms_are_asked_too():
    text = "odd = (a + b) % 2; y = (odd + c) % 2"
    elman = pluriscope.explain(json.loads(bundled_models()["parity-3-elman"]), algorithms=[text])
    names = {name for group in elman.circuits.smallest[0].readings.groups for name in group.names}
    assert names & {"odd", "rest2"}  # with a vocabulary it has the name there
