"""Networks of one's own through the browser's form and over HTTP."""

import html
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import torch
from fastapi.routing import APIRoute
from sqlalchemy import func, select

from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.network_files.intake import as_chosen, read_any
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.app.bundled import bundled_models
from pluriscope.app.db import writes
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.tables import DataRow, NetworkRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.deletion import purge_deleted
from pluriscope.app.routes import bring_in as bring_in_routes
from pluriscope.app.routes.bring_in import network_body, sent_network
from pluriscope.app.routes.changes import writing_session
from pluriscope.app.routes.depends import form_of
from tests import of_plugins
from tests.bad_files import BAD_NETWORK_FILES, good_document
from tests.checkout import ROOT
from tests.factories import pretrained_xor
from tests.hostile.files import hostile_files

FILE = network_file_json(pretrained_xor())


@pytest.mark.slow
def test_nothing_is_stored_whichever_way_they_come(client, store):
    for file in hostile_files(14, seed=7):
        for answer in (
            client.post("/api/v2/networks", content=file.raw, params={"task": "decisions", "protocols": "complete"}),
            client.post("/networks", files={"file": ("../../x.json", file.raw)}, data={"task": "decisions"}),
        ):
            assert 400 <= answer.status_code < 500, (file.family, answer.status_code, file.raw[:100])
    with store.read() as session:
        for table in (NetworkRow, DataRow, JobRow):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def bring_in(client, file=FILE):
    return client.post("/api/v2/networks", content=json.dumps(file))


def xor_file(**changes):
    return json.dumps(good_document(**changes)).encode()


def bare_xor(**changes):
    """Without what the form may declare."""
    return json.dumps({k: v for k, v in good_document(**changes).items() if k not in ("name", "sizes", "tasks")})


def carried(page):
    """Fields that the form of a preview sends as it stands."""
    form = page.partition('<form class="form" method="post"')[2].partition("</form>")[0]
    sent = {}
    for tag, name in re.findall(r'<(input|select)[^>]* name="(\w+)"', form):
        sent.setdefault(name, [])
        if tag == "select":
            choices = form.partition(f'name="{name}"')[2].partition("</select>")[0]
            sent[name] += re.findall(r'<option value="([^"]*)" selected', choices)
    for given in re.findall(r"<input[^>]*>", form):
        parts = dict(re.findall(r'(\w+)="([^"]*)"', given))
        if parts["type"] != "checkbox" or " checked" in given:
            sent[parts["name"]].append(html.unescape(parts.get("value", "")))
    return sent


def stored(store):
    with store.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in (NetworkRow, DataRow, JobRow)]


def test_what_refuses_a_form_is_in_its_title_and_read_first(client):
    page = client.post("/networks/new", files={"file": ("x.json", b"[")}).text
    assert "<title>Error: Your network · Pluriscope</title>" in page
    assert 'class="notice refused" role="alert" tabindex="-1" autofocus' in page
    (field,) = re.findall(r'<input type="file"[^>]*>', page)
    assert 'aria-invalid="true"' in field
    (text_area,) = re.findall(r"<textarea[^>]*>", client.post("/networks/new", data={"text": "["}).text)
    assert 'aria-invalid="true"' in text_area


@pytest.mark.slow
def test_a_network_goes_through_form_preview_and_confirmation_without_scripts(client, store):
    assert 'action="/networks/new"' in client.get("/networks/new?task=formula&name=mine").text
    declared = {"task": "formula", "tasks": "A xor B", "name": "mine", "protocols": ["", "complete", "paper"]}
    preview = client.post("/networks/new", data=declared, files={"file": ("x.json", bare_xor())})
    assert preview.status_code == 200
    for words in ("It computes", "XOR", "right on 4 of 4 inputs", "2–2–1, paper", "list every valid circuit"):
        assert words in preview.text
    assert stored(store) == [0, 0, 0]
    done = client.post("/networks", data=carried(preview.text))
    assert (done.status_code, done.headers["location"]) == (303, "/networks/mine")
    assert stored(store) == [1, 0, 2]
    again = client.post("/networks/new", data=carried(preview.text)).text
    assert "It is here already" in again
    other = client.post("/networks", data=carried(preview.text) | {"tasks": "A and B"})
    assert (other.status_code, "are others than those" in other.text) == (422, True)


BROUGHT = ROOT / "tests/fixtures/brought"


def parts(*names):
    """Files as a form sends them."""
    return [("file", (name, (BROUGHT / name).read_bytes())) for name in names]


