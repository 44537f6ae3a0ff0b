"""Actions of several processes on one store at the same time; they import this and not the tests."""

from __future__ import annotations

import multiprocessing

from sqlalchemy import text

from pluriscope.app.db.engine import store_at


def migrate(url: str, gate) -> None:
    gate.wait()
    store_at(url).migrate()


def count_up(url: str, times: int, gate) -> None:
    store = store_at(url)
    gate.wait()
    for _ in range(times):
        with store.write() as session:
            value = session.scalar(text("SELECT name FROM protocols WHERE digest = 'counter'"))
            session.execute(text("UPDATE protocols SET name = :v WHERE digest = 'counter'"), {"v": str(int(value) + 1)})


def run_together(target, *args) -> list[int]:
    context = multiprocessing.get_context("spawn")
    gate = context.Event()
    processes = [context.Process(target=target, args=(*args, gate)) for _ in range(2)]
    for process in processes:
        process.start()
    gate.set()
    for process in processes:
        process.join(300)
    return [process.exitcode for process in processes]
