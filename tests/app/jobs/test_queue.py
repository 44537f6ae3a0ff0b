"""The job table: who gets a job, how it ends, and that only its owner may change it."""

import multiprocessing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from pluriscope.analysis.running.progress import KnownCircuits, Progress
from pluriscope.app.db.engine import Store
from pluriscope.app.db.errors import Conflict, NotFound
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.plugin_tables import PluginRow, keep_plugins
from pluriscope.app.db.reads.jobs import find_job, last_log_lines
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.queue import AWAY_SECONDS, ENDED_BADLY, MAX_LOSSES, LeaseLost, Watch
from tests.app.jobs.claiming import claim_all
from tests.app.jobs.kinds import KINDS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=AWAY_SECONDS)


def enqueue(store: Store, steps: int = 1, kind: str = "count", **options) -> str:
    with store.write() as session:
        return queue.enqueue(session, kind, {"steps": steps}, definitions=KINDS, now=NOW, **options).id


def claim(store: Store, owner: str = "me", now: datetime = NOW, watch: Watch | None = None):
    with store.write() as session:
        lapsed = watch.lapsed(session) if watch else ()
        return queue.claim(session, owner, lapsed=lapsed, definitions=KINDS, now=now)


def watching(store: Store) -> tuple[Watch, list[float]]:
    """Watch that has seen a store at second 0, and its clock, which is set by hand."""
    clock = [0.0]
    watch = Watch(lambda: clock[0])
    with store.read() as session:
        watch.lapsed(session)
    return watch, clock


def lose(store: Store, owner: str = "next"):
    """Whoever takes up a job whose worker is gone."""
    watch, clock = watching(store)
    clock[0] = queue.LEASE_SECONDS
    return claim(store, owner, watch=watch)


def get_to(store: Store, held, *at) -> None:
    with store.write() as session:
        queue.heartbeat(session, held, Progress(*at))


def job(store: Store, job_id: str):
    with store.read() as session:
        return find_job(session, job_id)


def give_back(store: Store, held, reason: str = "", **options) -> None:
    with store.write() as session:
        queue.give_back(session, held, reason, **options)


def messages(store: Store, job_id: str) -> list[str]:
    with store.read() as session:
        return [line.message for line in last_log_lines(session, job_id, 500)]


def test_the_same_work_is_one_job(store):
    assert enqueue(store, 1) == enqueue(store, 1) != enqueue(store, 2)
    with store.read() as session:
        assert [row.state for row in session.scalars(select(JobRow)).all()] == ["queued", "queued"]


def test_an_unknown_kind_is_refused(store):
    with store.write() as session, pytest.raises(NotFound, match="analyse, train"):
        queue.enqueue(session, "dance", {})


def test_urgent_jobs_first_then_the_oldest(store):
    ids = [enqueue(store, 1), enqueue(store, 2, "first"), enqueue(store, 3)]
    taken = [claim(store).job_id for _ in ids]
    assert taken[0] == ids[1]
    assert set(taken) == set(ids)
    assert claim(store) is None


def test_what_somebody_asked_for_comes_before_all_that_nobody_did(store):
    automatic = [enqueue(store, 1), enqueue(store, 2, "first"), enqueue(store, 3, "last")]
    asked = enqueue(store, 4, requested=True)
    assert claim(store).job_id == asked
    assert (
        enqueue(store, 3, "last", requested=True, again=ENDED_BADLY) == automatic[2]
    )  # queued already, and earlier now
    assert enqueue(store, 3, "last") == automatic[2]  # and is not put back by whoever does not wait for it
    assert claim(store).job_id == automatic[2]
    with store.write() as session:
        queue.cancel(session, automatic[0])
    with store.write() as session:
        queue.retry(session, automatic[0], definitions=KINDS)
    assert [claim(store).job_id for _ in range(2)] == automatic[:2]


