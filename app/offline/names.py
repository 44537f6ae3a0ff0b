"""Addresses as they are compared here, and the file that each becomes.

A file's name is made of the address alone, so that the same page has the same name in every copy: the path as folders,
the options behind two underscores, or a hash of them where they are long or hold what a file system may refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from posixpath import relpath
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from app.options import OF_THE_READER
from pluriscope.naming import DEFAULT_PROTOCOL

FRONT: Final = "index.html"
NOT_INCLUDED: Final = "not-included.html"
_DEFAULTS: Final = {("output", "0"), ("protocol", DEFAULT_PROTOCOL), ("data", "")}
_PLAIN: Final = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_FORMS: Final = re.compile(r"\.(csv|json|svg)$")
_MAX_OPTIONS: Final = 60
_MAX_SEGMENT: Final = 80
_DIGITS: Final = 16
# names that Windows keeps for devices, whatever follows the first dot
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")

Option = tuple[str, str]


@lru_cache(maxsize=10_000)
def split(address: str) -> tuple[str, tuple[Option, ...]]:
    """Path and options of an address within the site, without what is the reader's own and without defaults.

    Options are in the order of their names; those of one name keep their own order, which may mean something.
    """
    parts = urlsplit(address)
    options = [
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if key not in OF_THE_READER and (key, value) not in _DEFAULTS
    ]
    return parts.path.rstrip("/") or "/", tuple(sorted(options, key=lambda option: option[0]))


def join(path: str, options: Iterable[Option]) -> str:
    """The address of a path with options."""
    query = urlencode(tuple(options))
    return path + (f"?{query}" if query else "")


def normal(address: str) -> str:
    """One spelling for every address of one page; a fragment is dropped."""
    return join(*split(address))


@lru_cache(maxsize=10_000)
def file_of(address: str) -> str:
    """The file, relative to the copy's root, that holds what an address shows.

    Args:
        address: of a page, of its JSON twin or of a table, without scheme and host.
    """
    path, options = split(address)
    if path == "/":
        return FRONT
    ending = _FORMS.search(path)
    form = ending[0] if ending else ".json" if path.startswith("/api/") else ".html"
    stem = path.removesuffix(form).strip("/")
    return "/".join(map(_segment, stem.split("/"))) + _suffix(options) + form


def _segment(segment: str) -> str:
    """One part of a path as the name of a folder or file; two parts never become the same."""
    name = unquote(segment)
    if _PLAIN.fullmatch(name) and len(name) <= _MAX_SEGMENT and not _DEVICES.fullmatch(name):
        return name
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower())[:24].strip("-")
    return f"{readable or 'x'}_{_hash(name)}"


def _suffix(options: tuple[Option, ...]) -> str:
    if not options:
        return ""
    plain = all(_PLAIN.fullmatch(value) and _PLAIN.fullmatch(key.replace("_", "-")) for key, value in options)
    written = "".join(f"__{key.replace('_', '-')}={value}" for key, value in options)
    return written if plain and len(written) <= _MAX_OPTIONS else f"__{_hash(urlencode(options))}"


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_DIGITS]


@lru_cache(maxsize=10_000)
def relative(target: str, source: str) -> str:
    """The link from one file of the copy to another, written as a browser reads it."""
    folder = source.rpartition("/")[0]
    return quote(relpath(target, folder or "."), safe="/._-=")
