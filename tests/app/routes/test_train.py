"""Training asked for in the browser and over HTTP."""

import json
import re
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select

from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.training_course import TrainingOutcome
from pluriscope.analysis.subjects.perceptron.training_spec import training_spec, untrained_network
from pluriscope.analysis.subjects.transformer.files import attention_document
from pluriscope.analysis.subjects.transformer.training_spec import TransformerOptions
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.jobs import find_job
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.jobs.training import TRAIN as TRAINING
from pluriscope.app.jobs.training import save_training_outcome
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.app.cli.test_analyse import refused
from tests.factories import small_network

NEW, TRAIN = "/networks/new", {"way": "train"}
FORM = {
    "tasks": "XOR, AND",
    "n_inputs": "2",
    "hidden": "3,2",
    "activation": "tanh",
    "output_activation": "",
    "seed": "11",
    "count": "2",
    "loss_target": "0.005",
    "input_weights": "1, 1, 1, 4",
    "name": "twins",
}


def specs_of(store, answer):
    job_id = answer.headers["location"].rsplit("/", 1)[-1]
    with store.read() as session:
        return find_job(session, job_id).arguments


def test_the_form_becomes_one_job_with_every_option(client, store):
    sent = {**TRAIN, **FORM, "protocols": ["paper"]}
    answer = client.post(NEW, data=sent)
    assert answer.status_code == 303
    arguments = specs_of(store, answer)
    first, second = arguments["specs"]
    assert (first["seed"], second["seed"]) == (11, 12)
    assert (first["tasks"], first["hidden"], first["activation"]) == (["XOR", "AND"], [3, 2], "tanh")
    assert (first["loss_target"], first["input_weights"]) == (0.005, [1, 1, 1, 4])
    assert first["output_activation"] is None
    assert [p["name"] for p in arguments["protocols"]] == ["paper"]
    assert (
        client.post(NEW, data={**TRAIN, **FORM, "protocols": ["paper"]}).headers["location"]
        == answer.headers["location"]
    )


def test_activations_are_suggested_and_have_parameters(client, store):
    page = client.get(NEW, params={"way": "train"}).text
    assert 'list="activation-list"' in page
    assert '<option value="gelu">' in page
    answer = client.post(NEW, data={**TRAIN, **FORM, "activation": "ELU", "output_activation": "elu(alpha=0.50)"})
    assert "is not a known activation" in answer.text
    answer = client.post(
        NEW, data={**TRAIN, **FORM, "activation": "elu(alpha=1)", "output_activation": "elu(alpha=0.50)"}
    )
    spec = specs_of(store, answer)["specs"][0]
    assert (spec["activation"], spec["output_activation"]) == ("elu", "elu(alpha=0.5)")


def test_shared_gates_are_asked_for_by_name_wherever_a_network_is_analysed(client, store, tmp_path, capsys):
    answer = client.post(NEW, data={**TRAIN, **FORM, "protocols": ["shared-gates"]})
    [rules] = specs_of(store, answer)["protocols"]
    assert rules["algorithm_form"] == "shared_gates"
    with store.write() as session:
        slug = save_network(session, small_network(31)).slug
    there = f"/networks/{slug}?protocol=shared-gates"
    [key] = re.findall(r'name="protocol" value="([^"]*)"', client.get(there).text)[:1]
    asked = client.post(f"/networks/{slug}/analyses", data={"output": "0", "protocol": key, "data": ""})
    assert specs_of(store, asked)["protocol"]["algorithm_form"] == "shared_gates"
    reply = refused(capsys, "analyse", model_file(tmp_path), "--protocol", "shared-gates", "--output", tmp_path / "out")
    assert "is no value of any setting" in reply


def model_file(folder):
    path = folder / "model.json"
    path.write_text(json.dumps(attention_document(random_attention(0, (2, 2, 6, 3, 4, 3)))))
    return path


