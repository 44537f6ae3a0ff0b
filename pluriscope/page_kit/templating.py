"""The one environment of templates: those of blocks stand below ``templates/blocks``.

Copies that need no server are made of the pages; in a notebook the objects show themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.navigation import navigation
from pluriscope.figures import numbers
from pluriscope.figures.svg.marks import LOGO, VERDICT_MARKS
from pluriscope.resources import folders, static_file

PART: Final = "part"
EVERY_PART: Final = "*"
"""In place of the name of a block: every fold of a page stands open, as it does on paper and in an offline copy."""
"""Option of every page: the block that is asked for alone, or that stands unfolded."""
_PICTURE: Final = re.compile(r"/(?!/)(?:networks/)?([^?]+\.(?:svg|png|pdf))(?:\?|$)")
AS_FILE: Final = "file"
"""In place of the name of a block: the whole page is sent as one file that opens without a server."""


@dataclass(frozen=True)
class Place:
    """Page within which blocks are rendered.

    Args:
        prefix: path before every address of the site.
        url: of the page, with its options.
        only: why others cannot open the address, in a sentence; "" where they can.
    """

    prefix: str = ""
    url: str = ""
    only: str = ""


_PLACE: ContextVar[Place] = ContextVar("place", default=Place())  # noqa: B039  # it is frozen


# --- forms that change something are there for those who may send them; others are offered the login in their place


@dataclass(frozen=True)
class Access:
    """Permissions of the reader of a page.

    Args:
        by: why they may change things ("local", "token", "session"); "" for readers.
        read_only: nobody may change anything.
        login_url: where to log in, and come back.
    """

    by: str = "local"
    read_only: bool = False
    login_url: str = ""

    @property
    def may_change(self) -> bool:
        return bool(self.by) and not self.read_only


_ACCESS: ContextVar[Access] = ContextVar("access", default=Access())  # noqa: B039  # it is frozen


@contextmanager
def rendering(place: Place, access: Access) -> Iterator[None]:
    """Render within the block for this page and a reader with this access."""
    there, reader = _PLACE.set(place), _ACCESS.set(access)
    try:
        yield
    finally:
        _PLACE.reset(there)
        _ACCESS.reset(reader)


def may_send() -> bool:
    """Whether the reader may send a form that changes something."""
    return _ACCESS.get().may_change


def may_log_in() -> bool:
    """Whether logging in would let the reader send it."""
    access = _ACCESS.get()
    return not access.by and not access.read_only


def login_first(words: str) -> Markup:
    """Link to the login, under the words of a button, in place of a form that the reader may not send."""
    if not may_log_in():
        return Markup()
    return Markup(
        '<p class="login-first"><a class="btn" href="{}" rel="nofollow">{}</a> '
        '<small class="muted">Log in first.</small></p>'
    ).format(_ACCESS.get().login_url, words)


# --- rendering


def addresses() -> Addresses:
    """Addresses of the site where something is rendered."""
    return Addresses(_PLACE.get().prefix)


def render(name: str, **context: Any) -> Markup:
    """Render a template with this context."""
    template = environment(_PLACE.get().prefix).get_template(name)
    return Markup(template.render(context))  # noqa: S704  # what a template with escapes has rendered


def part_url(part: str, url: str = "") -> str:
    """Address of one block of a page.

    Args:
        part: id of the block.
        url: of the page; "" for the page that is being rendered.
    """
    path, _, query = (url or _PLACE.get().url).partition("?")
    kept = [(key, value) for key, value in parse_qsl(query) if key != PART]
    return f"{path}?{urlencode([*kept, (PART, part)])}"


def linked(words: Any, url: str, css: str = "", **more: str) -> Markup:
    """Words as a link.

    Args:
        words: text or markup.
        url: "" for no link.
        css: classes of the link.
        more: further attributes; ``_`` is written as ``-``.
    """
    if not url:
        return escape(words)
    picture = _PICTURE.match(url)
    saved = {"download": picture[1].replace("/", "-")} if picture else {}
    values = {"class": css, **saved, **{name.replace("_", "-"): value for name, value in more.items()}}
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in values.items() if value)
    return Markup(f'<a href="{escape(url)}"{attributes}>{escape(words)}</a>')  # noqa: S704  a format takes four times as long


@lru_cache(maxsize=8)
def environment(prefix: str = "") -> Environment:
    """The environment of a site that is served under ``prefix``, made once."""
    env = Environment(
        loader=FileSystemLoader(folders("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # to look at each file's time took a twentieth of all pages' time
    )
    links = Addresses(prefix)
    env.globals.update(
        addresses=links,
        static_url=lambda name: links.static(name, _hash_of(path := static_file(name), path.stat().st_mtime_ns)),
        logo=LOGO,
        verdict_marks=VERDICT_MARKS,
        linked=linked,
        login_first=login_first,
        may_send=may_send,
        part_url=part_url,
        navigation=lambda among, **view: navigation(among, links, **view),
        only_here=lambda: _PLACE.get().only,
    )
    env.filters.update(noun=numbers.noun, exact=numbers.exact)
    return env


@lru_cache(maxsize=64)
def _hash_of(path: Path, _modified: int) -> str:
    """First digits of a static file's SHA-256, so that its address changes with its content."""
    return sha256(path.read_bytes()).hexdigest()[:12]
