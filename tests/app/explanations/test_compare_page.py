"""Explanations beside each other: their facts against the engine, their refusals, where earlier addresses lead."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import event

from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.interventions.experiments import intervention_space
from pluriscope.analysis.subjects.perceptron.circuit import circuit_from_hex
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.pages.compare.networks import _becomes
from pluriscope.figures.svg.tiles import bits_of
from tests.app.explanations.conftest import XOR, kept_of
from tests.factories import interpretation_at, pretrained_xor
from tests.oracles import brute_force_interchange as brute

ALIKE = ("i-2b0cf.0", "i-2b0cf.2")  # one in substance: no intervention tells them apart
PARTED = ("i-2b0cf.0", "i-2b0cf.1")


@pytest.fixture(scope="session")
def refs(aligned, kept, masks):
    """References of one explanation of each kind, and two more."""
    return {
        "circuit": f"c-{masks[0]}",
        "interpretation": f"i-{masks[0]}.0",
        "algorithm": aligned["ref"],
        "alignment": kept[0]["ref"],
        "other": f"i-{masks[1]}.1",
        "failing": kept[-1]["ref"],
    }


def compare(get, *chosen, **query):
    return get(f"{XOR}/compare", e=list(chosen), **query)


def interpretation(ref: str) -> Interpretation:
    mask, index = ref[2:].split(".")
    return interpretation_at(ask(pretrained_xor().network), circuit_from_hex(mask, (2, 3, 3, 1)), int(index))


# --- the facts


def test_who_is_right_on_every_intervention_is_what_brute_force_counts(get, client) -> None:
    network = pretrained_xor().network
    rows, sites = range(4), brute.sets_tested(network, 0, "all")
    cases = [(some, source, base) for some in sites for source in rows for base in rows if source != base]
    does = np.array([brute.decision(network, *case) for case in cases])
    said = []
    for ref in PARTED:
        mask = ref[2:].partition(".")[0]
        reply = [(g.layer, g.neuron, g.low, g.high, bits_of(g.function, 2), g.table) for g in interpretation(ref).gates]
        said.append(np.array([brute.predicted(network, int(mask, 16), reply, *case) for case in cases]))
    right, other = said[0] == does, said[1] == does
    page = compare(get, *PARTED, limit=200)
    (pair,) = page["pairs"]
    assert pair == {
        "first": "P",
        "second": "Q",
        "both": 756,
        "same": int((said[0] == said[1]).sum()),
        "both_right": int((right & other).sum()),
        "first_right": int((right & ~other).sum()),
        "second_right": int((other & ~right).sum()),
        "neither": int((~right & ~other).sum()),
    }
    apart, reply = said[0] != said[1], page["contradictions"]
    assert page["n_contradictions"] == apart.sum() == len(reply)
    for one in reply:
        assert set(one["says"].values()) == {"0", "1"}
        assert [letter for letter in "PQ" if one["says"][letter] == one["happens"]] == one["right"]
        assert one["margin"] == pytest.approx(abs(one["output"] - 0.5))
    for letter in "PQ":  # the clearest of each first
        own = [one for one in reply if one["right"] == [letter]]
        keys = [(one["doubtful"], one["neurons"].count("+"), -one["margin"]) for one in own]
        assert keys == sorted(keys)
    turns = 2 * min(pair["first_right"], pair["second_right"])
    assert all(one["right"] != other["right"] for one, other in pairwise(reply[:turns]))
    html = client.get(page["url"]).text
    assert page["verdict"] == f"P and Q contradict each other on {apart.sum()} of 756 interventions"
    assert page["verdict"] in html
    assert f"{pair['both_right']} both right, {pair['first_right']} only P, {pair['second_right']} only Q" in html


def test_the_network_s_answer_is_shown_after_a_guess_alone(client, get) -> None:
    page = compare(get, *PARTED)
    first, second = page["contradictions"][:2]
    outcome = f"It answers {first['happens']}: the output is {first['output']:.2f}"

    def shown(**view) -> str:
        return client.get(page["url"], params={"network": "xor", "e": list(PARTED), **view}).raise_for_status().text

    closed = shown()
    assert (outcome in closed, closed.count(">Guess<span"), closed.count("btn pick")) == (False, 6, 2)
    assert f"but give {first['neurons']} the value of input {first['source']}" in closed
    right, wrong = first["right"][0], "PQ"[first["right"] == ["P"]]
    for guessed, score in ((right, "1 of 1 guess right"), (wrong, "0 of 1 guess right")):
        reply = shown(guess=f"1{guessed}")
        assert f"{outcome}. {right} is right." in reply
        assert f"You guessed {guessed}. {score}." in reply
        assert (reply.count(">Guess<span"), reply.count("btn pick"), reply.count("btn primary")) == (5, 0, 1)
    [following] = re.findall(r'class="btn primary"[^>]* href="([^"]*)"', reply)
    assert client.get(following.replace("&amp;", "&")).text.count("btn pick") == 2
    both = shown(at=2, guess=f"1{right}2{second['right'][0]}")
    assert "2 of 2 guesses right" in both
    every = shown(answers="all")
    assert (outcome in every, every.count(">Guess<span")) == (True, 0)
    last = shown(at=page["n_contradictions"])
    assert "contradiction" in client.get(f"{page['url']}&at={page['n_contradictions'] + 1}").text
    assert f"of {page['n_contradictions']}" in last


def test_a_forced_value_has_the_digits_in_which_it_differs_from_the_old_one() -> None:
    reply = [_becomes(0.0, after) for after in (1.35, 0.0004, 0.0)]
    assert reply == ["0.00 becomes 1.35", "0.0000 becomes 0.0004", "0.00 stays"]


def test_an_answer_near_neither_0_nor_1_and_one_that_rests_on_a_free_row_come_last(get) -> None:
    page = compare(get, "i-183bf.9", "i-3cfff.1073152", limit=200)
    settled = [
        KIND_OF["interpretation"].settled(interpretation(ref), intervention_space((3, 3), 2))
        for ref in ("i-183bf.9", "i-3cfff.1073152")
    ]
    free = ~np.logical_and(*settled)
    assert (page["n_contradictions"], free[intervention_space((3, 3), 2).counted].any()) == (320, True)
    for letter in "PQ":
        own = [one["doubtful"] for one in page["contradictions"] if one["right"] == [letter]]
        assert own == sorted(own)


@pytest.mark.slow
def test_all_kinds_stand_beside_each_other(client, get, refs) -> None:
    page = compare(get, *refs.values())
    ones = page["explanations"]
    assert ("".join(one["letter"] for one in ones), [one["ref"] for one in ones]) == ("PQRSTU", list(refs.values()))
    assert {one["ref"]: one["predicted"] for one in ones} == {
        **{refs[kind]: 0 for kind in ("circuit", "algorithm")},
        **{refs[kind]: 756 for kind in ("interpretation", "other")},
        **{refs[kind]: 36 for kind in ("alignment", "failing")},
    }
    assert "where, not what" in ones[0]["silent_because"]
    assert "what, not where" in ones[2]["silent_because"]
    assert all(one["says"] == [0, 1, 1, 0] and client.get(one["url"]).status_code == 200 for one in ones)
    html = client.get(page["url"]).text
    assert html.count('id="explanation-') == 6
    for two in re.findall(r'href="(/compare\?[^"]*)">Remove', html):
        assert len(get(two.replace("&amp;", "&"))["explanations"]) == 5
    for part in ("parts", "values", "cut", "criteria", "verify", "cite"):
        assert client.get(f"{page['url']}&part={part}").status_code == 200


def test_edges_and_neurons_of_which_they_say_different_things(get, masks, refs) -> None:
    first, second = (circuit_from_hex(mask, (2, 3, 3, 1)) for mask in masks[:2])
    edges = compare(get, f"c-{masks[0]}", f"c-{masks[1]}")["differences"]
    edges = [one for one in edges if "→" in one["site"]]
    assert len(edges) == (first.mask ^ second.mask).bit_count()
    assert all(set(one["says"].values()) == {"kept", "cut"} for one in edges)
    page = compare(get, f"i-{masks[0]}.0", f"i-{masks[0]}.1")
    functions = [{c["site"]: c["truth_table"] for c in one["claims"]} for one in page["explanations"]]
    apart = {
        site
        for site in functions[0]
        if site != "y" and functions[0][site] not in (functions[1][site], [1 - bit for bit in functions[1][site]])
    }
    assert {one["site"] for one in page["differences"]} == apart
    bare = compare(get, refs["algorithm"], refs["alignment"])
    assert bare["differences"] == []


CANNOT = "cannot be held against each other: "
VERDICTS = [
    (("circuit", "algorithm"), CANNOT + "a circuit predicts nothing until its neurons are read, and an algorithm"),
    (("algorithm", "interpretation"), CANNOT + "an algorithm predicts nothing until it is placed"),
    (("algorithm", "alignment"), CANNOT + "an algorithm predicts nothing until it is placed"),
    (("circuit", "interpretation"), CANNOT + "a circuit predicts nothing until its neurons are read"),
    (("interpretation", "other"), "contradict each other on "),
    (("alike", "alike too"), "never contradict each other"),
]


@pytest.mark.parametrize(("kinds", "verdict"), VERDICTS, ids=["-".join(kinds) for kinds, _ in VERDICTS])
def test_the_title_is_the_verdict_and_something_to_guess_at_is_offered(client, get, refs, kinds, verdict) -> None:
    more = {"alike": ALIKE[0], "alike too": ALIKE[1]}
    page = compare(get, *[(refs | more)[kind] for kind in kinds])
    assert page["verdict"].startswith(f"P and Q {verdict}")
    html = client.get(page["url"]).raise_for_status().text
    assert page["verdict"] in html
    if page["n_contradictions"]:
        assert html.count("btn pick") == 2
        return
    assert "btn pick" not in html
    assert "Choose others" in html


def test_two_circuits_are_compared_by_what_they_share_and_by_the_swaps_on_which_they_answer_differently(
    get, masks
) -> None:
    page = compare(get, *(f"c-{mask}" for mask in masks[:2]), limit=200)
    first, second = (circuit_from_hex(mask, (2, 3, 3, 1)) for mask in masks[:2])
    shared, differ = (first.mask & second.mask).bit_count(), (first.mask ^ second.mask).bit_count()
    assert page["verdict"] == f"P and Q share {shared} edges and differ in {differ}"
    assert page["n_contradictions"] == len(page["contradictions"]) > 0
    network = pretrained_xor().network
    for one in page["contradictions"]:
        sites, source, base = one["experiment"].split(":")
        sites = [tuple(map(int, site.split("."))) for site in sites.split("+")]
        rows = [list(map(int, row)) for row in (source, base)]
        answers = [int(swapped(network, circuit.keep, sites, *rows) > 0.5) for circuit in (first, second)]
        assert [int(said) for said in one["says"].values()] == answers
        assert answers[0] != answers[1]


def swapped(network, keep, sites, source, base) -> float:
    """The output of a circuit whose absent edges carry 0, with neurons set to what they are on another input."""

    def run(row, held):
        layers = [row]
        for layer, matrix in enumerate(network.weights, start=1):
            kept, biases = keep[layer - 1], network.biases[layer - 1]
            sums = [
                sum(x * w for x, w, there in zip(layers[-1], matrix[to], kept[to], strict=True) if there) + biases[to]
                for to in range(len(matrix))
            ]
            values = network.function_of(layer).value(np.array(sums)).tolist()
            layers.append([held.get((layer, neuron), value) for neuron, value in enumerate(values)])
        return layers

    clean = run(source, {})
    return run(base, {(layer, neuron): clean[layer][neuron] for layer, neuron in sites})[-1][0]


def test_circuits_that_are_not_valid_are_compared_too(client, get) -> None:
    neither = client.get(compare(get, "c-2b0ce", "c-3b3ee")["url"])
    assert re.search(r"gives? XOR on \d", neither.text)


@pytest.mark.slow
def test_contradictions_come_in_pages_and_lead_to_the_same_in_play(client, get, refs) -> None:
    page = compare(get, *refs.values())
    every, following = page["contradictions"], page["next"]
    while following:
        reply = client.get(following).json()
        every, following = [*every, *reply["contradictions"]], reply["next"]
    assert len({one["experiment"] for one in every}) == len(every) == page["n_contradictions"]
    for one in every[:3]:
        there = get(one["url"])
        assert there["after"]["values"]["y"] == pytest.approx(one["output"], abs=1e-9)
        assert [said["says"] for said in there["explanations"]] == [int(one["says"].get(k, -1)) for k in "PQRSTU"]
    second = client.get(f"{page['url']}&start=6").text
    assert "7 to 12 of" in second
    rows = [line for line in client.get(page["url"].replace("?", ".csv?")).text.splitlines() if line[0] != "#"]
    assert len(rows) == len(every) + 1


def test_other_rules_and_placements_are_named_in_references(get, refs, aligned, kept) -> None:
    stored = get(kept[0]["url"])
    named = f"a-{aligned['algorithm']}." + "_".join(place["place"] for place in stored["places"])
    page = compare(get, named, f"a-{aligned['algorithm']}.0:1.2_1:2.0+1")
    assert [one["ref"] for one in page["explanations"]] == [stored["ref"], f"a-{aligned['algorithm']}.0:1.2_1:2.0+1"]
    paper = get(XOR + "/explanations", kind="algorithm", protocol="paper")["items"][0]
    named = f"{kept_of(get, paper['algorithm'], protocol='paper')[0]['ref']}@paper"
    other = compare(get, refs["alignment"], named)["explanations"][1]
    assert (other["ref"], "under paper" in other["name"], "protocol=paper" in other["url"]) == (named, True, True)


# --- choosing, earlier addresses, refusals


@pytest.mark.slow
def test_with_fewer_than_two_it_says_what_there_is_to_choose(client, get, refs) -> None:
    html = client.get(f"/compare?network=xor&e={refs['alignment']}").text
    assert "Who contradicts a·" in html
    assert f'href="/networks/xor/explanations#compare={refs["alignment"]}"' in html
    typed = client.get("/compare", params={"network": "xor", "e": "\r\n".join(PARTED)})
    assert "P and Q contradict each other" in typed.text
    assert client.get("/compare").status_code == 404


def test_until_a_pair_is_found_it_shows_the_smallest_circuit_and_the_one_farthest_from_it(client, get, masks) -> None:
    page = compare(get)
    shown = [int(one["ref"][2:], 16) for one in page["explanations"]]
    every = [int(mask, 16) for mask in masks]
    assert shown[0].bit_count() == min(map(int.bit_count, every))
    assert (shown[0] ^ shown[1]).bit_count() == max((shown[0] ^ one).bit_count() for one in every)
    html = client.get("/compare?network=xor").text
    assert "Shown meanwhile: the smallest circuit that is known" in html
    assert "each right where the other is wrong?" in html  # what is asked for
    assert "Shown meanwhile" not in client.get(page["url"]).text


def test_without_explanations_it_shows_the_pair_that_an_analysis_found(client, get, monkeypatch) -> None:
    two, other = {"Two": [*PARTED]}, {"Others": [PARTED[1], PARTED[0]]}
    monkeypatch.setattr("pluriscope.app.pages.compare.choosing.choices", lambda *_: two | other)
    page = client.get("/compare?network=xor").text
    assert "P and Q contradict each other" in page
    there = f"/compare?network=xor&amp;e={PARTED[1]}&amp;e={PARTED[0]}"
    assert re.search(f'<a href="{re.escape(there)}">Others</a>', page)
    assert re.search('aria-current="true">Two</a>', page)
    assert [one["ref"] for one in compare(get)["explanations"]] == list(PARTED)


def test_earlier_addresses_lead_here(client) -> None:
    query = f"e={PARTED[0]}&e={PARTED[1]}"
    there = client.get(f"{XOR}/compare?{query}")
    assert there.status_code == 301
    assert "P and Q contradict" in client.get(there.headers["location"]).text


BAD = [
    ("e=x-1&e=c-1", 400, "explanation 1, 'x-1'"),
    ("e={c}&e=nonsense", 400, "explanation 2, 'nonsense'"),
    ("e={c}&e=i-{m}", 400, "explanation 2"),
    ("e={c}&e=c-{m}0", 404, "explanation 2"),
    ("e={c}&e=c-00001", 404, "explanation 2"),
    ("e={c}&e=i-{m}.999999999999999999", 404, "explanation 2"),
    ("e={c}&e=i-{m}.two", 404, "whole number"),
    ("e={c}&e=g-0123456789abcdef", 404, "explanation 2"),
    ("e={c}&e=a-{g}.0123456789abcdef", 404, "not one of the 8 placements"),
    ("e={c}&e=a-{g}.0:1.0_1:9.0", 404, "layer 9"),
    ("e={c}&e=a-{g}.0:1.0_nonsense", 400, "nonsense"),
    ("e={c}&e={c}@no-such", 404, "no-such"),
    ("e={c}&e=i-{m}.0&output=1", 404, "output 1"),
    ("e={c}&e=i-{m}.0&protocol=no-such", 404, "no-such"),
    ("e={c}&e=i-{m}.0&limit=1000", 400, "limit"),
    ("e={c}&e=i-{m}.0&at=0", 400, "at"),
    ("e={c}&e=i-{m}.0&guess=right", 400, "guess"),
    ("e={c}&e=i-{m}.0&answers=yes", 400, "answers"),
    ("e={c}&e=i-{m}.0&colour=red", 400, "colour"),
]


@pytest.mark.parametrize(("query", "status", "word"), BAD, ids=[query for query, _, _ in BAD])
def test_bad_comparisons_are_refused_in_html_and_json_alike(client, aligned, masks, query, status, word) -> None:
    query = query.replace("{c}", f"c-{masks[0]}").replace("{m}", masks[0]).replace("{g}", aligned["algorithm"])
    page, reply = client.get(f"/compare?network=xor&{query}"), client.get(f"/api/v2{XOR}/compare?{query}")
    assert (page.status_code, reply.status_code) == (status, status)
    assert word in reply.json()["error"]
    assert client.get(reply.json()["parent"], follow_redirects=True).status_code == 200


def test_too_few_too_many_and_one_wrong_reference_lead_to_what_is_right(client, masks) -> None:
    def parent(query: str) -> tuple[int, str]:
        answer = client.get(f"/api/v2{XOR}/compare?{query}")
        return answer.status_code, answer.json()["parent"]

    many = [f"e=c-{mask}" for mask in masks[:8]]
    assert parent("&".join(many)) == (400, f"/compare?network=xor&{'&'.join(many[:6])}")
    assert parent(f"{many[0]}&e=nonsense&{many[1]}") == (400, f"/compare?network=xor&{many[0]}&{many[1]}")
    assert parent(many[0]) == (400, f"/compare?network=xor&{many[0]}")
    assert client.get("/api/v2/networks/nowhere/compare").status_code == 404


@pytest.mark.slow
def test_a_comparison_asks_the_store_little(client, masks, aligned) -> None:
    sent = []

    def note(_connection, _cursor, statement, *_):
        sent.append(statement)

    reader = client.app.state.store.reader
    event.listen(reader, "before_cursor_execute", note)
    query = "&".join(f"e={ref}" for ref in [f"c-{masks[0]}", *(f"i-{mask}.0" for mask in masks[:4]), aligned["ref"]])
    for part, most in {"": 9, "&part=criteria": 60}.items():
        sent.clear()
        assert client.get(f"/compare?network=xor&{query}{part}").status_code == 200
        assert len(sent) <= most, part
    event.remove(reader, "before_cursor_execute", note)
