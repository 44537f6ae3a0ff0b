"""The list of circuits, any circuit, and its interpretations, against what the engine says."""

import random

import pytest

from analysis.errors import InvalidMask
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import EdgeLayout, circuit_from_hex, possible_circuit
from analysis.question import ask
from app.db.codecs import network_of
from app.db.reads.analyses import find_network
from app.pages.interpretation import class_of
from tests.app.pages.conftest import MINE, XOR
from tests.factories import pretrained_xor

SORTS = {
    "mask": "mask",
    "edges": "n_edges",
    "neurons": "n_neurons",
    "margin": "margin",
    "interpretations": "interpretations",
    "observed": "observed",
}
SIZES = (2, 3, 3, 1)


def read_all(get, **query):
    """Every page of the list, one after the other."""
    page = get(XOR + "/circuits", **query)
    items = page["items"]
    while page["next"] is not None:
        assert len(page["items"]) == query["limit"]
        assert page["next_url"].startswith(XOR + "/circuits?")
        page = get(XOR + "/circuits", **query, after=page["next"])
        items += page["items"]
    assert page["total"] == len(items)
    return items


def orders():
    """Every column both ways, and counts far beyond 2^53 in their order."""
    quick = [("mask", "asc", "complete"), ("interpretations", "desc", MINE.digest[:12])]
    every = [(sort, order, "complete") for sort in SORTS for order in ("asc", "desc")]
    slow = [case for case in every if case not in quick]
    return [*quick, *(pytest.param(*case, marks=pytest.mark.slow) for case in slow)]


@pytest.mark.slow
@pytest.mark.parametrize(("sort", "order", "protocol"), orders())
def test_pages_of_every_order_hold_each_circuit_once(get, masks, sort, order, protocol):
    items = read_all(get, sort=sort, order=order, limit=40, protocol=protocol)
    assert sorted(item["mask"] for item in items) == sorted(masks)
    values = [item[SORTS[sort]] for item in items]
    if sort not in ("mask", "margin"):
        values = [int(value) for value in values]
    keys = [(value, item["mask"]) for value, item in zip(values, items, strict=True)]
    assert keys == sorted(keys, reverse=order == "desc")


def neuron_kept(mask, layer, neuron):
    return circuit_from_hex(mask, SIZES).active[layer][neuron]


FILTERS = [
    ({"edges_min": 14}, lambda c: c["n_edges"] >= 14),
    ({"edges_max": 11}, lambda c: c["n_edges"] <= 11),
    ({"edges_min": 12, "edges_max": 12}, lambda c: c["n_edges"] == 12),
    ({"neurons_min": 6}, lambda c: c["n_neurons"] >= 6),
    ({"neurons_max": 4}, lambda c: c["n_neurons"] <= 4),
    ({"margin_min": 0.2}, lambda c: c["margin"] >= 0.2),
    ({"keep": ["n2.1"]}, lambda c: neuron_kept(c["mask"], 2, 1)),
    ({"drop": ["n2.1"]}, lambda c: not neuron_kept(c["mask"], 2, 1)),
    ({"drop": ["n1.2", "n2.2"]}, lambda c: not neuron_kept(c["mask"], 1, 2) and not neuron_kept(c["mask"], 2, 2)),
    ({"keep": ["A-n1.2"]}, lambda c: circuit_from_hex(c["mask"], SIZES).keep[0][2, 0]),
    ({"drop": ["B-n1.2"]}, lambda c: not circuit_from_hex(c["mask"], SIZES).keep[0][2, 1]),
    ({"keep": ["n1.0-n2.1", "n2.1-y"]}, lambda c: all((int(c["mask"], 16) >> e) & 1 for e in (9, 16))),
    (
        {"keep": ["n2.2-y"], "drop": ["n1.1-n2.1"], "edges_max": 14, "margin_min": 0.1},
        lambda c: (
            (int(c["mask"], 16) >> 17) & 1
            and not (int(c["mask"], 16) >> 10) & 1
            and c["n_edges"] <= 14
            and c["margin"] >= 0.1
        ),
    ),
    ({"keep": ["n2.1"], "drop": ["n2.1"]}, lambda _: False),
]


@pytest.mark.parametrize(("query", "wanted"), FILTERS)
def test_a_filter_keeps_what_it_says(get, query, wanted):
    every = get(XOR + "/circuits", limit=200)["items"]
    page = get(XOR + "/circuits", limit=200, **query)
    assert page["items"] == [circuit for circuit in every if wanted(circuit)]
    assert page["total"] == len(page["items"])
    assert page["valid"] == 197
    assert len(page["filters"]) == sum(len(v) if isinstance(v, list) else 1 for v in query.values())


@pytest.mark.slow
def test_every_edge_can_be_filtered_by(get):
    every = get(XOR + "/circuits", limit=200)
    for edge, part in enumerate(every["edges"]):
        kept = get(XOR + "/circuits", limit=200, keep=part["name"])["items"]
        assert kept == [c for c in every["items"] if int(c["mask"], 16) >> edge & 1]


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
        assert page["n_right"] == sum(row["right"] for row in page["behaviour"])


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


@pytest.mark.slow
def test_neighbours_of_an_interpretation(get, client):
    here = XOR + "/explanations/i-081ff."
    links = {index: client.get(f"{here}{index}").text for index in (0, 21, 367)}
    assert f'href="{here}1"' in links[0]
    assert f'href="{here}367"' in links[0]
    assert f'href="{here}20"' in links[21]
    assert ">Next class<" not in links[367]
    assert f'href="{here}368"' not in links[367]
    classes = {get(f"{here}{index}")["observed_class"] for index in range(0, 368, 4)}
    assert classes <= set(range(17))


def test_a_circuit_too_large_to_be_read_still_has_a_page(get, client):
    page = get("/networks/wide/explanations/c-3" + "f" * 22)
    assert page["valid"]
    assert page["interpretations"] is None
    assert "up to 64 edges" in page["uncounted"]
    answer = client.get("/api/v2/networks/wide/explanations/i-3" + "f" * 22 + ".0")
    assert answer.status_code == 422
    assert "its network has 90 edges, and the limit is 64" in answer.json()["error"]


def test_a_table_of_interpretations_that_are_not_counted_says_why_as_the_page_does(get, client):
    for circuit in ("/networks/wide/circuits/3" + "f" * 22, XOR + "/circuits/3fffe"):
        answer = client.get(circuit + "/interpretations.csv", headers={"accept": "application/json"})
        assert answer.status_code == 404
        assert get(circuit.replace("circuits/", "explanations/c-"))["uncounted"] in answer.text


def test_circuits_of_another_output_are_its_own(get):
    page = get("/networks/two", output=1)
    assert [tab["current"] for tab in page["outputs"]] == [False, True]
    assert page["links"]["circuits"] == "/networks/two/circuits?output=1"
    every = get("/networks/two/circuits", output=1, limit=200)
    assert every["valid"] == len(every["items"])
    assert pretrained_xor().network.digest != page["network"]["digest"]
