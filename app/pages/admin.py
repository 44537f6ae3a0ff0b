"""Page of the installation: jobs, workers, sizes, settings in force, and what a check sees at a glance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.plugins import failures, plugins
from pluriscope.app.check import glance
from pluriscope.app.db.engine import Store, shown
from pluriscope.app.db.plugin_tables import absent_plugins
from pluriscope.app.db.tables import AnalysisRow, NetworkRow
from pluriscope.app.jobs.installation import STATES, Installation, is_present, look_at
from pluriscope.app.settings import Settings
from pluriscope.figures.numbers import duration, exact, noun, when
from pluriscope.figures.svg.marks import VERDICT_MARKS
from pluriscope.page_kit.blocks import Action, Block, Head, More, Notice, Section, Table, VerdictState

SECRET: Final = re.compile("token|secret|password|credential|key")
VARIABLE: Final = "PLURISCOPE_"
_SIGNS: Final[Mapping[str, VerdictState]] = {"ok": "pass", "note": "na", "warning": "untested", "problem": "fail"}


def administration(
    session: Session,
    addresses: Addresses,
    store: Store,
    settings: Settings,
    environment: Mapping[str, str],
    now: datetime,
) -> Iterator[Block]:
    """The page.

    Args:
        session: counts what is stored.
        store: that is served.
        settings: in force.
        environment: variables that the settings were made of.
    """
    found = look_at(store, settings, now)
    yield Head(
        "Administration",
        f"How this installation runs, at {when(now)}. Version {ENGINE_VERSION}.",
        actions=[Action("Jobs", addresses.jobs())],
    )
    yield from _work(found, now)
    yield Section("Store", shown(store.url))
    yield Table.plain(("What", "Value"), _sizes(session, store, found))
    yield from _plugins(session)
    yield Section("Check", Markup("<code>pluriscope check</code> checks the whole store."))
    findings = glance(environment, settings)
    labels = ("Check", "State", "Found", "What to do")
    yield Table.plain(labels, [(one.check, _signed(one.level), one.found, one.cure) for one in findings])
    yield More("Settings", lambda: [_settings(settings)], "secrets are shown as set or not set", id="settings")


def _plugins(session: Session) -> Iterator[Block]:
    """List the plugins that are installed, what of them is left out, and those that are missing."""
    rows = [(one.name, one.version, one.refused or f"in use: {', '.join(sorted(one.brings))}") for one in plugins()]
    rows += [(one.plugin, "", f"left out: {one.item} {one.cause}") for one in failures() if one.item != "the plugin"]
    rows += [(one.name, one.version, "missing; what it has stored is kept") for one in absent_plugins(session)]
    yield Section("Plugins", "" if rows else "None is installed.")
    if rows:
        yield Table.plain(("Plugin", "Version", "State"), rows)


def _settings(settings: Settings) -> Table:
    fields = type(settings).model_fields
    return Table.plain(
        ("Variable", "Value", "Changed"),
        [_setting(settings, name) for name in fields],
        [(field.description or "").replace("`", "") for field in fields.values()],
    )


def _signed(state: str) -> Markup:
    return Markup('<span class="glyph">{}</span> {}').format(VERDICT_MARKS[_SIGNS[state]], state)


def _work(found: Installation, now: datetime) -> Iterator[Block]:
    """Show which jobs wait and run, and which workers do them."""
    figures = found.figures
    ready, delayed, lost, given_up = (
        exact(int(figures[name]))
        for name in ("queue_ready_jobs", "queue_delayed_jobs", "queue_abandoned_jobs", "jobs_set_aside")
    )
    first = f", the first for {duration(figures['queue_oldest_seconds'])}" if figures["queue_ready_jobs"] else ""
    yield Section(
        "Jobs",
        f"{ready} wait{first}; {delayed} wait after a failed attempt; {lost} have lost their worker; "
        f"{given_up} were given up.",
    )
    kinds = sorted({kind for kind, _ in found.jobs})
    if kinds:
        yield Table.plain(
            ("Kind", *STATES),
            [
                (Markup("<code>{}</code>").format(kind), *(found.jobs.get((kind, state), 0) for state in STATES))
                for kind in kinds
            ],
        )
    else:
        yield Notice("No job has ever been asked for")
    yield Section(
        "Workers", f"Present: {figures['workers']}, for {noun(int(figures['worker_slots']), 'job')} at a time."
    )
    if not found.workers:
        yield Notice("No worker is there", "Nothing that is asked for is computed.", "Start one: pluriscope work")
        return
    yield Table.plain(
        ("Machine", "Process", "State", "Busy", "Version", "Since", "Seen"),
        [
            (
                worker.host,
                str(worker.pid),
                "there" if is_present(worker, now) else "gone",
                f"{found.busy[worker.name]} of {worker.slots}",
                worker.version,
                when(worker.started_at),
                f"{duration((now - worker.seen_at).total_seconds())} ago",
            )
            for worker in found.workers
        ],
    )


def _sizes(session: Session, store: Store, found: Installation) -> list[tuple[str, str]]:
    def count(table: type[Any], *conditions: Any) -> str:
        return exact(session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)

    sizes = found.figures
    log = sizes.get("store_log_bytes")
    return [
        ("Database", store.reader.dialect.name),
        ("Size", f"{sizes['store_bytes'] / 1e6:.1f} MB"),
        ("Write-ahead log", "kept by the server" if log is None else f"{log / 1e6:.1f} MB"),
        ("Room left", f"{sizes['volume_free_bytes'] / 1e9:.1f} of {sizes['volume_bytes'] / 1e9:.1f} GB"),
        ("Networks", count(NetworkRow, NetworkRow.deleted_at.is_(None))),
        ("Analyses", count(AnalysisRow)),
    ]


def _setting(settings: Settings, name: str) -> tuple[Markup, str, str]:
    """Its variable, its value or of a secret whether it is set, and whether that is not the default."""
    field, value = type(settings).model_fields[name], getattr(settings, name)
    if SECRET.search(name):
        text = "set" if value else "not set"
    elif name == "database_url" and value:
        text = shown(value)
    else:
        text = str(value)
    variable = Markup("<code>{}</code>").format(f"{VARIABLE}{name.upper()}")
    return variable, text, "" if value == field.default else "changed"
