"""Analyses go as far as the operator allows, and stop there with what they have."""

from __future__ import annotations

import json
from itertools import count

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from pluriscope.analysis.network_files.result_file import result_json, stop_words
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.running.limits import DEFAULT_LIMITS, listed_bytes
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.errors import Conflict
from pluriscope.app.db.reads.results import load_analysis
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.analyses import ANALYSE
from pluriscope.app.jobs.definitions import analyse_arguments
from pluriscope.app.limits import in_memory, limits_in, limits_of
from pluriscope.app.pages.counted import stops_of
from pluriscope.app.settings import Settings
from pluriscope.processes.memory import BESIDE, LEAST
from tests.factories import pretrained_xor


def store_of(tmp_path, **settings):
    store = open_store(Settings(data=tmp_path, **settings))
    store.migrate()
    return store


def analysed(store) -> AnalysisRow:
    """The pretrained XOR, through the three parts of its job."""
    with store.write() as session:
        row = save_network(session, pretrained_xor(), slug="xor")
        arguments = analyse_arguments(row.digest, 0, COMPLETE)
    with store.read() as session:
        compute = ANALYSE.load(session, arguments)
    outcome = compute(DEFAULT_WORK)
    with store.write() as session:
        ANALYSE.save(session, arguments, outcome)
    with store.read() as session:
        return session.scalars(select(AnalysisRow)).one()


@pytest.mark.slow
def test_settings_become_limits_and_the_rest_is_the_engines(tmp_path):
    assert in_memory(limits_of(Settings(data=tmp_path, job_memory_bytes=2 << 30))) == DEFAULT_LIMITS
    assert limits_of(Settings(data=tmp_path, job_memory_bytes=LEAST)).max_bytes == LEAST - BESIDE
    store = store_of(tmp_path, max_possible_circuits=7, max_count_seconds=0, estimate_samples=11)
    for opened in (store.read, store.write):
        with opened() as session:
            limits = limits_in(session)
            assert (limits.max_possible, limits.max_seconds, limits.n_samples) == (7, 0, 11)
    store.close()


@pytest.mark.parametrize(
    ("settings", "method", "truncated_at"),
    [
        ({"max_listed_circuits": 10, "drawn_circuits": 20}, "counted", 113),
        ({"max_memory_bytes": 1 << 20}, "listed", None),
        ({"max_possible_circuits": 100, "drawn_circuits": 20}, "counted", 113),  # with the smallest, some drawn too
        ({"max_possible_circuits": 100, "max_count_seconds": 0, "estimate_samples": 5_000}, "sampled", None),
    ],
)
@pytest.mark.slow
def test_a_job_stops_at_the_operators_limits_and_says_so(tmp_path, settings, method, truncated_at):
    row = analysed(store_of(tmp_path, **settings))
    assert row.circuits_method == method
    if truncated_at is not None:
        assert row.circuits_truncated_at == row.circuits_listed == truncated_at
        assert not row.exhaustive
    if method == "counted":
        assert row.circuits_valid == 197


def test_memory_bounds_every_list():
    tight = limits_of(Settings(max_memory_bytes=1 << 20))
    assert tight.most_listed(4) * listed_bytes(4) <= 1 << 20 < (tight.most_listed(4) + 1) * listed_bytes(4)


def test_a_list_longer_than_stores_hold_is_refused():
    with pytest.raises(ValidationError, match="at most 200,000"):
        Settings(max_listed_circuits=200_001)


@pytest.mark.parametrize(
    ("settings", "end"), [({}, "done"), ({"max_possible_circuits": 100, "drawn_circuits": 20}, "truncated")]
)
@pytest.mark.slow
def test_an_analysis_whose_time_is_up_keeps_what_it_found_and_goes_on_when_asked_again(tmp_path, settings, end):
    """A count as well, which is told by an estimate until it is done."""
    whole = analysed(store_of(tmp_path / "whole", **settings))
    numbers = count()
    for seconds, state in ((1, "truncated"), (10_000, end)):
        store = store_of(tmp_path / "part", job_seconds=seconds, **settings)
        with store.write() as session:
            network = save_network(session, pretrained_xor())
            (job,) = queue.enqueue_analyses(session, network, (COMPLETE,), requested=True)
            held = queue.claim(session, "somebody")
            compute = ANALYSE.load(session, held.arguments)
            if job.so_far:
                assert json.dumps(compute.args[-1].circuits.so_far.as_json()) == json.dumps(job.so_far["count"])
            outcome = compute(Work(clock=lambda: next(numbers) / 40))
            saved = ANALYSE.save(session, held.arguments, outcome)
            queue.end(session, held, "truncated" if saved.truncated else "done", saved.found, result=saved.result)
            row = session.scalars(select(AnalysisRow)).one()
            found, so_far = load_analysis(session, row), job.so_far
        assert job.state == state
        assert bool(so_far) == bool(settings and found.stops)
        assert saved.result["stops"] == result_json([found])["outputs"][0].get("stops", [])
        assert stops_of(row) == "; ".join(map(stop_words, found.stops))
    assert row.result_digest == whole.result_digest
    with store.write() as session, pytest.raises(Conflict):
        queue.retry(session, job.id)
