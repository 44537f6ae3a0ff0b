"""What app.js does in a real browser, under the strict content policy: theme, tray, copy buttons, figures, polling."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import eventually

pytestmark = pytest.mark.browser
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
REFUSED = """(times) => new Promise((done) => {
  document.addEventListener("htmx:before:request", (event) => { if (event.defaultPrevented && !--times) done(); });
})"""
"""Until polling has been held back so many times; listens after app.js, which is loaded before."""
POLLING = '<div id="poll" data-poll hx-get="/tick" hx-trigger="every 100ms" hx-swap="innerHTML">0</div>'


@pytest.fixture(scope="module")
def patterns():
    """The pattern page on a local port; /tick counts how often it was asked for."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    from app.pages.patterns import example_context
    from app.rendering import STATIC, render

    def show(request):
        response = render(request, "patterns.html", example_context())
        cookie = {k: v for k, v in response.headers.items() if k == "set-cookie"}
        body = response.body.decode().replace("</main>", POLLING + "</main>")
        return HTMLResponse(body, headers={"Content-Security-Policy": POLICY, **cookie})

    def tick(request):
        app.state.ticks += 1
        return HTMLResponse(str(app.state.ticks))

    static = Mount("/static", StaticFiles(directory=STATIC))
    app = Starlette(routes=[Route("/patterns", show), Route("/tick", tick), static])
    app.state.ticks = 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield app, f"http://127.0.0.1:{port}/patterns"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def page(chromium, patterns):
    """A fresh visitor, on the pattern page; anything said on the console as an error fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda e: said.append(str(e)))
    tab.goto(patterns[1])
    yield tab
    context.close()
    assert said == []


def fills(page) -> str:
    return page.locator("[data-plot] .bars path").first.evaluate("e => getComputedStyle(e).fill")


def test_figures_are_drawn_and_follow_the_theme(page):
    page.locator("[data-plot][data-drawn=true]").nth(1).wait_for()
    before = fills(page)
    page.locator("[data-theme-switch]").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.locator("[data-plot][data-drawn=true]").nth(1).wait_for()
    eventually(page, lambda: (before, fills(page)), ("rgb(98, 106, 109)", "rgb(150, 158, 157)"))
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"  # now from the cookie, by the server


def test_the_tray_remembers_what_was_chosen_and_leads_to_the_comparison(page):
    from playwright.sync_api import expect

    tray = page.locator("[data-tray]")
    expect(tray).to_be_hidden()
    page.get_by_label("Compare i·2b0cf.21").check()
    expect(tray.get_by_text("Pick one more")).to_be_visible()
    page.get_by_label("Compare c·2b0cf").check()
    page.reload()
    expect(page.get_by_label("Compare c·2b0cf")).to_be_checked()
    expect(page.locator("[data-tray-list] li svg")).to_have_count(2)  # with their thumbs
    target = urlsplit(tray.get_by_role("link", name="Compare 2").get_attribute("href"))
    assert target.path == "/compare"
    assert parse_qs(target.query) == {"network": ["sample"], "e": ["i-2b0cf.21", "c-2b0cf"]}
    badge = page.locator("[data-compare-count]")
    assert badge.inner_text().startswith("2")
    page.get_by_label("Remove c·2b0cf").click()
    expect(page.get_by_label("Compare c·2b0cf")).not_to_be_checked()
    tray.get_by_role("button", name="Clear").click()
    expect(tray).to_be_hidden()
    expect(badge).to_be_hidden()


def test_no_more_than_six_and_nothing_active_from_storage(page):
    entries = [{"ref": f"c-{k}", "label": f"c·{k}", "href": "https://elsewhere.test/"} for k in range(7)]
    entries[0]["thumb"] = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><path d='M0 0'/></svg>"
    entries[1]["thumb"] = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    page.evaluate("e => localStorage.setItem('pluriscope.compare.sample', JSON.stringify(e))", entries)
    page.reload()
    assert page.locator("[data-tray-list] li").count() == 6
    assert page.get_by_label("Compare i·2b0cf.21").is_disabled()
    assert page.locator("[data-tray-list] svg, [data-tray-list] script").count() == 0
    assert page.locator("[data-tray-list] a").first.get_attribute("href") == "#"
    page.evaluate("() => localStorage.setItem('pluriscope.compare.sample', 'not json')")
    page.reload()
    assert page.locator("[data-tray]").is_hidden()


def test_a_link_is_copied_whole(page, patterns):
    button = page.get_by_role("button", name="Copy link", exact=True).first
    button.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()") == patterns[1]


def test_code_is_copied_as_it_stands_and_the_button_gets_its_words_back(page):
    button = page.get_by_role("button", name="Copy Example", exact=True)
    button.click()
    code = page.get_by_label("Example", exact=True).inner_text()
    assert page.evaluate("() => navigator.clipboard.readText()") == code
    page.get_by_role("button", name="Copied").wait_for(state="detached")
    assert button.locator(".vh").count() == 1


def test_polling_rests_while_the_tab_is_hidden(page, patterns):
    page.locator("#poll", has_not_text="0").wait_for()
    page.evaluate("() => Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate(REFUSED, 2)  # whatever was asked for before has been answered by then
    rest = patterns[0].state.ticks
    page.evaluate(REFUSED, 4)
    assert patterns[0].state.ticks == rest
    page.evaluate("() => Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    eventually(page, lambda: patterns[0].state.ticks > rest, True)


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_nothing_runs_over_the_edge(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth") == 0


def test_without_scripts_the_page_still_stands(chromium, patterns):
    from playwright.sync_api import expect

    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(patterns[1])
    expect(tab.get_by_role("heading", name="Patterns", level=1)).to_be_visible()
    expect(tab.get_by_role("button", name="Copy link")).to_have_count(0)
    tab.locator("[data-theme-switch]").click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    context.close()
