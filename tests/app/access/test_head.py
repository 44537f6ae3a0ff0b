"""Through a real server: HEAD has the headers of GET and no body; whoever goes in the middle is no error."""

from __future__ import annotations

import http.client
import logging
import socket
import time
from urllib.parse import urlsplit

import pytest

from pluriscope.app.pages.sharing import exports
from tests.serving import Served, served_xor

pytestmark = pytest.mark.slow
PATHS = (
    "/",
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


def test_head_makes_no_more_than_the_beginning_of_a_long_table(server, monkeypatch):
    made = []
    monkeypatch.setattr(exports, "interpretations_lines", lambda *_: (made.append(n) or "1\n" for n in range(1_000)))
    path = "/networks/xor-pretrained/explanations/c-1/interpretations.csv?rows=0"
    assert (answer(server, "HEAD", path).status, answer(server, "HEAD", path).status) == (200, 200)
    assert len(made) < 10


def test_who_goes_while_sending_is_no_error_of_ours(server, caplog):
    at, form = urlsplit(server.url), "content-type: application/x-www-form-urlencoded\r\ncontent-length: 50"
    begun = f"POST /networks/xor-pretrained/rename HTTP/1.1\r\nhost: {at.netloc}\r\n{form}\r\n\r\nslug="
    with caplog.at_level(logging.INFO, logger="pluriscope"):
        with socket.create_connection((at.hostname, at.port)) as gone:
            gone.sendall(begun.encode())
            assert answer(server, "GET", "/health").status == 200  # the first was taken up meanwhile
        while not any("/rename" in record.getMessage() for record in caplog.records):
            time.sleep(0.01)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
