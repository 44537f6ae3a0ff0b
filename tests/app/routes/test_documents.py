"""The site of the documents under /docs, or how it is made."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from pluriscope.app import main
from tests.factories import on_a_copy


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setattr(main, "SITE", tmp_path / "site")
    app = main.create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


@pytest.mark.slow
def test_it_is_served_where_it_was_built_and_else_a_sentence_says_how_to(client, tmp_path):
    for path in ("/docs/", "/docs/self-hosting/"):
        answer = client.get(path, headers={"accept": "application/json"})
        assert answer.status_code == 404
        assert "is not built here. Build it with ./run docs" in answer.json()["error"]
        assert "Build it with ./run docs" in client.get(path).text
    (tmp_path / "site" / "self-hosting").mkdir(parents=True)
    (tmp_path / "site" / "self-hosting" / "index.html").write_text("<h1>Self-hosting</h1>")
    (tmp_path / "site" / "index.html").write_text("<h1>Documents</h1>")
    assert client.get("/docs").headers["location"].endswith("/docs/")
    assert client.get("/docs/self-hosting").headers["location"].endswith("/docs/self-hosting/")
    assert "Documents" in client.get("/docs/").text
    answer = client.get("/docs/self-hosting/")
    assert "Self-hosting" in answer.text
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert client.get("/docs/nothing").status_code == 404
