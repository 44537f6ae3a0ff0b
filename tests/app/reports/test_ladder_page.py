"""The ladder as a page and as JSON: what is stored, what is not computed yet, and asking for it."""

from __future__ import annotations

import re

import pytest

from app.figures.svg.ladder import LadderLine, ladder_figure
from tests.app.reports.conftest import XORNET

pytestmark = pytest.mark.slow


def test_every_class_stands_beside_its_floor(get) -> None:
    page = get(XORNET + "/ladder")
    assert page["state"] == "done"
    told = {
        one["key"]: (one["algorithms"]["agreed"], one["alignments"], one["of"], one["joint"]) for one in page["rungs"]
    }
    assert told == {
        "single": (0, 0, 12, 0),
        "sets": (1, 1, 24, 1),
        "integer": (2, 2, 2, 2),
        "integer-any": (2, 3, 312, 3),
        "orthogonal": (2, 2, 2, 2),
        "oblique": (2, 2, 2, 2),
    }
    assert {one["floor"]["passing"]["of"] for one in page["rungs"]} == {20}
    assert page["not_climbed"] == ["learned subspaces", "blocks of a learned non-linear map"]
    assert [one["formula"] for one in page["algorithms"]] == ["(A ∧ ¬B) ∨ (¬A ∧ B)", "(A ∨ B) ∧ ¬(A ∧ B)"]
    assert page["findings"][0].startswith("Both algorithms can be placed on: small integer directions")


def test_what_is_not_computed_says_so(get, client) -> None:
    assert get("/networks/other/ladder")["state"] == "not_asked"
    assert get("/networks/untouched/ladder")["state"] == "not_analysed"


def test_asking_queues_one_job_for_each_depth(client) -> None:
    first = client.post("/api/v1" + XORNET + "/ladder", json={"thorough": True})
    again = client.post("/api/v1" + XORNET + "/ladder", json={"thorough": True})
    quick = client.post("/api/v1" + XORNET + "/ladder", json={})
    assert first.status_code == 202
    assert first.headers["Location"] == again.headers["Location"] != quick.headers["Location"]
    assert client.post("/api/v1/networks/untouched/ladder", json={}).status_code == 409
    form = client.post(XORNET + "/ladder", data={"output": "0", "protocol": "complete", "data": "", "thorough": "true"})
    assert form.status_code == 303


def test_unknown_options_are_refused(client) -> None:
    assert client.get(XORNET + "/ladder?depth=3").status_code == 400
    assert client.post("/api/v1" + XORNET + "/ladder", json={"depth": 3}).status_code == 422


def test_a_class_that_was_not_computed_is_a_gap_in_both_lines() -> None:
    steps = [LadderLine("sets", (1, 2), (2, 20), "1 alignment"), LadderLine("learned", None, None)]
    drawn = ladder_figure([*steps, LadderLine("all", (2, 2), None)], title="Ladder")
    (passing,) = re.findall(r'class="ld-pass" d="M([^ ]+) 114h104M([^ ]+) 44h104"', drawn)
    assert float(passing[1]) - float(passing[0]) == 208, "half as high at the first class, all at the third"
    assert re.search(r'class="ld-chance" d="M[^ ]+ 170h104"', drawn), "a tenth of the height, at the first class alone"
    assert "learned: not computed" in drawn
