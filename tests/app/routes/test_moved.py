"""Addresses of pages that are no more lead to a page that there is, or say what became of it."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from starlette.routing import Match

from pluriscope.app.routes.moved import FORMER
from tests.clients import served
from tests.of_plugins import joined

NAMES = {"network": "xor", "study": "depth", "model": "m", "seed": "3", "step": "2", "name": "valid", "form": "csv"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("moved")) as client:
        yield client


def asked(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: NAMES.get(name[1], "0123456789ab"), path)


@pytest.mark.parametrize("former", FORMER)
def test_a_former_address_leads_somewhere(client: TestClient, former: str) -> None:
    answer = client.get(asked(former), params={"theme": "dark", "once": "an option"})
    assert answer.status_code == 301
    to = answer.headers["location"].partition("?")[0]
    scope = {"type": "http", "method": "GET", "path": to, "headers": []}
    assert any(route.matches(scope)[0] == Match.FULL for route in client.app.routes), to
    assert "once" not in answer.headers["location"]


@pytest.mark.parametrize(
    ("method", "path", "now"),
    [
        ("GET", "", "/api/docs"),
        ("GET", "/openapi.json", "/api/v2/openapi.json"),
        ("GET", "/gallery", "/api/v2/networks"),
        ("POST", "/networks", "/api/v2/networks"),
        ("GET", "/networks/xor", "/api/v2/networks/xor"),
        ("POST", "/networks/xor/analyses", "/api/v2/networks/xor/analyses"),
        ("GET", "/networks/xor/result", "/api/v2/networks/xor/result"),
        ("DELETE", "/networks/xor", "/networks/xor/delete"),
        ("POST", "/networks/xor/rename", "/networks/xor/rename"),
        ("GET", "/networks/xor/circuits/081ff/verify", "/api/v2/networks/xor/explanations/c-081ff"),
        ("POST", "/networks/xor/rivals", "/api/v2/networks/xor/analyses/rivals"),
        ("GET", "/networks/xor/common-ground/standing", "/api/v2/networks/xor/analyses/common-ground"),
        ("GET", "/compare/verify?network=xor&e=c-081ff", "/api/v2/networks/xor/compare?e=c-081ff"),
        ("GET", "/models/m/circuits/13", "/api/v2/networks/m/explanations/c-13"),
        ("POST", "/models/m/searches", "/api/v2/networks/m/analyses"),
        ("GET", "/jobs/0123/events", "/api/v2/jobs/0123"),
        ("GET", "/glossary", "/glossary"),
        ("GET", "/tour", ""),
        ("PUT", "/networks/xor", ""),
        *(("GET", path, now) for path, now in joined("MOVED").items()),
    ],
)
def test_version_1_is_no_more_and_names_what_serves_the_same_now(client, method, path, now) -> None:
    answer = client.request(method, f"/api/v1{path}")
    assert (answer.status_code, answer.json()["parent"]) == (410, now or "/api/docs")
    asked = "POST" if method == "DELETE" else method
    assert answer.json()["error"].endswith(
        f". Ask {asked} {now}, or see /api/docs for all that can be asked."
        if now
        else ". See /api/docs for all that can be asked."
    )
