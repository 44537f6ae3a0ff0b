"""The addresses of edits, of training, and of two networks beside each other."""

from __future__ import annotations

from typing import Any

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope


def edit_url(links: Addresses, network: str, scope: Scope | None = None, **view: Any) -> str:
    """Address at which a network is edited: the form, its preview, and with POST storing that."""
    return links.url("networks", network, "edit", scope=scope, **view)


def training_url(links: Addresses, network: str, scope: Scope | None = None, form: str = "", **view: Any) -> str:
    """The checkpoints of the training that a network is one of; with "csv" their table."""
    return links.url("networks", network, f"training.{form}" if form else "training", scope=scope, **view)


def changes_url(
    links: Addresses, network: str, other: str, scope: Scope | None = None, form: str = "", **view: Any
) -> str:
    """Explanations of a network in another one; with POST where that is asked for, with "csv" their table."""
    return links.url("networks", network, "compare", f"{other}.{form}" if form else other, scope=scope, **view)
