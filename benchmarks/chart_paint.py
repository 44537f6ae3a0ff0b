"""Whether a page with a chart is painted as soon as it would be without the script of charts.

    python -m benchmarks.chart_paint http://127.0.0.1:8642/networks/xor-2-2-2/analyses/common-ground

Loads the page in Chromium without a cache, alternately as it is and with an empty script in place of ``charts.js``, and
prints the median time to the first contentful paint of both with their ratio.
"""

from __future__ import annotations

import argparse
import os
from statistics import median
from typing import Final

from playwright.sync_api import Browser, Route, sync_playwright

_PAINTED: Final = """() => new Promise((done) => new PerformanceObserver((list) => {
  for (const one of list.getEntriesByName("first-contentful-paint")) done(one.startTime);
}).observe({ type: "paint", buffered: true }))"""


def first_paint(browser: Browser, url: str, *, charts: bool) -> float:
    """Milliseconds to the first contentful paint of a page that nothing is cached of."""

    def answer(route: Route) -> None:
        if charts:
            route.continue_()
        else:
            route.fulfill(body="", content_type="text/javascript")

    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        context.route("**/charts.js*", answer)  # both go through it, so that it costs both the same
        tab = context.new_page()
        tab.goto(url)
        return float(tab.evaluate(_PAINTED))


def main() -> None:
    """Print both medians and their ratio."""
    parser = argparse.ArgumentParser(prog="chart_paint", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("url", help="of a page with a chart")
    parser.add_argument("--loads", type=int, default=15, help="of each kind")
    given = parser.parse_args()
    taken: dict[bool, list[float]] = {True: [], False: []}
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=os.environ.get("PLURISCOPE_CHROMIUM"), args=["--no-sandbox"])
        first_paint(browser, given.url, charts=True)  # warms the server
        for number in range(2 * given.loads):
            taken[number % 2 == 0].append(first_paint(browser, given.url, charts=number % 2 == 0))
        browser.close()
    whole, without = (median(taken[charts]) for charts in (True, False))
    print(f"first contentful paint: {whole:.0f} ms, without charts {without:.0f} ms, ratio {whole / without:.3f}")


if __name__ == "__main__":
    main()
