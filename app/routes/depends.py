"""Dependencies of routes: a reading session, the addresses, the fields of a form, the time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from pluriscope.addresses.address import Addresses
from pluriscope.app.options import OF_THE_READER, Options
from pluriscope.page_kit.templating import PART


def reading_session(request: Request) -> Iterator[Session]:
    """A snapshot of the store, until the answer is made: whoever reads it slowly does not keep the snapshot."""
    with request.app.state.store.read() as session:
        yield session


def addresses_of(request: Request) -> Addresses:
    """Addresses under the prefix that this application is served at."""
    addresses: Addresses = request.app.state.addresses
    return addresses


async def form_of(request: Request) -> FormData:
    """The fields of a sent form."""
    return await request.form()


def options_of(request: Request) -> dict[str, list[str]]:
    """The options of an address that say something about what its page shows, each with all its values."""
    options: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name not in (*OF_THE_READER, PART):
            options.setdefault(name, []).append(value)
    return options


Form = Annotated[FormData, Depends(form_of)]
ListOptions = Annotated[dict[str, list[str]], Depends(options_of)]
"""The options of a list, which the list reads itself."""
NoOptions = Annotated[Options, Query()]
"""Of pages that have none of their own, so that any other is refused."""
Reading = Annotated[Session, Depends(reading_session, scope="function")]
Links = Annotated[Addresses, Depends(addresses_of)]
