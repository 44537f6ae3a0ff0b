"""What an answer may depend on, as a key; and a request reduced to just that, so that routes cannot see anything else.

A cache that knows too little of what its answers depend on gives one visitor what was made for another. So it is not
left to care: of a request whose answer may be kept, the routes are shown only what is part of the key. A route that
reads another header finds it missing, for everybody, and a test names the headers that are read.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from app.access.callers import caller_of
from app.addressing import API_PREFIX
from app.rendering import THEME_COOKIE, THEMES

SEEN: Final = frozenset(
    {
        b"accept",
        b"host",
        b"hx-boosted",
        b"hx-history-restore-request",
        b"hx-request",
        b"hx-request-type",
        b"hx-target",
    }
)
"""Headers that routes may read where answers are kept; of cookies the theme, and of the caller what they may do."""
MAX_KEY_BYTES: Final = 4_096
# What is about the process or the caller, what is a stream, and files, which the system keeps. What says `no-store`,
# sets a cookie or came in pieces is not kept either, whatever its address.
_NEVER: Final = re.compile(r"/(?:static|health|metrics|admin|login|logout)(?:/.*)?|.*/(?:events|verify)")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked.

    Args:
        key: all that the answer may depend on, beside the store and the time; None: it depends on who asks.
        scope: of ASGI, for the routes.
        tags: of an answer that the sender has, as sent.
        takes_gzip: whether the sender takes a compressed answer.
    """

    key: Hashable | None
    scope: MutableMapping[str, Any]
    tags: bytes
    takes_gzip: bool


def question_of(scope: MutableMapping[str, Any], prefix: str) -> Question | None:
    """What a request asks, if it is one whose answer might be given again, to its sender at least."""
    if scope["method"] != "GET":
        return None
    if _NEVER.fullmatch(str(scope["path"]).removeprefix(prefix).removeprefix(API_PREFIX)):
        return None
    seen: list[tuple[bytes, bytes]] = []
    tags, takes_gzip, is_personal, n_bytes, hosts = b"", False, False, 0, 0
    for name, value in scope["headers"]:
        if name in SEEN:
            seen.append((name, value))
            n_bytes += len(value)
            hosts += name == b"host"
        elif name == b"if-none-match":
            tags = value
        elif name == b"accept-encoding":
            takes_gzip = takes_gzip or _takes_gzip(value)
        elif name == b"authorization":
            is_personal = True
        elif name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            return None  # it has a body, which routes may read
    request = Request(scope)
    caller = caller_of(request)
    query = scope.get("query_string", b"")
    path = scope.get("raw_path") or scope["path"].encode()
    if is_personal or caller.by not in ("", "local") or hosts != 1 or n_bytes + len(path) + len(query) > MAX_KEY_BYTES:
        return Question(None, scope, tags, False)
    theme = request.cookies.get(THEME_COOKIE, "")
    shown = list(seen)
    if theme in THEMES:
        shown.append((b"cookie", f"{THEME_COOKIE}={theme}".encode()))
    scheme = scope.get("scheme", "http")
    key = (scheme, scope["path"], path, query, tuple(sorted(shown)), caller.role, caller.by)
    return Question(key, {**scope, "headers": shown, "client": None}, tags, takes_gzip)


def _takes_gzip(value: bytes) -> bool:
    for part in value.lower().split(b","):
        coding, _, quality = part.partition(b";")
        if coding.strip() == b"gzip":
            return re.fullmatch(rb"\s*q\s*=\s*0(\.0*)?\s*", quality) is None
    return False
