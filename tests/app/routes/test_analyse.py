"""Analyses asked for over HTTP."""

import json

import pytest
from sqlalchemy import select

from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.network_files.result_file import output_json
from pluriscope.app.db.reads.results import load_analysis
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.jobs.worker import Pace, Worker
from tests.app.jobs.executors import Directly
from tests.factories import pretrained_xor, small_network

FILE = network_file_json(pretrained_xor())


def bring_in(client, file=FILE):
    return client.post("/api/v2/networks", content=json.dumps(file))


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["complete", "paper", {"name": "strict", "accuracy_threshold": 0.5}])
def test_an_analysis_is_asked_for_once(client, protocol):
    slug = bring_in(client).json()["slug"]
    first = client.post(f"/api/v2/networks/{slug}/analyses", json={"protocol": protocol})
    again = client.post(f"/api/v2/networks/{slug}/analyses", json={"protocol": protocol, "output": 0})
    assert first.status_code == again.status_code == 202
    assert first.headers["location"] == again.headers["location"] == f"/api/v2/jobs/{first.json()['id']}"
    assert client.get(first.headers["location"]).json()["state"] == "queued"
    assert len(client.get("/api/v2/jobs").json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"protocol": "strict"}, 404, "strict"),
        ({"protocol": {"name": "paper"}}, 422, "built-in"),
        ({"output": 1}, 404, "output 1"),
        ({"output": -1}, 422, "output"),
        ({"data": "abcdef123456"}, 404, "abcdef"),
        ({"depth": 3}, 422, "depth"),
    ],
)
def test_what_cannot_be_analysed_is_refused_with_its_name(client, body, status, word):
    slug = bring_in(client).json()["slug"]
    answer = client.post(f"/api/v2/networks/{slug}/analyses", json=body)
    assert answer.status_code == status
    assert answer.json()["ok"] is False
    assert word in answer.json()["error"]
    assert client.get("/api/v2/jobs").json()["items"] == []


@pytest.mark.slow
def test_the_result_of_an_analysis_is_its_file(client, store):
    file = small_network(3, (2, 2, 1))
    slug = bring_in(client, network_file_json(file)).json()["slug"]
    missing = client.get(f"/api/v2/networks/{slug}/result")
    assert missing.status_code == 404
    assert "not been made" in missing.json()["error"]
    client.post(f"/api/v2/networks/{slug}/analyses", json={})
    analyses = {"analyse": DEFINITIONS["analyse"]}
    Worker(store, pace=Pace(poll_seconds=0.05), definitions=analyses, executor=Directly).run(until_idle=True)
    document = client.get(f"/api/v2/networks/{slug}/result").json()
    assert document["format"] == "pluriscope-result/1"
    assert document["network"] == file.network.digest
    assert document["outputs"][0]["circuits"]["possible"] == 9  # 16 − 4 − 4 + 1: both inputs used
    with store.read() as session:
        whole = output_json(load_analysis(session, session.scalars(select(AnalysisRow)).one()))
    for part in ("circuits", "interpretations"):  # which are read some blocks at a time as they are sent
        assert list(document["outputs"][0][part].items()) == list(whole[part].items())
    short = client.get(f"/api/v2/networks/{slug}/result", params={"masks": "false"}).json()
    assert "masks" not in short["outputs"][0]["circuits"]
    assert client.get(f"/api/v2/networks/{slug}/result", params={"output": 4}).status_code == 404
    assert client.get(f"/api/v2/networks/{slug}/result", params={"mask": "x"}).status_code == 400
