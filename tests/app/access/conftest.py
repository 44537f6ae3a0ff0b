"""One application that strangers reach, and visitors of several kinds."""

import re

import pytest
from fastapi.testclient import TestClient

from app.access.credentials import Credentials
from app.main import create_app
from tests.factories import on_a_copy

FAR = ("203.0.113.9", 50_000)
SITE = "http://lab.example"
OWN = {"origin": SITE}
CHOSEN = "chosen-by-hand-and-long-enough"


@pytest.fixture(scope="package")
def application(tmp_path_factory):
    settings = on_a_copy(data=tmp_path_factory.mktemp("access"), token=CHOSEN)
    app = create_app(settings)
    with TestClient(app):
        yield app


@pytest.fixture
def credentials(application):
    """With nobody let in yet."""
    folder = application.state.settings.data
    (folder / "access.json").unlink(missing_ok=True)
    kept = application.state.credentials = Credentials(folder, CHOSEN)
    return kept


@pytest.fixture
def visit(application, credentials):
    """A browser from elsewhere; each test has an address of its own."""

    def arrive(host="203.0.113.9", **options):
        options = {"base_url": SITE, "client": (host, 50_000), "follow_redirects": False, "headers": OWN, **options}
        return TestClient(application, **options)

    return arrive


def filled(path):
    """A route's path with something in each of its places."""
    return re.sub(r"\{[^}]+\}", "1", path)
