"""Store for all tests of these pages, analysed for real where that is quick; none of them writes to it."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient

from conftest import ON_EVERY_DATABASE, database_url
from pluriscope.addresses.address import Addresses
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.plugins import brought
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, Protocol
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.analyses import CRITERIA
from pluriscope.app.jobs.analyses import judge as judge_found
from pluriscope.app.jobs.definitions import analyse_arguments, arguments_about
from pluriscope.app.main import create_app
from tests.factories import hand_made_analysis, on_a_copy, pretrained_xor, real_analysis, save_analysis, small_network

XOR = "/networks/xor"
NOISY = DataRecord(
    input_table(2),
    validation_inputs=np.repeat(input_table(2), 3, axis=0) + np.tile([[0.0], [0.02], [-0.02]], (4, 1)),
    validation_labels=np.repeat([[0.0], [1.0], [1.0], [0.0]], 3, axis=0),
    description="every input thrice, slightly off",
)
MINE = Protocol(name="mine", accuracy_threshold=0.9)
"""Stored with made-up counts far beyond 2^53 and a search that stopped at a limit."""


JUDGED = (
    *("zero-ablation", "mean-ablation", "resample-ablation", "all-ablations"),
    *("output-faithfulness", "output-faithfulness(tolerance=0.05)", "necessity", "representative"),
    *("minimal-quasi", "minimal-local", "minimal-subset", "minimal-cardinal"),
    *brought("criteria"),
    *("irredundant-literals", "irredundant-gates", "both-directions", "minimal-alignment"),
)
"""Criteria whose verdicts on the pretrained XOR under complete are stored, those on interpretations apart."""


def wide_xor() -> NetworkFile:
    """2-30-1, of which two neurons compute XOR: more edges than interpretations are counted for."""
    ones, silent = [[1, 1], [1, 1]], [[0, 0]] * 28
    network = Network.from_arrays(
        [ones + silent, [[1, -2] + [0] * 28]], [[0, -1] + [0] * 28, [0]], activation="relu", output_activation="linear"
    )
    return NetworkFile("Wide", network, (named_task("XOR", 2),))


def judge(store, row, criteria, *, interpretations=False):
    """Store verdicts on what an analysis found, as a job does; on interpretations only if asked: that takes seconds."""
    with store.read() as session:
        analysis = session.merge(row, load=True)
        arguments = arguments_about(
            analysis.network.digest,
            0,
            analysis.protocol_digest,
            analysis.data_digest,
            analysis.result_digest,
            criteria=criteria,
        )
        subject, every, budget = CRITERIA.load(session, arguments).args
    steps = tuple((kind, step) for kind, step in every if interpretations or kind != "interpretation")
    outcome = judge_found(subject, steps, budget, Work(clock=time.perf_counter))
    with store.write() as session:
        CRITERIA.save(session, arguments, outcome)


@pytest.fixture(scope="session", params=ON_EVERY_DATABASE)
def app(request, tmp_path_factory):
    data = tmp_path_factory.mktemp("pages")
    url = database_url(request)
    app = create_app(on_a_copy(data=data, database_url=url, max_body_bytes=10_000))
    with TestClient(app):  # runs the start-up: the store is opened and migrated
        with app.state.store.write() as session:
            save_network(session, pretrained_xor(), slug="xor", origin="bundled", position=0)
            complete, _ = (save_analysis(session, real_analysis(protocol)) for protocol in (COMPLETE, PAPER))
            file = pretrained_xor()
            save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0], protocol=PAPER, data=NOISY)))
            made_up = hand_made_analysis(MINE)
            save_analysis(session, replace(made_up, circuits=replace(made_up.circuits, truncated_at=197)))
            two = small_network(5, (2, 2, 2), "Two outputs")
            save_network(session, two, slug="two")
            save_analysis(session, analyse_output(ask(two.network, output=1, task=two.tasks[1])))
            save_network(session, small_network(3, (2, 1), "No hidden layer"), slug="linear")
            save_network(session, wide_xor(), slug="wide")
            good_for_nothing = small_network(4)
            save_network(session, good_for_nothing, slug="none")
            network, task = good_for_nothing.network, good_for_nothing.tasks[0]
            save_analysis(session, analyse_output(ask(network, task=task)))
            for seed, state in enumerate(("queued", "failed", "cancelled"), start=10):
                row = save_network(session, small_network(seed), slug=state)
                job = queue.enqueue(session, "analyse", analyse_arguments(row.digest, 0, COMPLETE), f"Analyse {state}")
                session.get(JobRow, job.id).state = state
                session.get(JobRow, job.id).error = "weights: too wild. Tame them." if state == "failed" else ""
            save_network(session, small_network(2, name="Random 10"), slug="untouched")  # the name of another
        judge(app.state.store, complete, JUDGED)
        yield app


@pytest.fixture(scope="session")
def client(app):
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def get(client):
    """The JSON twin of an address."""

    def fetch(path: str, **query):
        return client.get(Addresses().twin(path), params=query).raise_for_status().json()

    return fetch


@pytest.fixture(scope="session")
def masks(get):
    """All valid circuits of the pretrained XOR under the protocol complete."""
    return [item["mask"] for item in get(XOR + "/explanations", kind="circuit", sort="edges", limit=200)["items"]]
