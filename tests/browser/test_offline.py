"""An offline copy in a real browser: opened from the disk, read, followed, drawn; no server answers anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import PHONE, eventually
from tests.browser.rules import (
    accessible,
    accessible_in_the_dark,
    broken,
    drawings_have_words,
    focus_is_seen,
    not_wider_than_the_screen,
    on_paper,
    settle,
    skip_link,
    title,
)
from tests.made_once import made_once

pytestmark = pytest.mark.browser
SLUG = "xor-pretrained"
NETWORK = f"networks/{SLUG}.html"
STUDY = "xor-width"


def accessible_from_a_disk(tab):
    """Check accessibility as on the live site, but axe must not read the styles again: browsers forbid it on a disk."""
    yield from accessible(tab, preload=False)


def accessible_in_the_dark_from_a_disk(tab):
    yield from accessible_in_the_dark(tab, preload=False)


READ = (
    not_wider_than_the_screen,
    title,
    drawings_have_words,
    accessible_from_a_disk,
    accessible_in_the_dark_from_a_disk,
    skip_link,
    focus_is_seen,
    on_paper,
)


def export(data: Path, folder: Path, *options: str) -> None:
    """Export in a process of its own: the browser's driver keeps this process's event loop for itself."""
    done = subprocess.run(
        [sys.executable, "-m", "pluriscope.app.cli", "copy", str(folder), *options, "--quiet"],
        env={**os.environ, "PLURISCOPE_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def copy(site, tmp_path_factory) -> Path:
    options = ("--network", SLUG, "--study", STUDY, "--protocol", "complete", "--limit", "1")
    return made_once(tmp_path_factory, "offline", lambda folder: export(site.data, folder, *options))


@pytest.fixture
def disk(visitor, copy):
    """Opens a file of the copy; any request to anywhere but the disk fails the test."""
    asked: list[str] = []

    def go(name: str, **options):
        tab = visitor(**options)
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(f"{copy.as_uri()}/{name}")
        return tab

    yield go
    assert [url for url in asked if not url.startswith((copy.as_uri(), "data:", "blob:"))] == []


def first_page(copy: Path, pattern: str) -> str:
    return next(path.relative_to(copy).as_posix() for path in sorted(copy.glob(pattern)))


PAGES = {
    "front": "index.html",
    "network": NETWORK,
    "circuits": f"networks/{SLUG}/explanations__kind=circuit.html",
    "interpretation": f"networks/{SLUG}/explanations/i-*.html",
    "funnel": f"networks/{SLUG}/analyses/funnel.html",
}


@pytest.mark.parametrize("name", PAGES)
def test_every_kind_of_page_keeps_the_rules_from_a_disk_and_fits_a_phone(disk, copy, name):
    tab = disk(first_page(copy, PAGES[name]))
    settle(tab)
    assert broken(tab, name, READ) == []
    # made narrower it is laid out as on a phone, and need not be opened once more
    tab.set_viewport_size(PHONE["viewport"])
    eventually(tab, lambda: broken(tab, name, (not_wider_than_the_screen,)), [])


def test_from_the_front_to_a_circuit_and_back(disk):
    from playwright.sync_api import expect

    tab = disk("index.html", java_script_enabled=False)
    tab.get_by_role("link", name=SLUG, exact=True).click()
    expect(tab).to_have_url(re.compile(f"networks/{SLUG}.html$"))
    tab.get_by_role("navigation", name="XOR, pretrained").get_by_role("link", name="Sheet").click()
    tab.locator(".views").get_by_role("link", name="Sheet").click()  # which so many explanations do not begin with
    tab.locator(".pic > a[href*='c-']:not(.off-copy)").first.click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Circuit without")
    expect(tab.locator("form, [data-tray], input[type=checkbox]")).to_have_count(0)
    tab.get_by_role("link", name="Pluriscope").first.click()
    tab.go_back()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Circuit without")


def test_a_studys_figures_are_drawn(disk):
    from playwright.sync_api import expect

    expect(disk(f"studies/{STUDY}.html").locator("main figure svg").first).to_be_visible()
