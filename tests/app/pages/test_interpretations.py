"""The interpretations of a circuit by gate, against the engine's list of all of them."""

import re
from collections import Counter
from itertools import combinations
from urllib.parse import urlencode

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
    return f"{XOR}/explanations/c-{mask}", [space.at(i) for i in range(space.count)]


def counted(page):
    """What the page says of each gate."""
    return {one["value"]: one["count"] for facet in page["facets"][1:] for one in facet["choices"]}


def wishes(every):
    """Each gate as addresses write it, with how many of some interpretations have it."""
    return Counter(f"{gate.layer}-{gate.neuron}:{gate.name or 'other'}" for one in every for gate in one.gates)


def test_counts_of_gates_are_exact(get, small):
    here, every = small
    page = get(here + "/interpretations", classes="any")
    assert page["total"] == page["of"] == page["lines"] == len(every)
    assert counted(page) == wishes(every)
    wish = min(counted(page), key=lambda one: abs(counted(page)[one] - len(every) // 2))
    some = [one for one in every if wishes([one])[wish]]
    narrowed = get(here + "/interpretations", gate=wish)
    assert (narrowed["total"], narrowed["of"]) == (len(some), len(every))
    assert counted(narrowed) == {one: n for one, n in wishes(some).items() if n}


@pytest.mark.slow
def test_matches_are_listed_in_the_order_of_their_index(client, get, small):
    here, every = small
    wish, n = wishes(every).most_common()[len(wishes(every)) // 2]
    expected = [one.index for one in every if wishes([one])[wish]]
    found, page = [], get(here + "/interpretations", gate=wish, classes="any")
    while True:
        assert page["total"] == page["lines"] == n
        found += [item["index"] for item in page["items"]]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()
    assert found == expected
    classes = get(here + "/interpretations", gate=wish)
    assert classes["lines"] <= classes["total"] == n
    assert {item["index"] for item in classes["items"]} <= set(expected)
    html = client.get(here, params={"gate": wish}).text
    assert f"{n:,}" in re.search(r'role="status">(.*?)</b>', html)[1]


@pytest.mark.parametrize(
    "query",
    ["gate=nonsense", "gate=2-9:AND", "gate=1-0:FROB", "start=99999999", "shape=round", "gate=1-0:A&gate=1-0:B"],
)
def test_impossible_wishes_are_refused(client, small, query):
    assert client.get(f"/api/v2{small[0]}/interpretations?{query}").status_code == 400
    assert client.get(f"{small[0]}?{query}").status_code == 400


def test_gates_that_no_interpretation_has_together_leave_none(client, small):
    here, every = small
    together = [wishes([one]).keys() for one in every]
    pair = next(
        (one, other)
        for one, other in combinations(wishes(every), 2)
        if one[:4] != other[:4] and not any({one, other} <= each for each in together)
    )
    asked = urlencode({"gate": pair}, doseq=True)
    assert "leaves none of" in client.get(f"{here}?{asked}").text


def test_circuits_without_interpretations_say_why(get, client):
    here = XOR + "/explanations/c-3fffe"
    assert client.get("/api/v2" + here + "/interpretations").status_code == 404
    assert "only valid circuits are interpreted" in client.get("/api/v2" + here + "/interpretations").json()["error"]


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
