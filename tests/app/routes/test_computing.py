"""Tests that computing on request takes two at a time in one process, few wait, and nothing else waits for them."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count
from resource import RUSAGE_CHILDREN, getrusage
from threading import BoundedSemaphore, Thread, Timer

import pytest
import resvg_py
from fastapi.testclient import TestClient

from pluriscope.app import computing
from pluriscope.app.errors import Busy
from pluriscope.figures.standalone import png_apart, png_of
from pluriscope.own_circuits import page as own_page
from pluriscope.page_kit.blocks import Prose
from tests.app.routes.conftest import LOCAL
from tests.factories import XOR_SLUG, stored_analysis

NETWORK = f"/networks/{XOR_SLUG}"
COMPUTED = (
    f"/api/v2/verified?url={NETWORK}",
    *(f"{NETWORK}/{made}" for made in ("card.png", "drawing.svg", "play", "edit", "figures.csv", "play/card.svg")),
    *(f"/api/v2{NETWORK}/{made}" for made in ("play", "edit", "plan", "explanations/c-081ff/criteria", "compare")),
    f"/embed{NETWORK}",
    f"{NETWORK}/explanations/c-081ff?part=criteria",
    *("/glossary?part=file", f"{NETWORK}/explanations?part=file", f"/api/v2{NETWORK}/result"),
    *("/bench.csv", "/bench/rows.csv"),
)
STORED = ("/health", "/static/house.css", "/", "/networks", NETWORK, f"{NETWORK}/explanations", f"/api/v2{NETWORK}")


@pytest.fixture
def taken(monkeypatch):
    """Two are being computed."""
    queue, inside = (BoundedSemaphore(n) for n in (computing.AT_ONCE + computing.WAITING, computing.AT_ONCE))
    monkeypatch.setattr(computing, "_QUEUE", queue)
    monkeypatch.setattr(computing, "_ROOM", inside)
    for _ in range(computing.AT_ONCE):
        queue.acquire()
        inside.acquire()
    return queue, inside


def test_a_third_is_asked_to_come_back(taken, monkeypatch):
    monkeypatch.setattr(computing, "WAIT_SECONDS", 0.01)
    with pytest.raises(Busy, match="2 others are being computed"), computing.room("a third"):
        pass


def test_room_is_given_back_whatever_happens(monkeypatch):
    monkeypatch.setattr(computing, "_ROOM", BoundedSemaphore(computing.AT_ONCE))
    monkeypatch.setattr(computing, "_QUEUE", BoundedSemaphore(computing.AT_ONCE))
    for _ in range(3 * computing.AT_ONCE):
        with pytest.raises(ValueError, match="broken"), computing.room("one"), computing.room("a part of it"):
            raise ValueError("broken")


@pytest.mark.slow
def test_whatever_is_computed_waits_in_one_queue_and_whoever_finds_it_full_is_refused_at_once(taken, client, store):
    stored_analysis(store)
    for _ in range(computing.WAITING):
        taken[0].acquire()
    for path in COMPUTED:
        answer = client.get(path)
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5"), path
    for path in STORED:
        assert client.get(path).status_code == 200, path


@pytest.mark.slow
def test_a_picture_is_drawn_apart_so_that_other_threads_go_on(client, store, monkeypatch):
    stored_analysis(store)
    svg = client.get(f"{NETWORK}/card.svg").text
    drawn = png_of(svg)
    monkeypatch.setattr(resvg_py, "svg_to_bytes", None)
    assert client.get(f"{NETWORK}/card.png").content == drawn


@pytest.mark.slow
def test_who_waits_keeps_no_stored_page_waiting(taken, client, application, store):
    """As many wait as may, more than pages are made at once."""
    stored_analysis(store)

    def ask(path):
        return TestClient(application, base_url="http://127.0.0.1", client=LOCAL).get(path).status_code

    with ThreadPoolExecutor(computing.WAITING + 1) as people:
        waiting = [people.submit(ask, f"{NETWORK}/play") for _ in range(computing.WAITING)]
        while taken[0]._value:  # until all stand in the queue
            time.sleep(0.01)
        stored = [people.submit(ask, path) for path in STORED]
        try:
            assert [one.result(timeout=60) for one in stored] == [200] * len(STORED)
            assert not any(one.done() for one in waiting)
        finally:
            for _ in range(computing.AT_ONCE):
                taken[1].release()
        assert {one.result() for one in waiting} == {200}


# --- what takes too long


def endless(*_):
    """What looks at no clock and takes every error for a plugin's."""
    for _ in count():
        with suppress(Exception):
            sum(range(100))


