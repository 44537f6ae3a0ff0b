"""The interpretations of a circuit by number, against the engine's list of all of them."""

import pytest

from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import circuit_from_hex
from analysis.question import ask
from tests.app.pages.conftest import XOR
from tests.factories import pretrained_xor

HERE = XOR + "/explanations/c-081ff"


def test_every_one_is_listed_with_its_gates_and_each_class_once(client, get):
    network = pretrained_xor().network
    space = InterpretationSpace(ask(network), circuit_from_hex("081ff", network.sizes))
    first = {"any": range(space.count), "observed": map(space.index_of_observed, range(space.n_observed))}
    for classes, indices in first.items():
        found, page = [], get(HERE + "/interpretations", classes=classes)
        while page["next"] is not None:
            found += page["items"]
            page = client.get(page["next"]).json()
        found += page["items"]
        assert [int(one["index"]) for one in found] == list(indices)
        assert page["total"] == page["of"] == space.count
    gates = {f"{gate.layer}-{gate.neuron}:{gate.name or 'other'}" for gate in space.at(int(found[1]["index"])).gates}
    assert set(found[1]["gate"]) == gates


@pytest.mark.parametrize("query", ["gate=1-0:A", "start=99999999", "shape=round"])
def test_impossible_wishes_are_refused(client, query):
    assert client.get(f"/api/v2{HERE}/interpretations?{query}").status_code == 400


def test_an_address_that_chose_by_gate_says_that_it_no_longer_does(client):
    assert "no longer chosen by gate" in client.get(f"{HERE}?gate=1-0:A").text


def test_circuits_without_interpretations_say_why(get, client):
    answer = client.get(f"/api/v2{XOR}/explanations/c-3fffe/interpretations")
    assert answer.status_code == 404
    assert "only valid circuits are interpreted" in answer.json()["error"]


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("?gate=1-0:A&classes=observed", "?gate=1-0%3AA#interpretations"),
        ("?start=24", "?classes=any&start=24#interpretations"),
    ],
)
def test_the_page_that_the_list_had_leads_on(client, former, now):
    first = client.get(f"{XOR}/circuits/081ff/interpretations{former}")
    second = client.get(first.headers["location"])
    assert (first.status_code, second.status_code) == (301, 301)
    assert second.headers["location"] == f"{XOR}/explanations/c-081ff{now}"
    assert client.get(second.headers["location"]).status_code == 200
