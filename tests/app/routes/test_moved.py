"""Addresses of pages that are no more lead to a page that there is, or say what became of it."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from starlette.routing import Match

from app.main import ROUTERS, create_app
from app.routes.moved import FORMER, Former
from tests.factories import on_a_copy

NAMES = {"network": "xor", "study": "depth", "model": "m", "seed": "3", "step": "2", "name": "valid", "form": "csv"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("moved")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


def asked(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: NAMES.get(name[1], "0123456789ab"), path)


@pytest.mark.parametrize("former", FORMER, ids=lambda former: former.path)
def test_a_former_address_leads_somewhere(client: TestClient, former: Former) -> None:
    for api in ("", "/api/v2") if former.twin else ("",):
        answer = client.get(f"{api}{asked(former.path)}", params={"theme": "dark", "once": "an option"})
        if former.became:
            assert answer.status_code == 410
            assert former.became in answer.text
            assert former.cure.partition("{")[0].lower() in answer.text.lower()
            continue
        assert answer.status_code == 301
        to = answer.headers["location"].partition("?")[0]
        scope = {"type": "http", "method": "GET", "path": to, "headers": []}
        assert any(route.matches(scope)[0] == Match.FULL for router in ROUTERS for route in router.routes), to
        assert "once" not in answer.headers["location"]
