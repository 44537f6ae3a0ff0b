"""Directions as background work: they follow every analysis where they are cheap, and everything else is asked for."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from analysis.directions.findings import CLOSED_FORM
from analysis.protocol import COMPLETE
from app.db.errors import NotFound
from app.db.job_tables import JobRow
from app.db.prepared import prepare_analysis
from app.db.reads.directions import direction_searches
from app.db.tables import AlgorithmRow, AnalysisRow
from app.db.writes import save_network
from app.jobs import directions, queue, stages
from app.jobs.definitions import analyse_arguments, direction_details
from app.jobs.handlers import save_analysis_outcome
from tests.factories import XOR_SLUG, pretrained_xor, real_analysis, stored_analysis


def work(store, arguments) -> str:
    """Do what the queued job does."""
    with store.read() as session:
        inputs = directions.load_direction_inputs(session, arguments)
    outcome = directions.compute_directions(inputs)
    with store.write() as session:
        return directions.save_found_directions(session, arguments, outcome).found


def ask(store, *classes: str, **more) -> dict:
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        return dict(
            queue.enqueue_about(
                session, analysis, "directions", again=True, **direction_details(classes, **more)
            ).arguments
        )


@pytest.mark.slow
def test_they_are_queued_with_an_analysis_once(store):
    with store.write() as session:
        row = save_network(session, pretrained_xor(), slug=XOR_SLUG)
        arguments = analyse_arguments(row.digest, 0, COMPLETE)
    prepared = prepare_analysis(real_analysis())
    for _ in range(2):
        with store.write() as session:
            save_analysis_outcome(session, arguments, prepared)
    with store.read() as session:
        (job,) = session.scalars(select(JobRow).where(JobRow.kind == "directions")).all()
        assert (job.state, job.arguments["classes"]) == ("queued", sorted(CLOSED_FORM))
        criteria = session.scalars(select(JobRow).where(JobRow.kind == "criteria")).one()
        assert 0 < job.priority < criteria.priority
        asked = dict(job.arguments)
    assert "small integers: 1 of 2 algorithms; " in work(store, asked)
    with store.write() as session:
        assert stages.enqueue_missing(session, [stages.DIRECTIONS]) == 0


@pytest.mark.slow
def test_what_an_older_version_left_is_asked_for_and_what_is_dear_is_not(store, monkeypatch):
    stored_analysis(store, real=True)
    monkeypatch.setattr(stages, "MAX_CHEAP", 10)
    with store.write() as session:
        assert stages.enqueue_missing(session, [stages.DIRECTIONS]) == 0
        assert session.scalars(select(JobRow)).all() == []
    monkeypatch.undo()
    with store.write() as session:
        assert stages.enqueue_missing(session, [stages.DIRECTIONS]) == 1


@pytest.mark.slow
def test_every_algorithm_only_where_that_is_asked(store):
    stored_analysis(store, real=True)
    assert "of 2 algorithms" in work(store, ask(store, "orthogonal"))
    with store.read() as session:
        arguments = ask(store, "orthogonal", every=True)
        inputs = directions.load_direction_inputs(session, arguments)
        assert (len(inputs.algorithms), inputs.all_listed, inputs.n_candidates) == (250, True, 250)
    with store.write() as session:  # a candidate that is not at hand leaves the count open
        last = session.scalars(select(AlgorithmRow.id).order_by(AlgorithmRow.position.desc()).limit(1)).one()
        session.execute(update(AnalysisRow).values(algorithms_candidates=251))
        assert last
    assert "at least" in work(store, ask(store, "orthogonal"))


def test_a_result_that_is_gone_is_told(store):
    stored_analysis(store)
    arguments = ask(store, "integer")
    with pytest.raises(NotFound, match="another result"):
        work(store, {**arguments, "result": "0" * 64})
    with pytest.raises(NotFound, match="not stored any more"):
        work(store, {**arguments, "network": "0" * 64})


def test_one_that_has_ended_is_queued_again_only_if_asked_again(store):
    stored_analysis(store)
    ask(store, "integer")
    with store.write() as session:
        session.scalars(select(JobRow)).one().state = "done"
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        integer = direction_details(["integer"])
        assert queue.enqueue_about(session, analysis, "directions", **integer).state == "done"
        assert queue.enqueue_about(session, analysis, "directions", asked=True, again=True, **integer).state == "queued"


@pytest.mark.slow
def test_learned_subspaces_report_seeds_and_convergence(store):
    stored_analysis(store, real=True)
    found = work(store, ask(store, "learned", seeds=2, steps=20, max_dimension=1))
    assert found.startswith("learned subspaces: ")
    with store.read() as session:
        analysis = session.scalars(select(AnalysisRow)).one()
        search = direction_searches(session, analysis.id)["learned"]
        assert search.settings == {"seeds": 2, "steps": 20, "max_dimension": 1}
