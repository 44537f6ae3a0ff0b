import shutil

import pytest
from fastapi.testclient import TestClient

from app.db.engine import open_store
from app.main import create_app
from app.settings import Settings

LOCAL = ("127.0.0.1", 50_000)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A database at the current schema with nothing in it, to be copied: migrating takes longer than copying."""
    settings = Settings(data=tmp_path_factory.mktemp("empty"))
    store = open_store(settings)
    store.migrate()
    store.close()
    return settings.data / "pluriscope.sqlite"


@pytest.fixture(scope="session")
def one_application(tmp_path_factory):
    """One application for all tests: describing its routes takes longer than most tests."""
    return create_app(Settings(data=tmp_path_factory.mktemp("routes"), token="let-me-in"))


@pytest.fixture
def application(one_application, empty_database):
    """The application on an empty database."""
    folder = one_application.state.settings.data
    for left in folder.iterdir():
        left.unlink()
    shutil.copy(empty_database, folder)
    return one_application


@pytest.fixture
def client(application):
    """A program on this machine."""
    with TestClient(application, base_url="http://127.0.0.1", client=LOCAL, follow_redirects=False) as client:
        yield client


@pytest.fixture
def store(client, application):
    return application.state.store
