"""Explanations beside each other: their facts against the engine, their refusals, where earlier addresses lead."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import event

from analysis.experiments import ask_network
from analysis.explanations.interpretations import predict_by_interpretation
from analysis.explanations.lens_claims import LENS
from analysis.lenses.registry import LENS_BY_KEY
from analysis.networks.circuit import circuit_from_hex
from analysis.question import ask
from pluriscope.naming import ExplanationRef
from tests.app.explanations.conftest import XOR, kept_of
from tests.factories import interpretation_at, pretrained_xor

ALIKE = ("i-2b0cf.0", "i-2b0cf.2")  # one in substance: no intervention tells them apart
PARTED = ("i-2b0cf.0", "i-2b0cf.1")
TYPED = "l-labels(labels=1.0: A and B; 2.1: A or B)"


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
    return get(f"{XOR}/compare", e=list(chosen), **query)


def predicted(ref: str) -> np.ndarray:
    """What an interpretation predicts, on the interventions that count, by the engine alone."""
    question = ask(pretrained_xor().network)
    space, _ = ask_network(question)
    mask, index = ref[2:].split(".")
    read = interpretation_at(question, circuit_from_hex(mask, (2, 3, 3, 1)), int(index))
    return predict_by_interpretation(read, space)[space.counted]


# --- the facts


def test_who_is_right_on_every_intervention_is_what_the_engine_says(get, client) -> None:
    first, second = map(predicted, PARTED)
    _, answers = ask_network(ask(pretrained_xor().network))
    does, margins = answers.decisions[answers.counted], answers.margins[answers.counted]
    page = compare(get, *PARTED, limit=200)
    (pair,) = page["pairs"]
    right, other = first == does, second == does
    assert pair == {
        "first": "P",
        "second": "Q",
        "both": 756,
        "same": int((first == second).sum()),
        "both_right": int((right & other).sum()),
        "first_right": int((right & ~other).sum()),
        "second_right": int((other & ~right).sum()),
        "neither": int((~right & ~other).sum()),
    }
    apart = first != second
    assert page["n_contradictions"] == apart.sum() == pair["first_right"] + pair["second_right"]
    told = page["contradictions"]
    assert sorted(one["margin"] for one in told) == sorted(margins[apart].tolist())
    for letter in "PQ":  # the clearest of each first
        own = [one for one in told if one["right"] == [letter]]
        keys = [(one["doubtful"], one["neurons"].count("+"), -one["margin"]) for one in own]
        assert keys == sorted(keys)
    turns = 2 * min(pair["first_right"], pair["second_right"])
    assert all(one["right"] != other["right"] for one, other in pairwise(told[:turns]))
    for one in told:
        assert set(one["says"].values()) == {"0", "1"}
        assert [letter for letter in "PQ" if one["says"][letter] == one["happens"]] == one["right"]
        assert one["margin"] == pytest.approx(abs(one["output"] - 0.5))
    html = client.get(page["url"]).text
    assert page["verdict"] == f"P and Q contradict each other on {apart.sum()} of 756 interventions"
    assert page["verdict"] in html
    assert f"{pair['both_right']} both right, {pair['first_right']} only P, {pair['second_right']} only Q" in html


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


def test_what_cannot_and_what_never_contradicts_says_so(client, get, refs) -> None:
    silent = compare(get, refs["circuit"], refs["algorithm"])
    assert silent["verdict"].startswith("P and Q cannot be held against each other: a circuit predicts nothing until")
    alike = compare(get, *ALIKE)
    assert (alike["verdict"], alike["n_contradictions"]) == ("P and Q never contradict each other", 0)
    assert (predicted(ALIKE[0]) == predicted(ALIKE[1])).all()
    assert client.get(alike["url"]).status_code == 200
    neither = client.get(compare(get, "c-2b0ce", "c-3b3ee")["url"])  # not valid; both decide the last input neither way
    assert "give XOR on 3 of 4 inputs" in neither.text


@pytest.mark.slow
def test_contradictions_come_in_pages_and_lead_to_the_same_in_play(client, get, refs) -> None:
    page = compare(get, *refs.values())
    every, following = page["contradictions"], page["next"]
    while following:
        told = client.get(following).json()
        every, following = [*every, *told["contradictions"]], told["next"]
    assert len({one["experiment"] for one in every}) == len(every) == page["n_contradictions"]
    for one in every[:3]:
        there = get(one["url"])
        assert next(iter(there["after"]["outputs"].values())) == pytest.approx(one["output"], abs=1e-9)
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


@pytest.mark.slow
def test_a_lens_stands_beside_gates(client, get, refs) -> None:
    page = compare(get, "l-labels", refs["interpretation"])
    lens = page["explanations"][0]
    question = ask(pretrained_xor().network)
    rows = LENS_BY_KEY["labels"].answer(question, LENS_BY_KEY["labels"].defaults).view.rows
    told = {(claim["layer"], *claim["neurons"]): claim["truth_table"] for claim in lens["claims"]}
    assert told == {(row["layer"], row["neuron"]): row["truth_table"] for row in rows}
    assert (lens["name"], lens["predicted"], client.get(lens["url"]).status_code) == ("Labels of neurons", 0, 200)
    for text in ("l-labels", TYPED, "l-patching-table@paper"):
        assert (ExplanationRef.parse(text).kind, str(ExplanationRef.parse(text))) == (LENS.key, text)


# --- choosing, earlier addresses, refusals


@pytest.mark.slow
def test_with_fewer_than_two_it_says_what_there_is_to_choose(client, get, refs) -> None:
    html = client.get(f"/compare?network=xor&e={refs['alignment']}").text
    assert f"{refs['alignment']} is chosen" in html
    assert 'href="/networks/xor/explanations"' in html
    typed = client.get("/compare", params={"network": "xor", "e": "\r\n".join(PARTED)})
    assert "P and Q contradict each other" in typed.text
    assert 'name="network"' in client.get("/compare").text


@pytest.mark.parametrize(
    "former", ["pin=c-1", "between=PQ", "swap=x", "experiment=1.0:00:01", "groups=once", "after=x"]
)
def test_options_of_earlier_addresses_lead_to_the_same_comparison(client, former) -> None:
    page = client.get(f"/compare?network=xor&e={PARTED[0]}&e={PARTED[1]}&{former}")
    assert "P and Q contradict each other" in page.text


def test_earlier_addresses_lead_here(client) -> None:
    query = f"e={PARTED[0]}&e={PARTED[1]}"
    for path in (f"{XOR}/compare?{query}", f"/compare/neighbours?network=xor&{query}"):
        there = client.get(path)
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
    ("e={c}&e=a-{g}.0123456789abcdef", 404, "not one of the 8 alignments"),
    ("e={c}&e=a-{g}.0:1.0_1:9.0", 404, "layer 9"),
    ("e={c}&e=a-{g}.0:1.0_nonsense", 400, "nonsense"),
    ("e={c}&e={c}@no-such", 404, "no-such"),
    ("e={c}&e=l-shapley", 404, "lens shapley: says nothing of single neurons"),
    ("e={c}&e=l-das", 404, "no answer under these settings is stored. Run the lenses that learn"),
    ("e={c}&e=l-sae", 404, "Nothing is trained unless force is true. Leave it out."),
    ("e={c}&e=l-labels(labels=9.9: A)", 404, "names a neuron that is not there"),
    ("e={c}&e=i-{m}.0&output=1", 404, "output 1"),
    ("e={c}&e=i-{m}.0&protocol=no-such", 404, "no-such"),
    ("e={c}&e=i-{m}.0&limit=1000", 400, "limit"),
    ("e={c}&e=i-{m}.0&colour=red", 400, "colour"),
]


@pytest.mark.parametrize(("query", "status", "word"), BAD, ids=[query for query, _, _ in BAD])
def test_bad_comparisons_are_refused_in_html_and_json_alike(client, aligned, masks, query, status, word) -> None:
    query = query.replace("{c}", f"c-{masks[0]}").replace("{m}", masks[0]).replace("{g}", aligned["algorithm"])
    page, told = client.get(f"/compare?network=xor&{query}"), client.get(f"/api/v2{XOR}/compare?{query}")
    assert (page.status_code, told.status_code) == (status, status)
    assert word in told.json()["error"]
    assert client.get(told.json()["parent"], follow_redirects=True).status_code == 200


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
