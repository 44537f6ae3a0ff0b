"""Content digests: identity is what a thing is, never where it is stored."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

MIN_PREFIX: Final = 6  # digits of a digest that are enough to name a thing
_PREFIX = re.compile(rf"[0-9a-f]{{{MIN_PREFIX},64}}")


def canonical_json(value: Any) -> bytes:
    """Sorted keys, no spaces, UTF-8 without escapes, no NaN: the same value gives the same bytes everywhere."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256_hex(*parts: bytes) -> str:
    """SHA-256 of the concatenated parts, 64 lower-case hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def looks_like_digest(text: str) -> bool:
    """Whether a text is 6 to 64 lower-case hex digits, and so may be the beginning of a digest."""
    return _PREFIX.fullmatch(text) is not None


def short_id(text: str) -> str:
    """First 16 hex digits of the SHA-256 of ``text``: the public id of an algorithm or alignment (spec §4)."""
    return sha256_hex(text.encode())[:16]
