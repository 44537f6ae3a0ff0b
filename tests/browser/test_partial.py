"""An analysis on its way, looked at: what is found so far is listed, renewed in place, then replaced by the whole."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select

from analysis.work import Work
from app.db.engine import open_store
from app.db.job_tables import JobRow
from app.db.writes import save_so_far
from app.jobs.analyses import load_analysis_inputs, save_analysis_outcome
from app.settings import Settings
from tests.factories import pretrained_xor

pytestmark = pytest.mark.browser
CIRCUITS = 197  # valid ones of the pretrained XOR network


@pytest.fixture
def store(site):
    store = open_store(Settings(data=site.data))
    yield store
    store.close()


@pytest.fixture
def waiting(site, store):
    """The address of a network of its own, and the job that analyses it; no worker is there to take it."""
    network = pretrained_xor().network
    document = {
        "format": "pluriscope-network/1",
        "name": "Half done",
        "sizes": list(network.sizes),
        "weights": [weights.tolist() for weights in network.weights],
        "biases": [(biases + 1e-9).tolist() for biases in network.biases],  # another network than the bundled one
        "activation": network.activation,
        "output_activation": network.output_activation,
        "tasks": [{"name": "XOR", "truth_table": [0, 1, 1, 0]}],
    }
    url = httpx.post(site("/api/v1/networks"), json=document, timeout=60).raise_for_status().json()["url"]
    asked = httpx.post(site(f"/api/v1{url}/analyses"), json={"protocol": "complete", "output": 0}, timeout=60)
    job = asked.raise_for_status().headers["Location"].rpartition("/")[2]
    yield url, job
    with store.write() as session:  # the workers of other tests find none of this
        digest = session.get_one(JobRow, job).network_digest
        for row in session.scalars(select(JobRow).where(JobRow.network_digest == digest)):
            row.state = "cancelled" if row.state in ("queued", "running") else row.state


def found_by(store, job):
    """What the job finds, as a worker computes it: its first circuits, all that it tells on its way, the whole."""
    first, last = None, None

    def report(progress):
        nonlocal first, last
        if progress.so_far is not None and (progress.stage, progress.done) != ("circuits", 0):
            last = progress.so_far()
            first = first or (last if last.columns["circuits_listed"] >= 2 else None)

    with store.read() as session:
        arguments = session.get_one(JobRow, job).arguments
        compute = load_analysis_inputs(session, arguments)
    whole = compute(Work(report))
    return first, last, whole, arguments


def keep(store, job, part, done):
    with store.write() as session:
        row = session.get_one(JobRow, job)
        row.state, row.stage, row.done, row.total, row.found = "running", "circuits", done, 250, f"part {done}"
        assert save_so_far(session, part, job)


def test_what_is_found_so_far_grows_and_ends_while_ticks_stay(site, store, waiting, visitor):
    from playwright.sync_api import expect

    url, job = waiting
    options = {"kind": "circuit", "limit": 10}
    slug, listed = url.rpartition("/")[2], f"{url}/explanations?kind=circuit&limit=10"
    first, last, whole, arguments = found_by(store, job)
    few = first.columns["circuits_listed"]
    assert 2 <= few < last.columns["circuits_listed"] == CIRCUITS

    keep(store, job, last, 200)
    after = [item["ref"] for item in site.listed(slug, **options)["items"]]
    keep(store, job, first, 10)
    before = [item["ref"] for item in site.listed(slug, **options)["items"]]
    assert len(before) == few
    stays = next(ref for ref in before if ref in after)
    leaves = next(ref for ref in before if ref not in after)  # to a later page of the list
    tab = visitor()
    tab.goto(listed)
    still, status = tab.locator("#list-state"), tab.locator("#list [role=status]")
    box = "#list input[data-compare='{}']".format
    expect(still).to_contain_text("part 10")
    expect(status).to_have_text(f"{few} explanations")
    expect(tab.locator("#list input[data-compare]")).to_have_count(few)
    for ref in (stays, leaves):
        tab.locator(box(ref)).check()
    tab.evaluate("window.neverLoadedAgain = true")

    def both_are_chosen():
        expect(tab.locator(box(stays))).to_be_checked()
        expect(tab.locator(box(leaves))).to_have_count(0)
        for ref in (stays, leaves):
            expect(tab.locator(f"[data-tray-list] [data-tray-remove='{ref}']")).to_be_visible()
        expect(tab.locator("#list input[data-compare]:checked")).to_have_count(1)

    keep(store, job, last, 200)  # what comes next is swapped in, by the page's own asking
    expect(still).to_contain_text("part 200")
    expect(status).to_have_text(f"{CIRCUITS} explanations")
    both_are_chosen()
    assert tab.evaluate("window.neverLoadedAgain")

    with store.write() as session:
        saved = save_analysis_outcome(session, arguments, whole)
        row = session.get_one(JobRow, job)
        row.state, row.result, row.found = "done", dict(saved.result), saved.found
    expect(still).to_have_count(0)
    expect(tab.locator("main")).not_to_contain_text("Still computing")
    expect(status).to_have_text(f"{CIRCUITS} explanations")
    both_are_chosen()
    expect(tab.locator("[data-poll]")).to_have_count(0)

    tab.get_by_role("link", name="Compare 2", exact=True).click()
    tab.wait_for_url("**/compare?**")
    assert {stays, leaves} <= set(tab.url.partition("?")[2].replace("e=", "").split("&"))
