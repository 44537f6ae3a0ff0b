"""The map of circuits in a browser: a click opens a circuit or chooses it, and the form says what marks show."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser
RIVALS = "/networks/xor-pretrained/rivals"


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def opened(tab, expect):
    tab.goto(RIVALS)
    expect(tab.locator("[data-cloud] [data-plot][data-drawn=true] svg.main-svg").first).to_be_visible()
    expect(tab.locator("[data-cloud] .plot-area[data-attended]")).to_have_count(1)


def click(tab, ref: str) -> None:
    """Click on the mark of a circuit, once the plot has noticed that the mouse is over it."""
    tab.locator("[data-cloud]").scroll_into_view_if_needed()
    x, y = tab.evaluate(
        """(ref) => {
          const place = document.querySelector("[data-cloud] .plot-area"), layout = place._fullLayout;
          const box = place.getBoundingClientRect();
          for (const trace of place.data)
            for (const [k, item] of trace.customdata.entries())
              if (item.ref === ref)
                return [box.left + layout.xaxis._offset + layout.xaxis.l2p(trace.x[k]),
                        box.top + layout.yaxis._offset + layout.yaxis.l2p(trace.y[k])];
        }""",
        ref,
    )
    tab.mouse.move(x, y, steps=4)
    tab.wait_for_function(
        """(ref) => document.querySelector("[data-cloud] .plot-area")._hoverdata?.[0]?.customdata?.ref === ref""",
        arg=ref,
    )
    tab.mouse.down()
    tab.mouse.up()


def test_a_click_opens_the_circuit_or_chooses_it(tab, expect):
    opened(tab, expect)
    tab.get_by_role("radio", name="Compare").check()
    click(tab, "c-18b9f")
    expect(tab.locator("[data-tray-count]")).to_have_text("1 to compare")
    tab.get_by_role("radio", name="Open").check()
    click(tab, "c-2f0ef")
    expect(tab).to_have_url(re.compile("/explanations/c-2f0ef"))
