"""Which workers are there: each shows itself every few seconds, whether or not it has anything to do.

Jobs do not need this: their leases say who holds them. It is for people and monitoring, who want to know of an idle
worker that it lives. So nothing that goes wrong here disturbs the work.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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


@dataclass(frozen=True)
class Showing:
    """What a worker shows of itself.

    Args:
        store: that it works on.
        name: as its jobs' owners begin.
        slots: jobs at a time.
        cluster: address of the scheduler that it computes on; "" for processes of its own machine.
        started_at: when it began.
    """

    store: Store
    name: str
    slots: int
    cluster: str
    started_at: datetime

    def show(self, now: datetime) -> None:
        """Say that the worker is there, and forget those that have been gone for a day."""
        with self.store.write() as session:
            there = session.execute(update(WorkerRow).where(WorkerRow.name == self.name).values(seen_at=now))
            if not there.rowcount:  # type: ignore[attr-defined]  # of an update it has one
                session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now - FORGOTTEN))
                session.add(
                    WorkerRow(
                        name=self.name,
                        host=socket.gethostname()[:80],
                        pid=os.getpid(),
                        slots=self.slots,
                        cluster=self.cluster[:200],
                        version=ENGINE_VERSION,
                        started_at=self.started_at,
                        seen_at=now,
                    )
                )

    def leave(self) -> None:
        """Take the worker off the list."""
        with self.store.write() as session:
            session.execute(delete(WorkerRow).where(WorkerRow.name == self.name))


@contextmanager
def shown(
    store: Store, name: str, *, slots: int, cluster: str = "", every_seconds: float = SHOWN_EVERY_SECONDS
) -> Iterator[None]:
    """Show a worker for as long as the block runs, from a thread of its own."""
    showing = Showing(store, name, slots, cluster, datetime.now(UTC))
    over = threading.Event()

    def go_on() -> None:
        while True:
            try:
                showing.show(datetime.now(UTC))
            except (SQLAlchemyError, StoreError) as error:
                log.info("the worker could not show itself: %s", error)
            if over.wait(every_seconds):
                return

    thread = threading.Thread(target=go_on, name="presence", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        try:
            showing.leave()
        except (SQLAlchemyError, StoreError) as error:
            log.info("the worker could not take itself off the list: %s", error)
