"""A circuit of one's own: located at an address that holds it, as links from earlier are."""

from __future__ import annotations

import json
import re

import networkx as nx
import pytest
from fastapi.testclient import TestClient

from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.running.progress import KnownCircuits
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.main import create_app
from tests.clients import served
from tests.factories import exact_xor, on_a_copy, pretrained_xor, save_analysis

HERE, VERDICTS = "/networks/xor/own", "verdicts-of-the-criteria"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("claims"), local=True) as client:
        with client.app.state.store.write() as session:
            file = pretrained_xor()
            save_network(session, file, slug="xor")
            save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
            save_network(session, exact_xor(), slug="untouched")
        yield client


def record(client, path: str = HERE, **given):
    return client.get(f"/api/v2{path}", params=given or None).raise_for_status().json()


GRAPHML = "\n".join(nx.generate_graphml(nx.DiGraph([("x0", "1.0"), ("1.0", "2.0"), ("2.0", "y0")])))
GRAPH = {"x0->1.0": True, "x1->1.1": True, "1.0->2.0": True, "1.1->2.0": True, "2.0->y0": True, "x0->1.1": False}


@pytest.mark.parametrize(
    ("given", "form", "raw", "valid"),
    [
        ({"text": "3B2CE"}, "mask", "3b2ce", False),
        ({"text": "c-183bf"}, "mask", "183bf", True),
        ({"c": "c·183bf"}, "mask", "183bf", True),
        ({"c": "i-183bf.12"}, "mask", "183bf", True),
        ({}, "mask", "3ffff", True),
        ({"text": "A→n1.0, B-n1.0; n1.0→n2.0 n2.0-y"}, "edges", "08043", False),
        ({"text": "A>n1.0 B>n1.1 n1.0>n2.0 n1.1>n2.0 n2.0>y"}, "edges", None, False),
        ({"text": json.dumps(GRAPH)}, "edge-scores", None, False),
        ({"text": GRAPHML}, "graphml", "08041", False),
        (
            {"text": json.dumps([None, *(-0.1 * n for n in range(2, 19))]), "k": "17", "signed": "true"},
            "scores",
            "3fffe",
            None,
        ),
    ],
)
def test_a_circuit_is_read_in_any_form_and_located(client, given, form, raw, valid) -> None:
    reply = record(client, **given)
    assert reply["form"] == form
    assert raw is None or reply["raw_mask"] == raw
    assert valid is None or reply["valid"] is valid
    page = client.get(HERE, params=given).raise_for_status()
    first, _, then = reply["sentence"].partition(". ")
    assert f"<b>{first}.</b>{then}" in page.text.replace("&gt;", ">")
    assert "Among all valid circuits" in client.get(HERE, params={**given, "part": VERDICTS}).text


def test_assumptions_about_a_graph_are_named(client) -> None:
    assert "does not say which network" in record(client, text=GRAPHML)["note"]
    assert "does not say which network" in client.get(HERE, params={"text": GRAPHML}).text
    assert "note" not in record(client, c="3b2cf")


def test_the_distance_to_the_nearest_valid_circuit_is_shown(client) -> None:
    reply = record(client, c="3b2ce")
    assert (reply["possible"], reply["edges"], reply["nearest"]["distance"]) == (True, 11, 1)
    page = client.get(HERE, params={"c": "3b2ce"}).text
    assert "The nearest valid one" in page
    assert re.search(
        r"Not valid: wrong on \d\d\.</b>The nearest of the 197 valid ones differs in 1 edge: \+ A→n1.0", page
    )
    assert "The nearest other" in client.get(HERE, params={"c": "3b2cf"}).text


def test_what_is_not_needed_is_left_out(client) -> None:
    left = client.get(HERE, params={"c": "3ffff", "without": "unneeded"})
    assert left.status_code == 303
    mask = left.headers["location"].partition("c=")[2]
    reply = record(client, c=mask)
    assert (reply["state"], reply["left_over"]) == ("valid", [])
    for bit in range(18):  # no edge of it can go
        if int(mask, 16) >> bit & 1:
            assert record(client, c=f"{int(mask, 16) & ~(1 << bit):05x}")["state"] != "valid"
    twin = client.get(f"/api/v2{HERE}", params={"c": "3ffff", "without": "unneeded"})
    assert (twin.status_code, twin.headers["location"]) == (303, f"/api/v2{HERE}?c={mask}")


