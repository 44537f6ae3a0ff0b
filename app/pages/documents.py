"""Documents that come with the program, each as a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pluriscope.address import Addresses
from pluriscope.app.errors import NotFound
from pluriscope.app.pages.prose import chapters
from pluriscope.blocks import Block, Head, Prose, Table
from pluriscope.glossary import anchor_of
from pluriscope.resources import documents_shown
from pluriscope.templating import linked

ALL: Final = "all"
"""In addresses, in place of one document: the list."""


def title_of(path: Path) -> str:
    """The heading of a document."""
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def documents(links: Addresses) -> Iterator[Block]:
    """The list of all."""
    yield Head("Documents", "The documents that come with the program.")
    rows = [(title_of(one), links.document(one.stem), _first_sentence(one)) for one in documents_shown()]
    rows += [
        ("Scope and limitations", links.scope(), "What a verdict means, and what it does not."),
        ("Criteria", links.criteria(), "Every criterion with its formula and its settings."),
        ("Glossary", links.glossary(), "What each term means."),
        ("API", links.api(), "Every address and its options."),
    ]
    yield Table.plain(("Document", "About"), [(linked(title, url, "link"), about) for title, url, about in rows])


def without_marks(text: str) -> str:
    """Markdown as plain text."""
    return re.sub(r"[*`]|\[([^\]]*)\]\([^)]*\)", lambda link: link[1] or "", text)


def _first_sentence(path: Path) -> str:
    """Of a document."""
    sentence = re.split(r"(?<=[.?!]) ", " ".join(chapters(path)[0][1][0].split()))[0]
    return without_marks(sentence)


def document(name: str) -> Iterator[Block]:
    """A document, with its chapters named first.

    Raises:
        NotFound: no document has this name.
    """
    path = next((one for one in documents_shown() if one.stem == name), None)
    if path is None:
        known = ", ".join(one.stem for one in documents_shown())
        raise NotFound(f"document {name[:40]!r}", "does not exist", f"the documents are {known}")
    (_, beginning), *rest = chapters(path)
    yield Head(title_of(path))
    yield Prose("\n\n".join(beginning))
    yield Prose("\n".join(f"- [{title}](#{anchor_of(title)})" for title, _ in rest), glossary=False)
    yield Prose("\n\n".join(f"## {title}\n\n" + "\n\n".join(blocks) for title, blocks in rest))
