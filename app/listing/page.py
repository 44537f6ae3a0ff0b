"""What every list shows around its rows: orders to choose from, filters in force, and the way from page to page.

A page ends at an opaque keyset cursor, which is bound to the order that the list is in.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol, TypeVar

from pydantic import Field

from app.errors import BadQuery
from app.listing.csv import FIRST_ROWS
from app.options import Options, PageModel

Asked = TypeVar("Asked", bound=Options)
P = TypeVar("P", bound="Paged")
MOST_ON_A_PAGE: Final = 200


class Paged(PageModel):
    """A list that is read page by page."""

    next: str | None = Field(description="Cursor of the next page.")
    next_url: str | None
    first_url: str
    url: str


class _ReadOn(Protocol):
    """Options with the cursor of the page before."""

    @property
    def after(self) -> str: ...

    def view_of(self, **changes: Any) -> dict[str, Any]: ...


def paged(options: _ReadOn, url: Callable[..., str], following: str | None) -> dict[str, Any]:
    """The fields of :class:`Paged`.

    Args:
        options: of the list, with the cursor "after".
        url: from a view to the address of the list.
        following: the cursor of the next page, None on the last one.
    """
    view = options.view_of()
    return {
        "next": following,
        "next_url": None if following is None else url(**view, after=following),
        "first_url": url(**view),
        "url": url(**view, after=options.after),
    }


def every_page(build: Callable[[Asked], P], options: Asked) -> Iterator[P]:
    """Every page of a list, from the first on; that one is short, for a table to be sent soon.

    Args:
        build: from options to a page.
        options: of the list, with "after" and "limit".
    """
    page = build(options.model_copy(update={"after": "", "limit": FIRST_ROWS}))
    yield page
    while page.next is not None:
        page = build(options.model_copy(update={"after": page.next, "limit": MOST_ON_A_PAGE}))
        yield page


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
