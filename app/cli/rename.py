"""`pluriscope rename`: another slug for a network, without breaking links with the old one."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.store import opened_store
from app.cli.terminal import DONE, write_text


def rename(
    network: Annotated[str, typer.Argument(help="Slug or digest of a stored network.")],
    slug: Annotated[str, typer.Argument(help="Its new slug: lower-case letters, digits and hyphens inside.")],
) -> int:
    """Give a stored network another slug; addresses with the former one redirect.

    Example: [bold]pluriscope rename xor-3 xor-of-table-2[/bold]
    """
    from app.addressing import Addresses
    from app.db.links import rename_network
    from app.db.reads.analyses import find_network

    with opened_store() as store, store.write() as session:
        row = find_network(session, network)
        rename_network(session, row, slug)
        address = Addresses().network(row.slug)
    write_text("-", f"{address}\n")
    return DONE