def test_a_job_ends_well_once(store):
    job_id = enqueue(store)
    held = claim(store)
    with store.write() as session:
        queue.heartbeat(session, held, Progress("counting", 1, 2, "1 step"))
    row = job(store, job_id)
    assert (row.state, row.stage, row.done, row.total, row.found) == ("running", "counting", 1, 2, "1 step")
    with store.write() as session:
        queue.end(session, held, "done", "2 steps", result={"url": "/x"}, now=LATER)
    row = job(store, job_id)
    assert (row.state, row.result, row.finished_at, row.owner) == ("done", {"url": "/x"}, LATER, None)
    with store.write() as session, pytest.raises(LeaseLost):
        queue.end(session, held, "done")
    assert enqueue(store, again=ENDED_BADLY) == job_id
    assert job(store, job_id).state == "done"


def test_a_lease_that_ran_out_is_taken_over_and_the_first_owner_is_fenced_off(store):
    enqueue(store)
    first = claim(store, "first")
    assert claim(store, "second") is None
    second = lose(store, "second")
    assert (second.job_id, second.attempt) == (first.job_id, 2)
    for change in (
        lambda s: queue.heartbeat(s, first),
        lambda s: queue.end(s, first, "done"),
        lambda s: queue.give_back(s, first),
    ):
        with pytest.raises(LeaseLost), store.write() as session:
            change(session)
    assert job(store, first.job_id).owner == "second"


@pytest.mark.parametrize("ahead", [timedelta(hours=-1), timedelta(0), timedelta(hours=1)])
def test_a_lease_lasts_by_the_clock_of_whoever_looks(store, ahead):
    """Whatever the time is on its machine; a sign of life begins the lease anew."""
    enqueue(store)
    held = claim(store, "first", NOW + ahead)
    watch, clock = watching(store)
    clock[0] = queue.LEASE_SECONDS - 1
    assert claim(store, "second", watch=watch) is None
    get_to(store, held, "counting", 1, 2)
    assert claim(store, "second", watch=watch) is None
    clock[0] = 2 * queue.LEASE_SECONDS - 2
    assert claim(store, "second", NOW - ahead, watch) is None
    clock[0] = 2 * queue.LEASE_SECONDS
    with store.read() as session:
        lapsed = watch.lapsed(session)
    get_to(store, held, "counting", 2, 2)
    with store.write() as session:
        assert queue.claim(session, "second", lapsed=lapsed, definitions=KINDS) is None, "it has shown itself since"
    assert claim(store, "second", watch=watch) is None
    clock[0] = 3 * queue.LEASE_SECONDS
    assert claim(store, "second", watch=watch).attempt == 2


def test_a_wait_that_a_clock_ahead_has_begun_is_over(store):
    job_id = enqueue(store)
    give_back(store, claim(store), "process was lost", now=NOW + timedelta(hours=1))
    assert claim(store).job_id == job_id


def test_no_wait_is_longer_than_half_a_minute_however_often_a_job_was_lost(store):
    job_id, now = enqueue(store), NOW
    for done in range(100, 900, 100):
        held = claim(store, now=now)
        get_to(store, held, "counting", done, 1_000)
        give_back(store, held, "process was lost", now=now)
        now = job(store, job_id).not_before
    assert now - NOW == timedelta(seconds=1 + 2 + 4 + 8 + 16 + 3 * AWAY_SECONDS)


PLACES = {
    "nothing is told": (True, [()] * 3),
    "the same place": (True, [("counting", 500, 1_000)] * 3),
    "about the same place": (True, [("counting", 500, 1_000), ("counting", 540, 1_000), ("counting", 510, 1_000)]),
    "further each time": (False, [("counting", done, 1_000) for done in (100, 200, 300, 400, 500, 600)]),
    "less far each time": (False, [("counting", done, 1_000) for done in (600, 500, 400, 300)]),
    "another stage": (False, [("counting", 1, 9), ("aligning", 1, 9)] * 3),
    "on, then the same place": (True, [("counting", 1, 9), ("counting", 4, 9), ("counting", 4, 9), ("counting", 4, 9)]),
    "no total": (True, [("counting", 7, 0)] * 3),
    "on without a total": (False, [("counting", 7, 0), ("counting", 8, 0)] * 3),
}


