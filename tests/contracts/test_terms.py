"""Terms are explained in the glossary, and every link into it arrives."""

from __future__ import annotations

import re

import pytest

from pluriscope.glossary import first_terms, terms
from pluriscope.resources import TEMPLATES

ENTRIES = {term.anchor: term.name for term in terms()}


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.stem)
def test_every_link_into_the_glossary_arrives(path):
    text = path.read_text(encoding="utf-8")
    anchors = set(re.findall(r'addresses\.glossary\("([^"]+)"\)', text))
    for words, entry in re.findall(r'ui\.term\("([^"]+)"(?:, "([^"]+)")?[,)]', text):
        anchors.add(entry or words.lower().replace(" ", "-"))
    assert anchors <= set(ENTRIES), path


def test_the_first_terms_begin_with_what_an_explanation_is_each_in_one_plain_sentence():
    first = first_terms()
    assert (first[0].name, len(first)) == ("Explanation", 12)  # Learn calls them the twelve first words
    for term in first:
        assert len(term.first.split()) <= 20, term.name
        assert not re.search(r"[`\[·≤ⁿ]|digest|slug|Boolean|activation", term.first), term.name
