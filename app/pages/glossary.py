"""The glossary, twelve terms first, or what of it has some words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel, Field

from app.addressing import Addresses
from app.figures.numbers import noun
from app.options import Options
from pluriscope.blocks import Action, Block, Form, Head, Notice, Prose, Section
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


class Filter(BaseModel):
    """The field above the glossary."""

    q: str = Field("", title="Filter terms", max_length=100, description="Words that terms or their entries have.")


class GlossaryOptions(Filter, Options):
    """Options of the glossary."""


def glossary(addresses: Addresses, q: str) -> Iterator[Block]:
    """All terms by group, or those that have some words."""
    words = q.lower().split()
    left = [term for term in terms() if all(word in f"{term.name} {term.text}".lower() for word in words)]
    of, here = len(terms()), addresses.glossary()
    yield Head("Glossary", f"{of} terms, as these pages use them. The first twelve say what is compared with what.")
    yield Form(Filter, here, "Filter", {"q": q}, changes=False, cancel=here if q else "")
    if words:
        everywhere = Action("Search everything for it", addresses.search(q=q))
        yield Notice(f"{len(left)} of {noun(of, 'term')} have “{q}”", actions=[everywhere])
    for key, (title, sentence) in GROUPS.items():
        named = [term for term in left if (term.name in _FIRST) == (key == "start")]
        if named:
            yield Section(title, sentence, id=key)
        if key == "start":
            named.sort(key=lambda term: _FIRST.index(term.name))
        yield from map(_entry, named)


def _entry(term: Term) -> Block:
    related = ", ".join(f"[{name}](glossary.md#{anchor_of(name)})" for name in term.see_also)
    return Prose(f"### {term.name}\n\n{term.text}" + (f"\n\nSee also {related}" if related else ""), glossary=False)
