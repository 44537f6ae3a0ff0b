"""The pictures of the README, from the pages as they are: ``python -m benchmarks.readme_pictures [DATA]``.

They are taken by Chromium from a server on a copy of a data folder, or on a new one with the bundled networks, analysed
first, and written to ``docs/images``. Needs what the browser's tests need.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, sync_playwright

from benchmarks.own_server import ROOT, server_on_copy

FOLDER: Final = ROOT / "docs" / "images"
CHROMIUM: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
XOR: Final = "/networks/xor-pretrained"


@dataclass(frozen=True)
class Picture:
    """One picture.

    Args:
        name: of its file, without the ending.
        address: of the page.
        theme: light or dark.
        size: of the window in pixels.
    """

    name: str
    address: str
    theme: Literal["light", "dark"] = "light"
    size: tuple[int, int] = (1440, 1100)


PICTURES: Final = (
    Picture("home-light", "/story/3", size=(1440, 900)),
    Picture("network-light", XOR),
    Picture("compare-light", "/compare?network=xor-pretrained&e=i-183bf.23&e=i-183bf.25", size=(1440, 900)),
)


def take(browser: Browser, url: str, picture: Picture) -> None:
    """Write one picture."""
    width, height = picture.size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=picture.theme)
    tab = context.new_page()
    tab.goto(url + picture.address, timeout=120_000)
    tab.wait_for_load_state("networkidle")
    tab.screenshot(path=FOLDER / f"{picture.name}.png", animations="disabled")
    context.close()


def main(data: Path | None) -> None:
    """Take every picture."""
    program = next(path for path in map(shutil.which, CHROMIUM) if path)
    with server_on_copy(data) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for picture in PICTURES:
            take(browser, server.url, picture)
            sys.stdout.write(f"docs/images/{picture.name}.png\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
