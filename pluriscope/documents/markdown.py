"""Markdown as pages show it, with the first use of each term linked to the glossary.

HTML in it is shown, not obeyed; comments and pictures are left out. Links between our documents lead to the pages that
show them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from pluriscope.addresses.address import Addresses, anchor_of
from pluriscope.analysis.plugins import brought, guarded
from pluriscope.documents.glossary import Term, terms
from pluriscope.resources import documents_shown

_UNSEEN: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_EVERYDAY: Final = frozenset(
    (
        *("analysis", "answer", "base", "budget", "card", "cell", "claim", "decision", "direction", "facet", "job"),
        *("level", "loss", "measure", "network", "outcome", "question", "reference", "source", "study", "subject"),
        *("task", "threshold"),
    )
)
"""Terms whose words are also used in their plain sense: a link at each would say nothing."""


def target(written: str, links: Addresses) -> str:
    """Address of a link of a document on this site or beyond it; "" if the link leads nowhere."""
    address, _, anchor = written.partition("#")
    name = address.rpartition("docs/")[2]  # of another distribution, with the path to its documents
    pages = {
        "glossary.md": links.glossary(anchor),
        "scope.md": links.scope(anchor),
        "criteria.md": links.criteria(*filter(None, [anchor])),
    }
    if name in pages:
        return pages[name]
    for path in documents_shown():
        if name == path.name:
            return links.document(path.stem, chapter=anchor)
    for lead in brought("links").values():
        if url := guarded("links", lead, partial(lead, name, links), lambda _: ""):
            return str(url)
    return written if written.startswith(("https://", "http://", "/", "#")) and not written.startswith("//") else ""


@lru_cache(maxsize=256)
def markdown(text: str, prefix: str = "", *, glossary: bool = True) -> Markup:
    """Render a text as HTML, with headings, links and terms of the site.

    Args:
        text: Markdown, of anybody.
        prefix: path before the addresses of the site.
        glossary: whether terms are linked.
    """
    links = Addresses(prefix)
    tokens = _READER.parse(_UNSEEN.sub("", text))
    unused = {term.name.lower(): term for term in terms() if term.name.lower() not in _EVERYDAY} if glossary else {}
    for before, token in zip([None, *tokens], tokens, strict=False):
        if before is not None and before.type == "heading_open":
            before.tag = "h2" if before.tag == "h1" else before.tag
            before.attrSet("id", anchor_of(token.content))
        elif token.type == "heading_close":
            token.tag = "h2" if token.tag == "h1" else token.tag
        elif token.type == "table_open":
            token.attrSet("class", "prose")
        elif token.type == "inline" and not token.content and before is not None and before.type == "th_open":
            before.tag = "td"  # the head of a column without one
        elif token.type == "th_close" and before is not None and not before.content:
            token.tag = "td"
        if token.type == "inline" and token.children:
            linked = list(_with_links(token.children, links))
            is_heading = before is not None and before.type == "heading_open"
            token.children = linked if is_heading else list(_with_terms(linked, unused, links))
    return Markup(_WRITER.render(tokens, _READER.options, {}))  # noqa: S704  # HTML in the text is escaped


_READER: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


class _Writer(RendererHTML):
    """Without pictures, and with tables that scroll where they are too wide."""

    def image(self, *_: Any) -> str:
        return ""

    def table_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        opening = self.renderToken(tokens, index, options, env)
        return f'<div class="scroll-x" tabindex="0" role="group" aria-label="Table, may scroll sideways">{opening}'

    def table_close(self, *_: Any) -> str:
        return "</table></div>\n"


_WRITER: Final = _Writer()


def _with_links(tokens: Sequence[Token], links: Addresses) -> Iterator[Token]:
    """Tokens of a text with the targets of its links replaced; links that lead nowhere become plain words."""
    left_out = 0
    for token in tokens:
        if token.type == "link_open":
            url = target(str(token.attrGet("href")), links)
            if not url:
                left_out += 1
                continue
            token.attrSet("href", url)
        elif token.type == "link_close" and left_out:
            left_out -= 1
            continue
        yield token


def _with_terms(tokens: Sequence[Token], unused: dict[str, Term], links: Addresses) -> Iterator[Token]:
    """Tokens of a text with each unused term linked once; links of the text itself stay as they are."""
    depth = 0
    for token in tokens:
        depth += token.nesting if token.type.startswith("link_") else 0
        if token.type != "text" or depth or not unused:
            yield token
            continue
        at = 0
        for found in _names().finditer(token.content):
            term = unused.pop(found[1].lower(), None)
            if term is None:
                continue
            yield Token("text", "", 0, content=token.content[at : found.start()])
            link = Markup('<a class="term" href="{}" data-meaning="{}">{}</a>')
            shown = link.format(links.glossary(term.anchor), term.meaning, found[0])
            yield Token("html_inline", "", 0, content=str(shown))  # as Markup it would escape what is added to it
            at = found.end()
        yield Token("text", "", 0, content=token.content[at:])


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    """Any term, the longest first, alone or as a plural."""
    names = sorted((term.name for term in terms()), key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, names))})s?\b", re.IGNORECASE)
