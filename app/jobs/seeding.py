"""The first start: bundled networks saved, their analyses and one training asked for; later starts add nothing."""

from __future__ import annotations

import logging

from analysis.protocol import COMPLETE, PAPER
from app.bundled import FRESH_NAME, FRESH_XOR, ORIGIN, bundled_networks
from app.db.engine import Store
from app.db.errors import Conflict
from app.db.writes import save_data_record, save_network
from app.jobs import queue
from app.jobs.definitions import train_arguments

log = logging.getLogger("pluriscope.jobs")
PROTOCOLS = (COMPLETE, PAPER)


def seed_store(store: Store) -> None:
    """Save the bundled networks and ask for their analyses and for the training of one XOR; safe to repeat.

    What is stored, queued or done already stays as it is, failed and cancelled jobs too.
    """
    with store.write() as session:
        for bundled in bundled_networks():
            try:
                row = save_network(session, bundled, slug=bundled.slug, origin=ORIGIN, position=bundled.position)
            except Conflict as conflict:  # a user has brought the same network in for another task: theirs stays
                log.warning("bundled network left out: %s", conflict)
                continue
            queue.enqueue_analyses(session, row, PROTOCOLS)
            if bundled.data is not None:
                save_data_record(session, bundled.data)
                queue.enqueue_analyses(session, row, PROTOCOLS, data=bundled.data)
        arguments = train_arguments([FRESH_XOR], name=FRESH_NAME, protocols=PROTOCOLS)
        queue.enqueue(session, "train", arguments, f"Train {FRESH_NAME}")
