"""What holds for every test."""

import gc
import os

import pytest
from hypothesis import settings

from tests.postgresql import running_server

# what is imported and collected stays to the end: see pytest_collection_finish
gc.disable()

# a busy machine is no failure, and the same code must give the same verdict every time, under CI and everywhere else
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
# ./run explore asks for this one: other cases under each seed
settings.register_profile("explore", deadline=None, derandomize=False, database=None, print_blob=True)
settings.load_profile("steady")

ON_EVERY_DATABASE = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
"""Parameters of a fixture that opens a store: the same tests on both databases."""

SQLITES_OWN = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""For a test of what only SQLite has, such as its query plans."""


ON_POSTGRESQL = pytest.mark.parametrize("store", ["postgresql"], indirect=True)
"""For a test of which others say as much on SQLite."""


def pytest_collection_modifyitems(items):
    """Run tests marked ``one_database`` on SQLite alone, unless they are marked ``every_database`` as well."""
    items[:] = [item for item in items if not (_is_of_one_database(item) and _is_on_postgresql(item))]


def _is_of_one_database(item) -> bool:
    return bool(item.get_closest_marker("one_database")) and not item.get_closest_marker("every_database")


def _is_on_postgresql(item) -> bool:
    return hasattr(item, "callspec") and "postgresql" in item.callspec.params.values()


def pytest_collection_finish():
    """Collect garbage more seldom, and never go through what importing and collecting tests made: it stays to the end.

    A tenth of the tests' time went into that.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish():
    """Let pytest, which then looks several times for what nobody closed, go only through what is left over by then."""
    gc.collect()
    gc.collect()  # what the first has closed
    gc.freeze()


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL server of this run's own; skipped where none is installed."""
    with running_server() as server:
        yield server


def database_url(request) -> str:
    """The URL of the database that a parameter of :data:`ON_EVERY_DATABASE` asks for; "" is SQLite's in the folder."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgresql").database()


@pytest.fixture
def own_environment(monkeypatch):
    """An environment without settings of the application."""
    for name in [name for name in os.environ if name.startswith("PLURISCOPE_")]:
        monkeypatch.delenv(name)
    return monkeypatch
