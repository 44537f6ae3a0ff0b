"""Explanations over training: the page and its record from stored analyses, what is missing, and refusals."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import select

from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.perceptron.training_course import EpochRecord
from pluriscope.analysis.subjects.perceptron.training_spec import training_spec
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.training import TRAIN
from pluriscope_edits.over_training.checkpoints import find_over_training
from tests.app.cli.test_analyse import run
from tests.clients import served
from tests.factories import exact_xor, save_analysis, small_network

PAGE = "/networks/course-1/training"
SPEC = training_spec({"hidden": (2,), "activation": "relu", "output_activation": "linear"})


def checkpoint(epoch: int) -> NetworkFile:
    """Checkpoint of a course that ends with a network that computes XOR exactly; the first answers 0 on every input."""
    file, share = exact_xor(), (0.0, 0.8, 1.0, 0.9)[epoch]
    network = replace(file.network, weights=(*file.network.weights[:-1], file.network.weights[-1] * share))
    record = EpochRecord(options=SPEC, epoch=epoch, loss=1 - share, accuracy=0.5 + share / 2)
    return replace(file, name=f"Course {epoch}", network=network, training=record)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("training"), local=True) as client:
        with client.app.state.store.write() as session:
            for epoch in range(4):
                save_network(session, checkpoint(epoch), slug=f"course-{epoch}")
            for epoch in range(3):
                save_analysis(session, analyse_output(ask(checkpoint(epoch).network, task=exact_xor().tasks[0])))
            save_network(session, small_network(2), slug="small")
            other = SPEC.model_copy(update={"seed": 9})
            alone = replace(small_network(3), training=EpochRecord(options=other, epoch=7, loss=1, accuracy=0))
            save_network(session, alone, slug="alone")
        yield client


def test_the_record_is_that_of_the_engine_and_says_what_is_not_analysed(client):
    reply = client.get(f"/api/v2{PAGE}").json()
    files = [checkpoint(epoch) for epoch in range(3)]
    given = {file.name: (ask(file.network, task=file.tasks[0]), file.training) for file in files}
    assert reply["report"] == find_over_training(given).model_dump(mode="json")
    assert reply["report"]["checkpoints"][0]["circuits"]["low"] == 0
    assert reply["report"]["first_valid"] == 1
    assert [one["state"] for one in reply["stored"]] == ["done", "done", "done", "not_analysed"]
    assert reply == client.get("/api/v2/networks/course-1/training").json()


def test_the_page_shows_each_checkpoint_and_asks_for_what_is_missing(client):
    page = client.get(PAGE).text
    assert "a circuit is known to be valid first at epoch 1" in page
    assert "Not analysed: epoch 3" in page
    assert ">Gained</h2>" in page
    assert 'aria-valuetext="epoch 1"' in page
    assert f'href="{PAGE}?checkpoint=2#one"' in page
    kept = client.get(f"{PAGE}?checkpoint=2").text
    assert 'aria-valuetext="epoch 2"' in kept
    mask = client.get(f"/api/v2{PAGE}").json()["report"]["circuits"][0]["ref"]
    assert client.get(f"/networks/course-2/explanations/c-{mask}").status_code == 200
    assert f'href="/networks/course-2/explanations/c-{mask}"' in kept
    assert "This checkpoint is not analysed" in client.get(f"{PAGE}?checkpoint=3").text
    lines = client.get("/networks/course-1/training.csv").text.strip().splitlines()
    assert [line.partition(",")[0] for line in lines[-4:]] == ["epoch", "0", "1", "2"]
    assert f'href="{PAGE}"' in client.get("/networks/course-1").text
    asked = client.post(PAGE, data={"protocol": "complete"})
    assert (asked.status_code, asked.headers["location"]) == (303, PAGE)
    assert "3 checkpoints analysed; waiting for epoch 3" in client.get(PAGE).text


def test_the_list_has_the_last_checkpoint_alone_and_a_search_all(client):
    def names(query: str) -> set[str]:
        return {row["name"] for row in client.get(f"/api/v2/networks{query}").json()["items"]}

    assert {"Course 3", "Random 2", "Random 3"} <= names("")
    assert not {"Course 0", "Course 1", "Course 2"} & names("")
    assert {"Course 0", "Course 3"} <= names("?q=course")
    assert "the last of 4 checkpoints" in client.get("/networks").text


def test_a_network_without_checkpoints_has_a_notice(client):
    assert "This network is no checkpoint" in client.get("/networks/small/training").text
    assert client.get("/api/v2/networks/small/training").json()["report"] is None
    alone = client.get("/networks/alone/training").text
    assert "Only one checkpoint of this training is stored" in alone
    for option, words in {
        "checkpoint=9": "4 are stored",
        "checkpoint=-1": "checkpoint",
        "training=abc": "is not one of this network",
    }.items():
        answer = client.get(f"{PAGE}?{option}")
        assert answer.status_code == 400
        assert words in answer.text


@pytest.mark.slow
def test_what_is_said_to_be_trained_and_imported_is_shown(tmp_path):
    def shown(client) -> str:
        return unescape(client.get("/networks/first/training").text)

    def sent(client, file) -> str:
        answer = client.post("/api/v2/networks", content=file.read_bytes())
        assert answer.status_code == 201, answer.text
        return answer.json()["slug"]

    (tmp_path / "data").mkdir()
    with served(tmp_path / "data", local=True) as client:
        with client.app.state.store.write() as session:
            save_network(session, small_network(2), slug="first")
        (words,) = re.findall(r"pluriscope (train --checkpoints [\d,]+ --output) FOLDER", shown(client))
        run(*words.split(), tmp_path / "made", "--hidden", "2", "--epochs", "12", "--quiet")
        first, *others = sorted((tmp_path / "made").glob("*/*.json"))
        slug = sent(client, first)
        alone = unescape(client.get(f"/networks/{slug}/training").text)
        assert "This network is no checkpoint" not in alone
        assert "Import the other files of the folder that pluriscope train --checkpoints wrote." in alone
        for one in others:
            sent(client, one)
        assert "Only one checkpoint" not in client.get(f"/networks/{slug}/training").text


@pytest.mark.slow
def test_a_training_asked_for_here_keeps_its_checkpoints(client):
    order = {"checkpoints": [2, 0], "spec": {"hidden": [2], "epochs": 3}}
    asked = client.post("/api/v2/train", json=order)
    assert asked.status_code == 202
    with client.app.state.store.write() as session:
        job = session.scalars(select(JobRow).where(JobRow.kind == "train")).one()
        reply = TRAIN.save(session, job.arguments, TRAIN.load(session, job.arguments)(DEFAULT_WORK))
    assert reply.result["networks"] == []  # none converged
    found = client.get(f"/api/v2{reply.result['url']}/training").json()
    assert [(one["at"], one["state"]) for one in found["stored"]] == [(n, "computing") for n in (0, 2, 3)]
    refused = client.post("/api/v2/train", json={"count": 40, "checkpoints": [0, 1, 2]})
    assert "40 networks × 3 checkpoints are more than 100" in refused.text
    form = client.post("/networks/new?way=train", data={"way": "train", "checkpoints": "0, one"})
    assert form.status_code == 422
