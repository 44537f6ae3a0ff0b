import shutil

import pytest
from fastapi.testclient import TestClient

from app.db.engine import open_store
from app.db.schema import SCHEMA
from app.main import create_app
from app.settings import Settings
from tests.conftest import ON_EVERY_DATABASE, database_url

LOCAL = ("127.0.0.1", 50_000)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A database at the current schema with nothing in it, to be copied: migrating takes longer than copying."""
    settings = Settings(data=tmp_path_factory.mktemp("empty"))
    store = open_store(settings)
    store.migrate()
    store.close()
    return settings.data / "pluriscope.sqlite"


@pytest.fixture(scope="session", params=ON_EVERY_DATABASE)
def one_application(request, tmp_path_factory):
    """One application for all tests: describing its routes takes longer than most tests."""
    data = tmp_path_factory.mktemp("routes")
    return create_app(Settings(data=data, database_url=database_url(request), token="let-me-in"))


@pytest.fixture
def application(one_application, empty_database):
    """The application on an empty database."""
    settings = one_application.state.settings
    if settings.database_url:
        store = open_store(settings)
        with store.writer.begin() as connection:
            connection.exec_driver_sql(f"TRUNCATE {', '.join(SCHEMA.tables)} RESTART IDENTITY")
        store.close()
        return one_application
    folder = settings.data
    for left in folder.iterdir():
        if left.is_file():  # rendered pictures, in a folder of their own, are known by their content
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
