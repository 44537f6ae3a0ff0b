"""The glossary, twelve terms first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.addressing import Addresses
from pluriscope.blocks import Action, Block, Head, Prose, Section
from pluriscope.glossary import Term, anchor_of, first_terms, terms

GROUPS: Final = {
    "start": ("Start here", "In the order in which they are best read."),
    "others": ("All others", "In the order of the alphabet."),
}
"""Anchor of each group → its title and what it holds."""


def glossary(links: Addresses) -> Iterator[Block]:
    """All terms, by group."""
    first, search = first_terms(), Action("Search", links.search())
    words = f"{len(terms())} terms, as these pages use them. The first {len(first)} say what is compared with what."
    yield Head("Glossary", words, actions=[search])
    for key, (title, sentence) in GROUPS.items():
        yield Section(title, sentence, id=key)
        yield from map(_entry, first if key == "start" else [term for term in terms() if term not in first])


def _entry(term: Term) -> Block:
    related = ", ".join(f"[{name}](glossary.md#{anchor_of(name)})" for name in term.see_also)
    return Prose(f"### {term.name}\n\n{term.text}" + (f"\n\nSee also {related}" if related else ""), glossary=False)
