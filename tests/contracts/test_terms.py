"""Terms are explained in the glossary, and every link into it arrives."""

from __future__ import annotations

import re

import pytest

from app.addressing import Addresses
from app.figures.term_drawings import term_drawings
from app.pages.glossary import GROUPS, TITLES, GlossaryOptions, build_glossary
from app.pages.prose import anchor_of
from app.rendering import TEMPLATES

ENTRIES = {entry.anchor: entry.term for entry in build_glossary(Addresses(), GlossaryOptions()).entries}


def test_groups_name_terms_that_there_are_each_once():
    grouped = [term for terms in GROUPS.values() for term in terms]
    assert set(grouped) <= set(ENTRIES.values())
    assert len(set(grouped)) == len(grouped)
    assert set(GROUPS) == set(TITLES) - {"counting"}


def test_every_term_is_shown_once_and_those_to_start_with_in_their_order():
    groups = build_glossary(Addresses(), GlossaryOptions()).groups
    shown = [entry.term for *_, entries in groups for entry in entries]
    assert sorted(shown) == sorted(ENTRIES.values())
    assert tuple(shown[:12]) == GROUPS["start"]


def test_the_terms_to_start_with_are_twelve_and_each_has_a_drawing():
    assert [anchor_of(term) for term in GROUPS["start"]] == list(term_drawings())
    assert len(term_drawings()) == 12
    assert all(drawing.startswith("<svg") and "<title>" in drawing for drawing in term_drawings().values())


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.stem)
def test_every_link_into_the_glossary_arrives(path):
    text = path.read_text(encoding="utf-8")
    anchors = set(re.findall(r'addresses\.glossary\("([^"]+)"\)', text))
    for words, entry in re.findall(r'ui\.term\("([^"]+)"(?:, "([^"]+)")?[,)]', text):
        anchors.add(entry or words.lower().replace(" ", "-"))
    assert anchors <= set(ENTRIES), path