@pytest.mark.parametrize(("given_up", "places"), PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("way", ["worker", "process"])
def test_a_job_is_given_up_where_it_is_lost_at_the_same_place_each_time(store, way, given_up, places):
    job_id = enqueue(store)
    held = claim(store)
    for number, place in enumerate(places, 1):
        assert held.attempt == number
        if place:
            get_to(store, held, *place)
        if way == "process":
            give_back(store, held, "process was lost", now=NOW - timedelta(days=1))
        held = lose(store) if way == "worker" else claim(store)
    row = job(store, job_id)
    assert (row.state, row.set_aside) == (("failed", True) if given_up else ("running", False))
    if given_up:
        place = f"counting, {places[-1][1]} of" if places[-1] and places[-1][2] else "counting" * bool(places[-1])
        answer = place or "before it reported progress"
        assert f"its {way} was lost, {MAX_LOSSES} times at the same place ({answer}" in row.error
        with store.write() as session:
            assert queue.retry(session, job_id, definitions=KINDS).state == "queued"
        assert claim(store).attempt == 1
        assert lose(store).attempt == 2


def test_a_job_waits_after_an_attempt_that_failed_longer_each_time_and_others_do_not(store):
    job_id = enqueue(store)
    now = NOW
    for losses, seconds in enumerate((1, 2), 1):
        give_back(store, claim(store, now=now), "process was lost", now=now)
        row = job(store, job_id)
        assert (row.state, row.losses, row.attempts) == ("queued", losses, losses)
        assert row.not_before == now + timedelta(seconds=seconds)
        assert claim(store, now=now) is None
        now = row.not_before
    assert messages(store, job_id)[1] == "its process was lost; tried again in 1 s"
    other = enqueue(store, 2)
    give_back(store, claim(store, now=now), "process was lost", now=now)
    assert job(store, job_id).state == "failed"
    assert claim(store, now=now).job_id == other


def test_what_is_not_the_jobs_fault_does_not_count_and_trying_by_hand_ends_a_wait(store):
    job_id = enqueue(store)
    for _ in range(2 * MAX_LOSSES):
        give_back(store, claim(store))
    row = job(store, job_id)
    assert (row.state, row.losses, row.attempts) == ("queued", 0, 0)
    for _ in range(2 * MAX_LOSSES):
        give_back(store, claim(store, now=NOW), waits_for="a cluster", now=NOW - timedelta(seconds=AWAY_SECONDS))
    row = job(store, job_id)
    assert (row.state, row.losses, row.attempts, row.found) == ("queued", 0, 0, "a cluster")
    give_back(store, claim(store, now=NOW), waits_for="a cluster", now=NOW)
    assert claim(store, now=NOW) is None
    give_back(store, claim(store, now=LATER), "process was lost", now=NOW)
    with store.write() as session:
        queue.retry(session, job_id, definitions=KINDS)
    assert claim(store).job_id == job_id


def test_cancel(store):
    queued, running = enqueue(store, 1, "last"), enqueue(store, 2)
    held = claim(store)
    assert held.job_id == running
    with store.write() as session:
        assert queue.cancel(session, queued).state == "cancelled"
        assert queue.cancel(session, queued).state == "cancelled"
        assert queue.cancel(session, running).state == "running"
    with store.write() as session:
        queue.end(session, held, "cancelled")
    assert job(store, running).state == "cancelled"
    with store.write() as session, pytest.raises(NotFound):
        queue.cancel(session, "0" * 16)
    enqueue(store, 2, again=ENDED_BADLY)
    held = claim(store)
    with store.write() as session:
        queue.end(session, held, "done")
    with store.write() as session, pytest.raises(Conflict):
        queue.cancel(session, running)
    with store.write() as session, pytest.raises(Conflict):
        queue.retry(session, running, definitions=KINDS)


@pytest.mark.parametrize("way", ["process was lost", "", "expire"])
def test_a_job_that_was_to_stop_is_not_taken_up_again(store, way):
    job_id = enqueue(store)
    held = claim(store)
    with store.write() as session:
        queue.cancel(session, job_id)
        if way != "expire":
            queue.give_back(session, held, way)
    assert lose(store) is None
    assert job(store, job_id).state == "cancelled"


def test_failed_jobs_are_queued_again_only_when_asked(store):
    job_id = enqueue(store)
    with store.write() as session:
        queue.end(session, queue.claim(session, "me", definitions=KINDS), "failed", "it: is bad. Change it.")
    assert job(store, job_id).error == "it: is bad. Change it."
    enqueue(store)
    assert job(store, job_id).state == "failed"
    enqueue(store, again=ENDED_BADLY)
    row = job(store, job_id)
    assert (row.state, row.error, row.attempts) == ("queued", "", 0)


def test_waiting_jobs_of_kinds_that_are_no_more_are_cancelled(store):
    known, gone = enqueue(store, 1), enqueue(store, 2)
    with store.write() as session:
        find_job(session, gone).kind = "contradictions"
        assert queue.cancel_unknown(session, definitions=KINDS) == 1
        assert queue.cancel_unknown(session, definitions=KINDS) == 0
        with pytest.raises(Conflict, match="is no more"):
            queue.retry(session, gone, definitions=KINDS)
    assert (job(store, known).state, job(store, gone).state) == ("queued", "cancelled")


def test_what_a_worker_that_is_gone_held_of_a_missing_plugin_waits_for_it(store):
    kept, gone, stopped = (enqueue(store, steps) for steps in range(3))
    held = [claim(store) for _ in range(3)]
    with store.write() as session:
        keep_plugins(session, [PluginRow(name="of-stranger", version="1.0", paths=[], kinds=["odd"])])
        for job_id in (gone, stopped):
            find_job(session, job_id).kind = "odd"
        queue.cancel(session, stopped)
        for one in held:
            queue.heartbeat(session, one, Progress("counting", 3, 9), known=KnownCircuits(49, 3, 3, 7))
    lapsed = {(one.job_id, job(store, one.job_id).signs) for one in held}
    for seen in ((), lapsed, lapsed):  # while its lease runs it is left alone, and what waits stays as it is
        with store.write() as session:
            queue.release_unknown(session, seen, definitions=KINDS)
            assert queue.cancel_unknown(session, definitions=KINDS) == 0
        state = "queued" if seen else "running"
        assert [job(store, one).state for one in (kept, gone)] == ["running", state]
    assert job(store, stopped).state == "cancelled"
    row = job(store, gone)
    assert (row.owner, row.stage, row.losses, row.lost_at) == (None, "", 1, ["counting", 3])
    with store.write() as session:
        assert "circuits" in find_job(session, gone).so_far
        queue.cancel(session, gone)
        assert queue.retry(session, gone, definitions=KINDS).state == "queued"
        definitions = {**KINDS, "odd": KINDS["count"]}
        assert queue.claim(session, "another", definitions=definitions, lapsed=()).job_id == gone


@pytest.mark.slow
def test_several_processes_never_take_the_same_job(store):
    ids = {enqueue(store, steps) for steps in range(60)}
    context = multiprocessing.get_context("spawn")
    gate, out = context.Event(), context.Queue()
    processes = [context.Process(target=claim_all, args=(store.url, f"p{n}", gate, out)) for n in range(3)]
    for process in processes:
        process.start()
    gate.set()
    taken = [job_id for _ in processes for job_id in out.get(timeout=300)]
    for process in processes:
        process.join()
    assert len(taken) == len(ids)
    assert set(taken) == ids


def test_what_is_known_of_circuits_stays_with_the_job_beside_what_it_goes_on_from(store):
    made, known = enqueue(store), KnownCircuits(49, 3, 3, 10**700, masks=(1 << 200,))
    with store.write() as session:
        session.get(JobRow, made).so_far = {"count": {"of": 1}}
    held = claim(store)
    for one in (known, None):
        with store.write() as session:
            queue.heartbeat(session, held, known=one)
    with store.read() as session:
        so_far = find_job(session, made).so_far
    assert so_far["count"] == {"of": 1}
    assert KnownCircuits.of_json(so_far["circuits"]) == known
