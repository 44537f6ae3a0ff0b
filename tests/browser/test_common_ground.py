"""The cloud of all explanations in a browser: a click opens a mark or chooses it, a box chooses several."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser
GROUND = "/networks/xor-pretrained/common-ground"


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def opened(tab, expect):
    tab.goto(GROUND)
    expect(tab.locator("[data-cloud] [data-plot][data-drawn=true] svg.main-svg").first).to_be_visible()
    expect(tab.locator("[data-cloud] .plot-area[data-attended]")).to_have_count(1)


def place_of(tab, ref: str) -> tuple[float, float]:
    """Where the mark whose first explanation has this reference stands on the screen."""
    tab.locator("[data-cloud]").scroll_into_view_if_needed()
    found = tab.evaluate(
        """(ref) => {
          const place = document.querySelector("[data-cloud] .plot-area"), layout = place._fullLayout;
          for (const trace of place.data)
            for (const [k, item] of (trace.customdata ?? []).entries())
              if (item.ref === ref) {
                const box = place.getBoundingClientRect();
                return [
                  box.left + layout.xaxis._offset + layout.xaxis.l2p(Math.log10(trace.x[k])),
                  box.top + layout.yaxis._offset + layout.yaxis.l2p(trace.y[k]),
                ];
              }
        }""",
        ref,
    )
    assert found, ref
    return tuple(found)


def click(tab, ref: str) -> None:
    """Click on the mark of a reference, once the plot has noticed that the mouse is over it."""
    tab.mouse.move(*place_of(tab, ref), steps=4)
    tab.wait_for_function(
        """(ref) => document.querySelector("[data-cloud] .plot-area")._hoverdata?.[0]?.customdata?.ref === ref""",
        arg=ref,
    )
    tab.mouse.down()
    tab.mouse.up()


def lonely(site, coverage: int) -> list[dict]:
    """Marks of one explanation each at some coverage, most accurate first, far enough apart to be hit."""
    cloud = [one for one in site.twin(GROUND)["cloud"] if one["coverage"]["agreed"] == coverage and one["count"] == 1]
    return sorted(cloud, key=lambda one: -one["accuracy"]["agreed"])


def test_a_click_opens_the_explanation(tab, expect, site):
    opened(tab, expect)
    one = lonely(site, 36)[-1]
    click(tab, one["ref"])
    expect(tab).to_have_url(re.compile(re.escape(one["url"]) + "$"))
    expect(tab.locator(".standing")).to_contain_text("Predicts 36 of 756 interventions")


def test_two_are_chosen_and_compared(tab, expect, site):
    opened(tab, expect)
    tab.get_by_role("radio", name="Compare").check()
    first, second = lonely(site, 36)[-1], lonely(site, 36)[0]
    click(tab, first["ref"])
    expect(tab.locator("[data-tray-count]")).to_have_text("1 to compare")
    click(tab, second["ref"])
    expect(tab.locator("[data-tray-count]")).to_have_text("2 to compare")
    click(tab, first["ref"])
    expect(tab.locator("[data-tray-count]")).to_have_text("1 to compare")
    click(tab, first["ref"])
    tab.get_by_role("link", name="Compare 2", exact=True).click()
    expect(tab).to_have_url(re.compile("/compare\\?"))
    expect(tab.get_by_role("heading", level=1)).to_have_count(1)


def test_a_click_counts_that_comes_before_plotly_has_looked(tab, expect, site):
    """The pointer moves twice within plotly's 50 ms, and the button is down when it looks for the second time."""
    opened(tab, expect)
    tab.get_by_role("radio", name="Compare").check()
    told = tab.evaluate(
        """async ([clientX, clientY]) => {
          const place = document.querySelector("[data-cloud] .plot-area");
          const send = (type, on) =>
            on.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, view: window, clientX, clientY }));
          const told = [];
          for (const type of ["plotly_hover", "plotly_unhover", "plotly_click"]) place.on(type, () => told.push(type));
          const after = (type, act) => new Promise((done) => (place.once(type, done), act()));
          const over = place.querySelector(".nsewdrag"), now = Date.now();
          Date.now = () => now;  // however busy the machine is, no 50 ms pass
          await after("plotly_hover", () => send("mousemove", over));
          await after("plotly_unhover", () => (send("mousemove", over), send("mousedown", over)));
          send("mouseup", document);
          return told;
        }""",
        place_of(tab, lonely(site, 36)[-1]["ref"]),
    )
    assert told == ["plotly_hover", "plotly_unhover"], "plotly tells of the click by itself: leave it to plotly"
    expect(tab.locator("[data-tray-count]")).to_have_text("1 to compare")


def test_a_box_takes_what_lies_in_it(tab, expect, site):
    opened(tab, expect)
    tab.get_by_role("radio", name="Box").check()
    x, y = place_of(tab, lonely(site, 36)[-1]["ref"])
    tab.mouse.move(x - 25, y - 40)
    tab.mouse.down()
    tab.mouse.move(x + 10, y, steps=4)
    tab.mouse.move(x + 25, y + 20, steps=4)
    tab.mouse.up()
    expect(tab.locator("[data-tray-count]")).to_have_text(re.compile("^[1-6] to compare$"))
