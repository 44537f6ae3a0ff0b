"""Tests that computing on request takes two at a time in one process, few wait, and nothing else waits for them."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

import pytest
import resvg_py
from fastapi.testclient import TestClient

from pluriscope.app import computing
from pluriscope.app.errors import Busy
from pluriscope.figures.standalone import png_of
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
