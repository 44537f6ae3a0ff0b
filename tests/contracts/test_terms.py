"""Terms are explained where they are used: every page names its words, and every link into the glossary arrives."""

from __future__ import annotations

import re

import pytest

from app.addressing import Addresses
from app.pages.glossary import build_glossary
from app.pages.terms import PAGE_TERMS, words_of
from app.rendering import TEMPLATES

ENTRIES = {entry.anchor: entry.term for entry in build_glossary(Addresses()).entries}
WITHOUT_TERMS = {
    *("collection", "deleted", "error", "findings", "glossary", "guide"),
    *("interface", "login", "scope", "short", "tour"),
}


def test_every_page_names_its_terms():
    pages = {path.stem for path in (TEMPLATES / "pages").glob("*.html")}
    assert pages - WITHOUT_TERMS == set(PAGE_TERMS), "add the page's terms in app/pages/terms.py"


@pytest.mark.parametrize("page", PAGE_TERMS)
def test_terms_have_entries_and_are_used(page):
    words = words_of(f"pages/{page}.html")
    assert [word.term for word in words] == [ENTRIES[word.anchor] for word in words]
    assert all(len(word.meaning) > 20 for word in words)
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.stem)
def test_every_link_into_the_glossary_arrives(path):
    text = path.read_text(encoding="utf-8")
    anchors = set(re.findall(r'addresses\.glossary\("([^"]+)"\)', text))
    for words, entry in re.findall(r'ui\.term\("([^"]+)"(?:, "([^"]+)")?\)', text):
        anchors.add(entry or words.lower().replace(" ", "-"))
    assert anchors <= set(ENTRIES), path
