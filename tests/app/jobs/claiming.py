"""Worker that takes up all jobs of a store; the processes that run it import this and not the tests."""

from __future__ import annotations

from pluriscope.app.db.engine import store_at
from pluriscope.app.jobs import queue
from tests.app.jobs.kinds import KINDS


def claim_all(url: str, owner: str, gate, out) -> None:
    store = store_at(url)
    taken = []
    gate.wait()
    while True:
        with store.write() as session:
            held = queue.claim(session, owner, definitions=KINDS)
        if held is None:
            break
        taken.append(held.job_id)
    out.put(taken)