def test_an_onnx_file_comes_with_its_data(client):
    model, data = "g4_torch213_default.onnx", "6-16-1_dyn.onnx.data"
    page = client.post("/networks/new", files=parts(data, model))
    assert (page.status_code, "6–16–1" in page.text) == (200, True)
    refused = client.post("/networks/new", files=parts(model))
    assert (refused.status_code, "external_data=False" in refused.text) == (422, True)
    body = client.post("/api/v2/networks", content=(BROUGHT / model).read_bytes()).json()
    assert "external_data=False" in body["error"]
    assert data in body["error"]


@pytest.mark.parametrize("name", ["gguf.gguf", "orbax.zip", "openvino.xml"])
def test_a_format_that_is_not_read_is_named_with_the_lines_that_make_a_readable_file(client, name):
    raw, cause = (ROOT / "tests/fixtures/marked" / name).read_bytes(), "which is not read here"
    body = client.post("/api/v2/networks", content=raw)
    assert (body.status_code, cause in body.json()["error"]) == (422, True)
    page = client.post("/networks/new", files={"file": (name, raw)})
    assert (page.status_code, cause in page.text, "import" in page.text) == (422, True, True)
    assert f"&quot;{name}&quot;" in page.text or f"&#34;{name}&#34;" in page.text


@pytest.mark.parametrize(
    ("names", "text", "cause"),
    [
        (["6-16-1_dyn.onnx.data", "g2_input_hidden_output.safetensors"], "", "not one ONNX model"),
        (["g5_gemm.onnx", "g5_gemm.onnx"], "", "not one ONNX model"),
        (["g5_gemm.onnx", "g2_input_hidden_output.safetensors"], "", "is no data file of the ONNX model"),
        (["g5_gemm.onnx"], bare_xor(), "come beside a text"),
    ],
)
def test_what_is_not_one_network_is_refused(client, names, text, cause):
    refused = client.post("/networks/new", files=parts(*names), data={"text": text})
    assert (refused.status_code, cause in refused.text) == (422, True)
    assert ("pluriscope-network/1" in refused.text) is bool(text)


@pytest.mark.parametrize(
    ("declared", "field", "words"),
    [
        ({"task": "name", "tasks": "EXOR"}, "tasks", "is not a known name"),
        ({"encoding": "1, 1"}, "encoding", "the same number for 0 and for 1"),
        ({"name": "../../x"}, "name", "path of a file"),
        ({"task": "guess"}, "task", "should be"),
        ({"protocols": "strict"}, "protocols", "complete"),
    ],
)
def test_a_wrong_declaration_is_refused_at_its_field_and_nothing_is_stored(client, store, declared, field, words):
    for address in ("/networks/new", "/networks"):
        answer = client.post(address, data={"text": bare_xor(), **declared})
        assert answer.status_code == 422
        (reply,) = re.findall(r'<(?:div|fieldset) class="field err">(.*?)</(?:div|fieldset)>', answer.text, re.DOTALL)
        assert f'name="{field}"' in reply
        assert words in html.unescape(reply)
        assert "pluriscope-network/1" in answer.text  # what was sent is not lost
    assert stored(store) == [0, 0, 0]


def test_a_network_is_stored_once(client):
    first, second = bring_in(client), bring_in(client)
    assert (first.status_code, second.status_code) == (201, 200)
    slug = first.json()["slug"]
    assert first.headers["location"] == first.json()["url"] == f"/networks/{slug}"
    assert second.json() == {**first.json(), "created": False}
    assert client.get(first.json()["url"]).status_code == 200
    assert client.get(first.json()["api_url"]).json()["digest"] == pretrained_xor().network.digest


@pytest.mark.parametrize("n", [4_000_001, 100_000_000])
def test_files_that_are_too_large_are_refused_with_one_limit(client, n):
    for path, sent in (
        ("/api/v2/networks", {"content": bytes(n)}),
        ("/networks/new", {"files": {"file": ("x.pt", bytes(n))}}),
    ):
        answer = client.post(path, **sent)
        assert answer.status_code == (422 if n < 8_000_000 else 413)
        assert "is larger than the limit of 4,000,000 bytes" in answer.text
        assert "save the weights of a small network alone" in answer.text.lower()
        assert (
            path == "/api/v2/networks"
            or 'action="/networks/new"' in answer.text
            or 'href="/networks/new"' in answer.text
        )


