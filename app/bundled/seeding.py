"""Puts the bundled networks into a store, once, and asks for their analyses."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.protocol import COMPLETE, PAPER
from app.bundled import FRESH_NAME, FRESH_XOR, ORIGIN, bundled_networks
from app.db.errors import Conflict
from app.db.records import save_data_record
from app.db.tables import NetworkRow
from app.db.writes import save_network
from app.jobs.definitions import train_arguments
from app.jobs.queue import enqueue, enqueue_analyses

log = logging.getLogger("pluriscope.jobs")


def add_bundled_networks(session: Session) -> int:
    """Store the bundled networks, queue their analyses under both protocols, and queue the fresh XOR's training.

    Doing so again changes nothing. A network that somebody has brought in for another task stays theirs.

    Returns:
        How many networks were not stored before.
    """
    added = 0
    enqueue(session, "train", train_arguments([FRESH_XOR], name=FRESH_NAME, protocols=(COMPLETE, PAPER)), FRESH_NAME)
    for bundled in bundled_networks():
        known = session.scalar(select(NetworkRow.id).where(NetworkRow.digest == bundled.network.digest))
        added += known is None
        if session.scalar(
            select(NetworkRow.id).where(NetworkRow.digest == bundled.network.digest, NetworkRow.deleted_at.is_not(None))
        ):
            continue  # somebody has deleted it, and may undo that
        try:
            row = save_network(session, bundled, slug=bundled.slug, origin=ORIGIN, position=bundled.position)
        except Conflict as conflict:
            log.warning("bundled network left out: %s", conflict)
            continue
        enqueue_analyses(session, row, (COMPLETE, PAPER))
        if bundled.data is not None:
            save_data_record(session, bundled.data)
            enqueue_analyses(session, row, (PAPER,), data=bundled.data)
    return added
