"""The interpretations of a circuit by number, against the engine's list of all of them."""

import re
from html import unescape

import pytest

from analysis.interpretations.indexing import InterpretationSpace
from analysis.question import ask
from analysis.subjects.perceptron.circuit import circuit_from_hex
from tests.app.pages.conftest import XOR
from tests.factories import pretrained_xor

HERE = XOR + "/explanations/c-081ff"


def test_every_one_is_listed_and_each_class_once(client):
    network = pretrained_xor().network
    space = InterpretationSpace(ask(network), circuit_from_hex("081ff", network.sizes))
    first = {"any": range(space.count), "observed": map(space.index_of_observed, range(space.n_observed))}
    for classes, indices in first.items():
        found, start, n = [], 0, space.count if classes == "any" else space.n_observed
        while start < n:
            text = unescape(client.get(HERE, params={"classes": classes, "start": start}).text)
            found += (some := list(dict.fromkeys(re.findall(r"/explanations/i-081ff\.(\d+)\"", text))))
            start += len(some)
        assert [int(one) for one in found] == list(indices)


@pytest.mark.parametrize("query", ["start=99999999", "shape=round"])
def test_impossible_wishes_are_refused(client, query):
    assert client.get(f"{HERE}?{query}").status_code == 400


def test_circuits_without_interpretations_say_why(client):
    text = client.get(f"{XOR}/explanations/c-3fffe").text
    assert "Only valid circuits are interpreted" in text


@pytest.mark.parametrize(
    ("former", "now"),
    [("?gate=1-0:A&classes=observed", "#interpretations"), ("?start=24", "?classes=any&start=24#interpretations")],
)
def test_the_page_that_the_list_had_leads_on(client, former, now):
    first = client.get(f"{XOR}/circuits/081ff/interpretations{former}")
    second = client.get(first.headers["location"])
    assert (first.status_code, second.status_code) == (301, 301)
    assert second.headers["location"] == f"{XOR}/explanations/c-081ff{now}"
    assert client.get(second.headers["location"]).status_code == 200
