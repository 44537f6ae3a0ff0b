"""Logging in with the token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel, Field, SecretStr

from pluriscope.addresses.address import Addresses
from pluriscope.app.access.callers import Caller
from pluriscope.app.options import Options
from pluriscope.app.settings import Settings
from pluriscope.figures.numbers import when
from pluriscope.page_kit.blocks import Action, Block, Form, Head, Notice

MAX_NEXT: Final = 8_000


class LoginOptions(Options):
    """Options of the login page."""

    next: str = Field("", max_length=MAX_NEXT, description="Path of this site to come back to.")


class ByToken(BaseModel):
    """The form of the page."""

    token: SecretStr = Field(
        title="Token",
        max_length=400,
        description="Whoever runs this site chose it, as PLURISCOPE_TOKEN.",
        json_schema_extra={"autocomplete": "current-password"},
    )
    next: str = Field("", json_schema_extra={"control": "hidden"})


def login(links: Addresses, caller: Caller, came_from: str, settings: Settings, problem: str) -> Iterator[Block]:
    """The page, for whoever asks.

    Args:
        caller: who asks.
        came_from: the page to come back to.
        settings: whether there is a token, and whether anything may be changed.
        problem: why the last attempt failed.
    """
    back, until = way_back(links, came_from), caller.until
    why = (
        "Reading needs no login. Changing things does: bringing in networks, asking for analyses, training, starting "
        "studies."
    )
    go_on = [Action("Go on", back, primary=True)] if until else []
    yield Head("Logged in" if until else "Log in", "" if until else why, actions=go_on)
    if problem:
        yield Notice("Not logged in", problem, state="refused")
    if settings.read_only:
        yield Notice("For reading only", "Nothing may be changed here at present, whoever is logged in.")
    if until:
        changes = "" if settings.read_only else "What can be changed has its buttons on the pages."
        yield Notice(f"Until {when(until)}", changes)
        return
    if caller.by == "local":
        yield Notice("Not needed here", "On the machine that serves these pages changes need no login.")
    if settings.token:
        yield Form(ByToken, links.login(), "Log in", {"next": back}, always=True, cancel=back)
    else:
        cure = "Set PLURISCOPE_TOKEN where the server runs to a long text that nobody guesses, and start it again."
        yield Notice("Nobody can log in", f"This site has no token. {cure}")


def way_back(links: Addresses, asked: str) -> str:
    """A path of this site as it was asked for, or the first page if it leads anywhere else."""
    start = f"{links.prefix}/"
    own = asked.startswith(start) and re.fullmatch(r"/(?![/\\])[^\x00-\x20\x7f\\]*", asked)
    inward = asked.removeprefix(links.prefix).startswith((links.login(), links.logout()))
    return asked if own and not inward and len(asked) <= MAX_NEXT else links.front()
