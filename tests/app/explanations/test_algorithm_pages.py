"""The pages of one algorithm and one alignment: what they say against the engine, any placement's address, refusals."""

from __future__ import annotations

import re
from html import unescape

import numpy as np
import pytest

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.iia import score_placement
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.protocol import BUILT_IN
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.app.explanations.conftest import XOR
from tests.factories import pretrained_xor, two_xor_algorithms

ONES = XOR + "/explanations"


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture(scope="module")
def failing(kept):
    return kept[-1]


def test_an_algorithm_says_what_it_computes_and_how_often_it_is_found(get, client, aligned):
    reply = get(aligned["url"])
    assert reply["truth_table"] == [0, 1, 1, 0]
    assert {v["formula"]: v["truth_table"] for v in reply["variables"]} == {
        "¬A ∧ ¬B": [1, 0, 0, 0],
        "A ∧ B": [0, 0, 0, 1],
    }
    assert (reply["valid"], reply["minimal"], reply["kept"], reply["stored"]) == (3, 1, 8, True)
    assert set(reply["irredundant"].values()) == {True}
    page = words(client.get(aligned["url"]).text)
    for said in (
        "Placements 3 exact",
        "¬(A ∨ B) = ¬A ∧ ¬B, used negated",
        "Minimal 1 of them",
        "Kept 8",
        "no redundant gate",
    ):
        assert said in page
    assert "<span" not in page


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["complete", "paper"])
def test_an_algorithm_has_its_page_before_any_analysis(get, client, protocol):
    truth_table = tuple(get("/networks/untouched")["tasks"][0]["truth_table"])
    algorithm = candidate_algorithms(Task(truth_table), BUILT_IN[protocol], 1).algorithms[-1]
    address = f"/networks/untouched/explanations/g-{algorithm.id}?protocol={protocol}"
    reply = get(address)
    assert (reply["formula"], reply["kept"], reply["stored"]) == (algorithm.formula, 0, False)
    text = client.get(address).text
    assert f"has not been analysed under {protocol} yet" in text
    assert "too many sets" not in text
    places = [f"{variable.path}:1.{number}" for number, variable in enumerate(algorithm.variables)]
    placed = client.get(address, params={"protocol": protocol, "place": places}, follow_redirects=True)
    assert placed.status_code == 200


@pytest.mark.slow
def test_a_stored_alignment_is_computed_again_and_agrees_with_its_row(get, kept):
    for item in kept:
        reply = get(item["url"])
        assert [reply[name] for name in ("url", "agreed", "tested", "valid", "minimal", "stored")] == [
            *(item[name] for name in ("url", "iia_agreed", "iia_of", "valid", "minimal")),
            True,
        ]
        assert reply["margin"] == pytest.approx(item["margin"], abs=1e-12)


def test_interchanges_count_agreement_and_tests_apart(get, client, failing):
    reply = get(failing["url"])
    missed = 0
    for place in reply["places"]:
        tested, decided, expected = (np.array(place[name]) for name in ("is_tested", "decisions", "expected"))
        assert (tested == ~np.eye(4, dtype=bool)).all()
        assert (decided == (np.array(place["outputs"]) > 0.5)).all()
        assert place["agreed"] == (tested & (decided == expected)).sum()
        missed += (tested & (decided != expected)).sum()
    assert missed == reply["tested"] - reply["agreed"] > 0
    page = client.get(failing["url"]).text
    assert "Interventions that fail" in page
    assert page.count("<tr") < client.get(f"{failing['url']}?part=interchanges").text.count("<tr")
    lines = client.get(f"{failing['url']}/interchanges.all.csv").text.splitlines()
    rows = [line for line in lines if not line.startswith("#")]
    assert rows[0] == "path,formula,site,source,base,output,decision,expected,tested,agreed"
    assert len(rows) - 1 == 16 * len(reply["places"])


def test_any_placement_has_an_address(client, get, aligned, kept):
    stored = get(next(one for one in kept if one["valid"])["url"])
    found = client.get(aligned["url"], params={"place": [place["place"] for place in stored["places"]][::-1]})
    assert (found.status_code, found.headers["location"]) == (302, stored["url"])

    address = f"{ONES}/a-{aligned['algorithm']}.0%3A1.2_1%3A2.0%2B1"
    for options in ("place=0:1.2&place=1:2.0%2B1", "place=1:2.1%2B0&place=0:1.2", "place=0:1.2_1:2.0+1"):
        answer = client.get(f"{aligned['url']}?{options}")
        assert (answer.status_code, answer.headers["location"]) == (302, address)
    reply = get(address)
    assert (reply["stored"], reply["url"]) == (False, address)
    assert "not stored" in client.get(address).text
    algorithm = two_xor_algorithms()[0]
    alignment = NeuronPlacement.of(algorithm.text, {"0": NeuronSet(1, (2,)), "1": NeuronSet(2, (0, 1))})
    scored = score_placement(ask(pretrained_xor().network), algorithm, alignment)
    assert (reply["alignment"], reply["agreed"], reply["tested"]) == (alignment.id, scored.iia.agreed, scored.iia.of)
    assert reply["minimal"] == scored.minimal
    assert get(f"{ONES}/a-{aligned['algorithm']}.{alignment.id}")["url"] == address


# ---- bad input ------------------------------------------------------------------------------------

BAD = [
    (ONES + "/g-0123456789abcdef", 404, "0123456789abcdef"),
    (ONES + "/g-{g}?after=0123456789abcdef", 400, "after"),
    (ONES + "/g-{g}?place=0:1.0", 404, "gives no place to 1"),
    (ONES + "/g-{g}?place=nonsense", 400, "nonsense"),
    (ONES + "/g-{g}?place=0:1.0%2B0&place=1:1.1", 400, "twice"),
    (ONES + "/g-{g}?place=0:1.0&place=0:1.1", 400, "second place"),
    (ONES + "/a-{g}.0:3.0_1:1.1", 404, "layer 3"),
    (ONES + "/a-{g}.0:1.7_1:1.1", 404, "neurons 0 to 2"),
    (ONES + "/a-{g}.0:1.1_1:1.1", 404, "shares neuron"),
    (ONES + "/a-{g}.00:1.1_1:1.0", 404, "no such variable"),
    (ONES + "/a-{g}.0123456789abcdef", 404, "?place="),
    (ONES + "/a-{g}.0:1.0_1:1.1/none.csv", 404, "is not on this page"),
    ("/networks/untouched/explanations/g-0123456789abcdef", 404, "is no candidate"),
]


@pytest.mark.parametrize(("address", "status", "word"), BAD, ids=[address for address, _, _ in BAD])
def test_bad_addresses_are_refused_in_plain_words(client, aligned, address, status, word):
    page = client.get(address.replace("{g}", aligned["algorithm"]))
    assert page.status_code == status
    assert word in words(page.text)
    (leads,) = map(unescape, re.findall('<a href="([^"]*)" class="btn primary">', page.text))
    assert client.get(leads).status_code == 200
