"""Every block in a real browser: at a desk, on a phone, in the dark, on paper, by keys, and without scripts."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.browser.conftest import PHONE, served
from tests.browser.rules import AT_A_DESK, IN_THE_DARK, ON_A_PHONE, WITHOUT_SCRIPTS, accessible, broken, settle
from tests.every_block import COLUMNS, every_block

pytestmark = pytest.mark.browser
EDGES = ("edges_min", "edges_max")
SHORTER = tuple(replace(one, facet="") if one.facet == "range" else one for one in COLUMNS)
"""Without the range whose bars would be drawn as soon as the page opens."""


@pytest.fixture(scope="module")
def address():
    """A page of all blocks; how often its folded part was made is in its ``state``."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    from pluriscope.addresses.address import Addresses
    from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
    from pluriscope.app.middleware import CONTENT_SECURITY_POLICY
    from pluriscope.app.rendering import network_row, show
    from pluriscope.resources import STATIC

    def page(request):
        options = {key: request.query_params.getlist(key) for key in request.query_params}
        asked = {key: values for key, values in options.items() if key not in ("part", "theme", *EDGES)}
        row = network_row(Addresses(), "xor", "XOR, pretrained by the authors", PERCEPTRON, "Sheet")
        answer = show(request, every_block(asked, SHORTER), "Blocks", room="Explore", network=row)
        answer.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return answer

    def nothing(_request):
        return JSONResponse({"groups": []})

    static = Mount("/static", StaticFiles(directory=STATIC))
    with served(Starlette(routes=[Route("/blocks", page), Route("/api/v2/search", nothing), static])) as url:
        yield f"{url}/blocks"


@pytest.fixture
def visit(lent, address, ear):
    """Opens the page for a fresh visitor with these options."""
    with ExitStack() as used:

        def go(query="", **options):
            tab = used.enter_context(lent(**options))
            ear.listen(tab)
            used.callback(ear.leave, tab)
            assert tab.goto(address + query).status == 200
            if options.get("java_script_enabled", True):
                settle(tab)
            return tab

        yield go
    assert ear.heard == []


@pytest.mark.parametrize(
    ("rules", "options"),
    [
        (AT_A_DESK, {"reduced_motion": "reduce"}),
        (IN_THE_DARK, {"color_scheme": "dark"}),
        ((*ON_A_PHONE, accessible), PHONE),
        (WITHOUT_SCRIPTS, {**PHONE, "java_script_enabled": False}),
    ],
    ids=["desk", "dark", "phone", "no-scripts"],
)
def test_all_blocks_keep_the_rules_of_every_page(visit, rules, options):
    assert broken(visit("?part=neurons.list", **options), "blocks", rules) == []


def test_keys_lead_through_a_table_and_into_the_tray(visit):
    from playwright.sync_api import expect

    tab = visit()
    focused = "document.activeElement.textContent.trim()"
    for key, words in (("j", "c·000"), ("j", "c·001"), ("k", "c·000")):
        tab.keyboard.press(key)
        assert tab.evaluate(focused) == words
    tab.keyboard.press("c")
    expect(tab.locator("[data-tray-count]")).to_have_text("1 to compare")
    kept = tab.evaluate("JSON.parse(localStorage['pluriscope.compare.xor'])[0]")
    assert {key: kept[key] for key in ("ref", "label", "href")} == {
        "ref": "c-000",
        "label": "c-000",
        "href": "/networks/xor/circuits/000",
    }
    tab.keyboard.press("j")
    tab.keyboard.press("c")
    expect(tab.locator("[data-tray-go]")).to_have_attribute("href", "/compare?e=c-000&e=c-001")
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.name") == "q"
    tab.keyboard.press("Escape")
    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("?")
    expect(tab.locator("dialog.keys")).to_be_visible()


def test_what_is_folded_is_fetched_when_it_is_opened(visit):
    from playwright.sync_api import expect

    tab = visit()
    assert tab.locator("#neurons").get_by_text("Six neurons.").count() == 0
    tab.locator("#neurons-summary").click()
    expect(tab.locator("#neurons").get_by_text("Six neurons.")).to_be_visible()
    plain = visit(java_script_enabled=False)
    plain.locator("#neurons-summary").click()
    plain.locator("#neurons").get_by_text("Open", exact=True).click()
    expect(plain.locator("#neurons").get_by_text("Six neurons.")).to_be_visible()
    assert "part=neurons" in plain.url


