"""Whether methods can be fooled, on the page of methods."""

from __future__ import annotations

import re

import pytest

from plugins.edits.tests.calls import hasten
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import handler_of
from pluriscope.app.jobs.definitions import arguments_about
from pluriscope_edits.analyses import DECEPTION
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


def test_which_methods_can_be_fooled_stands_beside_what_methods_say(client) -> None:
    honest, lie = record(client, "xor", "fooled")["report"]["lies"]
    assert (honest["limits"], lie["limits"], lie["fooled"]) == ("", "silent", True)
    page = client.get("/networks/xor/analyses/fooled", follow_redirects=True).text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "1 of 1 methods rank n1.2 first, which can go as a whole and moves the output by at most 0.05" in text
