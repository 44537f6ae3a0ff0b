"""Explanations side by side: as a page and as JSON."""

from __future__ import annotations

import pytest

from analysis.data import clean_data
from analysis.experiments import decide_under_interventions, intervention_space
from analysis.explanations.interpretations import predict_by_interpretation
from analysis.networks.circuit import circuit_from_hex
from analysis.question import ask
from analysis.tasks import input_table
from tests.app.explanations.conftest import XOR, kept_of
from tests.factories import interpretation_at, pretrained_xor


@pytest.fixture(scope="session")
def refs(aligned, kept, masks):
    """One of each kind, and two more."""
    return {
        "circuit": f"c-{masks[0]}",
        "interpretation": f"i-{masks[0]}.0",
        "algorithm": aligned["ref"],
        "alignment": kept[0]["ref"],
        "other": f"i-{masks[1]}.1",
        "failing": kept[-1]["ref"],
    }


def compare(get, *chosen, **query):
    return get("/compare", network="xor", e=list(chosen), **query)


# ---- what is compared -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_all_kinds_stand_side_by_side(client, get, refs):
    page = compare(get, *refs.values())
    assert [item["letter"] for item in page["explanations"]] == list("PQRSTU")
    assert [item["ref"] for item in page["explanations"]] == list(refs.values())
    assert [item["kind"] for item in page["explanations"]] == [
        "circuit",
        "interpretation",
        "algorithm",
        "alignment",
        "interpretation",
        "alignment",
    ]
    assert page["missing"] == 0
    for item in page["explanations"]:
        assert item["says"] == [0, 1, 1, 0]
        assert client.get(item["url"]).status_code == 200
        assert client.get(item["without_url"]).status_code == 200
        assert len(get(item["without_url"])["explanations"]) == 5
    text = client.get(page["url"]).text
    assert text.count("<article>") == 6


def test_an_alignment_may_be_named_by_its_placement(get, aligned, kept):
    g = aligned["algorithm"]
    stored = get(kept[0]["url"])
    named = f"a-{g}." + "_".join(place["place"] for place in stored["places"])
    page = compare(get, named, f"a-{g}.0:1.2_1:2.0+1")
    assert page["refs"] == [stored["ref"], f"a-{g}.0:1.2_1:2.0+1"]
    other = page["explanations"][1]
    assert other["url"].endswith("0%3A1.2_1%3A2.0%2B1")
    assert get(other["url"])["ref"] == other["ref"]


@pytest.mark.slow
def test_explanations_under_other_rules_carry_their_protocol(get, refs):
    paper = get(XOR + "/explanations", kind="algorithm", protocol="paper")["items"][0]
    kept = kept_of(get, paper["algorithm"], protocol="paper")[0]["ref"]
    page = compare(get, refs["alignment"], f"{kept}@paper")
    assert [item["protocol"] for item in page["explanations"]] == ["complete", "paper"]
    assert page["explanations"][1]["ref"] == f"{kept}@paper"
    assert "protocol=paper" in page["explanations"][1]["url"]


# ---- where they agree and part --------------------------------------------------------------------------------------


def test_edges_that_one_keeps_alone_differ(get, masks):
    sizes = (2, 3, 3, 1)
    first, second = (circuit_from_hex(mask, sizes) for mask in masks[:2])
    page = compare(get, f"c-{masks[0]}", f"c-{masks[1]}")
    assert len(page["differing_edges"]) == (first.mask ^ second.mask).bit_count()
    for edge in page["differing_edges"]:
        kept = [bool(c.keep[edge["layer"] - 1][edge["out"], edge["source"]]) for c in (first, second)]
        assert edge["kept_by"] == [letter for letter, keeps in zip("PQ", kept, strict=True) if keeps]
        assert sorted(edge["kept_by"] + edge["cut_by"]) == ["P", "Q"]


def test_an_output_that_is_neither_0_nor_1_is_shown_as_such(client, get):
    """Circuits that are not valid have addresses too; these two decide the last input neither way."""
    page = compare(get, "c-2b0ce", "c-3b3ee")
    assert page["shared"]["output"] == [0, 1, 1, -1]
    assert page["shared"]["n_task"] == 3
    assert client.get(page["url"]).status_code == 200


