"""Records of live spaces, from the file to the pages, and what is refused on the way."""

import json
import pickle
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
import torch

import pluriscope
from plugins.live.tests.small_models import golden
from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.app.db.remote import refused_pickle
from pluriscope_live.pages import experiments
from pluriscope_live.record import cell_of, read_record
from tests.clients import served

SLUG, OTHER, EDGES = "tiny-llama", "published", "edges"
BASE = f"/live/{SLUG}"
PAGES = ("", "/compare")
HEADS = ["0.0", "0.1", "0.2", "0.3", "1.0", "1.1", "1.2", "1.3", "0.mlp", "1.mlp"]
BARE = {
    "format": "pluriscope-live-record/1",
    "name": OTHER,
    "model": "gpt2",
    "units": HEADS,
    "circuits": [{"label": "one paper", "units": ["0.0", "0.2", "1.1"]}, {"label": "another", "mask": "86"}],
}


@pytest.fixture(scope="module")
def space():
    model, known = golden("llama-2x4-heads")
    return pluriscope.space(model, known["answers"], known["rows"], units="heads+mlps", name="tiny LLaMA")


@pytest.fixture(scope="module")
def record(space, tmp_path_factory):
    file = tmp_path_factory.mktemp("record") / "found.json"
    names = [f"sentence {number}" for number in range(len(space.rows))]
    return json.loads(pluriscope.explain(space).save(file, name=SLUG, rows=names).read_bytes())


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    model, known = golden("llama-2x4-edges")
    space = pluriscope.space(model, known["answers"], known["rows"], units="edges", threshold=0.9)
    file = tmp_path_factory.mktemp("edges") / "rivals.json"
    return json.loads(pluriscope.rivals(space, count=2, searches=4).save(file, name=EDGES).read_bytes())


@pytest.fixture(scope="module")
def client(record, edges, tmp_path_factory):
    with served(tmp_path_factory.mktemp("live"), local=True) as client:
        for one in (record, BARE, edges):
            client.post("/api/v2/networks", json=one).raise_for_status()
        yield client


def wrong_rows(space, mask):
    """Rows that the model decides wrong under the hooks of a circuit, by calling it."""
    model, known = golden("llama-2x4-heads")
    with space.circuit(mask).hooks(model), torch.no_grad():
        right = model(torch.tensor(known["rows"]))
    last = (right if isinstance(right, torch.Tensor) else right.logits)[:, -1]
    return f"{sum(1 << row for row in np.flatnonzero(last.argmax(-1) != torch.tensor(known['answers']))):x}"


def test_a_record_has_what_the_model_does_under_hooks(space, record):
    found = pluriscope.explain(space)
    assert [int(one["mask"], 16) for one in record["circuits"]] == found.minimal.numbers.tolist()
    assert record["digest_of_model"] == space.digest
    one, whole = record["circuits"][0], (1 << len(HEADS)) - 1
    assert one["wrong"] == wrong_rows(space, int(one["mask"], 16)) == "0"
    for unit, rows in one["without"].items():
        bit = 1 << record["units"].index(unit)
        assert rows == wrong_rows(space, int(one["mask"], 16) & ~bit)
        assert record["without"][unit] == wrong_rows(space, whole & ~bit)
    assert any(int(rows, 16) for rows in one["without"].values())


def test_pages_and_what_scripts_get(client, record):
    for page in PAGES:
        answer, script = client.get(BASE + page), client.get(f"/api/v2{BASE}{page}").json()
        assert answer.status_code == 200, answer.text
        assert "not recounted here" in answer.text
        assert (script["recounted_here"], script["url"].partition("?")[0]) == (False, BASE + page)
        assert page == "" or client.get(f"{BASE}{page}.csv").text.startswith("# ")
    sheet = f"{BASE}/circuits/{record['circuits'][0]['mask']}"
    assert f'href="{sheet}"' in client.get(BASE).text
    assert "4 of 10 units suffice" in client.get(sheet).text
    rows = client.get(f"/api/v2{sheet}").json()["units"]
    counts = {row["unit"]: row["rows_wrong_without_it"] for row in rows}
    assert counts == {name: int(some, 16).bit_count() for name, some in record["circuits"][0]["without"].items()}
    drawn = client.get(f"/api/v2{sheet}").json()["drawing"]
    kept = {(one["row"], one["x"]) for one in drawn if one["item"] == "●"}
    assert kept == {(f"layer {name[0]}", f"head {name[2]}") for name in counts}
    assert client.get(f"{sheet}/drawing.svg").status_code == client.get(f"{sheet}.csv").status_code == 200
    facts = client.get(f"/api/v2{BASE}").json()["facts"]
    assert facts["Valid circuits"] == f"{record['valid']:,} of {record['tested']:,} masks that were run"
    assert facts["Indispensable"].startswith(f"{len(record['kept'])} ")
    assert f"smallest of {record['minimal']:,}<" not in client.get(BASE).text
    assert {"circuits", "overlap", "backbone"} <= client.get(f"/api/v2{BASE}").json().keys()


