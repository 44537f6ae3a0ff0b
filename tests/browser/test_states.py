"""States that change while somebody looks: waiting, at work, failed, done; the page follows by itself."""

from __future__ import annotations

import httpx
import pytest

from pluriscope.app.db.engine import open_store
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.settings import Settings
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
    url = httpx.post(site("/api/v2/networks"), json=document, timeout=30).raise_for_status().json()["url"]
    asked = httpx.post(site(f"/api/v2{url}/analyses"), json={"protocol": "complete", "output": 0}, timeout=30)
    return url, asked.raise_for_status().headers["Location"].rpartition("/")[2]


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
    site.work("analyse")
    expect(tab.get_by_role("link", name="View results")).to_be_visible()
