"""Words that are terms here, with the beginning of what the glossary says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from app.addressing import Addresses
from app.pages.glossary import GLOSSARY_FILE, read_glossary
from app.pages.prose import anchor_of


@dataclass(frozen=True)
class Word:
    """A term with the beginning of its entry.

    Args:
        term: as the glossary writes it.
        anchor: of its entry.
        meaning: the first two sentences, without marks.
    """

    term: str
    anchor: str
    meaning: str


def every_word() -> tuple[Word, ...]:
    """All terms in the order of the glossary."""
    return tuple(Word(term, anchor_of(term), meaning) for term, meaning in _meanings().items())


def meaning_of(anchor: str) -> str:
    """The beginning of the entry with an anchor.

    Raises:
        KeyError: there is none.
    """
    return _by_anchor()[anchor]


_SAID: Final[Mapping[str, str]] = {
    r"decided by rounding|decided by threshold|by threshold|by rounding": "decision",
    r"depth ≤ \d+": "depth",
    r"leaky ReLU \(slope [^)]+\)|leaky ReLU": "leaky-relu",
    r"σ = [\d.]+|σ [\d.]+": "noise",
    r"\bIIA\b": "iia",
    r"\bmargins?\b": "margin",
}
"""Words that sentences of ours have → the entry that explains them."""


def explained(text: str, addresses: Addresses) -> Markup:
    """A sentence that is put together elsewhere, with the first use of each word that needs it as a term.

    Args:
        text: plain; what is markup already is left as it is.
        addresses: builds links into the glossary.
    """
    if isinstance(text, Markup):
        return text
    firsts = [(said, anchor) for pattern, anchor in _SAID.items() if (said := re.search(pattern, text))]
    shown, at = Markup(), 0
    for said, anchor in sorted(firsts, key=lambda first: first[0].start()):
        term = Markup('<a class="term" href="{}" data-meaning="{}">{}</a>')
        shown += escape(text[at : said.start()])
        shown += term.format(addresses.glossary(anchor), meaning_of(anchor), said[0])
        at = said.end()
    return shown + escape(text[at:])


@lru_cache(maxsize=1)
def _meanings() -> Mapping[str, str]:
    _, entries = read_glossary(GLOSSARY_FILE)
    return {term: _beginning(blocks[0]) for term, blocks in entries}


@lru_cache(maxsize=1)
def _by_anchor() -> Mapping[str, str]:
    return {anchor_of(term): meaning for term, meaning in _meanings().items()}


def _beginning(block: str) -> str:
    plain = re.sub(r"\[([^\]]+)\]\([^)\s]+\)", r"\1", " ".join(block.split())).replace("`", "")
    sentences = re.split(r"(?<=[.!?]) (?=[A-Z])", re.sub(r"\*([^*]+)\*", r"\1", plain))
    return " ".join(sentences[:2])