def test_every_edge_and_neuron_leads_to_the_mask_without_it_or_with_it(client) -> None:
    page = client.get(HERE, params={"c": "183bf"}).text
    links = dict(re.findall(r'<a id="w-([en][\d.]+)" role="button" [^>]*href="[^"]*c=(\w+)"', page))
    assert len(links) == 18 + 6
    assert all(int(links[f"e{bit}"], 16) == 0x183BF ^ 1 << bit for bit in range(18))
    assert record(client, c=links["n1.0"])["left_over"] == ["n2.1→y"]  # a neuron with all its edges
    assert 'class="part loose"' in client.get(HERE, params={"c": links["n1.0"]}).text


def test_a_file_leads_to_the_circuit_or_the_scores_in_it(client) -> None:
    for content, leads in ((GRAPHML, "c=08041"), ("1 " * 18, "text=%5B1.0%2C"), ("c-183bf", "c=183bf")):
        to = client.post(HERE, files={"file": ("circuit.txt", content)}).headers["location"]
        assert to.startswith(f"{HERE}?{leads}")
        assert client.get(to).status_code == 200
    refused = client.post(HERE, files={"file": ("circuit.pt", b"PK\x03\x04")})
    assert refused.status_code == 422


@pytest.mark.parametrize("mask", ["00001", "00000", "20001"])
def test_what_is_no_possible_circuit_is_drawn_as_it_was_given(client, mask) -> None:
    assert "Not a circuit yet." in client.get(HERE, params={"c": mask}).raise_for_status().text
    assert client.get(HERE, params={"c": mask, "part": VERDICTS}).status_code == 200


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"text": "zzz"}, "is no name of a circuit, no edge and no number"),
        ({"text": "fffff"}, "beyond the network"),
        ({"c": "3b2c"}, "hex digits"),
        ({"text": "c-zzz"}, "is the name of no circuit: after c- 5 hex digits are read"),
        ({"text": "1 " * 17}, "17 numbers"),
        ({"text": "1 " * 18, "k": "19"}, "k is 19"),
        ({"text": "1 " * 18, "k": "2", "threshold": "0.5"}, "together"),
        ({"text": "1 " * 18, "pick": "best"}, "pick is"),
        ({"c": "3b2cf", "text": "3b2cf"}, "give one of them"),
        ({"text": "3b2cf", "colour": "red"}, "colour"),
        ({"text": "0" * 8_001}, "in a notebook"),
        ({"text": '{"edges": {"a0.h1->m2": {"score": 1, "in_graph": true}}}'}, "a0.h1"),
    ],
)
def test_what_cannot_be_read_is_refused(client, given, words) -> None:
    for path in (HERE, f"/api/v2{HERE}"):
        answer = client.get(path, params=given)
        assert answer.status_code == 422, answer.text
        assert words.lower() in answer.text.lower()
        assert path != HERE or "Locate it" in answer.text


def test_without_an_analysis_it_is_judged_and_compared_with_the_whole_network(client) -> None:
    there = "/networks/untouched/own"
    whole, empty = record(client, there), record(client, there, c="00")
    assert whole["sentence"] == "Valid. No other is known yet."
    assert "nobody asked for it yet" in client.get(there).text
    assert (
        empty["sentence"]
        == "Not a circuit yet. Nothing leads to the output. The only valid one that is known differs in 6 edges."
    )
    less = record(client, there, c=f"{int(whole['mask'], 16) ^ 1:02x}")
    assert (less["all_listed"], less["listed"], less["circuits"]) == (False, 1, {"value": 1, "bound": "at_least"})


KNOWN = {
    "two": (
        KnownCircuits(49, 2, 2, 48, masks=(0x3B, 0x3F)),
        "Valid, and one of at least 2. The other that is known differs",
    ),
    "a sample": (
        KnownCircuits(49, 9, 4, 20, 0.99, "sampled", (0x3B, 0x3F)),
        "There are between 4 and 20, with 99% confidence.",
    ),
}


@pytest.mark.parametrize("known", KNOWN)
def test_while_the_search_runs_what_it_knows_is_shown(tmp_path, known) -> None:
    reply, words = KNOWN[known]
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        with app.state.store.write() as session:
            row = save_network(session, exact_xor(), slug="running")
            job = queue.enqueue_analyses(session, row, (COMPLETE,))[0]
            session.get(JobRow, job.id).so_far = {"circuits": reply.as_json()}
        assert words in record(client, "/networks/running/own")["sentence"]
        page = client.get("/networks/running/own").raise_for_status()
        assert words.split(". ")[-1] in page.text
        assert "The valid circuits are searched" in page.text
        beside = client.get("/compare?network=running").text
        assert "P and Q share 5 edges and differ in 1" in beside
        assert all(words in beside for words in ("Shown meanwhile:", ">c·3b</a>", ">c·3f</a>"))