def test_a_form_sent_where_a_file_is_read_gets_the_cure(client):
    answer = client.post("/api/v2/networks", files={"file": ("x.json", xor_file())})
    assert (answer.status_code, "curl --data-binary @FILE" in answer.text) == (422, True)
    assert client.get("/api/v2/networks").json()["total"] == 0


@pytest.mark.parametrize(
    ("bias", "said"), [(0.0, ()), (5.0, ("It answers 1 on every input.",)), (-0.4, ("Its answers are not clear.",))]
)
def test_what_is_stored_without_an_analysis_or_learned_nothing_is_remarked(client, bias, said):
    last = {"output_activation": "sigmoid"} if bias == 5.0 else {}
    content = bare_xor(biases=[[0.0, -1.0], [bias]], **last)
    remarks = client.post("/api/v2/networks", content=content, params={"task": "decisions"}).json()["remarks"]
    assert "Nobody asked for its analysis: add protocols=complete." in remarks
    assert all(any(remark.startswith(words) for remark in remarks) for words in said)
    assert said or not any("learned" in remark for remark in remarks)


@pytest.mark.slow
def test_an_encoding_becomes_the_data_record_of_the_network(client, store):
    half = {"weights": [[[0.5, 0.5], [0.5, 0.5]], [[1.0, -2.0]]], "biases": [[1.0, 0.0], [0.0]]}
    query = {"task": "decisions", "encoding": "-1,1", "name": "on signs", "protocols": "complete"}
    answer = client.post("/api/v2/networks", content=bare_xor(**half), params=query)
    assert answer.status_code == 201
    made = answer.json()
    assert len(made["jobs"]) == 1
    page = client.get(f"/api/v2/networks/on-signs?data={made['data'][:12]}").json()
    assert [row["decision"] for row in page["behaviour"]] == [0, 1, 1, 0]
    assert page["behaviour"][0]["row"] == [-1, -1]
    item = client.get("/api/v2/networks").json()["items"][0]
    own = f"/networks/on-signs?data={made['data'][:12]}"
    hit = client.get("/api/v2/search?q=on-signs").json()["groups"][0]["hits"][0]
    assert {item["url"], made["url"], hit["url"]} == {own}
    bare = client.get("/networks/on-signs?output=0", follow_redirects=False)
    assert bare.headers["Location"] == own + "&output=0"
    assert "Its inputs are not 0 and 1" not in client.get(own).text
    clean = f"/networks/on-signs?data={clean_data(2).digest[:12]}"  # asked for by name, it stays
    page = client.get(clean)
    assert str(page.url).endswith(clean)
    assert "Its inputs are not 0 and 1" in page.text
    with store.write() as session:
        order = queue.enqueue_analyses(session, session.scalar(select(NetworkRow)), (COMPLETE,), data=clean_data(2))
        assert order
        assert "Nobody asked" in page.text
    assert "Nobody asked" not in client.get(clean).text


@pytest.mark.parametrize(
    ("weights", "biases", "of_file", "declared", "looks"),
    [
        ([[1.0, -2.0]], [0.0], {}, "", "value"),
        ([[8.0, -16.0]], [-4.0], {}, "", "logit"),
        ([[8.0, -16.0]], [-4.0], {"output_activation": "sigmoid"}, "", "value"),
        ([[8.0, -16.0]], [-4.0], {"tasks": [{"truth_table": [0, 1, 1, 0]}]}, "", "value"),
        ([[8.0, -16.0], [0.0, 0.0]], [-4.0, 0.0], {}, "", "classes"),
        ([[8.0, -16.0], [0.0, 8.0]], [-4.0, -4.0], {}, "XOR; AND", "logit"),
    ],
)
def test_a_linear_output_is_taken_for_what_it_looks_like(weights, biases, of_file, declared, looks):
    bare = {"activation": "relu", "output_activation": "linear", "negative_slope": None, **of_file}
    document = bare_xor(weights=[[[1.0, 1.0], [1.0, 1.0]], weights], biases=[[0.0, -1.0], biases])
    said = Declaration(tasks=declared)
    file = read_any(json.dumps(json.loads(document) | bare).encode(), declared=said)
    assert (as_chosen(file, said).output_is or "value") == looks


