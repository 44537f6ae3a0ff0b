"""The site of the documents: built without a warning, whole, and of nothing that the content policy refuses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup

import pluriscope
from pluriscope.addresses.address import anchor_of
from pluriscope.app.pages.prose import chapters
from pluriscope.resources import documents_shown
from tests.checkout import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.release]  # documents themselves are read every time


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "built"
    done = subprocess.run(
        [sys.executable, "-m", "docs.site.build", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, BeautifulSoup]:
    return {path: BeautifulSoup(path.read_text(), "html.parser") for path in sorted(site.rglob("*.html"))}


def test_it_loads_nothing_from_elsewhere_and_has_no_script_or_style_in_its_pages(site, pages):
    for path, page in pages.items():
        assert not page.find_all("style"), path
        assert all(script.get("src") for script in page.find_all("script")), path
        assert not [tag for tag in page.find_all(True) if any(name.startswith("on") for name in tag.attrs)], path
        loaded = [tag.get("src") or tag.get("href") for tag in page.select("[src], link[href], use[href]")]
        assert [one for one in loaded if re.match("(https?:)?//", one)] == [], path
    for style in site.rglob("*.css"):
        assert re.findall(r"url\([\"']?(?:https?:)?//|@import", style.read_text()) == [], style


def test_every_link_leads_to_a_page_of_it_and_a_place_there(site, pages):
    named = {path: {tag["id"] for tag in page.select("[id]")} for path, page in pages.items()}
    for path, page in pages.items():
        for link in page.select("a[href]"):
            to, _, anchor = unquote(link["href"]).partition("#")
            there = (path.parent / to).resolve() if to else path
            if re.match(r"https?:|mailto:", to) or there == site.parent:  # that of the dashboard
                continue
            there = there / "index.html" if there.is_dir() else there
            assert there.is_file(), (path, to)
            assert not anchor or there not in named or anchor in named[there], (path, link["href"])


def test_it_has_every_chapter_that_the_application_leads_to(site, pages):
    for document in documents_shown():
        page = pages[site / document.stem / "index.html"]
        for title, _ in chapters(document)[1:]:
            assert page.find(id=anchor_of(title)), (document.name, title)


def test_it_has_every_document_every_public_name_and_a_picture_for_each_snippet(site, pages):
    found = {path.stem for path in [*ROOT.glob("docs/*.md"), *ROOT.glob("plugins/*/*/docs/*.md")]}
    assert {name for name in found if not (site / name / "index.html").exists()} == set()
    reference = pages[site / "reference" / "index.html"]
    names = {name for name in pluriscope.__all__ if not name.startswith("_")}
    assert {name for name in names if not reference.find("dt", id=f"pluriscope.{name}")} == set()
    gallery = pages[site / "gallery" / "index.html"]
    for chapter in gallery.select("section section"):
        assert len(chapter.select("div.highlight-python")) == 1, chapter["id"]
        assert chapter.select("img"), chapter["id"]
