"""The page of lies: what criteria say of each, and the edit that makes it."""

from __future__ import annotations

import csv
import re

import pytest

from plugins.edits.tests.calls import hasten
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import handler_of
from pluriscope.app.jobs.definitions import arguments_about
from pluriscope_edits.analyses import DECEPTION
from pluriscope_edits.making import edited
from tests.app.test_analyses import record
from tests.clients import served
from tests.factories import pretrained_xor, real_analysis, save_analysis


@pytest.fixture
def client(tmp_path, monkeypatch):
    hasten(monkeypatch)
    with served(tmp_path, local=True) as client:
        with client.app.state.store.write() as session:
            save_network(session, pretrained_xor(), slug="xor")
            row = save_analysis(session, real_analysis())
            key = row.network.digest, 0, row.protocol_digest, row.data_digest, row.result_digest
            arguments, handler = arguments_about(*key, **DECEPTION.details()), handler_of(DECEPTION)
            handler.save(session, arguments, handler.load(session, arguments)(DEFAULT_WORK))
        yield client


def test_lies_stand_beside_what_criteria_say_and_lead_to_the_edit_that_makes_them(client) -> None:
    honest, lie = record(client, "xor", "fooled")["report"]["lies"]
    assert (honest["limits"], lie["limits"], lie["fooled"]) == ("", "silent", True)
    page = client.get("/networks/xor/analyses/fooled").text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "1 of 1 methods rank n1.2 first, which can go as a whole and moves the output by at most 0.05" in text
    assert f"yes yes {lie['n_without']} {lie['n_valid']} {lie['n_smallest_with']} {lie['n_smallest']}" in text
    (link,) = {one.replace("&amp;", "&") for one in re.findall(r'href="(/networks/xor/edit[^"]+)"', page)}
    made = edited("deceive", ask(pretrained_xor().network), {"method": "eap"}).subject
    assert client.get(f"/api/v2{link}").json()["network"] == made.digest
    lines = client.get("/networks/xor/analyses/fooled.csv").text.splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [row["n_valid"] for row in rows] == [str(honest["n_valid"]), str(lie["n_valid"])]
