"""Opaque keyset cursors: where a page of a list ended, bound to the order it was in."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from app.errors import BadQuery


def write_cursor(order: str, values: Sequence[Any]) -> str:
    """A cursor after the row with these values of the columns that the list is sorted by.

    Args:
        order: name of the list's order; the cursor works in that order only.
        values: integers, floats and texts.
    """
    content = json.dumps([order, *values], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def read_cursor(text: str, order: str, kinds: Sequence[type] = (int, int)) -> Any:
    """The values that a cursor holds, as a tuple.

    Args:
        text: the cursor as it came in.
        order: name of the order that the list is asked for in.
        kinds: type of each value.

    Raises:
        BadQuery: it was not made here, or for another order.
    """
    try:
        content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise bad_cursor(text) from None
    if not isinstance(content, list) or not content or not isinstance(content[0], str):
        raise bad_cursor(text)
    if content[0] != order:
        raise BadQuery(
            f"cursor {text[:40]!r}",
            f"belongs to a list in another order ({content[0][:40]}, not {order})",
            "begin the list anew without the option 'after'",
            "after",
        )
    if [type(value) for value in content[1:]] != list(kinds):
        raise bad_cursor(text)
    return tuple(content[1:])


def bad_cursor(text: str) -> BadQuery:
    """The refusal of a cursor that no page gave out."""
    return BadQuery(
        f"cursor {text[:40]!r}",
        "was not given out by any page",
        "begin the list anew without the option 'after'",
        "after",
    )
