"""Entity tags: an answer's digest, and whether its reader has it already (RFC 9110, 8.8.3 and 13.1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

_TAG: Final = re.compile(rb'(?:W/)?("[^"]*")')
_OF_CONTENT: Final = (b"content-length", b"content-type", b"content-encoding")
_OF_OTHERS: Final = (b"etag", b"date", b"set-cookie", b"server-timing")


def tag_of(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    """The tag of an answer: its own, or a weak one, since it may be sent compressed or not.

    Headers count too: readers take those that they kept with the body.
    """
    digest = blake2b(digest_size=12)
    for name, value in headers:
        if name == b"etag":
            return value
        if name not in _OF_OTHERS:
            digest.update(b"%d:%s%d:%s" % (len(name), name, len(value), value))
    digest.update(body)
    return b'W/"%s"' % digest.hexdigest().encode()


def is_had(tags: bytes, tag: bytes) -> bool:
    """Whether the header ``If-None-Match`` names this tag; weak and strong ones count alike, as it wants it."""
    if not tags:
        return False
    if tags.strip() == b"*":
        return True
    own = _TAG.fullmatch(tag)
    return own is not None and own[1] in (found[1] for found in _TAG.finditer(tags))


def without_content(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a 304, which has no content."""
    return [(name, value) for name, value in headers if name not in _OF_CONTENT]
