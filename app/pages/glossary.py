"""The glossary, twelve terms first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.addressing import Addresses
from pluriscope.blocks import Action, Block, Head, Prose, Section
from pluriscope.glossary import Term, anchor_of, terms

GROUPS: Final = {
    "start": ("Start here", "Twelve terms, in the order in which they are best read."),
    "others": ("All others", "In the order of the alphabet."),
}
"""Anchor of each group → its title and what it holds."""
_FIRST: Final = (
    *("Network", "Task", "Circuit", "Valid", "Margin", "Interpretation"),
    *("Cut", "Gate", "Algorithm", "Variable", "Alignment", "Interchange intervention"),
)


def glossary(links: Addresses) -> Iterator[Block]:
    """All terms, by group."""
    of, search = len(terms()), Action("Search", links.search())
    words = f"{of} terms, as these pages use them. The first twelve say what is compared with what."
    yield Head("Glossary", words, actions=[search])
    for key, (title, sentence) in GROUPS.items():
        yield Section(title, sentence, id=key)
        named = [term for term in terms() if (term.name in _FIRST) == (key == "start")]
        if key == "start":
            named.sort(key=lambda term: _FIRST.index(term.name))
        yield from map(_entry, named)


def _entry(term: Term) -> Block:
    related = ", ".join(f"[{name}](glossary.md#{anchor_of(name)})" for name in term.see_also)
    return Prose(f"### {term.name}\n\n{term.text}" + (f"\n\nSee also {related}" if related else ""), glossary=False)
