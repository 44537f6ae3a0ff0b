"""Application that strangers reach, and visitors of several kinds."""

import re

import pytest
from fastapi.testclient import TestClient

from pluriscope.app.access import sessions
from pluriscope.app.main import create_app
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
def visit(application):
    """A browser from elsewhere; each test has an address of its own."""

    def arrive(host="203.0.113.9", **options):
        options = {"base_url": SITE, "client": (host, 50_000), "follow_redirects": False, "headers": OWN, **options}
        return TestClient(application, **options)

    return arrive


def logged_in(token=CHOSEN, hours=1):
    """The cookies of a browser that showed a token."""
    return {"pluriscope_session": sessions.begin(token, hours)}


def filled(path):
    """A route's path with something in each of its places."""
    return re.sub(r"\{[^}]+\}", "1", path)