def test_the_same_over_http(client, store):
    order = {"spec": {"tasks": ["0110"], "seed": 3}, "protocols": []}
    answer = client.post("/api/v2/train", json=order)
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    assert specs_of(store, answer)["specs"][0]["tasks"] == ["0110"]


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("tasks", "XOR, NONSENSE", "NONSENSE"),
        ("tasks", "011", "4 values"),
        ("tasks", "", "at least 1 item"),
        ("n_inputs", "7", "less than or equal to 6"),
        ("hidden", "3, x", "valid integer"),
        ("hidden", "0", "1 to 64"),
        ("activation", "swish", "leaky_relu"),
        ("count", "0", "greater than or equal to 1"),
        ("loss_target", "nan", "less than or equal to 1000000"),
        ("noise_std", "1e99", "less than or equal to 10"),
        ("regularisation", "l3 1", "begins with another word"),
        ("epochs", "", "valid integer"),
        ("accuracy_target", "2", "less than or equal to 1"),
        ("input_weights", "1, 1", "4 non-negative"),
        ("protocols", "strict", "complete"),
    ],
)
def test_what_cannot_be_trained_with_is_refused_at_its_field_and_starts_nothing(client, field, value, word):
    sent = {**FORM, "seed": "11", field: value}
    page, filled = client.post(NEW, data={**TRAIN, **sent}), client.get(NEW, params={**TRAIN, **sent})
    assert (page.status_code, filled.status_code) == (422, 400)
    for text in (page.text, filled.text):
        reply = re.findall(r'<(?:div|fieldset) class="field err">(.*?)</(?:div|fieldset)>', text, re.DOTALL)
        assert len(reply) == 1
        assert f'name="{field}"' in reply[0]
        assert re.search(word, reply[0].partition("<small")[2])
        assert 'value="twins"' in text  # what was typed is not lost
        assert '<details class="more" open' in text  # input_weights is filled in
    assert client.get("/api/v2/jobs").json()["items"] == []


def test_several_mistakes_are_reported_at_once(client):
    part = client.get("/networks/new?way=train&part=plan&seed=x&epochs=many&hidden=4,0", headers={"HX-Request": "true"})
    assert part.status_code == 200  # a form that is still being filled in is no wrong request
    assert all(word in part.text for word in ("seed: ", "valid integer", "1 to 64 neurons"))


@pytest.mark.parametrize(
    "order", [*({"spec": {"hidden": []}}, {"count": 0}, {"protocols": ["strict"]}), {"surprise": 1}]
)
def test_bad_orders_over_http_are_refused(client, order):
    answer = client.post("/api/v2/train", json=order)
    assert answer.status_code == 422
    assert answer.json()["ok"] is False
    assert client.get("/api/v2/jobs").json()["items"] == []


