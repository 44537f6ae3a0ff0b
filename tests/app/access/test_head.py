"""HEAD through a real server: the headers of GET, no body, and nothing in the log."""

from __future__ import annotations

import http.client
import logging
from urllib.parse import urlsplit

import pytest

from tests.serving import Served, served_xor

pytestmark = pytest.mark.slow
PATHS = (
    "/",
    "/search?q=xor",
    "/glossary",
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
    with caplog.at_level(logging.WARNING, logger="uvicorn.error"):
        for path in PATHS:
            assert answer(server, "HEAD", path).status == answer(server, "GET", path).status, path
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []
