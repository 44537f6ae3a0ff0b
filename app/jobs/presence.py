"""Which workers are there: each shows itself every few seconds, whether or not it has anything to do.

Jobs do not need this: their leases say who holds them. It is for people and monitoring, who want to know of an idle
worker that it lives. So nothing that goes wrong here disturbs the work.
"""

from __future__ import annotations

import logging
import os
import socket
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.exc import SQLAlchemyError

from analysis import ENGINE_VERSION
from app.db.engine import Store
from app.db.errors import StoreError
from app.db.job_tables import WorkerRow

log = logging.getLogger("pluriscope.jobs")
SHOWN_EVERY_SECONDS: Final = 10.0
PRESENT_SECONDS: Final = 45.0
"""Who has not shown itself for longer is taken for gone; a busy database may swallow a sign or two."""
FORGOTTEN: Final = timedelta(days=1)


def show(store: Store, name: str, slots: int, cluster: str, *, started_at: datetime, now: datetime) -> None:
    """Say that a worker is there, and forget those that have been gone for a day.

    Args:
        store: that it works on.
        name: as its jobs' owners begin.
        slots: jobs at a time.
        cluster: address of the scheduler that it computes on; "" for processes of its own machine.
        started_at: when it began.
        now: the time.
    """
    try:
        with store.write() as session:
            there = session.execute(update(WorkerRow).where(WorkerRow.name == name).values(seen_at=now))
            if there.rowcount:  # type: ignore[attr-defined]  # of an update it has one
                return
            session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now - FORGOTTEN))
            session.add(
                WorkerRow(
                    name=name,
                    host=socket.gethostname()[:80],
                    pid=os.getpid(),
                    slots=slots,
                    cluster=cluster[:200],
                    version=ENGINE_VERSION,
                    started_at=started_at,
                    seen_at=now,
                )
            )
    except (SQLAlchemyError, StoreError) as error:
        log.info("the worker could not show itself: %s", error)


def leave(store: Store, name: str) -> None:
    """Take a worker off the list."""
    try:
        with store.write() as session:
            session.execute(delete(WorkerRow).where(WorkerRow.name == name))
    except (SQLAlchemyError, StoreError) as error:
        log.info("the worker could not take itself off the list: %s", error)