@pytest.mark.slow
def test_a_logit_is_offered_in_the_preview_and_kept_by_the_confirmation(client):
    logit = bare_xor(
        weights=[[[1.0, 1.0], [1.0, 1.0]], [[8.0, -16.0]]],
        biases=[[0.0, -1.0], [-4.0]],
        activation="relu",
        output_activation="linear",
        negative_slope=None,
    )
    given = {"text": logit, "task": "name", "tasks": "XOR", "protocols": [""]}
    preview = client.post("/networks/new", data=given | {"name": "by logit"}).text
    for words in ("right on 4 of 4 inputs", "What the file leaves open", "layer 1 (2 to 2, relu), layer 2"):
        assert words in preview
    as_value = client.post("/networks/new", data=carried(preview) | {"output_is": "value"}).text
    assert all(words in as_value for words in ("The network did not learn this task", "looks like a logit"))
    assert client.post("/networks", data=carried(preview)).status_code == 303
    assert client.get("/api/v2/networks/by-logit/file").json()["output_activation"] == "sigmoid"
    query = {"task": "name", "tasks": "XOR", "output_is": "logit", "name": "by http"}
    assert client.post("/api/v2/networks", content=logit, params=query).status_code == 200  # the same network
    assert client.post("/api/v2/networks", content=logit, params=query | {"output_is": "classes"}).status_code == 422


def test_what_cannot_be_read_is_said_first_with_the_code_that_cures_it(client):
    content = io.BytesIO()
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 1)), content)
    page = client.post("/networks/new", files={"file": ("mine.pt", content.getvalue())})
    assert page.status_code == 422
    reply = page.text.partition('class="notice refused"')[2].partition("</pre>")[0]
    assert "mine.pt: torch file is a whole module" in reply
    assert 'model = torch.load("mine.pt", weights_only=False)\ntorch.save(' in html.unescape(reply)
    assert "<pre" in reply
    assert "A field has an error" not in page.text


def test_no_option_of_a_command_is_in_what_a_form_says(client):
    unclear = {"activation": "relu", "output_activation": "linear", "output_is": "value"}
    refused = client.post("/networks", data=carried(previewed(client).text))
    wrong = previewed(client, STATE | {"out.bias": [9.0]}, **unclear)
    other = previewed(client, STATE | {"out.weight": [[8.0, -16.0]], "out.bias": [-4.0]}, **unclear, tasks="XOR")
    assert "looks like a logit" in other.text
    for page in (refused, wrong, other):
        assert "--" not in re.sub(r"<!--.*?-->|<style.*?</style>|<[^>]*>", "", page.text.partition("<main")[2])


STATE = {
    "hidden.weight": [[1.0, 1.0], [1.0, 1.0]],
    "hidden.bias": [0.0, -1.0],
    "out.weight": [[1.0, -2.0]],
    "out.bias": [0.0],
}
"""XOR by relu, as torch names tensors, without a word on activations."""


def asked(page):
    """Fields above the fold of a preview's form."""
    form = page.partition('<form class="form" method="post"')[2].partition("</form>")[0]
    return re.findall(r'<(?:select|input type="text")[^>]* name="(\w+)"', form.partition("<details")[0])


def previewed(client, raw=STATE, **answers):
    """The preview of a file, in words."""
    raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return client.post("/networks/new", files={"file": ("mine.json", raw)}, data=answers)


def test_what_a_file_does_not_say_is_asked_on_its_preview_and_kept(client, store):
    preview = previewed(client).text
    assert asked(preview) == ["activation", "output_activation", "output_is"]
    sent = carried(preview)
    # what alone fits is chosen; which of two it is only somebody can say who knows
    assert [sent[name] for name in ("activation", "output_activation", "output_is")] == [[""], ["linear"], ["value"]]
    box = preview.partition('role="note"')[2].partition("</div>")[0]
    assert "does not say the activation of its hidden layers" in box
    assert "Several fit (relu and leaky_relu)" in box
    choices = preview.partition('name="activation"')[2].partition("</select>")[0]
    assert choices.partition(">")[0].strip().startswith("required")
    assert '<option value="" selected>Choose: relu fits best</option>' in choices
    assert '<option value="relu">relu: it computes XOR</option>' in choices
    refused = client.post("/networks", data=sent)
    assert (refused.status_code, stored(store)) == (422, [0, 0, 0])
    (reply,) = re.findall(r'<div class="field err">(.*?)</div>', refused.text, re.DOTALL)
    assert 'name="activation"' in reply
    assert "several fit" in reply
    chosen = client.post("/networks/new", data=sent | {"activation": "relu"}).text
    assert 'role="note"' not in chosen
    sent = carried(chosen)
    assert client.post("/networks", data=sent).status_code == 303
    assert client.get("/api/v2/networks/mine/file").json()["activation"] == "relu"
    assert asked(client.post("/networks/new", data=sent).text) == asked(preview)  # answered questions stay
    assert asked(previewed(client, good_document()).text) == []
    assert stored(store)[0] == 1


