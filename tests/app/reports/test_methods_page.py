"""What discovery methods answer, as a page, its twin and its table; claims of others; and asking the methods."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from analysis.discovery.sweep import sweep
from analysis.pipeline import analyse_output
from analysis.question import ask
from app.db.writes import save_analysis, save_network
from app.jobs import methods
from app.jobs.definitions import arguments_about
from app.main import create_app
from tests.analysis.discovery.test_parity import reference
from tests.factories import on_a_copy, pretrained_xor, small_network

SLUG = "xor-pretrained"
PAGE = f"/networks/{SLUG}/methods"
CLAIM = f"/networks/{SLUG}/claims"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("methods")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, client=("127.0.0.1", 5000)) as client:
        store = app.state.store
        for file, slug in ((pretrained_xor(), SLUG), (small_network(3), "other")):
            with store.write() as session:
                save_network(session, file, slug=slug)
                row = save_analysis(session, analyse_output(ask(file.network, task=file.tasks[0])))
                key = row.protocol_digest, row.data_digest, row.result_digest
            if slug == SLUG:
                arguments = arguments_about(file.network.digest, 0, *key, thorough=False)
                with store.write() as session:
                    inputs = methods.METHODS.load(session, arguments)
                    methods.METHODS.save(session, arguments, methods.METHODS.compute(inputs))
        with store.write() as session:
            save_network(session, small_network(4), slug="untouched")
        yield client


def test_every_default_answer_is_that_of_the_reference(get) -> None:
    page = get(PAGE)
    assert page["state"] == "done"
    assert {one["key"] for one in page["methods"]} == {m.key for m, _ in sweep(thorough=False)}
    assert page["not_asked"] == ["Edge pruning", "Node pruning"]
    claims = reference("xor_pretrained")["claims"]
    compared = 0
    for method in page["methods"]:
        for one in [method["default"], *method["answers"]]:
            said = {name: value for name, value in one["settings"].items() if (method["key"], name) != ("acdc", "seed")}
            for claim in claims:
                if claim["method"] == method["key"] and claim["settings"] == said:
                    place = one["place"]
                    assert (place["raw_mask"], place["mask"]) == (claim["raw_mask"], claim["mask"])
                    assert (place["valid"], place["excess"]) == (claim["valid"], claim["excess"])
                    assert place["relation"] == (claim["story"] or {}).get("relation")
                    compared += 1
    assert compared >= 20


def test_the_table_has_a_row_for_each_answer(client, get) -> None:
    text = client.get(f"{PAGE}.csv").text
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) - 1 == sum(one["n_answers"] for one in get(PAGE)["methods"])


def test_what_is_not_asked_says_so_and_asking_queues_one_job_for_each_depth(get, client) -> None:
    assert get("/networks/other/methods")["state"] == "not_asked"
    assert get("/networks/untouched/methods")["state"] == "not_analysed"
    first, again = (client.post("/api/v1/networks/other/methods", json={}) for _ in range(2))
    thorough = client.post("/api/v1/networks/other/methods", json={"thorough": True})
    assert first.status_code == 202
    assert first.headers["Location"] == again.headers["Location"] != thorough.headers["Location"]
    assert client.post("/api/v1/networks/untouched/methods", json={}).status_code == 409


@pytest.mark.slow
def test_a_claim_is_located_the_same_however_it_is_pasted(get) -> None:
    by_mask = get(CLAIM, mask="3b2cf")
    assert (by_mask["state"], by_mask["given"]) == ("located", "mask")
    assert (by_mask["place"]["edges"], by_mask["place"]["valid"], by_mask["place"]["excess"]) == (12, True, 2)
    assert "mean-ablation" in by_mask["place"]["passed"]
    names = "x0>1.0 x1>1.0, x0 -> 1.1; x1→1.1 x0>1.2 x1>1.2"
    first_layer = get(CLAIM, edges=names)["place"]
    assert first_layer["raw_mask"] == "0003f"
    assert not first_layer["possible"]
    eap = next(c for c in reference("xor_pretrained")["claims"] if c["method"] == "eap-ig" and "steps" in c["settings"])
    scores = json.dumps(eap["scores"])
    picked = get(CLAIM, scores=scores, ablation="pairs")
    assert picked["place"]["mask"] == eap["mask"]
    assert picked["faithfulness"] == pytest.approx(eap["faithfulness"])
    assert picked["place"]["own_valid"] == eap["own_valid"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"mask": "zz"}, "hex digits"),
        ({"mask": "3b2cf", "edges": "x0>1.0"}, "one of mask, edges, scores"),
        ({"edges": "x0>2.0"}, "neighbouring layers"),
        ({"edges": "hook_mlp>1.0"}, "no neuron of this network"),
        ({"scores": "1 2 3"}, "18 edges"),
        ({"scores": "nan " * 18}, "finite"),
        ({"scores": "1 " * 18, "k": "19"}, "19"),
        ({"scores": "1 " * 18, "k": "3", "threshold": ".5"}, "one of them"),
        ({"pick": "best"}, "pick"),
    ],
)
def test_a_claim_that_cannot_be_read_is_refused_in_both_forms(client, query: dict[str, str], words: str) -> None:
    twin = client.get("/api/v1" + CLAIM, params=query)
    page = client.get(CLAIM, params=query)
    assert (twin.status_code, page.status_code) == (400, 400)
    assert words in json.dumps(twin.json(), ensure_ascii=False)
    assert words in page.text


@pytest.mark.slow
def test_of_what_is_not_valid_is_said_what_it_is_under_other_ablations_and_what_is_missing(get, client) -> None:
    """Edges that lead nowhere are named, and so is what separates the circuit from the nearest valid one."""
    mask = next(c for c in reference("xor_pretrained")["claims"] if not c["valid"] and c["possible"])["mask"]
    place = get(CLAIM, mask=mask)["place"]
    assert place["under"] == {"zero": False, "mean": True, "resample": False}
    assert place["nearest"]["distance"] == len(place["adds"]) + len(place["drops"])
    near = get(CLAIM, mask=place["nearest"]["mask"])["place"]
    assert (near["valid"], near["adds"], near["drops"]) == (True, [], [])
    page = client.get(CLAIM, params={"mask": mask}).text
    assert f"+ {place['adds'][0].replace('>', '&gt;')}" in page
    assert place["dropped"] == []
    raw = get(CLAIM, edges="x0>1.0 1.0>2.0 1.2>2.1 2.0>y0 2.1>y0")["place"]
    assert (raw["severed"], raw["dropped"]) == (["n1.2"], ["1.2>2.1", "2.1>y0"])
    for edge in raw["dropped"]:
        assert edge.replace(">", "&gt;") in client.get(CLAIM, params={"mask": raw["raw_mask"]}).text
