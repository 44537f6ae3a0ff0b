"""Circuits that somebody claims, and those of lists, beside null networks."""

from __future__ import annotations

import re

from sqlalchemy import delete, select

from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.reports import save_report
from pluriscope.app.db.tables import AnalysisReportRow, AnalysisRow
from pluriscope_methods.null_model import null_report
from tests.app.test_claims import HERE, VERDICTS, client, record  # noqa: F401
from tests.factories import pretrained_xor


def test_a_valid_circuit_stands_beside_null_networks_where_these_were_drawn(client) -> None:  # noqa: F811
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
