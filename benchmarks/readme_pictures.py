"""The pictures of the README, from the pages as they are: ``python -m benchmarks.readme_pictures [DATA]``.

They are taken by Chromium from a server on a copy of a data folder, or on a new one with the bundled networks, analysed
first, and written to ``docs/images``. Needs what the browser's tests need.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from benchmarks.own_server import ROOT, server_on_copy
from pluriscope.app.pages.example import NETWORK, PAIR

FOLDER: Final = ROOT / "docs" / "images"
CHROMIUM: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


PICTURES: Final = {
    "home-light": ("/story/3", 900),
    "network-light": ("/networks/xor-pretrained", 1100),
    "compare-light": (f"/compare?network={NETWORK}&e={'&e='.join(PAIR)}", 900),
}
"""The name of each file, with the page's address and the height of the window in pixels."""


def take(browser: Browser, url: str, name: str, height: int) -> None:
    """Write the picture of one page."""
    context = browser.new_context(viewport={"width": 1440, "height": height}, color_scheme="light")
    tab = context.new_page()
    tab.goto(url, timeout=120_000)
    tab.wait_for_load_state("networkidle")
    tab.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    context.close()


def main(data: Path | None) -> None:
    """Take every picture."""
    program = next(path for path in map(shutil.which, CHROMIUM) if path)
    with server_on_copy(data) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name, (address, height) in PICTURES.items():
            take(browser, server.url + address, name, height)
            sys.stdout.write(f"docs/images/{name}.png\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
