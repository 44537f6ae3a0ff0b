"""Passing a page on: the panel, an embedding on another site, a link that checks itself."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.browser.conftest import eventually

pytestmark = pytest.mark.browser


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that another site serves."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_a_page_is_cited_and_verified_where_it_stands(tab, where) -> None:
    from playwright.sync_api import expect

    tab.goto(where["circuit"])
    cite = tab.locator("#cite")
    cite.locator("summary").click()
    expect(cite.get_by_text("@misc{pluriscope-")).to_be_visible()
    verified = tab.locator("#verify")
    verified.locator("summary").click()
    expect(verified).to_contain_text("figures found again")
    expect(tab.get_by_text("differs", exact=True)).to_have_count(0)


@pytest.mark.parametrize("page", ["network", "alignment"])
def test_an_embedding_grows_to_its_content_on_another_site(site, visitor, where, elsewhere, page) -> None:
    from playwright.sync_api import expect

    folder, host = elsewhere
    code = site_code(site, where[page])
    (folder / "post.html").write_text(
        f"<!doctype html><html lang='en'><link rel='icon' href='data:,'><title>A post</title><p>Look:</p>{code}"
    )
    tab = visitor()
    tab.goto(f"{host}/post.html")
    frame = tab.frame_locator("iframe[data-pluriscope]")
    expect(frame.get_by_role("link", name="See it whole in Pluriscope")).to_be_visible()
    box = tab.locator("iframe[data-pluriscope]")
    expect(box).to_have_attribute("style", re.compile(r"height: \d+px"))
    inner = frame.locator("main")
    bottom = "node => node.getBoundingClientRect().bottom"
    eventually(tab, lambda: abs(box.bounding_box()["height"] - inner.evaluate(bottom)) < 40, True)


def site_code(site, path: str) -> str:
    """The embedding code that the site itself gives for a page."""
    answer = httpx.get(f"{site.url}{path}{'&' if '?' in path else '?'}part=cite", timeout=30)
    answer.raise_for_status()
    return html.unescape(re.search(r"&lt;iframe.*?&lt;/script&gt;", answer.text, re.DOTALL)[0])