def test_neurons_of_which_all_say_the_same_are_left_out(get, refs, masks):
    page = compare(get, refs["interpretation"], refs["alignment"])
    for neuron in page["differing_neurons"]:
        tables = [claim["truth_table"] for claim in neuron["claims"]]
        kinds = {claim["kind"] for claim in neuron["claims"]}
        up_to_negation = {tuple(t) if not t[0] else tuple(1 - b for b in t) for t in tables if t}
        assert len(kinds) > 1 or len(up_to_negation) > 1
    same = compare(get, f"i-{masks[0]}.0", f"i-{masks[0]}.1")
    assert not any(claim["kind"] == "cut" for neuron in same["differing_neurons"] for claim in neuron["claims"])


def test_an_algorithm_without_places_says_nothing_of_neurons(get, refs):
    page = compare(get, refs["algorithm"], refs["alignment"])
    assert page["differing_neurons"] == []
    assert page["shared"]["output"] == [0, 1, 1, 0]
    assert page["shared"]["n_task"] == 4


def test_readings_show_each_circuits_own_activations(get, refs):
    page = compare(get, refs["interpretation"], refs["other"])
    for line in page["lines"]:
        for reading in line["readings"]:
            assert [int(value > reading["threshold"]) for value in reading["values"]] == reading["truth_table"]


# ---- interventions --------------------------------------------------------------------------------------------------


def test_predictions_are_counted_against_the_network(get, masks, refs):
    page = compare(get, f"i-{masks[0]}.0", refs["alignment"])
    assert page["space"] == {"sets": 63, "possible_sets": 63, "pairs": 12, "interventions": 756, "largest": None}
    network, data = pretrained_xor().network, clean_data(2)
    space = intervention_space((3, 3), 2)
    answers = decide_under_interventions(network, input_table(2), space)
    interpretation = interpretation_at(ask(network, data=data), circuit_from_hex(masks[0], network.sizes), 0)
    predicted = predict_by_interpretation(interpretation, space)
    right = int(((predicted == answers.decisions) & space.counted).sum())
    first, second = (item["standing"] for item in page["explanations"])
    assert first == {"predicted": 756, "right": right, "of": 756}
    assert second == {"predicted": 36, "right": 36, "of": 756}
    (pair,) = page["pairs"]
    assert (pair["both"], pair["same"] + pair["differ"]) == (36, 36)
    assert page["n_crucial"] == page["crucial"]["total"] == pair["differ"]
    assert page["shared"]["predictions_same"] == pair["same"]


def test_the_circuit_and_the_bare_algorithm_are_silent_and_say_why(client, get, refs):
    page = compare(get, refs["circuit"], refs["algorithm"])
    assert [item["standing"]["predicted"] for item in page["explanations"]] == [0, 0]
    assert "where, not what" in page["explanations"][0]["silent_because"]
    assert "what, not where" in page["explanations"][1]["silent_because"]
    assert page["n_crucial"] == 0
    text = client.get(page["url"]).text
    assert "None of them predicts anything under interventions: " in text
    for item in page["explanations"]:
        assert text.count(item["silent_because"]) == 1


@pytest.mark.slow
def test_crucial_experiments_are_ranked_scored_and_come_in_pages(client, get, refs):
    first = compare(get, *refs.values())
    crucial = first["crucial"]
    assert len(crucial["shown"]) == 10 < crucial["total"] == first["n_crucial"]
    every, url = [], first["url"]
    while url:
        page = get(url)["crucial"]
        assert page["start"] == len(every)
        every += page["shown"]
        url = page["next_url"]
    assert len(every) == crucial["total"]
    assert len({row["experiment"] for row in every}) == len(every)
    assert every[:10] == crucial["shown"]
    margins = [row["margin"] for row in every]
    assert margins == sorted(margins, reverse=True)
    for row in every:
        assert set(row["predictions"]) - {-1} == {0, 1}
        assert row["divides"]
        assert sorted(row["right"] + row["wrong"]) == [
            letter for letter, value in zip("PQRSTU", row["predictions"], strict=True) if value >= 0
        ]
        assert row["source"] != row["base"]
        assert row["margin"] == pytest.approx(abs(row["output"] - 0.5))
    for score, letter in zip(crucial["scores"], "PQRSTU", strict=True):
        assert score["letter"] == letter
        assert score["predicted"] == sum(letter in row["right"] + row["wrong"] for row in every)
        assert score["right"] == sum(letter in row["right"] for row in every)
    assert client.get(first["url"]).text.count('<tr id="x-') == 10


