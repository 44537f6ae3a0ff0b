"""Tests of what was planted in a transformer, as an analysis and beside methods, on pages and in audits."""

from __future__ import annotations

import json

import pytest

from pluriscope.app.bundled import bundled_models
from pluriscope.app.cli import main
from pluriscope.app.jobs.stages import enqueue_following
from tests.clients import served
from tests.factories import found_out, searched

MODELS = bundled_models()


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("planted"), local=True) as client:
        with client.app.state.store.write() as session:
            for slug, rules in (
                ("tracr-histogram", "complete"),
                ("majority-5-attention", "complete"),
                ("indirect-object-2x4", "nodes"),
            ):
                row = searched(session, MODELS[slug], rules, slug=slug)
                asked = [job.kind for job in enqueue_following(session, row)]
                assert ("planted" in asked) == (row.network.planted is not None)
                for key in ("planted", "methods") if "planted" in asked else ():
                    found_out(session, row, key)
        yield client


@pytest.mark.slow
def test_the_page_says_where_it_stands_and_what_methods_answer_beside_it(client):
    answer = client.get("/api/v2/networks/tracr-histogram/analyses/planted").json()
    assert answer["findings"][0] == "The planted circuit is valid, and nothing valid is smaller."
    report = answer["report"]
    assert (report["n_valid"], report["around"], report["backbone"], report["passes"]) == ("4", 3, [6, 6], None)
    assert report["under"] == {"zero": True, "mean": True, "resample": True}
    page = client.get(answer["url"]).text
    for words in ("SelectorWidth(Select(tokens, tokens, EQ))", "c·9f", "6 of 6", "Tracr 1.0.0", ">recovered<", "ACDC"):
        assert words in page
    assert "recovered" in client.get("/networks/tracr-histogram/analyses/methods").text
    for mask, said in (("9f", True), ("ff", False)):
        assert ("It was planted" in client.get(f"/networks/tracr-histogram/explanations/c-{mask}").text) == said


@pytest.mark.slow
def test_where_nothing_was_planted_it_is_not_asked(client):
    answer = client.get("/api/v2/networks/majority-5-attention/analyses/planted").json()
    assert (answer["state"], answer["report"], "planted" in answer["reason"]) == ("not_applicable", None, True)
    assert client.post("/api/v2/networks/majority-5-attention/analyses/planted", json={}).status_code == 409
    assert "Planted" not in client.get("/networks/majority-5-attention/analyses").text


@pytest.mark.slow
def test_where_the_usual_rules_are_too_many_pages_lead_to_those_that_were_searched_and_offer_to_draw(client):
    model = "/networks/indirect-object-2x4"
    assert f'href="{model}?protocol=nodes"' in client.get("/networks").text
    asked = client.get(f"{model}/explanations").text
    assert all(f">{rules}, zero, joined</a>" in asked for rules in ("nodes", "heads"))
    assert "The analysis under qkv, zero, joined" in asked


@pytest.mark.slow
def test_an_audit_says_what_each_answer_is_beside_it(tmp_path):
    file, out = tmp_path / "model.json", tmp_path / "audit.json"
    file.write_bytes(MODELS["tracr-histogram"])
    with pytest.raises(SystemExit, match="0"):
        main(["audit", str(file), "--methods", "acdc", "--methods", "random", "--output", str(out), "--quiet"])
    answer = json.loads(out.read_text())
    assert answer["planted"] == {"mask": "9f", "edges": 6}
    assert [one["planted"] for one in answer["claims"]] == ["recovered", "contains"]
