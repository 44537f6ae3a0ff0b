"""The folds by which a page is checked, cited, embedded and opened elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.pages.sharing.share import Share, only_here
from app.pages.sharing.targets import read_target
from app.pages.sharing.verifying import told, verify
from pluriscope.blocks import Block, More, Notice, Prose


def folds(session: Session, share: Share) -> Iterator[Block]:
    """How a page is checked and passed on."""

    def verified() -> Iterator[Block]:
        return told(verify(session, share.links, read_target(share.path, share.links)))

    if share.verify_url:
        yield More("Verify", verified, "computed anew from the weights, beside what is stored", id="verify")
    yield More("Cite and embed", lambda: _texts(share), "BibTeX, a frame, a notebook, an offline copy", id="cite")


def _texts(share: Share) -> Iterator[Block]:
    """What is copied from the page."""
    if only := only_here(share.base):
        yield Notice(only, cure="Give the site an address that others reach (PLURISCOPE_PUBLIC_URL), or send a file.")
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
        else f"pluriscope export --static DIR --study {share.path.partition('?')[0].rpartition('/')[2]}",
        "Paper": share.paper,
    }
    yield Prose("\n\n".join(f"**{what}**\n\n{_fenced(text)}" for what, text in told.items() if text), glossary=False)


def _fenced(text: str) -> str:
    return f"```\n{text}\n```"
