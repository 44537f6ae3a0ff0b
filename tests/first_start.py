"""The store of somebody who has started the application for the first time and waited until all its work was done."""

from __future__ import annotations

from pathlib import Path

import pytest

from pluriscope.app.db.engine import open_store
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.jobs.seeding import add_bundled_models, add_bundled_networks
from pluriscope.app.settings import Settings
from tests.app.jobs.executors import work
from tests.made_once import made_once
from tests.of_plugins import given


def first_start(factory: pytest.TempPathFactory) -> Path:
    """Its data folder, which nobody may change; it takes minutes to make."""
    return made_once(factory, "first-start", _make)


def _make(data: Path) -> None:
    settings = Settings(data=data)
    store = open_store(settings)
    try:
        store.migrate()
        with store.write() as session:
            add_bundled_networks(session)
            add_bundled_models(session)
        for add in given("SEEDED"):
            add(settings)
        work(store, DEFINITIONS)
    finally:
        store.close()
