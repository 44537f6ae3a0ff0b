"""The token of the settings, and sessions of browsers that showed it.

A session is a cookie that says until when it lasts, signed with a key derived from the token. So nothing of it is kept,
every server process knows it, and all sessions end when the token changes. Without a token there are none.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

_PURPOSE: Final = "pluriscope session 1"


def now() -> datetime:
    """The present, with its zone."""
    return datetime.now(UTC)


def opens(token: str, text: str) -> bool:
    """Whether a text is the token; compared in constant time.

    Args:
        token: of the settings; empty: nothing opens.
        text: what is shown.
    """
    return bool(token) and hmac.compare_digest(_raw(text), _raw(token))


def begin(token: str, hours: float) -> str:
    """The cookie of a new session.

    Args:
        token: of the settings, which was shown.
        hours: how long it lasts.
    """
    until = str(int((now() + timedelta(hours=hours)).timestamp()))
    return f"{until}.{_signature(token, until)}"


def end_of(token: str, cookie: str) -> datetime | None:
    """End of the session of a cookie; None if it has ended, or was never begun with this token."""
    until, _, signature = cookie.partition(".")
    if not token or not hmac.compare_digest(_raw(signature), _raw(_signature(token, until))):
        return None
    end = datetime.fromtimestamp(int(until), UTC)  # a number: we signed it
    return end if end > now() else None


def _signature(token: str, until: str) -> str:
    key = hmac.digest(_raw(token), _raw(_PURPOSE), "sha256")
    return hmac.digest(key, _raw(until), "sha256").hex()


def _raw(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # whatever is sent or set, it can be compared
