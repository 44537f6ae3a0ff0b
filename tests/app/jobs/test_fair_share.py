"""Whose turn it is, and how long a job waits after an attempt that failed."""

from datetime import UTC, datetime, timedelta

import pytest

from app.jobs import leases, queue
from app.jobs.fair_share import CARRIED
from app.jobs.leases import LONGEST_SECONDS, MAX_LOSSES, wait_after
from tests.app.jobs.kinds import KINDS

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def ask(store, requester: str, number: int, **options) -> str:
    with store.write() as session:
        session.info[CARRIED] = requester
        arguments = {"steps": number, "of": requester}
        return queue.enqueue(session, "count", arguments, definitions=KINDS, now=NOW, **options).id


def served(store, n: int, now=NOW) -> list[tuple[str, int]]:
    """Who is served next, and with which of their jobs."""
    order = []
    for _ in range(n):
        with store.write() as session:
            held = leases.claim(session, "me", definitions=KINDS, now=now)
        order.append((held.arguments["of"], held.arguments["steps"]))
    return order


def test_requesters_are_served_in_turns_each_ones_oldest_first(store):
    for number in range(6):
        ask(store, "many", number)
    assert served(store, 2) == [("many", 0), ("many", 1)]
    ask(store, "few", 0)
    ask(store, "few", 1)
    ask(store, "one", 0)
    order = served(store, 7)
    assert [who for who, _ in order[:3]].count("many") == 1
    assert {who for who, _ in order[:3]} == {"many", "few", "one"}, "everybody within one round"
    assert [number for who, number in order if who == "many"] == [2, 3, 4, 5]
    assert order.index(("few", 1)) < order.index(("many", 4)), "the second round comes before what many asked for third"


def test_urgency_comes_before_turns(store):
    ask(store, "a", 0)
    ask(store, "a", 1)
    ask(store, "b", 0, priority=5)
    ask(store, "a", 2, asked=True)
    assert served(store, 4) == [("a", 2), ("a", 0), ("a", 1), ("b", 0)]


def test_waits_grow_differ_and_are_always_the_same():
    waits = [wait_after("0123456789abcdef", losses).total_seconds() for losses in range(1, 12)]
    assert waits == [wait_after("0123456789abcdef", losses).total_seconds() for losses in range(1, 12)]
    for losses, wait in enumerate(waits, 1):
        whole = min(2.0 ** (losses - 1), LONGEST_SECONDS)
        assert whole / 2 <= wait <= whole
    assert len({wait_after(f"{n:016x}", 3) for n in range(50)}) == 50, "they do not all come back together"
    assert wait_after("x", 10_000) <= timedelta(seconds=LONGEST_SECONDS)


def lose(store, now, **options) -> None:
    with store.write() as session:
        held = leases.claim(session, "me", definitions=KINDS, now=now)
        leases.requeue(session, held, "process was lost", now=now, **options)


def row_of(store, job_id):
    with store.read() as session:
        return queue.find_job(session, job_id)


def test_a_job_waits_after_a_loss_and_others_do_not(store):
    job_id = ask(store, "a", 1)
    lose(store, NOW)
    row = row_of(store, job_id)
    assert (row.state, row.losses) == ("queued", 1)
    assert NOW < row.not_before <= NOW + timedelta(seconds=1)
    other = ask(store, "a", 2)
    with store.write() as session:
        assert leases.claim(session, "me", definitions=KINDS, now=NOW).job_id == other
        assert leases.claim(session, "me", definitions=KINDS, now=NOW) is None
        assert leases.claim(session, "me", definitions=KINDS, now=row.not_before).job_id == job_id
    assert row_of(store, job_id).not_before is None


def test_trying_by_hand_ends_the_wait(store):
    job_id = ask(store, "a", 1)
    lose(store, NOW)
    with store.write() as session:
        queue.retry(session, job_id, definitions=KINDS)
    assert served(store, 1) == [("a", 1)]


@pytest.mark.slow
def test_what_is_not_the_jobs_fault_does_not_count(store):
    job_id = ask(store, "a", 1)
    now = NOW
    for _ in range(40):
        lose(store, now, blame=False)
        now += timedelta(seconds=2)
    row = row_of(store, job_id)
    assert (row.state, row.losses, row.attempts) == ("queued", 0, 0)


@pytest.mark.parametrize("way", ["retry", "cancel"])
def test_what_is_set_aside_can_be_tried_again(store, way):
    job_id = ask(store, "a", 1)
    now = NOW
    for _ in range(MAX_LOSSES):
        with store.write() as session:
            held = leases.claim(session, "me", definitions=KINDS, now=now)
            if way == "cancel":
                queue.cancel(session, job_id)
            leases.requeue(session, held, "process was lost", now=now)
        if way == "cancel":
            break
        now += timedelta(minutes=10)
    row = row_of(store, job_id)
    assert (row.state, row.set_aside) == (("cancelled", False) if way == "cancel" else ("failed", True))
    with store.write() as session:
        queue.retry(session, job_id, now=now, definitions=KINDS)
        held = leases.claim(session, "me", definitions=KINDS, now=now)
        assert (held.attempt, held.losses) == (1, 0)
