"""Any circuit, and its interpretations, against what the engine says."""

import random

import pytest

from pluriscope.analysis.errors import InvalidMask
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, circuit_from_hex, possible_circuit
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.codecs import network_of
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.pages.interpretation import class_of
from tests.app.pages.conftest import XOR

SIZES = (2, 3, 3, 1)


@pytest.mark.slow
def test_any_possible_circuit_has_a_page_and_only_valid_ones_are_called_so(get, masks):
    layout = EdgeLayout(SIZES)
    chosen, draw = [], random.Random(7)
    while len(chosen) < 20:
        try:
            chosen.append(possible_circuit(draw.getrandbits(18), layout).hex)
        except InvalidMask:
            continue
    for mask in [*chosen, *masks[:5]]:
        page = get(f"{XOR}/explanations/c-{mask}")
        assert page["valid"] is (mask in masks)
        assert page["stored"] is (mask in masks)
        assert (page["interpretations"] is None) is (mask not in masks)
        assert page["n_right"] == sum(row["right"] and not row["note"] for row in page["behaviour"])


def test_a_row_answers_by_the_one_rule_and_says_where_the_protocol_counts_otherwise(get, client):
    rows = get(f"{XOR}/explanations/c-3fffe")["behaviour"]  # 2.417 on input 11
    assert [row["decision"] for row in rows] == [0, 1, 1, 1]
    reply = "above 0.5, but not below 1.5: this protocol counts it wrong"
    assert [row["note"] for row in rows] == ["", "", "", reply]
    assert reply in client.get(f"{XOR}/explanations/c-3fffe").text


def test_the_protocols_family_is_respected(get):
    whole = get(XOR + "/explanations/c-3ffff", protocol="paper")
    assert not whole["valid"]
    assert "leaves out" in whole["reason"]
    assert get(XOR + "/explanations/c-3ffff")["valid"]


def space_of(app, mask):
    with app.state.store.read() as session:
        network = network_of(find_network(session, "xor")).for_output(0)
    return InterpretationSpace(ask(network), circuit_from_hex(mask, SIZES))


def test_the_class_of_every_interpretation(app):
    space = space_of(app, "3a2cf")
    functions = [tuple(gate.function for gate in space.at(i).gates) for i in range(space.count)]
    ranks = {pattern: rank for rank, pattern in enumerate(dict.fromkeys(functions))}
    assert len(ranks) == space.n_observed
    assert [class_of(space, i) for i in range(space.count)] == [ranks[pattern] for pattern in functions]


def test_an_interpretation_is_what_the_engine_says(get, app):
    space = space_of(app, "081ff")
    page = get(XOR + "/explanations/i-081ff.21")
    for gate, view in zip(space.at(21).gates, page["gates"], strict=True):
        assert (view["layer"], view["neuron"]) == (gate.layer, gate.neuron)
        assert sum(bit << row for row, bit in enumerate(view["truth_table"])) == gate.function
        assert [row["value"] for row in view["table"]] == list(gate.table)
        assert [i for i, row in enumerate(view["table"]) if row["free"]] == list(gate.free_rows)
        assert view["low"] < view["threshold"] < view["high"]
    assert page["of"] == 368
    assert page["observed"] == 17


def test_a_circuit_too_large_to_be_read_still_has_a_page(get, client):
    page = get("/networks/wide/explanations/c-3" + "f" * 22)
    assert page["valid"]
    assert page["interpretations"] is None
    assert "up to 64 edges" in page["uncounted"]
    answer = client.get("/api/v2/networks/wide/explanations/i-3" + "f" * 22 + ".0")
    assert answer.status_code == 422
    assert "its network has 90 edges, and the limit is 64" in answer.json()["error"]


def test_a_table_of_interpretations_that_are_not_counted_says_why_as_the_page_does(get, client):
    for circuit in ("/networks/wide/explanations/c-3" + "f" * 22, XOR + "/explanations/c-3fffe"):
        answer = client.get(circuit + "/interpretations.csv", headers={"accept": "application/json"})
        assert answer.status_code == 404
        assert get(circuit)["uncounted"] in answer.text
