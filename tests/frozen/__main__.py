"""Freeze what is public now: ``python -m tests.frozen [PART ...]``, where a part is a name that :data:`PARTS` lists.

Do this only when something public changes on purpose, and write the reason down in ``tests/frozen/README.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi.testclient import TestClient

from app.main import create_app
from app.pages.verdicts import on_the_spot
from app.settings import Settings
from tests.factories import stored_analysis
from tests.frozen import public
from tests.golden_files import NAMES


@contextmanager
def served() -> Iterator[TestClient]:
    """A client of an application whose store holds one analysed network."""
    on_the_spot.SECONDS = 600.0  # a busy machine is no loss
    with TemporaryDirectory() as folder:
        app = create_app(Settings(data=Path(folder)))
        with TestClient(app, base_url="http://127.0.0.1") as client:
            stored_analysis(app.state.store, real=True)
            yield client


def asked(question: Any) -> Any:
    """What one question has for an answer on such a store."""
    with served() as client:
        return question(client)


PARTS = {
    "openapi": lambda: public.description(public.committed_description()),
    "addresses": public.addresses,
    "commands": public.commands,
    "library": public.library,
    "criteria": public.criteria,
    "results": lambda: {name: public.result_digests(name) for name in NAMES},
    "twins": lambda: asked(public.twins),
    "tables": lambda: asked(public.tables),
}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        public.write(part, PARTS[part]())
        print(f"{part} frozen")  # noqa: T201
