"""Addresses of pages that are no more lead to a page that there is, or say what became of it."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from starlette.routing import Match

from pluriscope.app.main import ROUTERS, create_app
from pluriscope.app.routes.moved import FORMER
from tests.factories import on_a_copy

NAMES = {"network": "xor", "study": "depth", "model": "m", "seed": "3", "step": "2", "name": "valid", "form": "csv"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("moved")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


def asked(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: NAMES.get(name[1], "0123456789ab"), path)


@pytest.mark.parametrize("former", FORMER)
def test_a_former_address_leads_somewhere(client: TestClient, former: str) -> None:
    answer = client.get(asked(former), params={"theme": "dark", "once": "an option"})
    assert answer.status_code == 301
    to = answer.headers["location"].partition("?")[0]
    scope = {"type": "http", "method": "GET", "path": to, "headers": []}
    assert any(route.matches(scope)[0] == Match.FULL for router in ROUTERS for route in router.routes), to
    assert "once" not in answer.headers["location"]


@pytest.mark.parametrize("path", ["/networks/xor", "/studies/depth/outcomes", "/tour", "/openapi.json"])
def test_version_1_says_where_version_2_is(client: TestClient, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = client.request(method, f"/api/v1{path}")
        assert answer.status_code == 410
        assert f"ask /api/v2{path}, or see /api/v2" in answer.json()["error"].lower()
