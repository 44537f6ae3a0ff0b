from collections import Counter
from contextlib import closing
from contextvars import ContextVar

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import LRUCache

from conftest import ON_EVERY_DATABASE
from pluriscope.app.db.engine import Store, store_at
from pluriscope.app.gate import SAFE, Gate
from pluriscope.app.pages.verdicts import judge
from pluriscope.processes import garbage
from tests.factories import in_folder, temporary_store


@pytest.fixture(scope="session", autouse=True)
def _a_page_takes_its_time():
    """A page judges all that it judges on the spot, however busy the machine is."""
    judge.SECONDS = 600.0


@pytest.fixture(scope="session", autouse=True)
def _no_garbage_is_looked_for_by_the_clock():
    """As a server does all the time: to look through all that tests hold takes longer than most of them."""
    garbage._SECONDS = 3_600.0


@pytest.fixture(scope="session", autouse=True)
def _reading_writes_nothing():
    """Whatever page any of these tests asks for, nothing is written on its behalf."""
    reads, answer, write = ContextVar("reads", default=False), Gate.__call__, Store.write

    async def watched(self, scope, receive, send):
        token = reads.set(scope.get("method") in SAFE)
        try:
            await answer(self, scope, receive, send)
        finally:
            reads.reset(token)

    def checked(self):
        assert not reads.get(), "a GET writes"
        return write(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Gate, "__call__", watched)
        patch.setattr(Store, "write", checked)
        yield


@pytest.fixture(scope="session", autouse=True)
def _whoever_reads_slowly_holds_no_snapshot():
    """Whatever is asked, nothing of an answer is sent while a session reads for it: SQLite's log would grow behind."""
    answer, asking = Gate.__call__, Counter()

    async def watched(self, scope, receive, send):
        store = getattr(scope["app"].state, "store", None) if scope["type"] == "http" else None
        pool = store and store.reader.pool
        before = pool.checkedout() if isinstance(pool, QueuePool) else 0  # by the test itself

        async def sent(message):
            if message.get("body") and asking[pool] == 1 and isinstance(pool, QueuePool):
                assert pool.checkedout() <= before, f"{scope['path']} is sent while its snapshot is held"
            await send(message)

        asking[pool] += 1
        try:
            await answer(self, scope, receive, sent)
        finally:
            asking[pool] -= 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Gate, "__call__", watched)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_event_loop():
    """Clients that have not started their application ask it in one event loop.

    To begin one for each request, as they would otherwise, takes longer than most answers.
    """
    with start_blocking_portal() as portal:
        TestClient.portal = portal
        yield
        TestClient.portal = None


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once():
    """Stores on databases of one kind and version share the statements that they have compiled.

    Each new one would otherwise compile all that it is asked anew, which took a quarter of these tests' time.
    """
    compiled = LRUCache(2_000)

    def are_alike(one, other):
        return type(one) is type(other) and one.server_version_info == other.server_version_info

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefaultDialect, "__eq__", are_alike)
        patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(type(dialect)))
        event.listen(Engine, "engine_connect", lambda connection: connection.execution_options(compiled_cache=compiled))
        yield


@pytest.fixture(params=ON_EVERY_DATABASE)
def store(request, tmp_path):
    """An empty store at the current schema, on either database."""
    if request.param == "sqlite":
        with closing(temporary_store(tmp_path)) as opened:
            yield opened
    else:
        with request.getfixturevalue("postgresql").lent() as url, closing(store_at(url)) as opened:
            yield in_folder(opened, tmp_path)