@pytest.mark.parametrize(
    ("answers", "fields", "words"),
    [
        ({"activation": "leaky_relu"}, {"negative_slope"}, "Negative slope"),
        ({"activation": "tanh", "negative_slope": "0.5"}, {"activation"}, "tanh contradicts its answers"),
        ({"tasks": "AND"}, {"activation"}, "did not learn this task"),
    ],
)
def test_each_answer_shows_what_it_would_be(client, answers, fields, words):
    sent = carried(previewed(client).text)
    again = html.unescape(client.post("/networks/new", data=sent | answers).text)
    assert fields <= {*asked(again)}
    assert words in again
    assert "Nothing is stored yet" in again


def test_every_error_of_a_network_file_is_in_a_table(client):
    page = client.post("/networks/new", files={"file": ("mine.json", xor_file(activation="mish", oops=1))}).text
    assert "mine.json: network file has 2 errors" in page
    assert [page.count(words) for words in ("&#39;oops&#39;", "is not a known activation")] == [1, 1]


def test_a_wrong_answer_is_refused_at_its_field_and_nothing_is_lost(client):
    sent = carried(previewed(client).text) | {"activation": "leaky_relu", "negative_slope": "steep"}
    refused = client.post("/networks", data=sent)
    assert refused.status_code == 422
    (reply,) = re.findall(r'<div class="field err">(.*?)</div>', refused.text, re.DOTALL)
    assert 'name="negative_slope"' in reply
    assert 'value="steep"' in reply
    assert carried(refused.text)["content"] == sent["content"]
    query = {"activation": "leaky_relu", "negative_slope": "steep"}
    body = client.post("/api/v2/networks", content=json.dumps(STATE), params=query)
    assert body.status_code == 422
    for words in ("'steep'", "is no number", "ive one such as 0.01"):
        assert words in body.json()["error"]
        assert words in html.unescape(reply)


def test_files_that_are_no_text_are_carried_by_their_preview(client):
    preview = previewed(client, (BROUGHT / "g2_input_hidden_output.safetensors").read_bytes(), name="by tensors").text
    assert "layers" in asked(preview)
    orders = re.findall(r"<option[^>]*>(\w+, \w+, \w+): it computes", preview)
    assert sorted(orders) == ["hidden, input, output", "input, hidden, output"]
    other = carried(preview) | {"layers": "hidden, input, output"}
    assert "hidden (2 to 2" in client.post("/networks/new", data=other).text
    assert client.post("/networks", data=other).status_code == 303
    broken = client.post("/networks", data=other | {"content": "base64,*"})
    assert (broken.status_code, "content" in broken.text) == (422, True)


def test_a_preview_names_every_refusal_at_once(client):
    document = {"weights": [[[1.0] * 7] * 2, [[1.0, 1.0]]], "biases": [[0.0, 0.0], [0.0]]}
    answer = client.post("/networks/new", data={"text": bare_xor(**document), "name": "../x", "task": "decisions"})
    assert answer.status_code == 422
    assert all(cause in answer.text for cause in ("path of a file", "7 inputs"))


@pytest.mark.parametrize("name", ["new", "preview"])
def test_no_network_takes_the_address_of_a_page(client, name):
    made = client.post("/api/v2/networks", content=xor_file(name=name)).json()
    assert made["slug"].startswith(f"{name}-")
    assert client.post(f"/networks/{made['slug']}/rename", data={"slug": name}).status_code == 409


def test_the_form_refuses_what_the_reader_refuses(client):
    for name, (raw, words) in BAD_NETWORK_FILES.items():
        answer = client.post("/networks/new", files={"file": ("x.json", raw)})
        if name == "no format" or any(words == f"lacks {key}" for key in ("name", "sizes", "tasks")):
            assert answer.status_code == 200, name
        elif name in ("NumPy file", "HDF5"):  # of which weights are read
            assert answer.status_code == 422, name
        elif raw:  # of nothing the form says that it was not given
            cause = words.rpartition(": ")[2].lower()
            assert (answer.status_code, cause in html.unescape(answer.text).lower()) == (422, True), name