def test_a_list_that_is_cut_off_says_of_how_many(client, record):
    client.post("/api/v2/networks", json={**record, "name": "short", "circuits": record["circuits"][:3]})
    of = record["minimal"]
    assert f"the 3 smallest of {of:,}<" in client.get("/live/short").text


def test_the_ablation_that_tells_circuits_apart(client, record):
    """The numbers of the page from sets of rows, by counting."""
    one, other = min(combinations(record["circuits"], 2), key=lambda two: overlap(*two))
    keys = [one["mask"], other["mask"]]
    script = client.get(f"/api/v2{BASE}/compare?e={keys[0]}&e={keys[1]}").json()
    usual = client.get(f"/api/v2{BASE}/compare").json()
    assert usual | {"url": script["url"]} == script

    def says(each, unit):
        return {row for row in range(64) if int(each["without"].get(unit, each["wrong"]), 16) >> row & 1}

    for line in script["the_intervention_that_tells_them_apart"]:
        unit, apart = line["ablated"], says(one, line["ablated"]) ^ says(other, line["ablated"])
        whole = {row for row in range(64) if int(record["without"][unit], 16) >> row & 1}
        assert line["rows_apart"] == len(apart) > 0
        for key, each in zip(keys, (one, other), strict=True):
            right = sum((row in says(each, unit)) == (row in whole) for row in apart)
            assert line[f"c_{key}_is_right"] == right
    counts = [line["rows_apart"] for line in script["the_intervention_that_tells_them_apart"]]
    assert counts == sorted(counts, reverse=True)
    names = {
        name for name, bit in zip(HEADS, range(10), strict=True) if (int(keys[0], 16) ^ int(keys[1], 16)) >> bit & 1
    }
    assert {line["unit"] for line in script["what_differs"]} == names


def overlap(one, other):
    a, b = int(one["mask"], 16), int(other["mask"], 16)
    return (a & b).bit_count() / (a | b).bit_count()


def test_rows_on_which_circuits_disagree():
    more = {"rules": "decisions", "n_rows": 3, "rows": ["a", "b", "c"]}
    circuits = [{"mask": "1", "wrong": "2"}, {"mask": "2", "wrong": "3"}]
    with_rows = read_record({**BARE, **more, "circuits": circuits})
    assert experiments(with_rows, with_rows.circuits) == []


def test_rivals_are_kept_by_all_found_and_edges_are_bundles(client, edges):
    script = client.get(f"/api/v2/live/{EDGES}").json()
    assert "kept by all found" in script["sentence"]
    assert not any(label == "Indispensable" for label in script["facts"])
    assert all(one["label"] for one in edges["circuits"])
    first = client.get(f"/api/v2/live/{EDGES}").json()["circuits"][0]
    script = client.get(f"/api/v2/live/{EDGES}/circuits/{first['circuit']}").json()
    kept = first["units"].split(", ")
    assert len(kept) == first["size"]
    (cell,) = (one for one in script["drawing"] if (one["row"], one["x"]) == ("layer 1", "head 0"))
    of = [one for one in edges["units"] if one.partition(" -> ")[2].startswith("1.0.")]
    assert cell["item"] == f"{len({*of} & {*kept})}/{len(of)}"
    (bundle,) = (one for one in script["drawing-bundles"] if (one["row"], one["x"]) == ("from 0", "to 1"))
    of = [one for one in edges["units"] if one.startswith("0.") and one.partition(" -> ")[2].startswith("1.")]
    assert bundle["item"] == f"{len({*of} & {*kept})}/{len(of)}"


