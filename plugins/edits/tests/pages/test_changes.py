"""Two networks beside each other: every state of the page, its record and table, one circuit on both, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import select

from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.writes import save_network
from pluriscope_edits.work import CHANGES
from tests.clients import served
from tests.factories import pretrained_xor, real_analysis, save_analysis, small_network

PAIR = "/networks/xor/compare/noisy"
FORMER = "/compare?network=xor&network=noisy"
CSV = "/networks/xor/compare/noisy.csv"
TWIN = "/api/v2/networks/xor/compare/noisy"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("changes"), local=True) as client:
        xor, draw = pretrained_xor(), np.random.default_rng(0).normal
        noisy = replace(xor.network, weights=tuple(one + 0.1 * draw(size=one.shape) for one in xor.network.weights))
        with client.app.state.store.write() as session:
            save_network(session, xor, slug="xor")
            save_analysis(session, real_analysis())
            save_network(session, replace(xor, name="Noisy", network=noisy), slug="noisy")
            save_network(session, small_network(2), slug="small")
        yield client


def work(client) -> None:
    """Do what the queued comparisons do."""
    with client.app.state.store.write() as session:
        for job in session.scalars(select(JobRow).where(JobRow.kind == "changes", JobRow.state == "queued")).all():
            CHANGES.save(session, job.arguments, CHANGES.load(session, job.arguments)(DEFAULT_WORK))
            job.state = "done"


@pytest.fixture(scope="module")
def compared(client):
    """The comparison, from the state in which nobody asked for it to the end."""
    assert client.get(TWIN).json()["state"] == "not_asked"
    asked = client.post(PAIR, data={"protocol": "complete"})
    assert (asked.status_code, asked.headers["location"]) == (303, PAIR)
    assert client.get(TWIN).json()["state"] == "computing"
    work(client)


def test_record_and_table_agree(client, compared):
    reply = client.get(TWIN).json()
    assert (
        reply["report"]["circuits"] | {"kept": 194, "lost": 3, "gained": 46, "changed": 192}
        == reply["report"]["circuits"]
    )
    assert reply["report"]["criteria"]["circuit"]["mean-ablation"]["lost"] == 11
    rows = [line for line in client.get(CSV).text.splitlines() if not line.startswith("#")]
    assert rows[0] == "kind,change,explanation"
    assert rows.count("circuit,lost,c-3b68f") == 1
    assert len(rows) == 1 + 194 + 3 + 46 + 192 + 3
    asked = client.get("/networks/xor/compare?network=noisy")  # as the form of a network's page asks
    assert asked.headers["location"] == FORMER
    page = client.get(PAIR).text
    assert page.count(TWIN) > 0
    assert page.count(f'href="{CSV}"') == 1
    assert "n1.1+n1.2, n1.0" in page


def test_the_former_address_leads_there_with_its_options(client):
    answer = client.get(f"{FORMER}&e=c-3b68f&protocol=complete&guess=1P")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{PAIR}?e=c-3b68f&protocol=complete")


def test_one_circuit_stands_on_both_networks(client):
    page = client.get(PAIR + "?e=c-3b68f").text
    assert "It is valid in XOR, pretrained" in page
    assert "valid in XOR, pretrained by the authors and in" not in page
    both = client.get(PAIR + "?e=c-081ff").text
    assert "288 of its interpretations are the same in both." in both
    for slug in ("xor", "noisy"):
        assert f'href="/networks/{slug}/explanations/c-081ff"' in both


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/networks/xor/compare/small", 400, "has the shape 2-3-3-1, the other 2-2-1"),
        ("/networks/xor/compare/nobody", 404, "nobody"),
        (PAIR + "?e=a-a2e8546f11f80df4.0:1.0_1:1.1", 400, "is no circuit"),
        (PAIR + "?e=c-fffff", 404, "fffff"),
        (PAIR + "?protocol=none-such", 404, "none-such"),
        (PAIR + "?e=c-3ffff&e=c-081ff", 400, "2 explanations"),
        ("/networks/noisy/compare/xor", 200, "is not analysed yet"),
    ],
)
def test_what_cannot_be_compared_is_refused(client, path, status, words):
    answer = client.get(path)
    assert answer.status_code == status
    assert words in answer.text


def test_without_an_analysis_nothing_is_queued(client):
    assert client.post("/networks/noisy/compare/xor").status_code == 409
