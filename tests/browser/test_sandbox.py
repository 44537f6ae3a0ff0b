"""The sandbox as people use it: by mouse, by keys alone, on a phone, without scripts, and by a link sent on."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import eventually, query

pytestmark = pytest.mark.browser
SANDBOX = "/networks/xor-pretrained/sandbox"


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


@pytest.fixture(scope="module")
def asked(site) -> str:
    """The sandbox with everyone asked that it suggests."""
    return site.twin(SANDBOX)["suggestions"][-1]["url"]


def test_patch_jump_and_go_back(tab, expect):
    tab.goto("/networks/xor-pretrained")
    tab.get_by_role("link", name="Play", exact=True).click()
    expect(tab).to_have_url(re.compile("/sandbox$"))
    tab.evaluate("() => { window.sameDocument = true }")
    tab.get_by_role("link", name="Add all of these").click()
    expect(tab.locator(".askers tbody tr")).to_have_count(3)
    tab.get_by_role("link", name=re.compile("^n1.0: patched from")).click()
    expect(tab.locator("#changes-title")).to_be_visible()
    expect(tab.locator(".runs")).to_contain_text("Changed")
    words = tab.locator("#bench-title").inner_text()
    tab.locator("#jump-0").click()
    expect(tab.locator("#bench-title")).not_to_have_text(words)
    tab.go_back()
    expect(tab.locator("#bench-title")).to_have_text(words)
    assert tab.evaluate("() => window.sameDocument"), "all this took no page load"


def test_by_keys_alone(tab, expect, asked):
    tab.goto(asked)
    neuron = tab.locator("#at-1-1")
    for _ in range(80):
        tab.keyboard.press("Tab")
        if neuron.evaluate("node => node === document.activeElement"):
            break
    expect(neuron).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("#at-1-1")).to_have_attribute("aria-label", re.compile("undo"))
    expect(tab.locator("#at-1-1")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("#at-1-1")).to_have_attribute("aria-label", re.compile("^n1.1: patched from"))
    tab.locator("#on-1").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#at-2-0-1")).to_be_attached()
    tab.locator("#tool-value").focus()
    tab.keyboard.type("-0.5")
    tab.keyboard.press("Enter")
    expect(tab.locator("#tool-2")).to_contain_text("The value −0.5")
    tab.locator("#at-2-0-1").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator(".changes")).to_contain_text("n1.1 → n2.0 set to −0.5")
    eventually(tab, lambda: query(tab).get("now"), ["00_2.0.1v-0.5"])


def test_predict_first(tab, expect, asked):
    tab.goto(asked)
    tab.get_by_role("link", name="Quiz mode").click()
    expect(tab.get_by_role("link", name="Quiz mode off")).to_be_visible()
    tab.locator("#jump-0").click()
    expect(tab.locator(".guess")).to_be_visible()
    expect(tab.locator(".runs")).to_contain_text("hidden")
    expect(tab.locator(".askers .verdict-words", has_text=re.compile("correct|incorrect"))).to_have_count(0)
    tab.locator("#guess-1").click()
    expect(tab.locator("#guessed")).to_contain_text("You predicted 1")
    expect(tab.locator(".runs")).not_to_contain_text("hidden")
    expect(tab).to_have_url(re.compile("_g1"))


def test_a_slider_does_the_change_in_part_by_keyboard_and_without_scripts(tab, visitor, expect, site):
    address = f"{SANDBOX}?now=11_1.0s00_2.0z"
    part = site.twin(address)["part"]
    tab.goto(address)
    slider = tab.get_by_role("slider", name="How much, from 0 to 1")
    slider.focus()
    tab.keyboard.press("Home")
    first = f"{part['activations'][-1][0][0]:.3f}".replace("-", "−")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(f"^0.00: output {first}, decides 0$"))
    expect(tab.locator("[data-part-output]")).to_have_text(first)
    expect(tab).to_have_url(re.compile("part=0"))
    expect(slider).to_be_focused()
    tab.keyboard.press("End")
    expect(tab.locator("[data-part-decision]")).to_have_text("1")
    plain = visitor(java_script_enabled=False)
    plain.goto(address)
    expect(plain.get_by_role("slider")).to_have_count(0)
    plain.get_by_role("spinbutton", name="How much, as a number from 0 to 1").fill("0.125")
    plain.get_by_role("button", name="Show").click()
    expect(plain.locator("[data-part-share]")).to_have_text("0.125")
    expect(plain).to_have_url(re.compile("part=0.125"))


MODEL = "/models/induction-attention/sandbox?row=17&source=40"


def test_a_head_of_a_transformer_is_patched_by_keys_undone_and_gone_back_to(tab, expect, site):
    tab.goto(MODEL)
    tab.evaluate("() => { window.sameDocument = true }")
    disc = tab.get_by_role("link", name="head 2.0 at position 5, A: patched from the source row")
    disc.focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#changes-title")).to_be_visible()
    eventually(tab, lambda: query(tab).get("change"), ["2.0~5_source"])
    twin = site.twin(urlsplit(tab.url).path + "?" + urlsplit(tab.url).query)
    words = "flips from" if twin["flips"] else "stays"
    expect(tab.locator(".outcome [role=status]")).to_contain_text(words)
    assert tab.evaluate("() => document.activeElement.id") == "at-2-0-5"
    tab.locator("#site").select_option("x-2.1.k")
    tab.locator("#how").select_option("zero")
    tab.locator("#apply").press("Enter")
    eventually(tab, lambda: query(tab).get("change"), ["2.0~5_source", "x-2.1.k_zero"])
    expect(tab.locator(".changes li")).to_have_count(2)
    tab.get_by_role("link", name="Undo head 2.0 at position 5").click()
    expect(tab.locator(".changes li")).to_have_count(1)
    tab.go_back()
    expect(tab.locator(".changes li")).to_have_count(2)
    assert tab.evaluate("() => window.sameDocument")