def test_between_two_exactly_one_is_right_on_each(get, refs):
    page = compare(get, *refs.values())
    pair = max(page["pairs"], key=lambda pair: pair["differ"])
    assert pair["differ"] > 0
    assert pair["first_right"] + pair["second_right"] == pair["differ"]
    between = get(pair["url"].partition("#")[0])["crucial"]
    assert between["between"] == [pair["first"], pair["second"]]
    assert between["total"] == pair["differ"]
    assert [score["right"] for score in between["scores"]] == [pair["first_right"], pair["second_right"]]
    if between["next_url"]:
        after = get(between["next_url"])["crucial"]
        assert after["between"] == between["between"]
        assert after["start"] == 10


@pytest.mark.slow
def test_every_experiment_has_an_address_of_its_own(client, get, refs):
    page = compare(get, *refs.values())
    row = page["crucial"]["shown"][3]
    alone = get(row["url"])
    assert alone["experiment"] == row
    assert client.get(row["url"]).status_code == 200
    silent = compare(get, refs["circuit"], refs["algorithm"], experiment="2.0+1.1:01:10")["experiment"]
    assert (silent["site"], silent["divides"], silent["right"], silent["wrong"]) == ("n1.1 + n2.0", False, [], [])


# ---- choosing -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_is_not_enough_and_suggestions_are(client, get, refs):
    page = compare(get, refs["alignment"])
    assert (page["missing"], page["refs"]) == (1, [refs["alignment"]])
    assert page["suggestions"]
    for suggestion in page["suggestions"]:
        assert len(get(suggestion["url"])["explanations"]) >= 2


# ---- bad input ------------------------------------------------------------------------------------------------------

BAD = [
    ("/compare?network=xor&e=x-1&e=c-1", 400, "explanation 1, 'x-1'"),
    ("/compare?network=xor&e={c}&e=nonsense", 400, "explanation 2, 'nonsense'"),
    ("/compare?network=xor&e={c}&e=i-{m}", 400, "explanation 2"),
    ("/compare?network=xor&e={c}&e=c-{m}0", 404, "explanation 2"),
    ("/compare?network=xor&e={c}&e=c-00001", 404, "explanation 2"),
    ("/compare?network=xor&e={c}&e=i-{m}.999999999999999999", 404, "explanation 2"),
    ("/compare?network=xor&e={c}&e=i-{m}.two", 404, "whole number"),
    ("/compare?network=xor&e={c}&e=g-0123456789abcdef", 404, "explanation 2"),
    ("/compare?network=xor&e={c}&e=a-{g}.0123456789abcdef", 404, "not one of the 8 alignments"),
    ("/compare?network=xor&e={c}&e=a-{g}.0:1.0_1:9.0", 404, "layer 9"),
    ("/compare?network=xor&e={c}&e=a-{g}.0:1.0_nonsense", 400, "nonsense"),
    ("/compare?network=xor&e={c}&e={c}@no-such", 404, "no-such"),
    ("/compare?network=xor&e=c-1&e=c-2&e=c-3&e=c-4&e=c-5&e=c-6&e=c-7", 400, "at most 6"),
    ("/compare?e={c}&e=c-1", 400, "Add network=NAME"),
    ("/compare?network=nowhere&e={c}", 404, "nowhere"),
    ("/compare?network=xor&network=two&e={c}", 400, "different networks"),
    ("/compare?network=xor&output=1", 404, "output 1"),
    ("/compare?network=xor&protocol=no-such", 404, "no-such"),
    ("/compare?network=xor&experiments=some", 400, "experiments"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&experiment=1.0:00:00", 400, "same source and base"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&experiment=3.0:00:01", 400, "no hidden neuron"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&experiment=1.0:0:01", 400, "no intervention"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&between=PR", 400, "no R among P, Q"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&between=PP", 400, "one twice"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&between=AB", 400, "between"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&pin=c-1", 400, "not one of the explanations"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&swap=c-1", 400, "not one of the explanations"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&groups=twice", 400, "groups"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&after=nonsense", 400, "not given out"),
    ("/compare?network=xor&e={c}&e=i-{m}.0&limit=1000", 400, "limit"),
    ("/compare?network=xor&colour=red", 400, "colour"),
]


@pytest.mark.parametrize(("address", "status", "word"), BAD, ids=[address for address, _, _ in BAD])
def test_bad_comparisons_are_refused_in_html_and_json_alike(client, aligned, masks, address, status, word):
    address = address.replace("{c}", f"c-{masks[0]}").replace("{m}", masks[0])
    address = address.replace("{g}", aligned["algorithm"])
    page, twin = client.get(address), client.get("/api/v1" + address)
    assert (page.status_code, twin.status_code) == (status, status)
    assert word in twin.json()["error"]
    assert "Traceback" not in page.text
    assert client.get(twin.json()["parent"]).status_code == 200
