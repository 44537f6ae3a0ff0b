"""The addresses of edits and of training."""

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
