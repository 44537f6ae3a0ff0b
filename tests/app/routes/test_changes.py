"""Who may change things."""

import pytest
from fastapi.testclient import TestClient

from tests.app.routes.conftest import LOCAL
from tests.factories import on_a_copy


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
    from app.main import create_app

    application = create_app(on_a_copy(data=tmp_path, token=""))
    assert post(application, peer=("10.1.2.3", 1), authorization="Bearer ").status_code == 403
