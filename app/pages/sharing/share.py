"""What can be passed on of a page: addresses, citation, embedding, card; all read off the page's own model.

Nothing is asked of the store here, so that a page is not slower for being sharable.
"""

from __future__ import annotations

from html import escape
from typing import Final

from pydantic import Field

from app.addressing import Addresses
from app.pages.compare.views import ComparePage
from app.pages.options import PageModel
from app.pages.sharing.citations import PAPER_BIBTEX, PAPER_PLAIN, Citation
from app.pages.sharing.facts import facts_of
from app.pages.sharing.targets import Kind, SharedPage, read_target
from app.pages.studies.views import StudyPage

EMBED_HEIGHTS: Final[dict[str, int]] = {
    "network": 560,
    "circuit": 560,
    "interpretation": 560,
    "algorithm": 420,
    "alignment": 640,
    "direction": 700,
    "explanation": 640,
    "compare": 720,
    "sandbox": 640,
    "study": 640,
}
EMBED_WIDTH: Final = 720


class ShareView(PageModel):
    """What a page's panel for passing it on shows, and what its head tells about it."""

    kind: Kind
    title: str
    description: str
    path: str = Field(description="The permalink as a path.")
    url: str = Field(description="The permalink with scheme and host.")
    identity: str = Field(description="Which explanation of the network it is; empty for the network itself.")
    network_digest: str
    engine_version: str
    analysed_on: str = Field(description="Date of the analysis; empty where it is computed on request.")
    bibtex: str
    citation: str
    paper_bibtex: str
    paper_citation: str
    embed_url: str
    embed_code: str
    card_url: str = Field(description="The rendered card, with scheme and host.")
    oembed_json: str
    oembed_xml: str
    verify_url: str = Field(description="Empty for a sandbox, which is computed when asked for, and a study.")
    drawing_svg: str = Field(description="The drawing as a file; empty for a comparison, whose card is its figure.")
    drawing_png: str


def share_of(page: object, addresses: Addresses, base: str) -> ShareView | None:
    """What can be passed on of a page; None of one that names no network, explanation or comparison.

    Args:
        page: any page's model.
        addresses: builds paths.
        base: scheme and host before every path, without a slash at the end.
    """
    if not isinstance(page, SharedPage) or (isinstance(page, ComparePage) and page.missing):
        return None
    facts = facts_of(page)
    target = read_target(page.url, addresses)
    network = _network(page)
    path = f"{addresses.prefix}{target.path}{target.query_text}"
    names = ("verify", "card.png", "drawing.svg", "drawing.png")
    made = {name: addresses.made_of(path, name) for name in names}
    embed = addresses.embedded(path)
    whole = base + page.url
    citation = Citation(
        facts.title,
        whole,
        network,
        facts.identity,
        facts.protocol,
        facts.engine_version,
        facts.analysed_on,
    )
    drawn = target.kind != "compare"
    return ShareView.showing(
        facts,
        kind=target.kind,
        description=facts.sentence,
        path=page.url,
        url=whole,
        network_digest=network,
        bibtex=citation.bibtex,
        citation=citation.plain,
        paper_bibtex=PAPER_BIBTEX,
        paper_citation=PAPER_PLAIN,
        embed_url=embed,
        embed_code=embed_code(base, embed, facts.title, target.kind, addresses),
        card_url=base + made["card.png"],
        oembed_json=base + addresses.oembed(url=whole, format="json"),
        oembed_xml=base + addresses.oembed(url=whole, format="xml"),
        verify_url="" if target.kind in ("sandbox", "study") else made["verify"],
        drawing_svg=made["drawing.svg"] if drawn else "",
        drawing_png=made["drawing.png"] if drawn else "",
    )


def embed_code(
    base: str, path: str, title: str, kind: str, addresses: Addresses, width: int = EMBED_WIDTH, height: int = 0
) -> str:
    """A frame ready to be pasted, which grows to its content where the page that holds it loads our small script."""
    height = height or EMBED_HEIGHTS[kind]
    script = f"{base}{addresses.static('embed-host.js')}"
    return (
        f'<iframe src="{escape(base + path)}" title="{escape(title)}" width="{width}" height="{height}" '
        f'style="max-width:100%;border:0" loading="lazy" data-pluriscope></iframe>\n'
        f'<script src="{escape(script)}" async></script>'
    )


def _network(page: SharedPage) -> str:
    return "" if isinstance(page, StudyPage) or page.network is None else page.network.digest
