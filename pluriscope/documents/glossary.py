"""The terms of the glossary, read from its one document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pluriscope.addresses.address import anchor_of
from pluriscope.resources import DOCUMENTS, folders

FILE: Final = DOCUMENTS / "glossary.md"
_SEE: Final = "See also:"
_ALSO: Final = re.compile(r"^Leads here: (.+)\.$", re.MULTILINE)


@dataclass(frozen=True)
class Term:
    """An entry of the glossary.

    Args:
        name: as the glossary writes it.
        text: what it means, in Markdown: one or two sentences and perhaps a formula.
        see_also: names of related terms.
        also: what else is looked for under it: other names, and what it stands in place of.
    """

    name: str
    text: str
    see_also: tuple[str, ...]
    also: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Fragment of the term's address on the glossary's page."""
        return anchor_of(self.name)

    @property
    def meaning(self) -> str:
        """Sentences of the entry as plain text."""
        plain = re.sub(r"\[([^\]]+)\]\([^)\s]+\)", r"\1", self.text.partition("\n\n")[0]).replace("`", "")
        return re.sub(r"\*([^*]+)\*", r"\1", plain)


@lru_cache(maxsize=1)
def terms() -> tuple[Term, ...]:
    """Every entry, by name."""
    files = (path for folder in folders("docs") if (path := folder / "glossary.md").is_file())
    texts = (path.read_text(encoding="utf-8") for path in files)
    sections = (section for text in texts for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:])
    return tuple(sorted(map(_term, sections), key=lambda term: term.name.lower()))


@lru_cache(maxsize=1)
def first_terms() -> tuple[Term, ...]:
    """Terms that the document's head names, in the order in which they are best read."""
    head, by_name = FILE.read_text(encoding="utf-8").partition("\n## ")[0], {term.name: term for term in terms()}
    return tuple(by_name[name] for name in re.findall(r"\[([^\]]+)\]\(#", head))


def _term(section: str) -> Term:
    name, _, body = section.partition("\n")
    text, _, related = body.partition(_SEE)
    names = (one.strip().rstrip(".") for one in " ".join(related.split()).split(";"))
    also = tuple(one for line in _ALSO.findall(text) for one in line.split("; "))
    return Term(name.strip(), _ALSO.sub("", text).strip("\n"), tuple(one for one in names if one), also)