def test_what_such_searches_came_to_stands_beside_what_one_found(client, edges):
    """The figures of the library, as they were saved, on every page."""
    words = "On 570 networks whose valid circuits are all known, 5 such searches came within 0.16 of the least Jaccard"
    for page in PAGES:
        assert words in client.get(f"/api/v2/live/{EDGES}{page}").json()["notes"][0]
        text = client.get(f"/live/{EDGES}{page}").text
        assert words in text
        assert 'href="/findings/trust"' in text
    assert edges["trust"][0]["networks"] == 993
    learned = {"searches": 5, "networks": 10, "least Jaccard above what exists": "0.48 (0.36 to 0.61)"}
    rows = [learned, {**learned, "least Jaccard above what exists": "0.33 (0.22 to 0.45)", "repulsion": 0}]
    client.post("/api/v2/networks", json=edges | {"name": "trusted", "trust": rows}).raise_for_status()
    script = client.get("/api/v2/live/trusted").json()
    assert "came within 0.33 to 0.48, by their settings" in script["notes"][0]
    assert [one["repulsion"] for one in script["how_far_to_trust_such_a_search"]] == [None, 0]
    client.post("/api/v2/networks", json=edges | {"name": "own", "trust": []}).raise_for_status()
    assert "was not tried" in client.get("/api/v2/live/own").json()["notes"][0]
    assert "/findings/trust" not in client.get(f"/live/{SLUG}").text  # every mask was run


def test_published_masks_are_compared_by_structure_alone(client):
    page = client.get(f"/live/{OTHER}").text
    assert "whose structure alone is compared" in page
    assert "valid circuit" not in page.lower()
    text = client.get(f"/live/{OTHER}/compare").text
    assert "Decisions by row are not known" in text
    assert "None is known" in text
    mine = client.get(f"/api/v2{BASE}").json()["circuits"][0]["circuit"]
    assert "not known to be of one model" in client.get(f"{BASE}/compare?e={mine}&e={OTHER}~86").text
    refused = client.get(f"{BASE}/compare?e={mine}&e={EDGES}~1")
    assert refused.status_code == 400
    assert "other units" in refused.text


def test_it_is_a_network_of_the_site(client, record):
    assert client.get(f"/networks/{SLUG}").headers["location"] == BASE
    (row,) = client.get("/api/v2/networks?kind=live&q=tiny").json()["items"]
    assert (row["state"], row["url"], row["task"]) == ("remote", BASE, "tiny LLaMA")
    assert "not recounted here" in client.get("/networks").text
    assert client.get(f"/api/v2/networks/{SLUG}/file").json() == record
    assert client.post("/networks/new", data={"text": json.dumps(record)}).status_code == 200
    assert client.post("/api/v2/networks", json=record).status_code == 200  # the same again
    for page in ("explanations", "play", "analyses", "own"):
        answer = client.get(f"/networks/{SLUG}/{page}")
        assert answer.status_code == 404
        assert "its weights are not here" in answer.text
    assert "pluriscope copy" not in client.get(f"{BASE}?part=cite").text
    assert "has all of it" in client.get(f"/networks/{SLUG}/settings").text
    verified = client.get(f"/api/v2/verified?url={BASE}/circuits/1")
    assert verified.status_code == 404
    assert "nothing of it was recounted here" in verified.json()["error"]
    assert client.get("/live/nothing").status_code == client.get(f"{BASE}/circuits").status_code == 404
    assert client.get(f"{BASE}/circuits/zz").status_code == 404
    assert client.get(f"{BASE}/compare?e=1").status_code == client.get(f"{BASE}?what=1").status_code == 400


def test_without_the_plugin_its_networks_stay(client, monkeypatch):
    for module in ("db.codecs", "pages.networks", "pages.place"):
        monkeypatch.setattr(f"pluriscope.app.{module}.remote_kinds", dict)
    assert client.get(f"/networks/{SLUG}/settings").status_code == 200  # where it can be deleted
    assert "which this version does not know" in client.get(f"/networks/{SLUG}/play").text
    assert SLUG not in client.get("/api/v2/networks").text


