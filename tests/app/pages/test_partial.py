"""Pages of an analysis on its way: what is found so far is there to browse, and nothing more is claimed of it."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from analysis.pipeline import analyse_output
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.work import Work
from app.db.job_tables import JobRow
from app.db.prepared import prepare_so_far
from app.db.writes import save_network, save_so_far
from app.jobs import queue
from app.jobs.definitions import analyse_arguments
from app.main import create_app
from tests.factories import on_a_copy, pretrained_xor

pytestmark = pytest.mark.slow
XOR = "/networks/xor"
PAGES = ("",)
STAGES = {"circuits": (2, 500), "interpretations": (0, 1), "alignments": (100, 120)}
CERTAIN = (
    *(
        "None exist",
        "No circuit is valid",
        "No alignment is valid",
        "This will not change",
        "The search was exhaustive",
    ),
    *("exhaustive</span>", 'data-empty="none"', 'data-empty="truncated"', "stopped at a limit", "no valid alignment"),
)
"""What may be said only of an analysis that is whole."""


@pytest.fixture(scope="module")
def parts():
    """What the pretrained XOR network's analysis has found in each stage."""
    file, found = pretrained_xor(), {}

    def report(progress):
        low, high = STAGES.get(progress.stage, (1, 0))
        if progress.so_far is not None and low <= progress.done <= high:
            found[progress.stage] = prepare_so_far(progress.so_far())

    analyse_output(ask(file.network, task=file.tasks[0]), Work(report=report))
    return found


@pytest.fixture(scope="module", params=STAGES)
def client(request, parts, tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("partial")))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000)) as client:
        with app.state.store.write() as session:
            row = save_network(session, pretrained_xor(), slug="xor")
            made = queue.enqueue(session, "analyse", analyse_arguments(row.digest, 0, COMPLETE), "Analyse")
            job = session.get(JobRow, made.id)
            job.state, job.stage, job.done, job.total, job.found = "running", request.param, 31, 250, "some so far"
            save_so_far(session, parts[request.param], made.id)
        client.stage = request.param
        yield client


@pytest.mark.parametrize("page", PAGES)
def test_what_is_found_so_far_is_shown_as_such_and_renewed(client, page):
    answer = client.get(XOR + page)
    text = answer.text.partition("<main")[2].partition("</main>")[0]
    assert answer.status_code == 200
    assert re.search(r"Still computing: ([0-9≥]|.*so far)", text)
    assert [words for words in CERTAIN if words in text] == []


def test_twins_tell_that_it_is_partial_and_never_that_it_is_done(client):
    for page in PAGES:
        scope = client.get(f"/api/v2{XOR}{page}").json()["scope"]
        assert (scope["state"], scope["partial"]) == ("computing", True)
    assert client.get(f"/api/v1{XOR}/result").status_code == 404


def test_the_list_holds_what_is_certain_and_says_that_more_may_follow(client):
    answer = client.get(f"{XOR}/explanations")
    assert "What is listed is certain; more may follow." in answer.text
    page = client.get(f"/api/v2{XOR}/explanations?kind=circuit").json()
    assert page["state"] == "computing"
    assert (page["items"][0]["observed"] is None) == (client.stage != "alignments")
    for row in client.get(f"/api/v2{XOR}/explanations?kind=algorithm&valid=any").json()["items"]:
        assert row["tried"] or not row["valid"]


def test_without_its_job_nothing_partial_is_shown(client):
    app = client.app
    with app.state.store.write() as session:
        for job in session.query(JobRow).where(JobRow.kind == "analyse"):
            job.state = "failed"
    try:
        scope = client.get(f"/api/v2{XOR}").json()["scope"]
        assert (scope["state"], scope["partial"]) == ("failed", False)
    finally:
        with app.state.store.write() as session:
            for job in session.query(JobRow).where(JobRow.kind == "analyse"):
                job.state = "running"
