"""The sheet in a real browser: one screen, keys, the tray, one printed page, a file without a server."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PHONE, query

pytestmark = pytest.mark.browser

XORNET = "/networks/alice-and-bob/explanations"
MANY = "/networks/xor-pretrained/explanations"


def kept(tab) -> list[str]:
    return tab.evaluate(
        "() => JSON.parse(localStorage['pluriscope.compare.alice-and-bob/0'] ?? '[]').map((one) => one.ref)"
    )


def test_twenty_pictures_stand_on_one_screen_and_two_have_names(visitor, expect, site):
    tab = visitor()
    tab.goto(XORNET)
    kinds = ("Circuits", "Placements", "Interpretations", "Directions")
    headings = [tab.get_by_role("heading", name=re.compile(f"^{one}")) for one in kinds]
    sections = [tab.locator(".ofkind").filter(has=one) for one in headings]
    pictures = [box for one in sections for box in one.locator(".pic").all()]
    assert [one.locator(".pic").count() for one in sections] == [4, 1, 8, 7]
    ends = [box["y"] + box["height"] for box in (one.bounding_box() for one in pictures)]
    assert max(ends) <= 900
    for right in ("right on 56–84 of 84", "right on 32–60 of 84"):
        expect(tab.locator(".pic").filter(has_text=right)).to_have_count(4)
    for name in ("Alice", "Bob"):
        expect(tab.locator(".pic").filter(has_text=name)).to_have_count(1)
    tab.get_by_role("link", name="Alice against Bob").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Alice (P) and Bob (Q)")


def test_keys_go_between_pictures_pick_and_open(visitor, expect):
    tab = visitor()
    tab.goto(XORNET)
    pictures = tab.locator(".pic > a")
    stops = tab.locator(".pics :is(a, input):not([tabindex='-1'])")
    groups = tab.locator(".pics").count()
    expect(stops).to_have_count(groups)
    pictures.first.focus()
    ways = (("Right", "c-1fb"), ("Down", "A ∧ B on n1.2"), ("Up", "c-1fb"), ("Left", "c-1f9"))
    for way, text in ways:
        tab.keyboard.press(f"Arrow{way}")
        expect(tab.locator(".pic > a:focus")).to_contain_text(text)
    tray = tab.get_by_role("complementary", name="Compare tray")
    expect(tray).to_be_hidden()
    tab.keyboard.press("Space")
    expect(tray).to_contain_text("Pick one more")
    assert kept(tab) == ["c-1f9"]
    expect(stops).to_have_count(groups)
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Space")
    tab.keyboard.press("t")
    expect(tray.get_by_role("link", name="Compare 2")).to_be_focused()
    tray.get_by_role("button", name="Remove c-1fb").press("Enter")
    pictures.first.focus()
    nearest = tab.get_by_role("link", name="Nearest to the last picked first")
    assert query_of(nearest)["near"] == "c-1f9"
    tab.keyboard.press("Space")
    expect(tray).to_be_hidden()
    expect(nearest).to_be_hidden()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Circuit without B→n1.0 and A→n1.1")


def query_of(link) -> dict[str, str]:
    return dict(re.findall(r"[?&](\w+)=([^&]+)", link.get_attribute("href")))


def test_a_filter_takes_pictures_away_in_place(visitor, expect, site):
    tab = visitor()
    tab.goto(f"{MANY}?kind=circuit")
    expect(tab.locator(".pic")).to_have_count(197)
    tab.evaluate("() => { window.sameDocument = true }")
    tab.locator(".filters > summary").click()
    tab.locator("#list-passes-mean-ablation").check()
    wanted = site.listed("xor-pretrained", kind="circuit", passes="mean-ablation")["total"]
    expect(tab.locator(".pic")).to_have_count(wanted)
    expect(tab.locator("#list-passes-mean-ablation")).to_be_visible()
    expect(tab.locator("[data-announce]")).to_contain_text(f"{wanted} ")
    assert query(tab) == {"kind": ["circuit"], "passes": ["mean-ablation"]}
    assert tab.evaluate("() => window.sameDocument"), "this took no page load"


def test_open_filters_stay_within_a_phone(visitor, expect):
    tab = visitor(**PHONE)
    tab.goto(MANY)
    tab.locator(".filters > summary").click()
    expect(tab.locator(".filters > div")).to_be_visible()
    assert tab.evaluate("() => document.documentElement.scrollWidth") == 390


def test_up_to_sixty_pictures_print_on_one_page(tab):
    tab.goto(f"{MANY}?kind=circuit&edges_max=13")
    assert 40 < tab.locator(".pic").count() <= 60
    paper = tab.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "10mm"))
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 1


def test_the_sheet_is_a_file_that_opens_without_a_server(visitor, expect, site, tmp_path):
    import httpx

    answer = httpx.get(site(f"{XORNET}?part=file"), timeout=60)
    assert answer.headers["content-disposition"].startswith("attachment")
    file = tmp_path / "sheet.html"
    file.write_bytes(answer.content)
    tab = visitor()
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(file.as_uri())
    expect(tab.locator(".pic svg.thumb")).to_have_count(20)
    assert asked == [file.as_uri()]
