"""A page while it comes, on a processor so slow that the browser would paint it in pieces."""

from __future__ import annotations

import pytest

from tests.browser.rules import WATCH_SHIFTS, settle

pytestmark = pytest.mark.browser


def test_nothing_moves_while_a_list_comes(visitor, where):
    tab = visitor(reduced_motion="reduce")
    tab.add_init_script(WATCH_SHIFTS)
    tab.context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    tab.goto(where["algorithms"])
    settle(tab)
    assert tab.evaluate("() => window.shifts") == []
