"""What can be looked at while somebody waits: the doctor without its walks through the whole store, and torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from app.db.engine import Store, newest_revision
from app.doctor import environment, stored
from app.doctor.finding import Finding, guarded
from app.settings import Settings


def glance(variables: Mapping[str, str], settings: Settings, store: Store) -> list[Finding]:
    """Settings, versions, folder, clock, schema and jobs; not the database's pages, rows without parents and digests.

    Args:
        variables: the variables in force.
        settings: made of them.
        store: that is served.
    """
    return list(_findings(variables, settings, store))


def _findings(variables: Mapping[str, str], settings: Settings, store: Store) -> Iterator[Finding]:
    yield from guarded("settings.unknown", partial(environment.of_environment, variables))
    yield from guarded("settings.agree", partial(environment.of_settings, settings))
    yield from guarded("versions", partial(environment.of_versions, settings))
    yield from guarded("folder", partial(environment.of_folder, settings))
    yield from guarded("clock.right", environment.of_clock)
    yield from guarded("store.schema", partial(stored.of_schema, store))
    if store.revision() == newest_revision():
        yield from guarded("clock", partial(stored.of_times, store))
        yield from guarded("jobs", partial(stored.of_jobs, store))
