"""Editing a network: every rule's page, what would come of it, what is stored, and both networks linked."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from pluriscope.analysis.edits.registry import EDITS
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.stages import enqueue_following
from pluriscope_edits.work import CHANGES
from tests.clients import served
from tests.factories import pretrained_xor, real_analysis, save_analysis, searched, small_network

EDIT = "/networks/xor/edit"
MAJORITY = Path("app/bundled/models/majority-5-attention.json")
NOW = pretrained_xor().network.weights[0][1, 0]
SLIDERS = {"rule": "manual", "w1_1_0": "-2", "w1_0_0": repr(float(pretrained_xor().network.weights[0][0, 0] + 1e-13))}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("edits"), local=True) as client:
        with client.app.state.store.write() as session:
            save_network(session, pretrained_xor(), slug="xor")
            save_analysis(session, real_analysis())
            save_network(session, small_network(3), slug="small")
            save_network(session, small_network(7, (2, 3, 3, 1)), slug="source")
            searched(session, MAJORITY.read_bytes(), slug="majority")
        yield client


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rule": "fine-tune"}, ("Computes then", "asked for", "25 of 25", "list every valid circuit")),
        ({}, ("Computes then", "18 of 25")),
        ({"rule": "rank-one", "row": "10"}, (">0<", "and change: 01")),
        (SLIDERS, ("1 of 25", "¬A ∧ B", f"{abs(NOW + 2):.4f}")),
        ({"rule": "manual"}, ("Nothing is changed yet", 'type="range"')),
        ({"rule": "quantise", "bits": "0"}, ("It cannot be done as it stands", "bits is")),
        ({"rule": "fine-tune", "row": "9"}, ("It cannot be done as it stands", "does not exist")),
        ({"rule": "transplant", "source": "nobody", "circuit": "3ffff"}, ("nobody",)),
        ({"rule": "transplant", "source": "small", "circuit": "3ffff"}, ("2-2-1",)),
        ({"network": "majority"}, ("Computes then", "majority", "1,216 of 1,216")),
        ({"network": "majority", "rule": "zero", "where": "1.0"}, ("another task", "512 of 1,216")),
        ({"network": "majority", "rule": "unlearn", "steps": "20000"}, ("seconds, and pages take at most 10",)),
        ({"network": "majority", "rule": "rank-one", "target": "0"}, ("asked for", "The logit of 0")),
    ],
)
def test_an_edit_is_previewed_and_nothing_is_stored(client, given, words):
    before = client.get("/api/v2/networks").json()["total"]
    given = dict(given)
    answer = client.get(f"/networks/{given.pop('network', 'xor')}/edit", params=given).raise_for_status()
    for word in words:
        assert word in answer.text
    assert client.get("/api/v2/networks").json()["total"] == before


def test_the_preview_is_there_as_json(client):
    reply = client.get("/api/v2" + EDIT, params={"rule": "rank-one", "row": "10"}).json()
    assert (reply["before"], reply["after"], reply["broken"]) == ([0, 1, 1, 0], [0, 0, 0, 0], ["01"])
    assert (reply["base"], reply["row"], reply["as_asked"]) == (pretrained_xor().network.digest, "10", True)
    refused = client.get("/api/v2" + EDIT, params={"rule": "fine-tune", "row": "9"})
    assert refused.status_code == 422
    assert "does not exist" in refused.text


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.key)
@pytest.mark.parametrize(("slug", "kind"), [("xor", PERCEPTRON), ("majority", TRANSFORMER)])
def test_each_rule_has_its_settings_on_its_page(client, edit, slug, kind):
    answers = [client.get(f"{head}/networks/{slug}/edit", params={"rule": edit.key}) for head in ("", "/api/v2")]
    if reason := kind.refuses(edit.needs):
        assert [(answer.status_code, reason in answer.text) for answer in answers] == [(422, True)] * 2
        return
    page = answers[0].text
    assert edit.says in page.replace("&#39;", "'")
    for setting in edit.way(kind).settings if edit.key != "manual" else ():
        assert f'name="{setting.name}"' in page
    offered = [one.label for one in EDITS if f"rule={one.key}" in page or one is edit]
    assert offered == [one.label for one in EDITS if not kind.refuses(one.needs)]


def test_an_edit_is_stored_analysed_compared_and_linked_both_ways(client):
    answer = client.post(EDIT, data={**SLIDERS, "name": "By hand"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/networks/xor/compare/by-hand")
    with client.app.state.store.read() as session:
        jobs = {job.kind for job in session.scalars(select(JobRow)).all()}
    assert jobs >= {"analyse", "changes"}
    file = parse_network_file(client.get("/api/v2/networks/by-hand/file").content)
    assert file.edited is not None
    assert (file.edited.base, file.edited.rule) == (pretrained_xor().network.digest, "manual")
    assert file.edited.settings["file"] == [{"layer": 1, "neuron": 1, "source": 0, "value": -2}]
    assert [task.truth_table for task in file.tasks] == [(0, 1, 0, 0)]
    edited = client.get("/networks/by-hand").text
    assert "Edited from XOR, pretrained" in edited
    assert f'href="/networks/{file.edited.base[:12]}/compare/by-hand"' in edited
    assert 'href="/networks/by-hand"' in client.get("/networks/xor?part=edits").text


def test_an_edit_of_a_network_that_is_not_analysed_waits_for_that_and_is_compared_then(client):
    to = client.post("/networks/small/edit", data={"rule": "noise", "name": "Small noise"}).headers["location"]
    page = client.get(to).text
    assert "is analysed first: waiting for a worker" in page
    assert ">Analyse</button>" not in page
    with client.app.state.store.write() as session:
        file = parse_network_file(client.get("/api/v2/networks/small-noise/file").content)
        analysis = save_analysis(session, analyse_output(ask(small_network(3).network, task=small_network(3).tasks[0])))
        for asked in (False, True):
            jobs = enqueue_following(session, analysis, requested=asked)
            others = [job.arguments["other"] for job in jobs if job.kind == "changes"]
            assert others == [file.network.digest] * asked


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"rule": "magic"}, 400, "is unknown"),
        ({"rule": "noise", "size": "abc"}, 400, "Nothing was stored"),
        ({"rule": "manual", "file": "x"}, 400, "Nothing was stored"),
        ({"rule": "manual"}, 200, "Nothing was stored"),  # as the page offers it
        ({"output": "3"}, 404, "output 3"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_stored(client, given, status, words):
    before = client.get("/api/v2/networks").json()["total"]
    answer = client.post(EDIT, data=given)
    assert answer.status_code == status
    assert words in answer.text
    assert client.get("/api/v2/networks").json()["total"] == before


def test_an_edited_transformer_is_stored_and_compared_on_its_page(client):
    sent = {"rule": "noise", "name": "Noisy majority"}
    answer = client.post("/networks/majority/edit", data=sent)
    pair = "/networks/majority/compare/noisy-majority"
    assert (answer.status_code, answer.headers["location"]) == (303, pair)
    _, subject = read_subject(client.get("/api/v2/networks/noisy-majority/file").content)
    assert (subject.edited.rule, subject.edited.base) == ("noise", read_subject(MAJORITY.read_bytes())[1].digest)
    assert "Edited from Majority of five" in client.get("/networks/noisy-majority").text
    with client.app.state.store.write() as session:
        job = session.scalars(select(JobRow).where(JobRow.title.contains("Majority"), JobRow.kind == "changes")).one()
        CHANGES.save(session, job.arguments, CHANGES.load(session, job.arguments)(DEFAULT_WORK))
    report = client.get("/api/v2/networks/majority/compare/noisy-majority").json()["report"]
    assert [report["circuits"][part] for part in ("kept", "lost", "gained")] == [11, 1, 1]
    page = client.get(pair).text
    assert "Of 12 valid circuits 11 stay; 1 are new." in page
    for part in ("lost", "gained"):
        (mask,), ((before, after),) = report["masks"][part], report["margins"][part]
        assert f"{before:.3g} → {after:.3g}" in page
        beside = client.get(f"{pair}?e=c-{mask}").text
        assert f"It is valid in {'Majority' if part == 'lost' else 'Noisy'}" in beside
    assert client.get("/networks/majority/compare/noisy-majority.csv").text.count("circuit,kept") == 11


@pytest.mark.release
def test_a_transformer_with_too_many_circuits_is_edited_and_not_compared(client):
    with client.app.state.store.write() as session:
        searched(session, (MAJORITY.parent / "tracr-reverse.json").read_bytes(), slug="reverse")
    to = client.post("/networks/reverse/edit", data={"rule": "zero", "where": "2.mlp"}).headers["location"]
    page = client.get(to).text
    assert "Circuits are too many to be compared" in page
    assert "of them, which takes" in page
    with client.app.state.store.read() as session:
        titles = [job.title for job in session.scalars(select(JobRow)).all() if job.kind == "changes"]
    assert not any("reversed row" in title for title in titles)


def test_play_has_a_slider_for_each_weight(client):
    page = client.get("/networks/xor/play?part=weights").text
    assert page.count('type="range"') == 25
    assert "bias of n1.0" in page
