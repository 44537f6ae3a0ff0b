"""The folds by which a page of an explanation is checked, cited, embedded and opened elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.pages.sharing.share import Share
from app.pages.sharing.targets import read_target
from app.pages.sharing.verifying import told, verify
from pluriscope.blocks import Block, More, Prose


class Checked(Protocol):
    """What can be computed anew: an explanation, or several compared."""

    @property
    def session(self) -> Session: ...

    @property
    def links(self) -> Addresses: ...

    def url(self) -> str: ...


def passed_on(one: Checked, share: Share) -> Iterator[Block]:
    """How the page is checked and passed on."""

    def verified() -> Iterator[Block]:
        return told(verify(one.session, one.links, read_target(one.url(), one.links)))

    if share.verify_url:
        yield More("Verify", verified, "computed anew from the weights, beside what is stored", id="verify")
    yield cited(share)


def cited(share: Share) -> More:
    """What is copied from a page."""
    return More("Cite and embed", lambda: _texts(share), "BibTeX, a frame, a notebook, an offline copy", id="cite")


def _texts(share: Share) -> Iterator[Block]:
    """What is copied from the page."""
    told = {
        "Link": share.url,
        "In a notebook": share.notebook,
        "Verified at the command line": f"pluriscope verify '{share.path}'" if share.verify_url else "",
        "BibTeX": share.bibtex,
        "Citation": share.citation,
        "Embedding": share.frame(),
        "Offline copy, run where the database is": f"pluriscope export --static DIR --network "
        f"{share.network_digest[:12]}"
        if share.network_digest
        else f"pluriscope export --static DIR --study {share.target.parts[0]}",
        "Paper": share.paper,
    }
    yield Prose("\n\n".join(f"**{what}**\n\n{_fenced(text)}" for what, text in told.items() if text), glossary=False)


def _fenced(text: str) -> str:
    return f"```\n{text}\n```"
