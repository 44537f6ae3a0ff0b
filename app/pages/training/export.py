"""How a network learned as a table: loss and outputs by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from app.addressing import Addresses
from app.db.reads.analyses import find_network
from app.errors import NotFound
from app.pages.sharing.exports import Cell, Table
from app.pages.training.course import learning_of_network, why_unknown


def training_table(session: Session, addresses: Addresses, network: str) -> Table:
    """Loss by epoch, and outputs on every input at those epochs that they were kept of.

    Raises:
        NotFound: no such network, or nothing is known of its training.
    """
    row = find_network(session, network)
    learning = learning_of_network(row, addresses)
    if learning is None:
        raise NotFound(
            f"training of {row.name}", "is not known here", why_unknown(row), "network", addresses.network(row.slug),
            "the network",
        )  # fmt: skip
    told = learning.networks[0]
    losses, outputs = dict(told.losses), dict(told.outputs)
    which = list(product(range(len(learning.tasks)), range(len(learning.inputs))))
    options = ", ".join(f"{name}={value}" for name, value in learning.options.items())
    about = (
        f"Pluriscope {ENGINE_VERSION}: training of {row.name} ({row.slug}), SHA-256 {row.digest}.",
        f"Options: {options}.",
        f"Ended after {told.epochs} epochs: {told.message}. Loss: mean squared error of an epoch over its batches.",
        f"Thinned: {learning.thinning}; output_K_BITS is output K on that Boolean input, empty where it was not kept.",
    )
    columns = ("epoch", "loss", *(f"output_{output}_{learning.inputs[at]}" for output, at in which))

    def rows() -> Iterator[Sequence[Cell]]:
        for epoch in sorted({*losses, *outputs}):
            looked = outputs.get(epoch)
            values = [None] * len(which) if looked is None else [looked[at][output] for output, at in which]
            yield (epoch, losses.get(epoch), *values)

    return Table(f"{row.slug}-training", about, columns, rows())
