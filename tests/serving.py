"""A server in a thread of the tests' own process, for what talks to one over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from pluriscope.app.db.engine import open_store
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.factories import on_a_copy, stored_analysis


@dataclass(frozen=True)
class Served:
    """A running server.

    Args:
        url: where it is.
        settings: of its store.
    """

    url: str
    settings: Settings


@contextmanager
def served_xor(folder: Path) -> Iterator[Served]:
    """A server whose store, in a folder, holds the analysed pretrained XOR network, until the block ends."""
    settings = on_a_copy(folder)
    store = open_store(settings)
    stored_analysis(store, real=True)
    store.close()
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(f"http://127.0.0.1:{port}", settings)
    finally:
        server.should_exit = True
        thread.join()
