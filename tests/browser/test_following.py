"""Pages follow work in the background to its end: nobody reloads them, and what a reader does there stays.

No worker runs: what one would do is done to the store, step by step.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from plugins.studies.tests.stored_studies import store_study
from plugins.studies.tests.study_factories import design
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.app.bundled import bundled_networks
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.jobs import jobs_of_network
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.jobs.handlers import handler_at
from pluriscope.app.settings import Settings
from pluriscope_studies.jobs import queue as study_queue
from pluriscope_studies.reads import find_study
from tests.factories import small_network

pytestmark = pytest.mark.browser


@pytest.fixture
def store(site):
    """The dashboard's store; what is left to do at the end, the workers of other tests do not find."""
    store = open_store(Settings(data=site.data))
    with store.read() as session:
        before = set(session.scalars(select(JobRow.id)))
    yield store
    with store.write() as session:
        for job in session.scalars(select(JobRow).where(JobRow.state.in_(("queued", "running")))):
            if job.id not in before:
                job.state = "cancelled"
    store.close()


def end(session, job, result=(), found=""):
    job.state, job.result, job.found = "done", dict(result), found
    job.started_at = job.finished_at = datetime.now(UTC)


def live(n):
    """A design of so many seeds at each of two widths."""
    widths = [[2, 2], [2, 3]]
    return design(slug="live", name="Followed live", hidden=widths, references=[], seeds={"first": 0, "count": n})


def test_a_study_is_followed_to_its_end_and_through_an_extension(tab, store, expect):
    with store.write() as session:
        study_queue.start(session, live(4))
    tab.goto("/studies/live")
    main = tab.get_by_role("main")
    expect(main).to_contain_text("No network is analysed yet")

    def carry_on(n):
        """Outcomes of so many networks of each cell; nothing is left to do."""
        with store.write() as session:
            row = find_study(session, "live")
            store_study(session, live(n))
            for job in session.scalars(select(JobRow).where(JobRow.network_digest == row.digest)):
                end(session, job)

    carry_on(4)
    expect(main).to_contain_text("Finished. 8 of 8 networks")
    expect(tab.locator("main figure")).to_have_count(1)
    expect(main).not_to_contain_text("No network")
    expect(tab.locator("[data-poll]")).to_have_count(0)
    tab.locator("#extend summary").click()
    tab.locator("#extend input[name=seeds]").fill("15")
    tab.get_by_role("button", name="Add seeds").click()
    expect(main).to_contain_text("8 of 38 networks have their outcome")
    expect(tab.locator("main figure")).to_have_count(1)
    carry_on(19)
    expect(main).to_contain_text("Finished. 38 of 38 networks")
    expect(main).to_contain_text("30 networks of 38, 8 failed")
    expect(tab.locator("[data-poll]")).to_have_count(0)


def do(store, job_id):
    """Run a job as a worker does."""
    with store.read() as session:
        job = session.get_one(JobRow, job_id)
        arguments, handler = job.arguments, handler_at(DEFINITIONS[job.kind].handler)
        compute = handler.load(session, arguments)
    outcome = compute(DEFAULT_WORK)
    with store.write() as session:
        saved = handler.save(session, arguments, outcome)
        end(session, session.get_one(JobRow, job_id), saved.result, saved.found)


def test_a_network_is_followed_until_all_that_comes_behind_its_analysis_is_there(tab, store, expect):
    file = next(one.file for one in bundled_networks() if one.slug == "xor-2-2-2")
    with store.write() as session:
        row = save_network(session, replace(file, name="Followed network"))
        digest, (job,) = row.digest, [one.id for one in queue.enqueue_analyses(session, row, [COMPLETE])]
    tab.goto("/networks/followed-network")
    verdict = tab.locator(".answer .lead")
    expect(verdict).to_contain_text("Not known yet.")
    places = "['#runs', '.answer .facts'].map((one) => document.querySelector(one).getBoundingClientRect().y)"
    before = tab.evaluate(places)
    do(store, job)
    expect(verdict).not_to_contain_text("Not known yet.")  # what is found fills the page by itself
    assert tab.evaluate(places) == before  # and nothing below the verdict moves
    with store.write() as session:
        behind = [one.id for one in jobs_of_network(session, digest, unfinished=True)]
        assert len(behind) > 2
        for one in behind:
            end(session, session.get_one(JobRow, one))
    expect(tab.locator(".answer")).not_to_contain_text("See the job")


def test_a_page_asks_for_what_nobody_asked_for_once_and_without_scripts_a_button_does(visitor, store, expect):
    with store.write() as session:
        row = save_network(session, small_network(303, name="Asked by its page"))
        (job,) = [one.id for one in queue.enqueue_analyses(session, row, [COMPLETE])]

    def is_asked() -> bool:
        with store.read() as session:
            return session.get_one(JobRow, job).is_asked

    page, button = "/networks/asked-by-its-page/explanations", "Compute now"
    still = visitor(java_script_enabled=False)
    still.goto(page)
    expect(still.get_by_role("button", name=button)).to_be_visible()
    assert not is_asked()
    tab, sent = visitor(), []
    tab.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    tab.goto(page)
    expect(tab.get_by_role("main")).not_to_contain_text("nothing else to do")
    assert is_asked()
    assert [one.rpartition("/jobs/")[2] for one in sent] == [f"{job}/retry"]
    still.get_by_role("button", name=button).click()
    expect(still.get_by_role("main")).to_contain_text("Waiting for a worker")
