"""The folds by which a page of an explanation is checked, cited, embedded and opened elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from app.pages.about_one import column, listed
from app.pages.page import One
from app.pages.sharing.share import ShareView
from app.pages.sharing.targets import read_target
from app.pages.sharing.verifying import build_verification
from pluriscope.blocks import Block, More, Prose
from pluriscope.tables import Row


def passed_on(one: One, share: ShareView) -> Iterator[Block]:
    """How the page is checked and passed on."""
    if one.known is not None:
        yield More(
            "Verify", lambda: _verified(one), "computed anew from the weights, beside what is stored", id="verify"
        )
    yield More("Cite and embed", lambda: _texts(share), "BibTeX, a frame, a notebook, an offline copy", id="cite")


def _verified(one: One) -> Iterator[Block]:
    """Each figure computed anew beside the stored one."""
    found = build_verification(one.session, one.links, read_target(one.url(), one.links))
    figures = [*found.identity, *(figure for view in found.explanations for figure in view.figures)]
    yield listed(
        "figure",
        (
            column("label", "Figure", "What was computed.", first=True),
            column("stored", "Stored", "What an analysis here holds."),
            column("recomputed", "Computed anew", "From the weights, just now."),
            column("status", "Status", "Whether the two are equal."),
            column("note", "Note", "What else there is to say."),
        ),
        [
            Row(
                {
                    "label": figure.label,
                    "stored": figure.stored_words,
                    "recomputed": figure.recomputed_words,
                    "status": figure.status.replace("_", " "),
                    "note": figure.note,
                }
            )
            for figure in figures
        ],
    )
    yield Prose(f"{found.found}. {found.not_recomputed}", glossary=False)


def _texts(share: ShareView) -> Iterator[Block]:
    """What is copied from the page."""
    told = {
        "Link": share.url,
        "In a notebook": share.notebook,
        "Verified at the command line": f"pluriscope verify '{share.path}'",
        "BibTeX": share.bibtex,
        "Citation": share.citation,
        "Embedding": share.embed_code,
        "Offline copy, run where the database is": f"pluriscope export --static DIR --network "
        f"{share.network_digest[:12]}",
        "Paper": share.paper_bibtex,
    }
    yield Prose("\n\n".join(f"**{what}**\n\n{_fenced(text)}" for what, text in told.items() if text), glossary=False)


def _fenced(text: str) -> str:
    return f"```\n{text}\n```"