BAD = {
    "another format": ({"format": "pluriscope-live-record/9"}, "format"),
    "weights": ({"weights": [[1.0]]}, "never weights or functions"),
    "a function": ({"ablation": "lambda x: x"}, "never weights or functions"),
    "a unit twice": ({"units": ["0.0", "0.0"], "circuits": [{"mask": "1"}]}, "twice"),
    "a circuit twice": ({"circuits": [{"mask": "1"}, {"mask": "01"}]}, "twice"),
    "an unknown unit": ({"circuits": [{"units": ["9.9"]}]}, "'9.9'"),
    "bits beyond the units": ({"circuits": [{"mask": "ffff"}]}, "10 units"),
    "no mask": ({"circuits": [{"mask": "xyz"}]}, "mask"),
    "no circuit": ({"circuits": []}, "circuits"),
    "rows beyond": ({"n_rows": 2, "circuits": [{"mask": "1", "wrong": "8"}]}, "2 rows"),
    "a score that its rows contradict": (
        {"protocol": {"criterion": "decisions"}, "n_rows": 4, "circuits": [{"mask": "1", "wrong": "1", "score": 1.0}]},
        "0.75 by its rows",
    ),
    "trust without its figures": ({"trust": [{"searches": 5}]}, "trust without"),
    "names of rows": ({"n_rows": 2, "rows": ["a"]}, "1 names for 2 rows"),
    "a digest": ({"digest_of_model": "abc"}, "digest_of_model"),
    "no text": ({"units": [1, 2]}, "a number"),
    "control characters": ({"model": "a\u202eb"}, "U+202E"),
    "a label of control characters": ({"circuits": [{"mask": "1", "label": "a\u202eb"}]}, "label"),
    "no number": ({"circuits": [{"mask": "1", "score": "1.0"}]}, "score"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_records(name):
    change, says = BAD[name]
    with pytest.raises(InvalidNetwork) as refusal:
        read_record({**BARE, **change})
    assert says in str(refusal.value)
    assert refusal.value.item.startswith("record")
    assert refusal.value.cure


def test_bad_files_over_http(client):
    answer = client.post("/api/v2/networks", content=json.dumps({**BARE, "weights": []}))
    assert (answer.status_code, "never weights" in answer.json()["error"]) == (422, True)
    assert client.post("/networks/new", data={"text": json.dumps({**BARE, "circuits": []})}).status_code == 422
    pickled = client.post("/api/v2/networks", content=pickle.dumps(BAD, protocol=2))
    assert pickled.status_code == 422
    assert "of circuits write JSON where they were made" in pickled.json()["error"]


@pytest.mark.parametrize(
    ("unit", "cell"),
    [
        ("0.3", ("0", "3")),
        ("1.mlp", ("1", "MLP")),
        ("2", ("2", "layer")),
        ("0.mlp[7]", ("0", "MLP")),
        ("0.mlp/12", ("0", "MLP")),
        ("e -> 11.3.q", ("11", "3")),
        ("0.1 -> 1.m", ("1", "MLP")),
        ("1.m -> out", ("out", "stream")),
        ("encoder.fc[0:4]", ("encoder", "fc")),
        ("fc", ("–", "fc")),
    ],
)
def test_where_units_are_drawn(unit, cell):
    assert cell_of(unit) == cell


def test_the_kind_can_be_loaded_first():
    """In a process of its own, as `pluriscope check` does."""
    code = "import pluriscope_live.kind; from pluriscope.app.db.remote import remote_kinds as all_of; assert all_of()"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_lines_about_circuits_follow_neither_a_model_nor_weights(tmp_path):
    net = torch.nn.Linear(2, 1)
    for number, (what, are_circuits) in enumerate([(net, False), (net.state_dict(), False), ({"a": {(0, 1)}}, True)]):
        torch.save(what, file := tmp_path / f"{number}.pt")
        words = str(refused_pickle(file.read_bytes(), InvalidNetwork("torch file", "is refused", "do something else")))
        assert ("published.json" in words) == are_circuits
