"""States that change while somebody looks: waiting, at work, failed, done; the page follows by itself."""

from __future__ import annotations

import httpx
import pytest

from app.db.engine import open_store
from app.db.job_tables import JobRow
from app.settings import Settings
from tests.browser.rules import accessible, broken
from tests.factories import small_network

pytestmark = pytest.mark.browser


def bring(site, seed: int) -> tuple[str, str]:
    """A network of its own with an analysis that waits for a worker: its address, and its job."""
    file = small_network(seed, (2, 2, 1), f"Looked at {seed}")
    network = file.network
    document = {
        "format": "pluriscope-network/1",
        "name": file.name,
        "sizes": list(network.sizes),
        "weights": [w.tolist() for w in network.weights],
        "biases": [b.tolist() for b in network.biases],
        "activation": network.activation,
        "output_activation": network.output_activation,
        "tasks": [{"name": "XOR", "truth_table": [0, 1, 1, 0]}],
    }
    url = httpx.post(site("/api/v1/networks"), json=document, timeout=30).raise_for_status().json()["url"]
    asked = httpx.post(site(f"/api/v1{url}/analyses"), json={"protocol": "complete", "output": 0}, timeout=30)
    return url, asked.raise_for_status().headers["Location"].rpartition("/")[2]


def test_a_page_that_waits_follows_the_work_and_keeps_its_focus(site, visitor):
    from playwright.sync_api import expect

    url, _ = bring(site, 301)
    tab = visitor()
    tab.goto(f"{url}/explanations")
    expect(tab.get_by_text("Still computing")).to_be_visible()
    watch = tab.get_by_role("link", name="See the job")
    watch.focus()
    tab.evaluate("() => new Promise((seen) => document.addEventListener('htmx:after:swap', seen, { once: true }))")
    expect(watch).to_be_focused()
    with site.worker():
        expect(tab.get_by_text("Still computing")).to_have_count(0, timeout=90_000)
        expect(tab.locator("#list [role=status]")).to_contain_text("explanations")
    assert tab.url.endswith(f"{url}/explanations")
    expect(tab.locator("[data-poll]")).to_have_count(0)
    expect(tab.locator("main")).to_have_count(1)


def test_what_failed_says_why_and_can_be_tried_again(site, visitor):
    from playwright.sync_api import expect

    url, job = bring(site, 302)
    store = open_store(Settings(data=site.data))
    with store.write() as session:
        row = session.get(JobRow, job)
        row.state, row.error = "failed", "memory: 3 GiB are needed, 1 GiB is allowed. Raise the limit."
    store.close()
    tab = visitor()
    for page in ("", "/explanations"):
        tab.goto(url + page)
        expect(tab.get_by_role("alert").or_(tab.locator(".notice.refused"))).to_contain_text("Raise the limit.")
        assert broken(tab, page, (accessible,)) == []
    tab.get_by_role("button", name="Try again").click()
    expect(tab).to_have_url(site(f"/jobs/{job}"))
    expect(tab.get_by_role("status").first).to_contain_text("Waiting for a worker")
    with site.worker():
        expect(tab.get_by_role("link", name="View results")).to_be_visible(timeout=90_000)
