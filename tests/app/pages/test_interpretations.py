"""The interpretations of a circuit by gate, against the engine's list of all of them."""

from collections import Counter

import pytest

from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import circuit_from_hex
from analysis.question import ask
from tests.app.pages.conftest import XOR
from tests.factories import pretrained_xor


@pytest.fixture(scope="module")
def small(get):
    """A circuit with some hundred interpretations, and all of them."""
    items = get(XOR + "/explanations", kind="circuit", limit=200)["items"]
    mask = next(one["mask"] for one in items if 100 <= int(one["interpretations"]) <= 600)
    network = pretrained_xor().network
    space = InterpretationSpace(ask(network), circuit_from_hex(mask, network.sizes))
    return f"{XOR}/circuits/{mask}/interpretations", [space.at(i) for i in range(space.count)]


def test_counts_of_gates_are_exact(get, small):
    here, every = small
    page = get(here)
    assert page["total"] == page["matching"] == len(every)
    for site in page["sites"]:
        layer, neuron = map(int, site["site"].split("-"))
        expected = Counter(one.gate(layer, neuron).name or "other" for one in every)
        assert {gate["name"]: gate["count"] for gate in site["gates"]} == expected


@pytest.mark.slow
def test_matches_are_listed_in_the_order_of_their_index(get, small):
    here, every = small
    site = max(get(here)["sites"], key=lambda site: len(site["gates"]))
    gate = site["gates"][1]
    layer, neuron = map(int, site["site"].split("-"))
    expected = [one.index for one in every if (one.gate(layer, neuron).name or "other") == gate["name"]]
    wish = f"{site['site']}:{gate['name']}"
    found, page = [], get(here, gate=wish, limit=7)
    assert page["matching"] == page["of"] == gate["count"] == len(expected)
    while True:
        found += [item["index"] for item in page["items"]]
        if page["next_url"] is None:
            break
        page = get(here, gate=wish, limit=7, start=len(found))
    assert found == expected
    classes = get(here, gate=wish, classes="observed", limit=60)
    assert classes["of"] == classes["matching_classes"]
    assert {item["index"] for item in classes["items"]} <= set(expected)


@pytest.mark.parametrize(
    "query",
    ["gate=nonsense", "gate=2-9:AND", "gate=1-0:FROB", "start=99999999", "shape=round", "gate=1-0:A&gate=1-0:B"],
)
def test_impossible_wishes_are_refused(client, small, query):
    assert client.get(f"/api/v1{small[0]}?{query}").status_code == 400


def test_circuits_without_interpretations_say_why(get, client):
    page = get(XOR + "/circuits/3fffe/interpretations")
    assert page["items"] == []
    assert page["why_not"]
    assert client.get(XOR + "/circuits/3fffe/interpretations").status_code == 200
    assert client.get(XOR + "/circuits/3fffe/interpretations?draw=1").status_code == 404
