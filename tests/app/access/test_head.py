"""HEAD through a real server: the headers of GET, no body, and nothing in the log."""

from __future__ import annotations

import http.client
import logging
from urllib.parse import urlsplit

import pytest
from starlette.routing import Route

from app.main import ROUTERS
from tests.serving import Served, served_xor

pytestmark = pytest.mark.slow
OTHERS = (
    "/networks/xor-pretrained",
    "/networks/xor-pretrained/circuits.csv",
    "/api/v2/networks/xor-pretrained",
    "/static/house.js",
    "/networks/none-of-this-name",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served_xor(tmp_path_factory.mktemp("served")) as server:
        yield server


def answer(server: Served, method: str, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    connection.request(method, path, headers={"connection": "close"})
    found = connection.getresponse()
    assert (found.read() == b"") or method == "GET"
    connection.close()
    return found


def test_head_answers_as_get_does(server, caplog):
    fixed = {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, Route)
        and "GET" in (route.methods or ())
        and "{" not in route.path
        and route.path != "/api"  # which takes longer than all others
    }
    assert len(fixed) > 20
    with caplog.at_level(logging.WARNING, logger="uvicorn.error"):
        for path in sorted(fixed):
            assert answer(server, "HEAD", path).status < 500, path
        for path in OTHERS:
            assert answer(server, "HEAD", path).status == answer(server, "GET", path).status, path
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_head_tells_the_length_of_the_body(server):
    head, get = (answer(server, method, "/scope") for method in ("HEAD", "GET"))
    assert int(head.headers["content-length"]) == int(get.headers["content-length"]) > 1_000
