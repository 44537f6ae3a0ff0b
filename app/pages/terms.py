"""Words that are terms here, with the beginning of what the glossary says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from app.addressing import Addresses
from pluriscope.glossary import terms


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
def _by_anchor() -> Mapping[str, str]:
    return {term.anchor: term.meaning for term in terms()}