def test_a_slash_too_many_leads_to_a_path_on_whatever_host_the_reader_sees(client):
    answer = client.get("/jobs/?state=done", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "/jobs?state=done"


def test_a_plan_is_shown_before_anything_starts(client):
    def plan(**options):
        return client.get(NEW, params={**TRAIN, **options, "part": "plan"}, headers={"HX-Request": "true"}).text

    part, words = plan(hidden="5,5", count="20"), ("20 × 2-5-5-1", "7,271,931,361", "exactly", "<svg")
    assert all(word in part for word in words)
    assert "<form" not in part
    assert "n2.4" in part
    assert "stored, not analysed" in client.get("/networks/new?way=train&protocols=").text
    assert "the limit is 3,300 edges" in plan(hidden="64,64,64")


def store_trained(store):
    spec = training_spec(
        {"seed": 41, "tasks": ["XOR", "AND"], "hidden": [4], "input_weights": [1, 1, 1, 3], "noise_std": 0.05}
    )
    reply = {
        "options": spec.model_dump(mode="json"), "state": "converged", "message": "converged", "epochs": 3,
        "loss": 0.009, "accuracy": 1.0, "losses": [[1, 0.3], [2, None], [3, 0.009]],
        "outputs": [[1, [[0.5, 0.5]] * 4], [3, [[0.1, 0.0], [0.9, 0.1], [1.1, 0.2], [0.0, 0.9]]]],
    }  # fmt: skip
    file = NetworkFile("Pair", untrained_network(spec), spec.resolved_tasks())
    with store.write() as session:
        return spec, save_network(session, file, origin="trained", training=reply).slug


@pytest.mark.slow
def test_a_network_is_trained_again_with_its_options(client, store):
    spec, slug = store_trained(store)
    page = client.get(f"/api/v2/networks/{slug}").json()
    again = page["learning"]["again_url"]
    answer = client.post(NEW, data={**TRAIN, **dict(parse_qsl(again.partition("?")[2])), "protocols": ["paper"]})
    assert client.get(again).status_code == 200
    assert specs_of(store, answer)["specs"] == [spec.model_dump(mode="json")]
    assert "Train again" in client.get(f"/networks/{slug}?part=training").text


def test_those_that_do_not_converge_are_named_and_stay_out_of_the_list(client, store):
    order = {"spec": {"epochs": 4, "samples_per_input": 300, "loss_target": 0.9}, "count": 2, "protocols": []}
    answer = client.post("/api/v2/train", json=order)
    arguments = specs_of(store, answer)
    inputs = [training_spec(options) for options in arguments["specs"]]
    losing = inputs[1].model_copy(update={"loss_target": 1e-9})
    outcomes = [
        TrainingOutcome(inputs[0], "converged", untrained_network(inputs[0]), 1, 0.3, 1.0, (0.3,)),
        TrainingOutcome(losing, "loss_above_target", untrained_network(losing), 4, 0.2, 0.5, (0.4, 0.3, 0.3, 0.2)),
    ]
    with store.write() as session:
        saved = save_training_outcome(session, arguments, outcomes)
        session.get(JobRow, answer.json()["id"]).result = dict(saved.result)
    page = client.get(f"/api/v2/jobs/{answer.json()['id']}").json()
    networks = page["learning"]["networks"]
    assert [one["state"] for one in networks] == ["converged", "loss_above_target"]
    assert networks[1]["url"] == ""
    assert "allow more epochs" in client.get(f"/jobs/{answer.json()['id']}").text
    assert [item["name"] for item in client.get("/api/v2/networks").json()["items"]] == [inputs[0].label]


# --- transformers

SPEC = dict(TransformerOptions())
SMALL = {"task": "first token", "layers": 1, "heads": 1, "vocabulary": 3, "context": 3, "d_model": 4, "d_head": 2}


@pytest.mark.parametrize("more", [{}, {"hidden": 6}], ids=["transformer", "perceptron"])
def test_a_transformer_is_trained_watched_stored_and_searched(client, store, more):
    """From what a script sends to the job that searches its circuits, with what a worker notes between."""
    asked = {**SMALL, "seed": 3, "steps": 600, **more}
    job = client.post("/api/v2/train/transformer", json=asked).json()["url"]
    with store.read() as session:
        reply, arguments = [], session.get_one(JobRow, job.rpartition("/")[2]).arguments
    with store.write() as session:
        held = queue.claim(session, "test", definitions={"train": DEFINITIONS["train"]})
        [outcome] = TRAINING.load(session, arguments)(Work(reply.append))
        queue.heartbeat(session, held, reply[-1], losses=[(one.done, one.loss) for one in reply])
    page = client.get("/api/v2" + job).json()
    assert page["losses_so_far"] == [[one.done, one.loss] for one in reply]
    assert (page["state"], page["loss_target"], "by step" in client.get(job).text) == ("running", 0.01, True)
    with store.write() as session:
        saved = TRAINING.save(session, arguments, [outcome])
        queue.end(session, held, "done", saved.found, result=saved.result)
        searches = session.scalars(select(JobRow).where(JobRow.kind == "analyse")).all()
        assert [one.arguments["network"] for one in searches] == saved.result["networks"]
    assert outcome.converged
    assert client.get(client.get("/api/v2" + job).json()["result_url"]).status_code == 200
    with store.write() as session:
        for one in (replace(outcome, converged=False), replace(outcome, model=None)):
            assert TRAINING.save(session, arguments, [one]).result == {}


@pytest.mark.parametrize(
    ("field", "value", "reply"),
    [
        ("layers", "4", "layers: is 4. Use 1 to 3."),
        ("d_model", "0", "d-model: is 0. Use 1 to 256."),
        ("vocabulary", "40", "more than 4,096 rows"),
        ("task", "chess", "task 'chess': is unknown."),
        ("learning_rate", "0", "learning-rate: is 0. Use a number above 0."),
        ("held_out", "0.95", "held-out: is 0.95. Use 0 to 0.9."),
    ],
)
def test_sizes_of_transformers_are_refused_as_by_the_command(client, capsys, tmp_path, field, value, reply):
    given = type(SPEC[field])(value)
    assert client.post("/api/v2/train/transformer", json={field: given}).status_code == 422
    assert reply in refused(capsys, "train-model", f"--{field.replace('_', '-')}", value, "--output", tmp_path)
