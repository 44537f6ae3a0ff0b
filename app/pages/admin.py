"""How the installation runs: checks, jobs, workers, sizes, settings in force, what the doctor sees at a glance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from app.addressing import Addresses
from app.db.engine import Store, shown
from app.db.tables import AnalysisRow, NetworkRow
from app.doctor.finding import Finding
from app.doctor.quick import glance
from app.jobs.installation import STATES, Installation, Present, Queue, look_at
from app.observability.readiness import Check, checks_of
from app.options import PageModel
from app.settings import Settings

SECRET: Final = re.compile("token|secret|password|credential|key")
VARIABLE: Final = "PLURISCOPE_"


class KindOfJob(PageModel):
    """Jobs of one kind."""

    kind: str
    counts: dict[str, int] = Field(description="How many there are in each state.")


class StoreView(PageModel):
    """The store and the room around it, in bytes."""

    url: str = Field(description="Where it is, without the password.")
    kind: str = Field(description="sqlite or postgresql.")
    read_only: bool
    bytes: int
    log_bytes: int | None = Field(description="SQLite's write-ahead log; null for PostgreSQL.")
    free_bytes: int = Field(description="Left on the data folder's volume.")
    volume_bytes: int
    networks: int
    analyses: int


class SettingView(PageModel):
    """One setting in force; of a secret one only whether it is set."""

    name: str
    value: str
    is_default: bool
    meaning: str


class AdminPage(PageModel):
    """How the installation runs."""

    version: str
    at: datetime
    url: str
    checks: list[Check]
    queue: Queue
    jobs: list[KindOfJob]
    states: list[str]
    workers: list[Present]
    store: StoreView
    settings: list[SettingView]
    findings: list[Finding] = Field(description="The doctor's, without its walks through the whole store.")


def build_admin(
    session: Session,
    addresses: Addresses,
    store: Store,
    settings: Settings,
    environment: Mapping[str, str],
    now: datetime,
) -> AdminPage:
    """The page.

    Args:
        addresses: for its own address.
        store: that is served.
        settings: in force.
        environment: variables that the settings were made of.
        now: the present.
    """
    found = look_at(store, settings, now)
    return AdminPage(
        version=ENGINE_VERSION,
        at=now,
        url=addresses.admin(),
        checks=checks_of(store, settings, now),
        queue=found.queue,
        jobs=_jobs(found),
        states=list(STATES),
        workers=list(found.workers),
        store=_store(session, store, found),
        settings=[_setting(settings, name) for name in type(settings).model_fields],
        findings=glance(environment, settings, store),
    )


def _jobs(found: Installation) -> list[KindOfJob]:
    kinds = sorted({kind for kind, _ in found.jobs})
    return [KindOfJob(kind=kind, counts={s: found.jobs.get((kind, s), 0) for s in STATES}) for kind in kinds]


def _store(session: Session, store: Store, found: Installation) -> StoreView:
    def count(table: type[Any], *conditions: Any) -> int:
        return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    return StoreView(
        url=shown(store.url),
        kind=store.reader.dialect.name,
        read_only=store.read_only,
        bytes=found.sizes.store,
        log_bytes=found.sizes.log,
        free_bytes=found.sizes.free,
        volume_bytes=found.sizes.total,
        networks=count(NetworkRow, NetworkRow.deleted_at.is_(None)),
        analyses=count(AnalysisRow, AnalysisRow.so_far == ""),
    )


def _setting(settings: Settings, name: str) -> SettingView:
    field, value = type(settings).model_fields[name], getattr(settings, name)
    if SECRET.search(name):
        told = "set" if value else "not set"
    elif name == "database_url" and value:
        told = shown(value)
    else:
        told = str(value)
    return SettingView(
        name=f"{VARIABLE}{name.upper()}",
        value=told,
        is_default=value == field.default,
        meaning=field.description or "",
    )
