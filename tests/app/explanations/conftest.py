"""Really analysed store for all tests of these pages; none of them writes to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conftest import ON_EVERY_DATABASE, database_url
from pluriscope.addresses.address import Addresses
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import analyse_arguments
from tests.clients import served
from tests.factories import pretrained_xor, save_analysis, small_network

XOR = "/networks/xor"


def three_inputs() -> NetworkFile:
    """3-2-1 for AND: n1.0 = A ∧ B, n1.1 = C, and their AND is put out."""
    network = Network.from_arrays(
        [[[1, 1, 0], [0, 0, 1]], [[1, 1]]], [[-1, 0], [-1]], activation="relu", output_activation="linear"
    )
    return NetworkFile("Three inputs", network, (named_task("AND", 3),))


def twin_neurons() -> NetworkFile:
    """2-2-2-1 in which the two neurons of each hidden layer are the same."""
    network = Network.from_arrays(
        [[[2, -1], [2, -1]], [[1.5, 1.5], [1.5, 1.5]], [[2, 2]]], [[0.3, 0.3], [-0.2, -0.2], [-1]], activation="tanh"
    )
    return NetworkFile("Twin neurons", network, (named_task("NIMP", 2),))


def with_placements_untried(file: NetworkFile) -> OutputAnalysis:
    """An analysis as of a network with more sets of neurons than are searched, for which a test has no time."""
    found = analyse_output(ask(file.network, task=file.tasks[0]))
    bare = tuple(
        replace(result, alignments=(), n_valid=0, n_minimal=0, truncated_at=0) for result in found.algorithms.algorithms
    )
    return replace(found, algorithms=replace(found.algorithms, algorithms=bare))


@pytest.fixture(scope="session", params=ON_EVERY_DATABASE)
def client(request, tmp_path_factory):
    data, url = tmp_path_factory.mktemp("explanations"), database_url(request)
    with served(data, database_url=url) as client:
        file = pretrained_xor()
        with client.app.state.store.write() as session:
            save_network(session, file, slug="xor", origin="bundled", position=0)
            for protocol in (COMPLETE, PAPER):
                save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0], protocol=protocol)))
            two = small_network(5, (2, 2, 2), "Two outputs")
            save_network(session, two, slug="two")
            save_analysis(session, analyse_output(ask(two.network, output=1, task=two.tasks[1])))
            three = three_inputs()
            save_network(session, three, slug="three")
            save_analysis(session, analyse_output(ask(three.network, task=three.tasks[0])))
            wide = small_network(6, (2, 3, 1), "Placements untried")
            save_network(session, wide, slug="untried")
            save_analysis(session, with_placements_untried(wide))
            row = save_network(session, small_network(1), slug="waiting")
            queue.enqueue(session, "analyse", analyse_arguments(row.digest, 0, COMPLETE), "Analyse waiting")
            save_network(session, small_network(2), slug="untouched")
            save_network(session, twin_neurons(), slug="twins")
        yield client


@pytest.fixture(scope="session")
def get(client):
    """The JSON twin of an address."""

    def fetch(path: str, **query):
        # an empty mapping would drop the path's own query
        return client.get(Addresses().twin(path), params=query or None).raise_for_status().json()

    return fetch


@pytest.fixture(scope="session")
def aligned(get):
    """The one algorithm that the pretrained XOR network is: its item in the list."""
    (item,) = get(XOR + "/explanations", kind="algorithm")["items"]
    return item


@pytest.fixture(scope="session")
def kept(get, aligned):
    """The alignments that are kept of that algorithm: minimal ones, other valid ones, the best that fail."""
    return kept_of(get, aligned["algorithm"])


def kept_of(get, algorithm: str, **scope: str):
    every = get(XOR + "/explanations", kind="alignment", valid="any", algorithm=algorithm, limit=200, **scope)["items"]
    return sorted(every, key=lambda one: (not one["valid"], not one["minimal"], -one["iia"]))


@pytest.fixture(scope="session")
def masks(get):
    return [item["mask"] for item in get(XOR + "/explanations", kind="circuit", sort="edges", limit=200)["items"]]
