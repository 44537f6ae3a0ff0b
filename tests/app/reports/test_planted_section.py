"""What was planted, on the page of its network and beside the answers of methods; and that stores and files keep it."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from analysis.algorithms.parsing import parse_algorithm
from analysis.network_files.files import NetworkFile, network_file_json
from analysis.network_files.planted_record import planted_json
from analysis.pipeline import analyse_output
from analysis.planting.compiling import compile_algorithm
from analysis.planting.disguises import disguised
from analysis.question import ask
from app.db.codecs import network_file_of
from app.db.reads.analyses import find_network
from app.db.writes import save_analysis, save_network
from app.jobs import planted as jobs
from app.jobs.analyses import handler_of
from app.jobs.definitions import arguments_about
from app.main import create_app
from pluriscope.analyses.registry import METHODS
from tests.factories import on_a_copy, small_network

ALICE = compile_algorithm(parse_algorithm("!(!(!A&B)&!(!B&A))", "and_inverter", 2), (3, 2))
BROKEN = disguised(disguised(ALICE, "idle", 2), "noise=0.9", 2)
FILES = {"alice": ALICE.file("Alice"), "broken": BROKEN.file("Broken"), "plain": small_network(3)}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("planted")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.1", 5000)) as client:
        store = app.state.store
        for slug, file in FILES.items():
            with store.write() as session:
                save_network(session, file, slug=slug)
                row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
                key = row.protocol_digest, row.data_digest, row.result_digest
            if file.planted is None:
                continue
            about = arguments_about(file.network.digest, 0, *key)
            with store.write() as session:
                jobs.PLANTED.save(session, about, jobs.PLANTED.compute(jobs.PLANTED.load(session, about)))
            about = arguments_about(file.network.digest, 0, *key, thorough=False)
            with store.write() as session:
                inputs = handler_of(METHODS).load(session, about)
                handler_of(METHODS).save(session, about, handler_of(METHODS).compute(inputs))
        with store.write() as session:
            save_network(session, disguised(ALICE, "noise=0.01", 3).file("Waiting"), slug="waiting")
        yield client


@pytest.mark.slow
def test_the_page_says_what_was_planted_and_where_it_stands(client, get) -> None:
    told = get("/networks/alice")["planted"]
    assert (told["circuit"], told["edges"]) == (ALICE.record.circuit.hex, 7)
    assert told["formula"] == "(A ∧ ¬B) ∨ (¬A ∧ B)"
    assert [(place["variable"], place["site"]) for place in told["places"]] == [
        ("¬A ∧ B", "n1.0"),
        ("A ∧ ¬B", "n1.1"),
    ]
    found = told["found"]
    assert (found["outcome"], found["minimal"], found["smaller"], found["equal"]) == ("recovered", True, 0, 0)
    assert (found["alignment_valid"], found["margin"]) == (True, 0.5)
    assert [(one["key"], one["passed"]) for one in found["tested"]] == [
        ("zero", True),
        ("mean", True),
        ("resample", True),
        ("single", True),
        ("joint", True),
    ]
    page = client.get("/networks/alice?part=planted").text
    assert "recovered, and nothing valid is smaller" in page
    assert "margin ≥ 0.5" in page
    assert client.get(told["algorithm_url"]).status_code == 200
    assert client.get(told["circuit_url"]).status_code == 200


def test_one_that_noise_broke_is_not_valid_and_says_why(client, get) -> None:
    found = get("/networks/broken")["planted"]["found"]
    assert (found["outcome"], found["valid"], found["margin"]) == ("invalid", False, None)
    assert found["reasons"]
    page = client.get("/networks/broken?part=planted").text
    assert "not valid" in page
    assert "not proved" in page


@pytest.mark.slow
def test_methods_stand_beside_the_planted_circuit(client) -> None:
    page = client.get("/networks/alice/analyses/methods").text
    assert "the planted circuit, " in page
    assert "which a benchmark that knows only the planted one counts as" in page
    assert 'title="What it is beside the planted circuit."' in page


def test_a_file_brought_in_keeps_its_record_and_gives_it_back(client) -> None:
    file = disguised(ALICE, "noise=0.01", 11).file("Brought in")
    answer = client.post("/api/v1/networks", content=json.dumps(network_file_json(file)))
    assert answer.status_code == 201, answer.text
    with client.app.state.store.read() as session:
        assert network_file_of(find_network(session, "brought-in")) == file


def test_a_record_of_another_task_is_refused(client) -> None:
    document = network_file_json(ALICE.file("Wrong"))
    document["planted"]["output"] = "4"
    answer = client.post("/api/v1/networks", content=json.dumps(document))
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
