"""What holds for every test."""

import os

import pytest
from hypothesis import settings

from tests.postgresql import running_server

# a busy machine is no failure, and the same code must give the same verdict every time
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")

ON_EVERY_DATABASE = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
"""Parameters of a fixture that opens a store: the same tests on both databases."""

SQLITES_OWN = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""For a test of what only SQLite has, such as its query plans."""


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
