"""The first start, with the real engine."""

import json

import pytest
from sqlalchemy import select

from analysis.network_files.files import NetworkFile
from analysis.protocol import PAPER
from analysis.tasks import named_task
from app.bundled import FRESH_NAME, FRESH_XOR, bundled_models, bundled_networks
from app.db.job_tables import JobRow
from app.db.models import all_models, model_of, searches_of
from app.db.reads.analyses import find_network, network_by_digest
from app.db.reads.jobs import jobs_of_network
from app.db.tables import NetworkRow
from app.db.writes import save_network
from app.jobs import queue
from app.jobs.definitions import DEFINITIONS, train_arguments
from app.jobs.seeding import add_bundled_models, add_bundled_networks
from app.jobs.worker import Pace, Worker
from tests.app.db.test_writes import dump
from tests.app.jobs.executors import lent_processes
from tests.factories import pretrained_xor
from tests.golden_files import FOLDER


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
def test_a_further_record_is_analysed_by_the_rules_that_suit_it(store):
    """The authors' rows by theirs; the sparse rows of superposition by ours, under which circuits are valid there."""
    seed(store)
    with store.read() as session:
        asked = {
            slug: {
                job.arguments["protocol"]["name"] for job in jobs_of_network(session, digest) if job.arguments["data"]
            }
            for slug, digest in session.execute(select(NetworkRow.slug, NetworkRow.digest))
        }
    assert {slug: names for slug, names in asked.items() if names} == {
        "xor-pretrained": {"paper"},
        "superposition-5-2-5": {"complete"},
    }


@pytest.mark.slow
def test_a_bundled_network_that_somebody_uses_for_another_task_stays_theirs(store):
    with store.write() as session:
        save_network(session, NetworkFile("mine", pretrained_xor().network, (named_task("OR", 2),)))
    seed(store)
    with store.read() as session:
        row = network_by_digest(session, pretrained_xor().network.digest)
        assert (row.slug, row.tasks[0]["name"]) == ("mine", "OR")
        assert jobs_of_network(session, row.digest) == []


GOLDEN_OF = {"induction-attention": "induction_2x2_0", "majority-5-attention": "majority_5_1x2_0"}


@pytest.mark.slow
def test_bundled_models_are_stored_once_and_searched(store):
    for added in (len(bundled_models()), 0):
        with store.write() as session:
            assert add_bundled_models(session) == added
    with store.read() as session:
        assert [row.slug for row in all_models(session)] == list(bundled_models()) == list(GOLDEN_OF)
        assert len(session.scalars(select(JobRow)).all()) == 6 + 8


SEARCHED = {"induction-attention": {"heads", "nodes-mean"}, "majority-5-attention": None}
"""The rules under which they are searched below, None for all: under the others, tests of the engine search them."""


@pytest.mark.slow
def test_the_bundled_models_have_the_circuits_of_the_golden_results(store):
    golden_of = {
        slug: json.loads((FOLDER / "attention" / f"{name}.json").read_text()) for slug, name in GOLDEN_OF.items()
    }
    wanted = {golden_of[slug]["digest"]: rules for slug, rules in SEARCHED.items() if rules}
    with store.write() as session:
        add_bundled_models(session)
        for job in session.scalars(select(JobRow)).all():
            rules = job.arguments["rules"]
            if rules not in wanted.get(job.arguments["model"], {rules}):
                queue.cancel(session, job.id)
    work(store, ("model-circuits",), slots=2)
    with store.read() as session:
        for row in all_models(session):
            golden = golden_of[row.slug]
            assert row.digest == golden["digest"]
            searches = searches_of(session, [row.id])
            kind, _ = model_of(row)
            spaces = {kind.write_rules({name: one[name] for name in kind.settings}): one for one in golden["spaces"]}
            searched = {rules for _, rules in searches}
            assert searched == (SEARCHED[row.slug] or set(spaces))
            for rules in searched:
                found, space = searches[row.id, rules], spaces[rules]
                assert (found.valid, found.possible) == (space["valid"], str(space["possible"]))
                assert {str(bits): count for bits, count in found.by_bits} == space["by_edges"]
        searching = [job.state for job in session.scalars(select(JobRow)).all() if job.kind == "model-circuits"]
        assert set(searching) == {"done", "cancelled"}


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
