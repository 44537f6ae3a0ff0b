"""The analytic XORNet and a second network, analysed for real."""

from __future__ import annotations

import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.bundled import ALICE_AND_BOB, bundled_networks
from pluriscope.app.db.writes import save_network
from tests.clients import served
from tests.factories import save_analysis, small_network


@pytest.fixture(scope="session")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("reports"), local=True) as client:
        store = client.app.state.store
        bundled = next(one.file for one in bundled_networks() if one.slug == ALICE_AND_BOB)
        with store.write() as session:
            save_network(session, bundled, slug=ALICE_AND_BOB, origin="bundled", position=0)
            save_analysis(session, analyse_output(ask(bundled.network, task=bundled.tasks[0])))
            other = small_network(3)
            save_network(session, other, slug="other")
            save_analysis(session, analyse_output(ask(other.network, task=other.tasks[0])))
            save_network(session, small_network(4), slug="untouched")
        yield client


@pytest.fixture(scope="module")
def get(client):
    """The JSON twin of an address, of the module's own client if it has one."""

    def fetch(path: str, **query):
        return client.get(Addresses().twin(path), params=query or None).raise_for_status().json()

    return fetch
