"""The list of algorithms, one algorithm, one alignment: as pages and as JSON."""

from __future__ import annotations

import re
from html import unescape

import pytest

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.alignment import Alignment
from analysis.alignments.iia import score_alignment
from analysis.interventions.neuron_set import NeuronSet
from analysis.protocol import BUILT_IN
from analysis.question import ask
from analysis.tasks import Task
from app.pages.placements import placement_text, places_of, read_placement_text, read_places
from pluriscope.naming import ExplanationRef
from tests.app.explanations.conftest import XOR
from tests.factories import pretrained_xor, two_xor_algorithms


def walk(get, path, **query):
    """Every page of a list, followed by its own links."""
    pages = [get(path, **query)]
    while pages[-1]["next_url"]:
        assert len(pages) < 300, "the pages do not end"
        pages.append(get(pages[-1]["next_url"]))
    return pages


# ---- one algorithm --------------------------------------------------------------------------------------------------


def test_an_algorithm_shows_every_variables_value(get, aligned):
    page = get(aligned["url"])
    assert page["inputs"] == ["00", "01", "10", "11"]
    assert page["algorithm"]["truth_table"] == [0, 1, 1, 0]
    tables = {v["formula"]: v["truth_table"] for v in page["algorithm"]["variables"]}
    assert tables == {"¬A ∧ ¬B": [1, 0, 0, 0], "A ∧ B": [0, 0, 0, 1]}

    def carriers(node):
        return [node["variable"]] * (node["variable"] is not None) + [p for c in node["children"] for p in carriers(c)]

    assert sorted(carriers(page["tree"])) == [v["path"] for v in page["algorithm"]["variables"]]


def test_valid_alignments_come_first_and_near_misses_say_why(get, aligned):
    page = get(aligned["url"])
    assert (page["n_valid"], page["n_minimal"], page["n_kept"]) == (3, 1, 8)
    flags = [(item["valid"], item["minimal"]) for item in page["items"]]
    assert flags == [(True, True), (True, False), (True, False)] + [(False, False)] * 5
    for item in page["items"]:
        assert item["valid"] == (not item["misses"])
        missed = sum(miss["score"]["of"] - miss["score"]["agreed"] for miss in item["misses"])
        assert missed == item["iia"]["of"] - item["iia"]["agreed"]
    scores = [item["iia"]["agreed"] for item in page["items"][3:]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["complete", "paper"])
def test_an_algorithm_has_its_page_before_any_analysis(get, client, protocol):
    task = get("/networks/untouched")["scope"]["task"]["truth_table"]
    algorithm = candidate_algorithms(Task(tuple(task)), BUILT_IN[protocol], 1).algorithms[-1]
    address = f"/networks/untouched/algorithms/{algorithm.id}?protocol={protocol}"
    page = get(address)
    assert (page["algorithm"]["formula"], page["emptiness"], page["items"]) == (algorithm.formula, "truncated", [])
    text = client.get(address).text
    assert f"has not been analysed under {protocol} yet" in text
    assert "too many sets" not in text
    places = [f"{variable.path}:1.{number}" for number, variable in enumerate(algorithm.variables)]
    placed = client.get(address, params={"protocol": protocol, "place": places}, follow_redirects=True)
    assert placed.status_code == 200
    assert client.get(f"/networks/untouched/algorithms/{'0' * 16}").status_code == 404


# ---- one alignment --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_stored_alignment_is_computed_again_and_agrees_with_its_row(get, aligned):
    for item in get(aligned["url"])["items"]:
        page = get(item["url"])
        assert (page["id"], page["iia"], page["valid"], page["minimal"]) == (
            item["id"],
            item["iia"],
            item["valid"],
            item["minimal"],
        )
        assert page["margin"] == pytest.approx(item["margin"], abs=1e-12)
        assert page["provenance"]["stored"]
        assert page["url"] == item["url"]
        assert page["n_failing"] == len(page["failing"]) == item["iia"]["of"] - item["iia"]["agreed"]
        assert item["id"] not in [sibling["id"] for sibling in page["siblings"]]


def test_the_matrices_tell_agreement_and_tests_apart(get, aligned):
    bad = get(get(aligned["url"])["items"][-1]["url"])
    for view in bad["interchanges"]:
        for source in range(4):
            for base in range(4):
                assert view["tested"][source][base] == (source != base)
                said = view["decisions"][source][base] == view["expected"][source][base]
                assert view["agreed"][source][base] == said
                assert view["decisions"][source][base] == (view["outputs"][source][base] > 0.5)
    assert sum(view["score"]["agreed"] for view in bad["interchanges"]) == bad["iia"]["agreed"]
    row = bad["failing"][0]
    assert row["decision"] != row["expected"]
    assert row["margin"] == pytest.approx(abs(row["output"] - 0.5))


def test_one_that_is_not_minimal_names_a_smaller_one(get, aligned):
    minimal, *others = [item for item in get(aligned["url"])["items"] if item["valid"]]
    assert get(minimal["url"])["smaller"] is None
    for item in others:
        assert get(item["url"])["smaller"]["id"] == minimal["id"]