def test_a_menu_stays_on_a_phones_screen_and_closes_by_escape_and_elsewhere(visit):
    tab = visit(**PHONE)
    menu = tab.locator("details.menu").first
    menu.locator("summary").click()
    box = menu.locator("> div").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    tab.keyboard.press("Escape")
    assert menu.evaluate("e => [e.open, document.activeElement === e.querySelector('summary')]") == [False, True]
    menu.locator("summary").click()
    tab.locator("h1").click()
    assert not menu.evaluate("e => e.open")


def test_on_a_phone_ticks_are_large_and_the_tray_covers_nothing_that_has_the_focus(visit):
    tab = visit(**PHONE)
    ticks = tab.locator("#list .tick")
    size = ticks.first.bounding_box()
    assert min(size["width"], size["height"]) >= 24
    ticks.first.click()
    tab.locator("[data-tray]").wait_for()
    for row in range(2, 8):
        tab.locator("#list .tick input").nth(row).focus()
        seen = tab.evaluate(
            """() => {
              const box = document.activeElement.getBoundingClientRect();
              return box.bottom <= document.querySelector("[data-tray]").getBoundingClientRect().top;
            }"""
        )
        assert seen, row


DRAWN, STATIC, PLOT = "[data-chart].drawn", "[data-chart] > svg", "[data-chart] .plot"


def test_a_chart_in_view_says_its_items_takes_a_range_and_leads_to_an_item(visit):
    from playwright.sync_api import expect

    tab = visit()
    notify = (
        "document.addEventListener('chart:range', event => document.body.dataset.range = JSON.stringify(event.detail))"
    )
    tab.evaluate(notify)
    assert tab.locator(PLOT).count() == 0
    assert not tab.evaluate("'Plotly' in window")
    height = tab.locator(STATIC).bounding_box()["height"]
    tab.locator("#sizes").scroll_into_view_if_needed()
    bars = tab.locator(f"{DRAWN} .plot .bars .point path")
    expect(bars).to_have_count(3)
    expect(tab.locator(STATIC)).to_be_hidden()
    assert tab.locator(PLOT).bounding_box()["height"] == pytest.approx(height, abs=1)
    tab.emulate_media(media="print")
    expect(tab.locator(STATIC)).to_be_visible()
    expect(tab.locator(PLOT)).to_be_hidden()
    tab.emulate_media(media="screen")
    tab.locator("#sizes").scroll_into_view_if_needed()
    boxes = [bar.bounding_box() for bar in bars.all()]
    (ten, eleven, _), low = [box["x"] + box["width"] / 2 for box in boxes], boxes[0]["y"] + boxes[0]["height"] - 4
    tab.mouse.move(eleven, low)
    expect(tab.locator(".hoverlayer")).to_contain_text("eleven")
    tab.mouse.move(ten - 20, low - 20)
    tab.mouse.down()
    tab.mouse.move(eleven + 5, low, steps=4)
    tab.mouse.up()
    chosen = '{"options":["edges_min","edges_max"],"ends":[10,11]}'
    expect(tab.locator("body")).to_have_attribute("data-range", chosen)
    tab.mouse.move(ten, low)
    expect(tab.locator(".hoverlayer")).to_contain_text("ten")
    tab.mouse.click(ten, low)
    tab.wait_for_url("**/blocks?edges_min=10")


@pytest.mark.parametrize(
    "lost", ["**/vendor/plotly*", pytest.param("**/blocks?part=sizes.plotly", marks=pytest.mark.release)]
)
def test_a_chart_that_cannot_be_drawn_keeps_its_drawing_and_its_links(visit, ear, lost):
    from playwright.sync_api import expect

    tab = visit()
    with tab.expect_event("requestfailed") as failed:
        tab.route(lost, lambda route: route.abort())
        tab.locator("#sizes").scroll_into_view_if_needed()
    assert "plotly" in failed.value.url
    settle(tab)
    expect(tab.locator(STATIC)).to_be_visible()
    assert tab.locator(DRAWN).count() == 0
    assert tab.locator(f"{STATIC} a").evaluate_all("all => all.map(one => one.getAttribute('href'))") == [
        *("/blocks?edges_min=10", "/blocks?edges_min=12", "/blocks?edges_min=11"),
    ]  # fmt: skip
    assert all("plotly" in one or "ERR_FAILED" in one for one in ear.heard)
    ear.heard.clear()
