import pytest
from fastapi.testclient import TestClient

from conftest import ON_EVERY_DATABASE, database_url
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.factories import empty_database
from tests.postgresql import empty

LOCAL = ("127.0.0.1", 50_000)


@pytest.fixture(scope="session", params=ON_EVERY_DATABASE)
def one_application(request, tmp_path_factory):
    """Application for all tests: describing its routes takes longer than most tests."""
    data = tmp_path_factory.mktemp("routes")
    return create_app(Settings(data=data, database_url=database_url(request), token="let-me-in"))


@pytest.fixture
def application(one_application):
    """The application on an empty database."""
    settings = one_application.state.settings
    if settings.database_url:
        empty(settings.database_url)
        return one_application
    folder = settings.data
    for left in folder.iterdir():
        if left.is_file():  # rendered pictures, in a folder of their own, are known by their content
            left.unlink()
    (folder / "pluriscope.sqlite").write_bytes(empty_database())
    return one_application


@pytest.fixture
def client(application):
    """A program on this machine."""
    with TestClient(application, base_url="http://127.0.0.1", client=LOCAL, follow_redirects=False) as client:
        yield client


@pytest.fixture
def store(client, application):
    return application.state.store
