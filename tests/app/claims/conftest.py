"""The pretrained network, analysed, its methods asked; a network of three outputs; and one that is not analysed."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from analysis.pipeline import analyse_output
from analysis.question import ask
from app.bundled import bundled_networks
from app.db.writes import save_analysis, save_network
from app.jobs.analyses import handler_of
from app.jobs.definitions import arguments_about
from app.main import create_app
from pluriscope.analyses.registry import METHODS
from tests.factories import on_a_copy, pretrained_xor, small_network

SLUG = "xor-pretrained"
SEVERAL = "xor-or-imp-3-3"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("claims")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.1", 5000)) as client:
        several = next(one for one in bundled_networks() if one.slug == SEVERAL)
        with app.state.store.write() as session:
            file = pretrained_xor()
            save_network(session, file, slug=SLUG)
            save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
            save_network(session, several, slug=SEVERAL)
            save_network(session, small_network(4), slug="untouched")
        run(client, "methods", handler_of(METHODS), thorough=False)
        yield client


def run(client: TestClient, kind: str, handler: Any, **details: Any) -> Any:
    """Do a job of this kind on the pretrained network's analysis at once, and return how it was saved."""
    from app.db.reads.analyses import find_network
    from app.db.reads.networks import analyses_of

    with client.app.state.store.write() as session:
        (row,) = analyses_of(session, [find_network(session, SLUG).id])
        key = (row.network.digest, 0, row.protocol_digest, row.data_digest, row.result_digest)
        arguments = arguments_about(*key, **details)
        inputs = handler.load(session, arguments)
        return handler.save(session, arguments, handler.compute(inputs))


@pytest.fixture
def get(client):
    """The JSON twin of an address."""

    def fetch(path: str, **query: Any) -> Any:
        answer = client.get("/api/v1" + path, params=query or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return fetch


@pytest.fixture
def send(client):
    """Sends a claim over HTTP, and returns the answer."""

    def post(body: str | bytes, slug: str = SLUG, **query: Any) -> Any:
        return client.post(f"/api/v1/networks/{slug}/claims", content=body, params=query or None)

    return post
