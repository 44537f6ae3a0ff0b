"""A transformer's pages: what happens inside, roles of heads and criteria in each circuit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pluriscope.analysis.circuit_sets.judged_masks import judged_circuits
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.app.db.codecs import graph_question
from pluriscope.app.db.prepared import prepare_circuits
from pluriscope.app.db.writes import save_prepared
from tests.analysis.subjects.transformer.mlp_model import judged_each
from tests.clients import served
from tests.factories import searched

ONE = "/networks/majority"
DOCUMENT = json.loads((Path(__file__).parents[2] / "golden/attention/majority_5_1x2_0.json").read_text())["network"]
MODEL = read_attention(DOCUMENT)
QUESTION = GraphQuestion(TRANSFORMER, MODEL, TRANSFORMER.default_rules)
FOUND = judged_each(QUESTION, find_masks(QUESTION))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("rows")) as client:
        with client.app.state.store.write() as session:
            row = searched(session, json.dumps(DOCUMENT).encode(), slug="majority").network
            unasked = graph_question(row, "heads")
            found = find_masks(unasked)
            save_prepared(session, prepare_circuits(unasked, found, *judged_circuits(unasked, found, ())))
        yield client


@pytest.mark.parametrize(
    "path", [f"{ONE}?part=inside", f"{ONE}/explanations/c-0c4", f"{ONE}/explanations/c-1f?protocol=heads"]
)
def test_what_happens_inside_is_shown(client, path):
    html = client.get(path).text
    assert "What each head looks at</h" in html


@pytest.mark.slow
def test_roles_and_criteria_are_facets_of_the_list(client):
    page = client.get(f"/api/v2{ONE}/explanations?kind=circuit&limit=200").json()
    facets = {one["name"]: {c["value"]: c["count"] for c in one["choices"]} for one in page["facets"]}
    for role in ("copying", "induction"):
        for node in ("1.0", "1.1"):
            having = sum(node in one.roles[role].split(", ") for one in FOUND)
            assert facets["roles"].get(f"{role}({node})", 0) == having
    passed = {one.mask for one in FOUND if one.outcomes["resample-ablation"] == "passed"}
    assert 0 < len(passed) < len(FOUND)
    assert facets["passes"]["resample-ablation"] == len(passed)
    some = client.get(f"/api/v2{ONE}/explanations?passes=resample-ablation&limit=200").json()
    assert {item["mask"] for item in some["items"]} == passed


def test_what_an_earlier_search_did_not_ask_is_said_so(client):
    asked = client.get(f"{ONE}/explanations?protocol=heads&passes=necessity")
    assert "Not computed yet" in asked.text
    assert "not asked" in client.get(f"{ONE}/explanations/c-1f?protocol=heads&part=criteria").text


def test_a_circuit_under_other_rules_whose_mask_names_other_edges_is_not_compared(client):
    first, second = (one.mask for one in FOUND[:2])
    answer = client.get(f"/api/v2{ONE}/compare?e=c-{first}&e=c-{second}&e=c-1f@heads")
    assert (answer.status_code, "is under other rules" in answer.json()["error"]) == (400, True)
    assert answer.json()["parent"] == f"/compare?network=majority&e=c-{first}&e=c-{second}"
