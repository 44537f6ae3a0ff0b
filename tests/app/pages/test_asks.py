"""What nobody has asked for and a page shows is asked for by the page itself, where its reader may."""

import re

import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.analyses.registry import ANALYSES, PAIR
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.stages import enqueue_following
from tests.app.db.test_writes import dump
from tests.clients import served
from tests.factories import pretrained_xor, real_analysis, save_analysis, small_network

READERS = {"owner": {"local": True}, "stranger": {}, "read-only": {"local": True, "read_only": True}}
WAITS = "until this machine has nothing else to do"


def sent(text: str) -> list[str]:
    """Addresses to which a page sends something by itself."""
    return re.findall(r'<form hidden hx-post="([^"]*)" hx-trigger="load" hx-swap="none">', text)


@pytest.fixture(params=READERS)
def reader(request, tmp_path):
    """Which reader, a client, and the job of a network that nobody has asked for."""
    with served(tmp_path, **READERS[request.param]) as client:
        with client.app.state.store.write() as session:
            row = save_network(session, small_network(1), slug="waits")
            save_network(session, small_network(2), slug="untouched")
            (job,) = queue.enqueue_analyses(session, row, [COMPLETE])
        yield request.param, client, job.id


def test_the_page_of_its_owner_asks_and_others_are_told_that_it_waits(reader):
    who, client, job = reader
    store, links = client.app.state.store, Addresses()
    before = dump(store)
    pages = [links.network("waits"), links.explanations("waits"), links.analysis("waits", "methods")]
    for page in pages:
        text = client.get(page).text
        assert sent(text) == ([links.job_action(job, "retry")] if who == "owner" else [])
        assert WAITS in text
        assert (">Compute now</button>" in text) == (who == "owner" and page != pages[0])
        part = client.get(f"{page}?part=progress", headers={"HX-Request": "true"}).text
        assert sent(part) == [], "what is followed asks for nothing again"
    assert (sent(client.get(links.network("untouched")).text) != []) == (who == "owner")
    assert dump(store) == before, "opening a page changes nothing"
    answer = client.post(links.job_action(job, "retry"))
    with store.write() as session:
        row = session.get_one(JobRow, job)
        assert (answer.status_code == 303, row.is_asked) == ((True, True) if who == "owner" else (False, False))
        row.priority = queue.REQUESTED_PRIORITY
    text = client.get(pages[0]).text
    assert (sent(text), WAITS in text) == ([], False), "it is asked for once"
    with store.write() as session:
        session.get_one(JobRow, job).state = "failed"
    assert [sent(client.get(page).text) for page in pages] == [[]] * len(pages), "nor again where it failed"


@pytest.mark.slow
def test_what_follows_an_analysis_is_asked_for_where_it_is_shown(tmp_path):
    with served(tmp_path, local=True) as client:
        with client.app.state.store.write() as session:
            save_network(session, pretrained_xor(), slug="xor")
            analysis = save_analysis(session, real_analysis())
            jobs = {one.kind: Addresses().job_action(one.id, "retry") for one in enqueue_following(session, analysis)}
        first = {jobs[kind] for kind in (PAIR.key, "common-ground")}
        assert set(sent(client.get("/networks/xor").text)) == first
        funnel = client.get("/networks/xor/analyses/funnel").text
        there = {"criteria", *(one.key for one in ANALYSES if one.page == "funnel")}
        assert set(sent(funnel)) == {jobs[kind] for kind in there}