@pytest.mark.slow
def test_deleting_is_confirmed_answered_at_every_address_and_undone(client, store):
    client.post("/api/v2/networks", content=xor_file(), params={"protocols": "complete", "name": "hand-made XOR"})
    page = client.get("/networks/hand-made-xor/settings").text
    assert "1 job" in page
    assert client.post("/networks/hand-made-xor/delete").headers["location"] == "/networks/hand-made-xor"
    with store.read() as session:
        assert session.scalars(select(JobRow.state)).all() == ["cancelled"]
    below = ("", "/settings", "/explanations.csv")
    written = ["/api/v2/networks/hand-made-xor", "/networks/hand-made-xor/settings"]
    read = [f"/networks/hand-made-xor{path}" for path in below[2:]]
    read += [f"/api/v2/networks/hand-made-xor/explanations{path}" for path in ("", "/c-1f")]
    for address in (*written, *read):
        gone = client.get(address, headers={"accept": "application/json"})
        assert (gone.status_code, gone.json()["parent"]) == (410, "/networks")
    assert "Undo deletion" in client.get("/networks/hand-made-xor").text
    assert client.get("/api/v2/networks").json()["total"] == 0
    assert client.post("/networks/hand-made-xor/restore").headers["location"] == "/networks/hand-made-xor"
    assert client.get("/networks/hand-made-xor").status_code == 200
    with store.read() as session:
        assert session.scalars(select(JobRow.state)).all() == ["queued"]


def test_the_same_weights_are_imported_for_other_tasks_once_they_are_deleted(client, store):
    client.post("/api/v2/networks", content=xor_file())
    other = bare_xor()
    for delete in (False, True):
        if delete:
            client.post("/networks/hand-made-xor/delete")
        preview = client.post("/networks/new", data={"text": other, "tasks": "A and B", "task": "formula"})
        answer = client.post("/api/v2/networks", content=other, params={"tasks": "AND", "task": "name", "name": "mine"})
        if not delete:
            for reply, status in ((preview, 422), (answer, 409)):
                assert (reply.status_code, "elete the stored network first" in reply.text) == (status, True)
                assert "/networks/hand-made-xor" in reply.text
    assert "It was deleted" in preview.text
    assert "for other tasks is lost" in preview.text
    assert (answer.status_code, answer.json()["slug"], stored(store)[0]) == (201, "mine", 1)


def test_a_deletion_is_final_when_its_time_is_over(client, store):
    client.post("/api/v2/networks", content=xor_file())
    client.post("/networks/hand-made-xor/delete")
    assert purge_deleted(store, 7.0) == 0
    assert purge_deleted(store, 7.0, now=datetime.now(UTC) + timedelta(days=7, seconds=1)) == 1
    assert stored(store)[0] == 0
    assert client.get("/api/v2/networks/hand-made-xor").status_code == 404


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/api/v2/networks?protocols=paper", {"content": json.dumps(FILE)}),
        ("/networks", {"data": {"content": json.dumps(FILE)}}),
        ("/api/v2/networks", {"content": bundled_models()["parity-3-elman"]}),
        ("/networks", {"data": {"content": bundled_models()["parity-3-elman"].decode()}}),
        *(one for some in of_plugins.given("SENT") for one in some),
    ],
)
def test_nobody_waits_to_write_while_a_file_is_read(client, store, monkeypatch, path, sent):
    with store.write() as session:
        save_network(session, pretrained_xor(), slug="there")
    begun = set()

    def freely(name, read):
        def checked(*given, **named):
            assert not store.turn.locked(), name
            begun.add(name)
            return read(*given, **named)

        return checked

    for owner, name in (
        *((bring_in_routes, name) for name in ("read_file", "take_in", "read_subject")),
        (writes, "read_subject"),
        *(one for some in of_plugins.given("READ") for one in some),
    ):
        monkeypatch.setattr(owner, name, freely(name, getattr(owner, name)))
    answer = client.post(path, **sent)
    assert answer.status_code in (200, 201, 202, 303), answer.text
    assert begun


def test_nobody_waits_to_write_while_a_body_comes(application):
    """What a route depends on is made ready in its order, and whoever sends a form may take long."""
    n_writing = 0
    for route in application.routes:
        needs = [one.call for one in route.dependant.dependencies] if isinstance(route, APIRoute) else []
        if writing_session in needs:
            n_writing += 1
            after = set(needs[needs.index(writing_session) :])
            assert not after & {form_of, network_body, sent_network}, route.path
    assert n_writing > 10
