"""Circuits that somebody claims, and those of lists, beside null networks."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select

from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.reports import save_report
from pluriscope.app.db.tables import AnalysisReportRow, AnalysisRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.main import create_app
from pluriscope_methods.null_model import null_report
from tests.factories import on_a_copy, pretrained_xor, save_analysis

HERE, VERDICTS = "/networks/xor/own", "verdicts-of-the-criteria"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("claims")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.1", 5000)) as client:
        with app.state.store.write() as session:
            file = pretrained_xor()
            save_network(session, file, slug="xor")
            save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
        yield client


def record(client, path: str = HERE, **given):
    answer = client.get(f"/api/v2{path}", params=given or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_valid_circuit_stands_beside_null_networks_where_these_were_drawn(client) -> None:
    def said(text: str) -> str:
        return client.get(HERE, params={"text": text, "part": VERDICTS}).text

    asked = "Beside networks that have learned nothing"
    assert asked not in said("3b2ce")  # which is not valid
    assert [one["outcome"] for one in record(client, text="3b2ce")["mechanistic_validity"]] == ["failed"]
    assert "not asked yet" in said("3b2cf")
    with client.app.state.store.write() as session:
        row = session.scalars(select(AnalysisRow)).one()
        question = ask(pretrained_xor().network, task=pretrained_xor().tasks[0])
        save_report(session, row, kind="null", report=null_report(question, n=9), thorough=False, seconds=0.0)
    page = said("3b2cf")
    assert "not asked yet" not in page
    assert "untrained" in page
    assert ">0.1<" in page.replace(" ", "").replace("\n", "")  # none of nine untrained networks has one
    assert "p = 0.1 against untrained networks" in page
    terms = {one["criterion"]: one for one in record(client, text="3b2cf")["mechanistic_validity"]}
    assert all(one["why"] in page for one in terms.values())
    page = client.get("/networks/xor/explanations/c-3b2cf").text
    parts = re.findall(r'hx-get="([^"]+)" hx-trigger="toggle once"', page)
    assert any(asked in client.get(part.replace("&amp;", "&")).text for part in parts)
    with client.app.state.store.write() as session:
        session.execute(delete(AnalysisReportRow))