def endless_fold(*_):
    yield Prose("what is known")
    endless()


@pytest.fixture
def short(monkeypatch):
    for name in ("SECONDS", "GRACE", "TICK"):
        monkeypatch.setattr(computing, name, 0.02)


@pytest.mark.slow
def test_what_takes_too_long_is_ended_and_says_what_helps(client, store, short, monkeypatch):
    stored_analysis(store)
    monkeypatch.setattr(own_page.Given, "whole_record", endless)
    room, queue = computing._ROOM._value, computing._QUEUE._value
    answer = client.get(f"/api/v2{NETWORK}/own")
    assert answer.status_code == 422
    assert "takes too long here" in answer.json()["error"]
    assert computing.CURE[1:] in answer.json()["error"]
    assert (computing._ROOM._value, computing._QUEUE._value) == (room, queue)


@pytest.mark.slow
@pytest.mark.parametrize("request_headers", [{}, {"HX-Request": "true"}])
def test_a_page_shows_what_is_known_by_then(client, store, short, monkeypatch, request_headers):
    stored_analysis(store)
    monkeypatch.setattr(own_page, "_verdicts", endless_fold)
    monkeypatch.setattr(computing, "SECONDS", 1.0)
    answer = client.get(f"{NETWORK}/own?part=verdicts-of-the-criteria", headers=request_headers)
    assert answer.status_code == 200
    assert "takes too long here" in answer.text
    assert ("Your own answer" in answer.text) != bool(request_headers)


@pytest.mark.slow
def test_nothing_is_computed_for_who_has_gone(application, client, store, monkeypatch):
    stored_analysis(store)
    monkeypatch.setattr(own_page.Given, "whole_record", endless)
    arrived = asyncio.Event()

    async def receive():
        if not arrived.is_set():
            arrived.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.disconnect"}

    async def send(_):
        pass

    path = f"/api/v2{NETWORK}/own"
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": [], "scheme": "http", "client": LOCAL, "server": ("127.0.0.1", 80), "http_version": "1.1"}
    asyncio.run(asyncio.wait_for(application(scope, receive, send), 60))


LINES = "".join(f'<path d="M0 {i} L900 {900 - i}" stroke="#000" stroke-dasharray="1 2"/>' for i in range(2_000))
SLOW = f'<svg viewBox="0 0 900 900" width="900" height="900" xmlns="http://www.w3.org/2000/svg">{LINES}</svg>'
"""A drawing that takes many seconds as a PNG."""


@pytest.mark.slow
@pytest.mark.parametrize("gone", [False, True])
def test_a_picture_ends_with_its_seconds_and_with_its_visitor(gone):
    bound, before = computing.Bound(), getrusage(RUSAGE_CHILDREN).ru_utime
    leaves = Timer(0.5 if gone else 60.0, partial(bound.tick, gone=True))
    leaves.start()
    with pytest.raises(computing.TakesTooLong), bound.within("this picture"):
        png_apart(SLOW, width=2_400, seconds=60.0 if gone else 1.0)
    leaves.cancel()
    assert getrusage(RUSAGE_CHILDREN).ru_utime - before < 3.0


def test_a_bound_outlives_the_thread_that_computed_within_it():
    bound = computing.Bound()

    def compute() -> None:
        with bound.within("this page"):
            pass

    one = Thread(target=compute)
    one.start()
    one.join()
    assert not bound.is_over
