"""What happens inside a transformer on one row of its task, on its page and on that of a circuit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from analysis.models.attention import read_attention
from app.db.models import save_model
from app.main import create_app
from app.pages.models import inside
from tests.factories import on_a_copy

API = "/api/v1"
ONE = "/models/majority"
DOCUMENT = json.loads((Path(__file__).parents[2] / "golden/attention/majority_5_1x2_0.json").read_text())["network"]
MODEL = read_attention(DOCUMENT)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("rows")))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        with app.state.store.write() as session:
            save_model(session, json.dumps(DOCUMENT).encode(), slug="majority")
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


def test_without_a_choice_the_row_nearest_to_wrong_is_shown(client):
    page = client.get(API + ONE).json()
    assert page["look"]["gap"] == pytest.approx(page["worst"])
    assert page["rows"][0]["row"] == " ".join(page["look"]["positions"])
    assert page["rows"][0]["url"] == f"{ONE}?row={page['look']['row']}"
    assert page["url"] == ONE


def test_the_ends_of_the_task_lead_no_further(client):
    last = len(MODEL.rows) - 1
    assert client.get(f"{API}{ONE}?row=0").json()["look"]["before_url"] == ""
    assert client.get(f"{API}{ONE}?row={last}").json()["look"]["after_url"] == ""
    refused = client.get(f"{API}{ONE}?row={last + 1}")
    assert refused.status_code == 400
    assert refused.json()["error"] == f"row {last + 1}: is beyond the {last + 1} rows of the task. Use 0 to {last}."
    assert f"Use 0 to {last}" in client.get(f"{ONE}?row={last + 1}").text
    assert client.get(f"{ONE}?row=-1").status_code == 400
    assert client.get(f"{API}{ONE}/circuits/0c4?row=99").status_code == 400


def test_long_tasks_are_chosen_from_by_number(client, monkeypatch):
    monkeypatch.setattr(inside, "MAX_CHOICES", 3)
    assert client.get(f"{API}{ONE}?row=2").json()["look"]["choices"] == []
    assert 'type="number" name="row"' in client.get(f"{ONE}?row=2").text


def test_a_mask_with_useless_edges_keeps_its_row(client):
    answer = client.get(f"{ONE}/circuits/0c5?row=3")  # a query without a key
    assert (answer.status_code, answer.headers["location"]) == (301, f"{ONE}/circuits/0c4?row=3")
