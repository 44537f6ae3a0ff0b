"""A transformer's pages: what happens inside on one row of its task, roles of heads and criteria in each circuit."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from analysis.models.attention import ATTENTION, read_attention
from analysis.models.circuits import find_circuits
from analysis.models.judging import NOT_ASKED, judged_circuits
from app.db.models import save_circuits, save_model
from app.main import create_app
from tests.factories import on_a_copy

API = "/api/v1"
ONE = "/models/majority"
DOCUMENT = json.loads((Path(__file__).parents[2] / "golden/attention/majority_5_1x2_0.json").read_text())["network"]
MODEL = read_attention(DOCUMENT)
FOUND = judged_circuits(ATTENTION, MODEL, ATTENTION.default_rules, find_circuits(MODEL, ATTENTION.default_rules))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("rows")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        with app.state.store.write() as session:
            row, _ = save_model(session, json.dumps(DOCUMENT).encode(), slug="majority")
            save_circuits(session, row, ATTENTION, ATTENTION.default_rules, FOUND)
            unasked = find_circuits(MODEL, ATTENTION.rules("heads"))
            save_circuits(session, row, ATTENTION, ATTENTION.rules("heads"), unasked)
        yield client


@pytest.mark.parametrize("path", [ONE, ONE + "/circuits/0c4", ONE + "/circuits/1f?rules=heads"])
def test_a_row_of_choice_is_shown(client, path):
    link = f"{path}{'&' if '?' in path else '?'}row=5"
    page = client.get(API + link).json()
    look = page["look"]
    assert look["row"] == 5
    assert " ".join(look["positions"]) == MODEL.rows[5] == look["choices"][5]
    assert page["url"] == link
    assert (look["before_url"], look["after_url"]) == tuple(link.replace("row=5", f"row={row}") for row in (4, 6))
    shares = next(one["shares"] for one in look["patterns"] if one["shares"])
    assert shares[0] == [1.0, *[None] * (len(shares) - 1)]
    html = client.get(link).text
    assert f'<option value="5" selected>{MODEL.rows[5]}</option>' in html
    n_on = sum(one["shares"] is not None for one in look["patterns"])
    assert html.count("looks most at") >= n_on
    assert html.count("No part of this circuit.") == len(look["patterns"]) - n_on
    for table in page["tables"]:
        for spread, row in zip(table["spreads"], table["rows"], strict=False):
            assert (spread["mean"] is None) == (row[1] is None)
            assert spread["mean"] is None or spread["least"] <= spread["here"] <= spread["most"]
    assert sum(bool(table["spreads"]) for table in page["tables"]) == 2


@pytest.mark.slow
def test_the_list_counts_who_does_what_and_leads_to_those_circuits(client):
    html = client.get(ONE + "/circuits").text
    assert "Who does what in each circuit" in html
    links = {unescape(link) for link in re.findall(r'href="(/models/majority/circuits\?copying=[^"]+)"', html)}
    assert links
    for link in links:
        wanted = set(parse_qs(urlsplit(link).query)["copying"])
        having = {one.mask for one in FOUND.circuits if one.told["copying"] in wanted}
        assert {item["ref"] for item in client.get("/api/v2" + link).json()["items"]} == having


def test_circuits_are_filtered_by_what_criteria_say(client):
    page = client.get(f"/api/v2{ONE}/circuits?resample_ablation=passed&limit=200").json()
    expected = {one.mask for one in FOUND.circuits if one.told["resample_ablation"] == "passed"}
    assert 0 < len(expected) < FOUND.valid
    assert {item["ref"] for item in page["items"]} == expected
    facets = {facet["name"]: facet for facet in page["facets"]}
    counts = {choice["value"]: choice["count"] for choice in facets["resample_ablation"]["choices"]}
    assert counts == {"passed": len(expected), "failed": FOUND.valid - len(expected)}
    assert "copying,resample_ablation,necessity" in client.get(f"{ONE}/circuits.csv").text.splitlines()[0]


@pytest.mark.slow
def test_a_circuits_criteria_are_shown(client):
    one = next(one for one in FOUND.circuits if one.told["resample_ablation"] == "passed")
    page = client.get(f"{API}{ONE}/circuits/{one.mask}").json()
    figures = {figure["name"]: figure["value"] for figure in page["figures"]}
    assert {key: figures[key] for key in one.told} == one.told
    assert len(page["meanings"]) == len(page["figures"])


def test_what_an_earlier_search_did_not_ask_is_said_so(client):
    figures = client.get(f"/api/v2{ONE}/circuits?rules=heads").json()["items"][0]
    assert "Who does what" not in client.get(f"{ONE}/circuits?rules=heads").text
    assert figures["necessity"] == figures["induction"] == NOT_ASKED
