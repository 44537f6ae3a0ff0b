"""What is costly and computed on request is computed two at a time in one process; others are asked to come back."""

from threading import BoundedSemaphore

import pytest

from app.errors import Busy
from app.routes import computing
from tests.factories import XOR_SLUG, stored_analysis


@pytest.fixture
def taken(monkeypatch):
    """Two are being computed, and nobody waits long."""
    monkeypatch.setattr(computing, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(computing, "_ROOM", BoundedSemaphore(computing.AT_ONCE))
    with computing.room("one"), computing.room("another"):
        yield


def test_a_third_is_asked_to_come_back(taken):
    with pytest.raises(Busy, match="2 others are being computed"), computing.room("a third"):
        pass


def test_room_is_given_back_whatever_happens(monkeypatch):
    monkeypatch.setattr(computing, "_ROOM", BoundedSemaphore(computing.AT_ONCE))
    for _ in range(3 * computing.AT_ONCE):
        with pytest.raises(ValueError, match="broken"), computing.room("one"):
            raise ValueError("broken")


@pytest.mark.slow
def test_what_costs_most_asks_for_room(taken, client, store):
    stored_analysis(store)
    for path in (f"/api/v2/verified?url=/networks/{XOR_SLUG}", f"/networks/{XOR_SLUG}/card.png"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), path
    assert client.get(f"/api/v2/networks/{XOR_SLUG}").status_code == 200