@pytest.mark.slow
def test_any_placement_has_an_address(client, get, aligned):
    stored = get(aligned["url"])["items"]
    places = [place["place"] for place in stored[1]["places"]]
    found = client.get(aligned["url"], params={"place": places[::-1]})
    assert (found.status_code, found.headers["location"]) == (302, stored[1]["url"])

    wanted = {"place": ["0:1.2", "1:2.0+1"]}
    answer = client.get(aligned["url"], params=wanted)
    address = answer.headers["location"]
    assert re.fullmatch(
        rf"{re.escape(aligned['url'])}/alignments/[0-9a-f]{{16}}\?place=0%3A1.2&place=1%3A2.0%2B1", address
    )
    page = get(address)
    assert not page["provenance"]["stored"]
    assert page["url"] == address
    assert client.get(address).status_code == 200
    twin = client.get("/api/v1" + aligned["url"], params=wanted)
    assert (twin.status_code, twin.headers["location"]) == (302, "/api/v1" + address)
    algorithm = two_xor_algorithms()[0]
    alignment = Alignment.of(algorithm.text, {"0": NeuronSet(1, (2,)), "1": NeuronSet(2, (0, 1))})
    scored = score_alignment(ask(pretrained_xor().network), algorithm, alignment)
    assert (page["id"], page["iia"]) == (alignment.id, {"agreed": scored.iia.agreed, "of": scored.iia.of})
    assert page["minimal"] == scored.minimal


def test_a_bare_plus_in_an_address_is_read_as_one(client, aligned):
    bare = client.get(aligned["url"] + "?place=0:1.1+2&place=1:1.0")
    assert bare.status_code == 302
    assert bare.headers["location"] == client.get(aligned["url"] + "?place=0:1.1%2B2&place=1:1.0").headers["location"]


# ---- placements -----------------------------------------------------------------------------------------------------


def test_placements_are_read_back():
    alignment = Alignment.of("x", {"01": NeuronSet(1, (0, 2)), "1": NeuronSet(2, (1,))})
    assert places_of(alignment) == ["01:1.0+2", "1:2.1"]
    assert Alignment.of("x", read_places(places_of(alignment)[::-1])) == alignment
    assert Alignment.of("x", read_placement_text(placement_text(alignment))) == alignment
    ref = ExplanationRef("alignment", "a" * 16, placement_text(alignment))
    assert ExplanationRef.parse(str(ref)) == ref


# ---- bad input ------------------------------------------------------------------------------------------------------

BAD = [
    (XOR + "/algorithms/0123456789abcdef", 404, "0123456789abcdef"),
    (XOR + "/algorithms/{g}?after=0123456789abcdef", 404, "after"),
    (XOR + "/algorithms/{g}?place=0:1.0", 404, "gives no place to 1"),
    (XOR + "/algorithms/{g}?place=nonsense", 400, "nonsense"),
    (XOR + "/algorithms/{g}?place=0:1.0%2B0&place=1:1.1", 400, "twice"),
    (XOR + "/algorithms/{g}?place=0:1.0&place=0:1.1", 400, "second place"),
    (XOR + "/algorithms/{g}?place=0:3.0&place=1:1.1", 404, "layer 3"),
    (XOR + "/algorithms/{g}?place=0:1.7&place=1:1.1", 404, "neurons 0 to 2"),
    (XOR + "/algorithms/{g}?place=0:1.1&place=1:1.1", 404, "shares neuron"),
    (XOR + "/algorithms/{g}?place=00:1.1&place=1:1.0", 404, "no such variable"),
    (XOR + "/algorithms/{g}/alignments/0123456789abcdef", 404, "?place="),
    (
        XOR + "/algorithms/{g}/alignments/0123456789abcdef?place=0:1.0&place=1:1.1",
        404,
        "is not the id of the placement",
    ),
    ("/networks/untouched/algorithms/0123456789abcdef", 404, "is no candidate"),
]


@pytest.mark.parametrize(("address", "status", "word"), BAD, ids=[address for address, _, _ in BAD])
def test_bad_addresses_are_refused_in_html_and_json_alike(client, aligned, address, status, word):
    address = address.replace("{g}", aligned["algorithm"])
    page, twin = client.get(address), client.get("/api/v1" + address)
    assert (page.status_code, twin.status_code) == (status, status)
    body = twin.json()
    assert body["ok"] is False
    assert word in body["error"]
    assert "Traceback" not in page.text
    (leads,) = map(unescape, re.findall('<a href="([^"]*)" class="btn primary">', page.text))
    assert leads == body["parent"]
    assert client.get(leads).status_code == 200


def test_a_missing_alignment_leads_to_its_algorithm(client, aligned):
    body = client.get(f"/api/v1{aligned['url']}/alignments/0123456789abcdef").json()
    assert body["parent"] == aligned["url"]
