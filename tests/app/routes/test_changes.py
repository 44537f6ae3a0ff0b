"""Tests of who may change things."""

import json
import re
from itertools import product

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import String, func, select

from pluriscope.app.db.engine import SCHEMA
from pluriscope.app.logs import TextLines
from pluriscope.app.routes.bring_in import sent_network
from pluriscope.app.routes.depends import form_of
from tests.app.routes.conftest import LOCAL
from tests.factories import XOR_SLUG, on_a_copy, stored_analysis


def post(application, *, base="http://127.0.0.1", peer=LOCAL, **headers):
    with TestClient(application, base_url=base, client=peer, follow_redirects=False) as client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post("/api/v2/train", json={}, headers=named)


def test_a_name_that_was_made_to_point_here_is_not_this_machine(application):
    assert post(application, base="http://evil.example").status_code == 403


@pytest.mark.slow
def test_another_machine_needs_the_token(application):
    far = ("10.1.2.3", 4000)
    refused = post(application, base="http://lab.example", peer=far)
    assert refused.status_code == 403
    assert "PLURISCOPE_TOKEN" in refused.json()["error"]
    assert post(application, base="http://lab.example", peer=far, authorization="Bearer let-me-in").status_code == 202
    for wrong in ("Bearer let-me-out", "Bearer ", "Basic let-me-in"):
        assert post(application, base="http://lab.example", peer=far, authorization=wrong).status_code == 403


@pytest.mark.slow
def test_without_a_token_set_no_token_opens_anything(tmp_path):
    from pluriscope.app.main import create_app

    application = create_app(on_a_copy(data=tmp_path, token=""))
    assert post(application, peer=("10.1.2.3", 1), authorization="Bearer ").status_code == 403


TEXTS = ("x" * 100_000, "x" * 65, "a\0b", "\ud800", ["x" * 3_000], {"name": "x" * 65})
OWN_FORMS = ("slug", "token", "next", "rule", "name", "output", "design", "text", "content", "protocols")
"""Fields of forms whose routes read them themselves."""


@pytest.mark.slow
def test_no_text_is_too_long_or_too_odd_for_any_field(client, store, caplog):
    """Each field of each change: kept within its column, or refused in a sentence; no value gets into the log."""
    stored_analysis(store)
    named = {"network": XOR_SLUG, "name": XOR_SLUG, "key": "funnel", "action": "cancel"}
    n_asked = 0
    for route in client.app.routes:
        if "POST" not in (getattr(route, "methods", None) or ()):
            continue
        path = re.sub(r"{([^}:]+)[^}]*}", lambda part: named.get(part[1], "1"), route.path)
        models = [one.field_info.annotation for one in route.dependant.body_params]
        own = {form_of, sent_network} & {one.call for one in route.dependant.dependencies}
        fields = [name for model in models for name in getattr(model, "model_fields", ())] or (OWN_FORMS if own else ())
        for field, text in product(fields, TEXTS):
            if path.startswith("/api/"):
                body = {"content": json.dumps({field: text}), "headers": {"content-type": "application/json"}}
            elif isinstance(text, dict) or text == "\ud800":  # no form can send it
                continue
            else:
                body = {"data": {field: text}}
            answer = client.post(path, **body)
            n_asked += 1
            assert answer.status_code < 500, (path, field, text)
            if path.startswith("/api/") and answer.status_code >= 400:
                assert answer.json()["error"].endswith("."), (path, field)
    assert n_asked > 300
    written = "\n".join(map(TextLines().format, caplog.records))
    assert "x" * 60 not in written
    with store.read() as session:
        for table in SCHEMA.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, String) and column.type.length:
                    longest = session.scalar(select(func.max(func.length(column)))) or 0
                    assert longest <= column.type.length, column
