"""Tests of planted explanations, as an analysis and beside the answers of methods; stores and files keep them."""

from __future__ import annotations

import json
from html import unescape

import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef, Scope
from pluriscope.analyses.registry import METHODS
from pluriscope.analyses.shown import AnalysisContext
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import NetworkFile, network_file_json
from pluriscope.analysis.planted.record import planted_json
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.codecs import network_file_of
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import handler_of
from pluriscope.app.jobs.definitions import arguments_about
from pluriscope_edits.analyses import PLANTED
from pluriscope_edits.planting.compiling import compile_algorithm
from pluriscope_edits.planting.disguises import disguised
from pluriscope_edits.shown.planted import SHOWN
from tests.clients import served
from tests.factories import save_analysis, small_network

ALICE = compile_algorithm(parse_algorithm("!(!(!A&B)&!(!B&A))", "and_inverter", 2), (3, 2))
BROKEN = disguised(ALICE, "noise=0.9", 2)
FILES = {"alice": ALICE.file("Alice"), "broken": BROKEN.file("Broken"), "plain": small_network(3)}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("planted"), local=True) as client:
        store = client.app.state.store
        for slug, file in FILES.items():
            with store.write() as session:
                save_network(session, file, slug=slug)
                row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
                key = row.protocol_digest, row.data_digest, row.result_digest
            if file.planted is None:
                continue
            for analysis in (PLANTED, METHODS):
                about, work = arguments_about(file.network.digest, 0, *key, **analysis.details()), handler_of(analysis)
                with store.write() as session:
                    work.save(session, about, work.load(session, about)(DEFAULT_WORK))
        with store.write() as session:
            save_network(session, disguised(ALICE, "noise=0.01", 3).file("Waiting"), slug="waiting")
        yield client


def planted(client, slug: str):
    return client.get(f"/api/v2/networks/{slug}/analyses/planted").raise_for_status().json()


def test_the_page_says_what_was_planted_and_where_it_stands(client) -> None:
    reply = planted(client, "alice")
    report = reply["report"]
    assert reply["findings"][0] == "The planted circuit is valid, and nothing valid is smaller."
    assert (report["inside"], report["smaller"], report["equal"], report["margin"]) == (0, "0", "0", 0.5)
    assert report["passes"]["single"] == {"agreed": report["passes"]["single"]["of"]} | report["passes"]["single"]
    page = client.get(reply["url"]).text
    for words in (ALICE.record.circuit.hex, "(A ∧ ¬B) ∨ (¬A ∧ B)", "¬A ∧ B on n1.0", "recovered, minimal", "0.5"):
        assert words in page
    file = FILES["alice"]
    subject = AnalysisContext(ask(file.network), "Alice", "alice", Scope(), Addresses(), dict, planted=file.planted)
    for mask, said in ((ALICE.record.circuit.hex, 1), ("00", 0)):
        assert len(list(SHOWN.about(None, subject, ExplanationRef("circuit", mask)))) == said
    assert reply["url"] in client.get("/networks/alice/analyses").text


def test_one_that_noise_broke_is_not_valid_and_says_why(client) -> None:
    reply = planted(client, "broken")
    report = reply["report"]
    assert (reply["findings"][0], report["margin"]) == ("The planted circuit is not valid.", None)
    page = client.get(reply["url"]).text
    assert "not proved" in page
    assert report["reasons"][0] in unescape(page)


def test_where_nothing_was_planted_it_is_not_asked(client) -> None:
    assert planted(client, "plain")["state"] == "not_applicable"
    assert "Planted</a>" not in client.get("/networks/plain/analyses").text
    answer = client.post("/api/v2/networks/plain/analyses/planted", json={})
    assert (answer.status_code, "nothing is said to be planted" in answer.text) == (409, True)


def test_a_file_brought_in_keeps_its_record_and_gives_it_back(client) -> None:
    file = disguised(ALICE, "noise=0.01", 11).file("Brought in")
    answer = client.post("/api/v2/networks", content=json.dumps(network_file_json(file)))
    assert answer.status_code == 201, answer.text
    with client.app.state.store.read() as session:
        assert network_file_of(find_network(session, "brought-in")) == file


def test_a_record_of_another_task_is_refused(client) -> None:
    document = network_file_json(ALICE.file("Wrong"))
    document["planted"]["output"] = "4"
    answer = client.post("/api/v2/networks", content=json.dumps(document))
    assert answer.status_code == 422
    assert "is another function than the algorithm" in answer.text


def test_weights_that_are_known_take_a_record_over_once(client) -> None:
    bare = disguised(ALICE, "noise=0.01", 21)
    other = disguised(ALICE, "noise=0.01", 22).record
    with client.app.state.store.write() as session:
        save_network(session, NetworkFile("Bare", bare.network, (bare.record.task,)))
        assert find_network(session, "bare").planted is None
        save_network(session, bare.file("Bare"))
        assert find_network(session, "bare").planted == planted_json(bare.record)
        save_network(session, NetworkFile("Bare", bare.network, (bare.record.task,), planted=other))
        assert find_network(session, "bare").planted == planted_json(bare.record)
