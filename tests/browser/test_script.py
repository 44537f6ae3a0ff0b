"""Tests of scripts in a real browser, under the strict content policy: theme, tray, polling."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import eventually
from tests.browser.test_blocks import address, visit  # noqa: F401  # the page of all blocks, and visitors of it

pytestmark = pytest.mark.browser
KEPT = "pluriscope.compare.xor"
REFUSED = """(times) => new Promise((done) => {
  document.addEventListener("htmx:before:request", (event) => { if (event.defaultPrevented && !--times) done(); });
})"""
"""Until polling has been held back so many times; listens after house.js, which is loaded before."""
CHANGED_AGAIN = """([key, chosen]) => new Promise((done) => {
  const seen = new MutationObserver(() => {});
  seen.observe(document.querySelector("[data-tray]"), { subtree: true, childList: true, attributes: true });
  if (chosen) localStorage.setItem(key, JSON.stringify(chosen));
  for (let time = 0; time < 3; time++) {
    document.dispatchEvent(new CustomEvent("htmx:after:swap"));
    dispatchEvent(new StorageEvent("storage", { key }));
    dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  }
  done(seen.takeRecords().length);
})"""
"""How often the tray changes while parts are swapped in, another tab writes, and the page comes back; what is chosen is
put into it first.
"""


def test_drawings_follow_the_theme(visit):  # noqa: F811
    tab = visit()
    fill = """() => getComputedStyle(document.querySelector("main figure svg .n-on")).fill"""
    assert tab.evaluate(fill) == "rgb(20, 24, 27)"
    tab.locator(".bar [data-theme-switch]").click()
    assert tab.locator("html").get_attribute("data-theme") == "dark"
    assert tab.evaluate(fill) == "rgb(236, 238, 234)"
    tab.reload()
    assert tab.locator("html").get_attribute("data-theme") == "dark"  # now from the cookie, by the server


def test_the_tray_remembers_what_was_chosen_and_is_drawn_anew_only_for_another_choice(visit):  # noqa: F811
    from playwright.sync_api import expect

    tab = visit()
    tray = tab.locator("[data-tray]")
    expect(tray).to_be_hidden()
    for ref in ("c-000", "c-001"):
        tab.locator(f"[data-compare={ref}]").check()
    tab.reload()
    expect(tab.locator("[data-compare=c-001]")).to_be_checked()
    target = urlsplit(tray.get_by_role("link", name="Compare").get_attribute("href"))
    assert parse_qs(target.query)["e"] == ["c-000", "c-001"]
    assert tab.evaluate(CHANGED_AGAIN, [KEPT, None]) == 0
    assert tab.evaluate(CHANGED_AGAIN, [KEPT, [{"ref": "c-1", "label": "c·1", "href": "/c"}]]) > 0
    expect(tab.get_by_label("Remove c·1")).to_be_visible()
    expect(tab.locator("[data-compare=c-000]")).not_to_be_checked()
    tab.get_by_label("Remove c·1").click()
    expect(tray).to_be_hidden()


def test_no_more_than_six_and_nothing_active_from_storage(visit):  # noqa: F811
    tab = visit()
    entries = [{"ref": f"x-{k}", "label": f"x·{k}", "href": "https://elsewhere.test/"} for k in range(7)]
    entries[0]["thumb"] = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><path d='M0 0'/></svg>"
    entries[1]["thumb"] = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    tab.evaluate("([key, e]) => localStorage.setItem(key, JSON.stringify(e))", [KEPT, entries])
    tab.reload()
    assert tab.locator("[data-tray-list] li").count() == 6
    assert tab.locator("[data-compare=c-000]").is_disabled()
    assert tab.locator("[data-tray-list] svg, [data-tray-list] script").count() == 0
    assert tab.locator("[data-tray-list] a").first.get_attribute("href") == "#"
    tab.evaluate("key => localStorage.setItem(key, 'not json')", KEPT)
    tab.reload()
    assert tab.locator("[data-tray]").is_hidden()


def test_polling_rests_while_the_tab_is_hidden(visit):  # noqa: F811
    tab = visit()
    asked = []
    tab.on("request", lambda request: asked.append(request.url) if "part=job" in request.url else None)
    eventually(tab, lambda: len(asked) > 0, True)
    tab.evaluate("() => Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    tab.evaluate(REFUSED, 1)  # whatever was asked for before has been answered by then
    rest = len(asked)
    tab.evaluate(REFUSED, 2)
    assert len(asked) == rest
    tab.evaluate("() => Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    eventually(tab, lambda: len(asked) > rest, True)
