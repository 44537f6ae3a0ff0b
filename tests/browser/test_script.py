"""What scripts do in a real browser, under the strict content policy: theme, tray, copy buttons, figures, polling."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import eventually, served

pytestmark = pytest.mark.browser
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
REFUSED = """(times) => new Promise((done) => {
  document.addEventListener("htmx:before:request", (event) => { if (event.defaultPrevented && !--times) done(); });
})"""
"""Until polling has been held back so many times; listens after house.js, which is loaded before."""
PAGE = """{% extends "base.html" %}{% block title %}Example{% endblock %}{% block main %}<h1>Example</h1>
{{ ui.copy_link(page_url) }} {{ ui.snippet("pluriscope serve", "Example") }}
{{ ui.plot(plots.edges_histogram({7: 2, 8: 5}), "One") }}{{ ui.plot(plots.edges_histogram({7: 2, 8: 5}), "Two") }}
{% for label in ("i·2b0cf.21", "c·2b0cf") %}
{% call ui.card(label, "#a", circuit_thumb(weights), ref=label | replace("·", "-")) %}a card{% endcall %}{% endfor %}
{{ ui.compare_tray("sample", addresses.compare("sample")) }}<figure>{{ network_diagram(crowded) }}</figure>
<div id="poll" data-poll hx-get="/tick" hx-trigger="every 100ms" hx-swap="innerHTML">0</div>{% endblock %}"""
"""Of parts that many pages have."""


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """A page of parts that many pages have, on a local port; /tick counts how often it was asked for."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    from app.rendering import environment, render
    from app.resources import STATIC
    from tests.app.figures.samples import WEIGHTS, random_weights

    folder = tmp_path_factory.mktemp("templates")
    (folder / "example.html").write_text(PAGE)
    environment().loader.searchpath.append(str(folder))

    def show(request):
        response = render(request, "example.html", weights=WEIGHTS, crowded=random_weights((3, 4, 4, 1), 1))
        cookie = {k: v for k, v in response.headers.items() if k == "set-cookie"}
        return HTMLResponse(response.body.decode(), headers={"Content-Security-Policy": POLICY, **cookie})

    def tick(request):
        app.state.ticks += 1
        return HTMLResponse(str(app.state.ticks))

    static = Mount("/static", StaticFiles(directory=STATIC))
    app = Starlette(routes=[Route("/example", show), Route("/tick", tick), static])
    app.state.ticks = 0
    with served(app) as url:
        yield app, f"{url}/example"


@pytest.fixture
def page(chromium, example):
    """A fresh visitor, on that page; anything said on the console as an error fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda e: said.append(str(e)))
    tab.goto(example[1])
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


TOLD_AGAIN = """(chosen) => new Promise((done) => {
  const seen = new MutationObserver(() => {});
  seen.observe(document.querySelector("[data-tray]"), { subtree: true, childList: true, attributes: true });
  if (chosen) localStorage.setItem("pluriscope.compare.sample", JSON.stringify(chosen));
  for (let time = 0; time < 3; time++) {
    document.dispatchEvent(new CustomEvent("htmx:after:swap"));
    dispatchEvent(new StorageEvent("storage", { key: "pluriscope.compare.sample" }));
    dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  }
  done(seen.takeRecords().length);
})"""
"""How often the tray changes while parts are swapped in, another tab writes, and the page comes back; ``chosen`` is
put into it first.
"""


def test_the_tray_is_drawn_anew_only_for_another_choice(page):
    from playwright.sync_api import expect

    page.get_by_label("Compare i·2b0cf.21").check()
    remove = page.get_by_label("Remove i·2b0cf.21")
    before = remove.element_handle()
    assert page.evaluate(TOLD_AGAIN) == 0
    assert before.evaluate("e => e.isConnected")
    # chosen in the same moment: the page's own polling draws the tray as well
    assert page.evaluate(TOLD_AGAIN, [{"ref": "c-1", "label": "c·1", "href": "/c"}]) > 0
    expect(page.get_by_label("Remove c·1")).to_be_visible()
    expect(page.get_by_label("Compare i·2b0cf.21")).not_to_be_checked()


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


def test_a_link_is_copied_whole(page, example):
    button = page.get_by_role("button", name="Copy link", exact=True).first
    button.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()") == example[1]


def test_code_is_copied_as_it_stands_and_the_button_gets_its_words_back(page):
    button = page.get_by_role("button", name="Copy Example", exact=True)
    button.click()
    code = page.get_by_label("Example", exact=True).inner_text()
    assert page.evaluate("() => navigator.clipboard.readText()") == code
    page.get_by_role("button", name="Copied").wait_for(state="detached")
    assert button.locator(".vh").count() == 1


def test_polling_rests_while_the_tab_is_hidden(page, example):
    page.locator("#poll", has_not_text="0").wait_for()
    page.evaluate("() => Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate(REFUSED, 2)  # whatever was asked for before has been answered by then
    rest = example[0].state.ticks
    page.evaluate(REFUSED, 4)
    assert example[0].state.ticks == rest
    page.evaluate("() => Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    eventually(page, lambda: example[0].state.ticks > rest, True)


def test_weights_of_a_crowded_drawing_are_shown_on_demand(page):
    from playwright.sync_api import expect

    figure = page.locator("figure.diagram")
    expect(figure.locator(".w-asked > g:visible")).to_have_count(0)
    figure.get_by_label("Show all weights").check()
    assert figure.locator(".w-asked > g:visible").count() > 9
