"""The first start, with the real engine."""

from itertools import takewhile

import pytest
from sqlalchemy import select

from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.protocol import PAPER
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.app.bundled import FRESH_NAME, FRESH_XOR, bundled_models, bundled_networks
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.analyses import find_network, network_by_digest
from pluriscope.app.db.reads.jobs import jobs_of_network
from pluriscope.app.db.reads.networks import networks
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import DEFINITIONS, train_arguments
from pluriscope.app.jobs.seeding import add_bundled_models, add_bundled_networks
from pluriscope.app.jobs.stages import enqueue_following
from pluriscope.app.jobs.worker import Pace, Worker
from tests.app.db.test_writes import dump
from tests.app.jobs.executors import lent_processes
from tests.factories import pretrained_xor, real_analysis, save_analysis


def work(store, kinds: tuple[str, ...], slots: int = 1) -> None:
    """Do the jobs of these kinds; what follows them stays queued."""
    definitions = {kind: DEFINITIONS[kind] for kind in kinds}
    pace = Pace(poll_seconds=0.05)
    Worker(store, slots=slots, pace=pace, definitions=definitions, executor=lent_processes(slots)).run(until_idle=True)


def seed(store) -> int:
    with store.write() as session:
        return add_bundled_networks(session)


@pytest.mark.slow
def test_seeding_again_changes_nothing(store):
    assert seed(store) == len(bundled_networks())
    with store.read() as session:
        n_jobs = len(session.scalars(select(JobRow)).all())
        slugs = session.scalars(select(NetworkRow.slug).order_by(NetworkRow.position)).all()
    assert slugs == [bundled.slug for bundled in bundled_networks()]
    assert n_jobs > 2 * len(slugs)
    before = dump(store)
    assert seed(store) == 0
    assert dump(store) == before


@pytest.mark.slow
def test_what_the_front_page_shows_comes_before_the_analyses_of_other_networks(store):
    seed(store)
    with store.write() as session:
        first = session.scalars(select(NetworkRow).where(NetworkRow.position == 0)).one()
        analysis = save_analysis(session, real_analysis())
        assert analysis.network is first
        enqueue_following(session, analysis)
    with store.read() as session:
        waiting = session.scalars(select(JobRow).order_by(JobRow.priority, JobRow.created_at, JobRow.id)).all()
        ahead = [row.kind for row in takewhile(lambda row: row.network_digest == first.digest, waiting)]
    assert ahead == ["analyse", "common-ground"]


@pytest.mark.slow
def test_a_bundled_network_that_somebody_uses_for_another_task_stays_theirs(store):
    with store.write() as session:
        save_network(session, NetworkFile("mine", pretrained_xor().network, (named_task("OR", 2),)))
    seed(store)
    with store.read() as session:
        row = network_by_digest(session, pretrained_xor().network.digest)
        assert (row.slug, row.tasks[0]["name"]) == ("mine", "OR")
        assert jobs_of_network(session, row.digest) == []


@pytest.mark.slow
def test_bundled_models_are_stored_once_and_searched(store):
    for added in (len(bundled_models()), 0):
        with store.write() as session:
            assert add_bundled_models(session) == added
    with store.read() as session:
        assert [row.slug for row in networks(session)] == list(bundled_models())
        assert len(session.scalars(select(JobRow)).all()) == 6 + 6 + 4 + 8 + 5 + 4 + 4  # compiled ones once each


@pytest.mark.slow
def test_a_network_that_is_trained_is_stored_and_analysed(store):
    hopeless = FRESH_XOR.model_copy(update={"epochs": 1, "seed": 1})
    with store.write() as session:
        arguments = train_arguments([FRESH_XOR, hopeless], name=FRESH_NAME, protocols=[PAPER])
        job_id = queue.enqueue(session, "train", arguments, "Train").id
    work(store, ("train", "analyse"))
    with store.read() as session:
        jobs = {job.kind: job for job in session.scalars(select(JobRow)).all()}
        trained, hopeless_one = jobs["train"].result["outcomes"]
        assert jobs["train"].id == job_id
        assert (trained["state"], hopeless_one["state"]) == ("converged", "loss_above_target")
        network = find_network(session, trained["network"])
        assert (network.origin, network.name) == ("trained", f"{FRESH_NAME}, seed {FRESH_XOR.seed}")
        assert network.training["losses"]
        assert "network" not in hopeless_one
        assert [a.protocol.name for a in network.analyses] == ["paper"]
        assert jobs["analyse"].state == "done"
