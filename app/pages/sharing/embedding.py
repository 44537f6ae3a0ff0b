"""A page without the site around it, to stand in a frame on another site; and what oEmbed says of it."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.errors import BadQuery, NotFound, Unsupported
from app.options import PageModel
from app.pages.sharing.facts import Facts, facts_of
from app.pages.sharing.share import EMBED_HEIGHTS, EMBED_WIDTH, ShareView, embed_code, share_of
from app.pages.sharing.targets import SharedPage, build_target, read_target

CARD_SIZE: Final = (1200, 630)
CACHE_SECONDS: Final = 3_600
Part = Literal["title", "drawing", "numbers"]


class EmbedOptions(BaseModel):
    """Options of an embedding, beside those of the page itself."""

    model_config = ConfigDict(frozen=True)

    theme: Literal["light", "dark"] | None = Field(None, description="Its colours, whatever the system says.")
    hide: list[Part] = Field([], max_length=3, description="Parts that are left out: title, drawing, numbers.")


class Oembed(PageModel):
    """The answer of the oEmbed endpoint, as its specification names the fields."""

    type: Literal["rich"] = "rich"
    version: Literal["1.0"] = "1.0"
    title: str
    provider_name: str = "Pluriscope"
    provider_url: str
    cache_age: int = CACHE_SECONDS
    html: str
    width: int
    height: int
    thumbnail_url: str
    thumbnail_width: int = CARD_SIZE[0]
    thumbnail_height: int = CARD_SIZE[1]


def embed_parts(page: SharedPage, addresses: Addresses, base: str) -> tuple[Facts, ShareView]:
    """What an embedding says, and its links."""
    share = share_of(page, addresses, base)
    if share is None:
        raise ValueError("what an address names can always be shared")
    return facts_of(page), share


def build_oembed(
    session: Session,
    addresses: Addresses,
    base: str,
    url: str,
    form: str,
    max_width: int | None,
    max_height: int | None,
) -> Oembed:
    """What oEmbed says of an address.

    Args:
        addresses: builds paths.
        base: scheme and host of this site.
        url: the whole address asked about.
        form: json or xml.
        max_width: of the frame in pixels, None for any.
        max_height: likewise.

    Raises:
        Unsupported: another form.
        BadQuery: no address.
        NotFound: one of another site, or of nothing here.
    """
    if form not in ("json", "xml"):
        raise Unsupported(f"format {form[:20]!r}", "is not made here", "ask for json or xml", "format")
    if not url:
        raise BadQuery("option 'url'", "is missing", "give the whole address of a page, percent-encoded", "url")
    given, own = urlsplit(url), urlsplit(base)
    if given.scheme not in ("http", "https") or given.netloc.lower() != own.netloc.lower():
        raise NotFound(
            f"address {url[:200]!r}",
            f"does not belong to {base or 'this site'}",
            "ask the site that it belongs to",
            "url",
            addresses.gallery(),
            "all networks",
        )
    page = build_target(session, addresses, read_target(url, addresses))
    facts, share = embed_parts(page, addresses, base)
    width = EMBED_WIDTH if max_width is None else min(EMBED_WIDTH, max_width)
    height = EMBED_HEIGHTS[share.kind] if max_height is None else min(EMBED_HEIGHTS[share.kind], max_height)
    frame = embed_code(base, share.embed_url, facts.title, share.kind, addresses, width, height)
    return Oembed(
        title=facts.title,
        provider_url=base + addresses.gallery(),
        html=frame,
        width=width,
        height=height,
        thumbnail_url=share.card_url,
    )
