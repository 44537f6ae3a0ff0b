"""Training asked for in the browser and over HTTP."""

import pytest

from app.db.reads.jobs import find_job

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
    answer = client.post("/train", data={**FORM, "protocols": ["paper"]})
    assert answer.status_code == 303
    arguments = specs_of(store, answer)
    first, second = arguments["specs"]
    assert (first["seed"], second["seed"]) == (11, 12)
    assert (first["tasks"], first["hidden"], first["activation"]) == (["XOR", "AND"], [3, 2], "tanh")
    assert (first["loss_target"], first["input_weights"]) == (0.005, [1, 1, 1, 4])
    assert first["output_activation"] is None
    assert [p["name"] for p in arguments["protocols"]] == ["paper"]
    assert (
        client.post("/train", data={**FORM, "protocols": ["paper"]}).headers["location"] == answer.headers["location"]
    )


def test_the_same_over_http(client, store):
    order = {"spec": {"tasks": ["0110"], "seed": 3}, "protocols": []}
    answer = client.post("/api/v1/train", json=order)
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    assert specs_of(store, answer)["specs"][0]["tasks"] == ["0110"]


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("tasks", "XOR, NONSENSE", "NONSENSE"),
        ("tasks", "011", "4 values"),
        ("tasks", "", "tasks"),
        ("n_inputs", "7", "n_inputs"),
        ("n_inputs", "two", "two"),
        ("hidden", "3, x", "hidden"),
        ("hidden", "0", "hidden"),
        ("activation", "swish", "activation"),
        ("seed", "-1", "seed"),
        ("count", "1000", "count"),
        ("loss_target", "nan", "loss_target"),
        ("learning_rate", "1e9", "learning_rate"),
        ("input_weights", "1, 1", "input_weights"),
        ("protocols", "strict", "strict"),
    ],
)
def test_bad_options_come_back_with_the_form_and_start_nothing(client, field, value, word):
    answer = client.post("/train", data={**FORM, field: value})
    assert answer.status_code == 422
    assert word in answer.text
    assert 'value="twins"' in answer.text  # what was typed is not lost
    assert client.get("/api/v1/jobs").json()["items"] == []


def test_several_mistakes_are_told_at_once(client):
    text = client.post("/train", data={**FORM, "seed": "x", "epochs": "many", "count": "0"}).text
    assert all(word in text for word in ("seed", "many", "count 0"))


@pytest.mark.parametrize(
    "order",
    [{"spec": {"hidden": []}}, {"spec": {"colour": 1}}, {"count": 0}, {"protocols": ["strict"]}, {"surprise": 1}],
)
def test_bad_orders_over_http_are_refused(client, order):
    answer = client.post("/api/v1/train", json=order)
    assert answer.status_code == 422
    assert answer.json()["ok"] is False
    assert client.get("/api/v1/jobs").json()["items"] == []


def test_a_filled_in_form_can_be_linked_to(client):
    page = client.get("/train", params={"tasks": "AND", "hidden": "2"}).text
    assert 'value="AND"' in page
    assert client.get("/api/v1/train", params={"tasks": "AND"}).json()["values"]["tasks"] == "AND"
    assert client.get("/train", params={"colour": "red"}).status_code == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", "0"),
        ("count", "101"),
        ("count", "one"),
        ("seed", "-1"),
        ("n_inputs", "7"),
        ("hidden", "0"),
        ("hidden", "3,x"),
        ("tasks", "NONSENSE"),
        ("activation", "swish"),
        ("loss_target", "nan"),
        ("loss_target", "inf"),
        ("noise_std", "1e99"),
        ("epochs", "0"),
        ("batch_size", "1e3"),
        ("accuracy_target", "2"),
        ("input_weights", "1,1"),
    ],
)
def test_a_form_is_not_filled_in_with_what_could_not_be_trained(client, field, value):
    twin = client.get("/api/v1/train", params={field: value})
    assert twin.status_code == 400
    assert field in twin.json()["error"] or value in twin.json()["error"]
    page = client.get("/train", params={field: value, "name": "twins"})
    assert page.status_code == 400
    assert 'value="twins"' in page.text


@pytest.mark.parametrize("order", [{"device": "cuda"}, {"spec": {"device": "cuda"}}])
def test_a_device_is_the_operators_to_choose(client, order):
    answer = client.post("/api/v1/train", json=order)
    assert answer.status_code == 422
    assert "device" in answer.text


def test_a_slash_too_many_leads_to_a_path_on_whatever_host_the_reader_sees(client):
    answer = client.get("/train/?tasks=AND", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "/train?tasks=AND"
