"""Store for all tests of what is passed on; the tests that write do so to networks of their own."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from conftest import ON_EVERY_DATABASE, database_url
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.app.db.writes import save_network
from pluriscope.app.main import create_app
from tests.factories import on_a_copy, pretrained_xor, real_analysis, save_analysis, small_network

XOR = "/networks/xor"
CIRCUIT = f"{XOR}/explanations/c-081ff"
INTERPRETATION = f"{XOR}/explanations/i-1839f.0"
ALGORITHM = f"{XOR}/explanations/g-a2e8546f11f80df4"
ALIGNMENT = f"{XOR}/explanations/a-a2e8546f11f80df4.e3bd9b5eae0c1489"
DIRECTION = f"{XOR}/explanations/d-a2e8546f11f80df4.0%3A1%3D0%2C1%2C0%3B1%3A1%3D1%2C0%2C0"
COMPARISON = "/compare?network=xor&e=c-081ff&e=i-1839f.0&e=a-a2e8546f11f80df4.e3bd9b5eae0c1489"
FUNNEL = f"{XOR}/analyses/funnel"
PLAY = f"{XOR}/play?now=11_1.0s00_2.1z&e=i-081ff.0&e=c-081ff"
SHARED = (XOR, CIRCUIT, INTERPRETATION, ALGORITHM, ALIGNMENT, DIRECTION, COMPARISON, PLAY)


def beside(page: str, name: str) -> str:
    """Address of what is made of a page."""
    path, question, query = page.partition("?")
    return f"{path}/{name}{question}{query}"


def verified(page: str) -> str:
    """Address where a page is verified."""
    return f"/verified?{urlencode({'url': page})}"


@pytest.fixture(scope="session", params=ON_EVERY_DATABASE)
def app(request, tmp_path_factory):
    data = tmp_path_factory.mktemp("sharing")
    app = create_app(on_a_copy(data=data, database_url=database_url(request)))
    with TestClient(app):
        with app.state.store.write() as session:
            save_network(session, pretrained_xor(), slug="xor", origin="bundled", position=0)
            save_analysis(session, real_analysis(COMPLETE))
            for seed, slug in ((7, "moving"), (8, "settled"), (9, "=sum")):
                save_network(session, small_network(seed, name=slug), slug=slug.strip("="))
        yield app


@pytest.fixture(scope="session")
def client(app):
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False)
