"""Clients of an application that has started, on an empty store of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from pluriscope.app.main import create_app
from tests.factories import on_a_copy

LOCAL = ("127.0.0.1", 50_000)


@contextmanager
def served(data: Path, *, local: bool = False, **settings: Any) -> Iterator[TestClient]:
    """Client of an application with its data in a folder; ``local``: from this machine, which may change things."""
    options: dict[str, Any] = {"client": LOCAL} if local else {}
    app = create_app(on_a_copy(data, **settings))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, **options) as client:
        yield client
