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

ON_EVERY_DATABASE = ("sqlite", "postgresql")
"""Parameters of a fixture that opens a store: the same tests on both databases, on the second before a release."""

SQLITES_OWN = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""For a test of what only SQLite has, such as its query plans."""


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items):
    """Let what needs PostgreSQL wait for a release, and the benchmarks' own tests."""
    for item in items:
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        named = [*item.fixturenames, *(one for one in parameters if isinstance(one, str))]
        if "postgresql" in named or "benchmarks" in item.path.parts:
            item.add_marker("release")


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


def database_url(request, **how) -> str:
    """The URL of the database that a parameter of :data:`ON_EVERY_DATABASE` asks for; "" is SQLite's in the folder."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgresql").database(**how)


@pytest.fixture
def own_environment(monkeypatch):
    """An environment without settings of the application."""
    for name in [name for name in os.environ if name.startswith("PLURISCOPE_")]:
        monkeypatch.delenv(name)
    return monkeypatch
