"""Whether a process can do its work, check by check; each says what was found and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError

from app.db.engine import Store, newest_revision
from app.db.errors import StoreError
from app.jobs.installation import Installation, look_at
from app.settings import Settings

NO_ROOM: Final = 100 << 20
LITTLE_ROOM: Final = 1 << 30


class Check(BaseModel):
    """One thing that was looked at."""

    model_config = ConfigDict(frozen=True)

    name: Literal["store", "schema", "disk", "workers"]
    state: Literal["ok", "degraded", "failed"] = Field(
        description="failed: no request can be answered rightly; degraded: reading goes on, something else does not."
    )
    found: str = Field(description="What was found.")
    cure: str = Field("", description="What to do; empty where nothing is to be done.")


def checks_of(store: Store, settings: Settings, now: datetime) -> list[Check]:
    """Look at store, schema, disk and workers. Only the first two decide whether requests can be answered."""
    return list(_checks(store, settings, now))


def _checks(store: Store, settings: Settings, now: datetime) -> Iterator[Check]:
    try:
        revision = store.revision()
    except StoreError:
        # in the words of health: where the database is and why it fails is for the log, not for whoever asks
        yield Check(name="store", state="failed", found="the database does not answer", cure="see the server's log")
        return
    if store.read_only:
        yield Check(
            name="store",
            state="degraded",
            found="the database can be read but not changed",
            cure="make its file and folder writable, and room on its volume, then start again",
        )
    else:
        yield Check(name="store", state="ok", found="the database answers")
    if revision != newest_revision():
        yield Check(
            name="schema",
            state="failed",
            found=f"the schema is {revision or 'missing'}, needed is {newest_revision()}",
            cure="take a backup, then start the server, which brings it up, or install the version that made it",
        )
        return
    yield Check(name="schema", state="ok", found=f"the schema is {revision}")
    try:
        found = look_at(store, settings, now)
    except SQLAlchemyError:
        yield Check(name="store", state="failed", found="the database does not answer", cure="see the server's log")
        return
    yield _disk(found)
    yield _workers(found)


def _disk(found: Installation) -> Check:
    free = f"{found.sizes.free / 1e9:.1f} GB are left"
    if found.sizes.free < NO_ROOM:
        return Check(name="disk", state="degraded", found=free, cure="make room: changes will soon be refused")
    if found.sizes.free < LITTLE_ROOM:
        return Check(name="disk", state="ok", found=f"only {free}", cure="make room before it is needed")
    return Check(name="disk", state="ok", found=free)


def _workers(found: Installation) -> Check:
    waiting = found.queue.ready
    if not found.n_present and waiting:
        return Check(
            name="workers",
            state="degraded",
            found=f"no worker is there; jobs that wait: {waiting}",
            cure="start pluriscope work",
        )
    return Check(name="workers", state="ok", found=f"workers: {found.n_present}; jobs that wait: {waiting}")
