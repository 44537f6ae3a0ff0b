"""Verdicts over HTTP: they follow an analysis by themselves, and others are asked for once."""

import pytest

from app.jobs.worker import Pace, Worker
from tests.app.jobs.executors import Directly
from tests.factories import XOR_SLUG, stored_analysis

HERE = f"/api/v2/networks/{XOR_SLUG}/criteria"
QUICK = ["mean-ablation", "irredundant-gates", "output-faithfulness(tolerance=.05)"]


def work(store):
    Worker(store, pace=Pace(poll_seconds=0.01), executor=Directly).run(until_idle=True)


@pytest.fixture
def analysed(store):
    stored_analysis(store)
    return store


@pytest.mark.slow
def test_what_is_missing_is_computed_once_and_then_there(client, analysed):
    before = client.get(HERE, params={"criteria": QUICK}).json()
    assert before["stored"] == before["jobs"] == []
    assert [one["criterion"] for one in before["missing"]][-1] == "output-faithfulness(tolerance=0.05)"
    first = client.post(HERE, json={"criteria": QUICK})
    again = client.post(HERE, json={"criteria": QUICK[::-1]})
    assert first.status_code == again.status_code == 202
    assert first.headers["location"] == again.headers["location"]
    job = client.get(first.headers["location"]).json()
    assert (job["kind"], job["state"]) == ("criteria", "queued")
    work(analysed)
    assert client.get(first.headers["location"]).json()["state"] == "done"
    after = client.post(HERE, json={"criteria": QUICK})
    assert after.status_code == 200
    assert after.json()["missing"] == []
    tallies = {one["criterion"]: one["tally"] for one in after.json()["stored"]}
    assert tallies["mean-ablation"] == {"passed": 191, "failed": 6, "undecided": 0, "not_applicable": 0, "of": 197}
    assert tallies["irredundant-gates"]["of"] == 2
    assert client.get(HERE, params={"criteria": QUICK}).json()["missing"] == []
    assert client.get(HERE).json()["missing"]  # every criterion is wanted


@pytest.mark.slow
def test_another_setting_is_another_verdict(client, analysed):
    wanted = ["output-faithfulness(tolerance=1000)", "output-faithfulness(tolerance=0)"]
    client.post(HERE, json={"criteria": wanted})
    work(analysed)
    stored = {one["criterion"]: one["tally"]["passed"] for one in client.get(HERE).json()["stored"]}
    assert stored == {wanted[0]: 197, wanted[1]: stored[wanted[1]]}
    assert stored[wanted[1]] < 12


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"criteria": ["nonsense"]}, 422, "zero-ablation"),
        ({"criteria": ["margin(least=2)"]}, 422, "from 0 to 1"),
        ({"criteria": ["margin"] * 65}, 422, "64"),
        ({"criteria": ["m" * 201]}, 422, "200"),
        ({"protocol": "paper"}, 404, "not stored"),
        ({"protocol": "none"}, 404, "paper"),
        ({"output": 1}, 404, "output"),
        ({"unknown": 1}, 422, "unknown"),
    ],
)
def test_refusals(client, analysed, body, status, word):
    answer = client.post(HERE, json=body)
    assert (answer.status_code, word in answer.text) == (status, True), answer.text
    assert client.get("/api/v2/jobs").json()["items"] == []


@pytest.mark.parametrize(
    ("query", "word"),
    [("criteria=nonsense", "zero-ablation"), ("criteria=margin(least=2)", "from 0 to 1"), ("x=1", "x")],
)
def test_questions_that_cannot_be_asked(client, analysed, query, word):
    answer = client.get(f"{HERE}?{query}")
    assert answer.status_code == 400
    assert word in answer.text
