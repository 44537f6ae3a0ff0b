"""A page while it comes, on a processor so slow that the browser would paint it in pieces."""

from __future__ import annotations

import pytest

from tests.browser.rules import WATCH_SHIFTS, settle

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("page", ["algorithms", "circuits", "common ground"])
def test_nothing_moves_while_a_list_comes(visitor, where, page):
    tab = visitor(reduced_motion="reduce")
    tab.add_init_script(WATCH_SHIFTS)
    tab.context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", {"rate": 10})
    tab.goto(where[page])
    settle(tab)
    assert tab.evaluate("() => window.shifts") == []
