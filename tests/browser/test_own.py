"""Your own answer as people use it: by mouse, by keys alone, on a phone, without scripts."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pluriscope.analysis.subjects.perceptron.activations import activation_of
from tests.browser.conftest import PHONE, eventually

pytestmark = pytest.mark.browser
PAGE = "/networks/xor-pretrained/own"
LEAD = ".own-lead"
VALID = re.compile("^Valid, and one of 197.")


def shown(tab) -> str:
    """The mask in the address."""
    return tab.evaluate("() => new URL(location).searchParams.get('c')")


def test_what_is_clicked_shows_at_once_and_the_server_confirms_it(tab, expect):
    tab.goto(f"{PAGE}?c=183bf")
    tab.evaluate("() => { window.sameDocument = true }")
    expect(tab.locator(LEAD)).to_have_text(VALID)
    tab.locator("#w-e0 .hit").click(force=True)
    expect(tab.locator("#w-e0")).to_have_attribute("aria-pressed", "false")
    expect(tab.locator(LEAD)).to_contain_text("Not valid: wrong on 11.")
    expect(tab.locator(LEAD)).to_contain_text("differs in 1 edge: + A→n1.0")
    expect(tab.locator("[data-announce]")).to_contain_text("Not valid")
    expect(tab.locator("#own-rows tr.wrong")).to_have_count(1)
    assert shown(tab) == "183be"
    tab.get_by_role("link", name="take it: c-3fcdf").click()
    eventually(tab, lambda: shown(tab), "3fcdf")
    expect(tab.locator(LEAD)).to_have_text(VALID)
    for step, mask in (("undo", "183be"), ("undo", "183bf"), ("redo", "183be")):
        tab.locator(f"[data-step={step}]").click()
        eventually(tab, lambda: shown(tab), mask)
    tab.locator("#own-text").fill("c-183bf")
    tab.locator("#own-text").press("Enter")
    expect(tab.locator(LEAD)).to_have_text(VALID)
    tab.locator("#own-trim").click()
    eventually(tab, lambda: shown(tab), "1839f")
    tab.locator("[data-step=undo]").click()
    eventually(tab, lambda: shown(tab), "183bf")
    assert tab.evaluate("() => window.sameDocument"), "all this took no page load"


def test_until_the_server_answers_the_headline_is_the_browser_s_own(tab, expect):
    tab.goto(f"{PAGE}?c=183bf")
    expect(tab.locator(LEAD)).to_have_text(VALID)
    held = []
    tab.route("**/own?c=*", lambda route: held.append(route))
    tab.locator("#w-e0 .hit").click(force=True)
    expect(tab.locator("#own-state")).to_have_text(re.compile(r"^\s*Not valid: wrong on 11\.\s*c-183be\s*$"))
    tab.locator("#w-e0 .hit").click(force=True)
    expect(tab.locator("#own-state")).to_have_text(re.compile(r"^\s*Valid\.\s*c-183bf · margin 0\.117\s*$"))
    expect(tab.locator("#own")).to_have_attribute("aria-busy", "true")
    held[-1].continue_()
    expect(tab.locator(LEAD)).to_have_text(VALID)
    expect(tab.locator("#own")).not_to_have_attribute("aria-busy", "true")


def test_by_keys_alone(tab, expect):
    tab.goto(f"{PAGE}?c=183bf")
    tab.locator("#w-e0").focus()
    tab.keyboard.press("ArrowDown")
    expect(tab.locator("#w-e1")).to_be_focused()
    tab.keyboard.press("Space")
    expect(tab.locator("#w-e1")).to_have_attribute("aria-pressed", "false")
    expect(tab.locator(LEAD)).to_contain_text("The nearest of the 197")
    expect(tab.locator("#w-e1")).to_be_focused()
    for key, mask in (("z", "183bf"), ("y", "183bd"), ("z", "183bf"), ("r", "1839f")):
        tab.keyboard.press(key)
        eventually(tab, lambda: shown(tab), mask)
    tab.keyboard.press("Tab")
    expect(tab.locator("[data-step=undo]")).to_be_focused()  # the drawing is one stop
    tab.locator("#w-n1\\.0").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#w-n1\\.0")).to_have_attribute("aria-pressed", "false")
    expect(tab.locator(".own")).to_contain_text("leads nowhere, so left out: n2.1→y")
    expect(tab.locator("#w-e16")).to_have_class(re.compile("loose"))


FURTHER = ("xor-pretrained", "alice-and-bob", "xor-or-imp-3-3")


@pytest.mark.parametrize(
    "network", ["majority-3-3", *(pytest.param(one, marks=pytest.mark.release) for one in FURTHER)]
)
def test_the_browser_computes_what_the_server_does_to_the_last_digit(tab, site, network):
    page = f"/networks/{network}/own"
    whole = site.twin(page)
    bits = int(whole["raw_mask"], 16).bit_length()
    tab.goto(page)
    tab.wait_for_function("() => window.own")
    draw = 12_345
    for _ in range(12):
        draw = (1_103_515_245 * draw + 12_345) % 2**31
        mask = f"{(int(whole['raw_mask'], 16) & ~(draw & draw >> 3)) & (1 << bits) - 1:0{len(whole['raw_mask'])}x}"
        answer = site.twin(f"{page}?c={mask}")
        outputs, state = tab.evaluate("mask => [window.own.outputs(mask), window.own.state(mask)]", mask)
        assert outputs == [row["output"] for row in answer["rows"]], mask
        assert state == answer["state"], mask


def test_activations_are_the_engine_s_to_the_last_digit(tab):
    points = np.random.default_rng(0).normal(0, 8, 400)
    tab.goto(PAGE)
    tab.wait_for_function("() => window.own")
    run = "([name, more, points]) => points.map((x) => window.Live.ACTIVATE[name](x, ...more))"
    for name in ("relu", "tanh", "sigmoid", "silu", "elu(alpha=0.7)", "hardtanh"):
        known = activation_of(name)
        found = tab.evaluate(run, [known.name, [*known.parameters.values()], points.tolist()])
        assert found == known.value(points).tolist(), name


def test_what_is_no_circuit_is_refused_beside_the_drawing_and_the_focus_stays(tab, expect, ear):
    ear.expect_status(422)
    tab.goto(f"{PAGE}?c=183bf")
    field, undo = tab.locator("#own-text"), tab.locator("[data-step=undo]")
    tab.locator("#w-e0").click()
    expect(tab.locator(LEAD)).to_contain_text("The nearest of the 197")  # says the server, last of all
    tab.keyboard.press("r")
    expect(tab.locator("[data-announce]")).to_have_text("Nothing is removed: the circuit is not valid.")
    field.fill("zzzz")
    field.press("Enter")
    expect(tab.get_by_role("alert")).to_contain_text("'zzzz' is no name of a circuit, no edge and no number. Give")
    expect(field).to_be_focused()
    expect(tab.locator(LEAD)).to_contain_text("Not valid")
    undo.press("Enter")
    expect(undo).to_have_attribute("aria-disabled", "true")
    expect(undo).to_be_focused()
    expect(tab.locator("[data-own]")).not_to_have_attribute("aria-busy", "true")  # rivals are those of this circuit
    tab.locator("#take-1").press("Enter")
    expect(undo).not_to_have_attribute("aria-disabled", "true")
    expect(tab.locator("#take-1")).to_be_focused()


def test_without_scripts_each_edge_is_a_link(visitor, expect):
    tab = visitor(java_script_enabled=False)
    tab.goto(f"{PAGE}?c=183bf")
    expect(tab.locator("[data-step=undo]")).to_be_hidden()
    tab.locator("#w-e0").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator(LEAD)).to_contain_text("Not valid: wrong on 11.")
    tab.locator("#own-text").fill("c-3ffff")
    tab.get_by_role("button", name="Take it").click()
    expect(tab.locator(LEAD)).to_contain_text(VALID)
    tab.get_by_role("link", name="Remove what is not needed").click()
    expect(tab.locator(LEAD)).to_contain_text("None is smaller")


def test_on_a_phone_the_drawing_has_its_own_size(visitor, expect):
    tab = visitor(**PHONE)
    tab.goto(f"{PAGE}?c=183bf")
    expect(tab.locator("#w-e0")).to_be_hidden()
    tab.locator("#p-n2\\.2 .hit").tap(force=True)
    expect(tab.locator("#p-n2\\.2")).to_have_attribute("aria-pressed", "true")
    expect(tab.locator(LEAD)).to_contain_text("valid")


def test_of_a_model_what_is_clicked_is_asked_of_the_server(tab, expect):
    tab.goto("/networks/majority-5-attention/own")
    expect(tab.locator(LEAD)).to_contain_text("Valid")
    first = tab.locator("#s-0")
    first.focus()
    tab.keyboard.press("Space")
    expect(first).to_have_attribute("aria-pressed", "false")
    expect(first).to_be_focused()
    tab.keyboard.press("z")
    expect(first).to_have_attribute("aria-pressed", "true")
