"""Verdicts asked for from pages: they follow an analysis by themselves, and others are asked for once."""

import pytest
from sqlalchemy import select

from pluriscope.app.db.reads.verdicts import verdict_sets
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.jobs.worker import Pace, Worker
from tests.app.jobs.executors import Directly
from tests.factories import XOR_SLUG, stored_analysis

HERE = FUNNEL = f"/networks/{XOR_SLUG}/analyses/funnel"
QUICK = ["mean-ablation", "irredundant-gates", "output-faithfulness(tolerance=.05)"]


def tallies(store):
    with store.read() as session:
        return {str(one.step): one.tally for one in verdict_sets(session, session.scalars(select(AnalysisRow)).one())}


def jobs(client):
    return client.get("/api/v2/jobs").json()["items"]


def work(store):
    Worker(store, pace=Pace(poll_seconds=0.01), executor=Directly).run(until_idle=True)


@pytest.fixture
def analysed(store):
    stored_analysis(store)
    return store


@pytest.mark.slow
def test_what_is_missing_is_computed_once_and_then_there(client, analysed):
    for wanted in (QUICK, QUICK[::-1]):
        asked = client.post(HERE, data={"criteria": wanted, "sequence": QUICK})
        assert asked.status_code == 303
        assert asked.headers["location"].startswith(f"{FUNNEL}/chosen?criteria=mean-ablation+irredundant-gates+")
    assert [job["state"] for job in jobs(client)] == ["queued"]
    work(analysed)
    assert client.post(HERE, data={"criteria": QUICK}).headers["location"] == FUNNEL
    assert len(jobs(client)) == 1
    found = tallies(analysed)
    assert (found["mean-ablation"].passed, found["mean-ablation"].failed, found["mean-ablation"].of) == (191, 6, 197)
    assert found["irredundant-gates"].of == 2


@pytest.mark.parametrize(
    ("sent", "status", "word"),
    [
        ({"criteria": ["nonsense"]}, 422, "zero-ablation"),
        ({"criteria": ["margin"] * 65}, 422, "64"),
        ({"protocol": "paper"}, 409, "not stored"),
        ({"protocol": "none"}, 404, "paper"),
        ({"output": "1"}, 404, "output"),
        ({"output": "one"}, 422, "output"),
        ({"unknown": "1"}, 422, "unknown"),
    ],
)
def test_refusals(client, analysed, sent, status, word):
    answer = client.post(HERE, data=sent)
    assert (answer.status_code, word in answer.text) == (status, True), answer.text
    assert jobs(client) == []
