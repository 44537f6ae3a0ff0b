"""Terms are explained in the glossary, and every link into it arrives."""

from __future__ import annotations

import re

import pytest

from pluriscope.addresses.address import anchor_of
from pluriscope.documents.glossary import first_terms, terms
from tests.checkout import ROOT

ENTRIES = {term.anchor: term.name for term in terms()}


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.stem)
def test_every_link_into_the_glossary_arrives(path):
    text = path.read_text(encoding="utf-8")
    anchors = set(re.findall(r'addresses\.glossary\("([^"]+)"\)', text))
    for words, entry in re.findall(r'ui\.term\("([^"]+)"(?:, "([^"]+)")?[,)]', text):
        anchors.add(entry or words.lower().replace(" ", "-"))
    assert anchors <= set(ENTRIES), path


SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z*`])")


@pytest.mark.parametrize("term", terms(), ids=lambda term: term.anchor)
def test_an_entry_is_two_sentences_and_links_that_arrive(term):
    assert 1 <= len(SENTENCES.split(term.meaning)) <= 2
    assert {*map(anchor_of, term.see_also), *re.findall(r"\(#([^)]+)\)", term.text)} <= set(ENTRIES)


def test_no_two_entries_have_one_anchor():
    anchors = [*ENTRIES, *(anchor_of(term.also[0]) for term in terms() if term.also)]
    assert len(set(anchors)) == len(anchors)


def test_the_first_terms_begin_with_what_an_explanation_is_each_in_one_plain_sentence():
    first = first_terms()
    assert first[0].name == "Explanation"
    for term in first:
        sentence = SENTENCES.split(term.meaning)[0]
        assert len(sentence.split()) <= 20, term.name
        assert not re.search(r"[`\[·≤ⁿ]|digest|slug|Boolean|activation", sentence), term.name
