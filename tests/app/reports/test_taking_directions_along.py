"""The ladder and directions as tables, figures and offline copies; own swaps in comparisons and in the sandbox."""

from __future__ import annotations

import csv
import io
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.app.reports.conftest import COMPARED, XORNET

pytestmark = pytest.mark.slow
LADDER = XORNET + "/ladder"


def rows_of(text: str) -> list[dict[str, str]]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return list(csv.DictReader(io.StringIO("\n".join(lines))))


def test_the_ladder_is_a_table_with_its_floor(client, get) -> None:
    page = get(LADDER)
    rows = rows_of(client.get(LADDER + ".csv").text)
    assert [row["class"] for row in rows[: len(page["rungs"])]] == [one["key"] for one in page["rungs"]]
    assert len(rows) == len(page["rungs"]) + len(page["not_climbed"])
    for row, one in zip(rows, page["rungs"], strict=False):
        assert (int(row["algorithms"]), int(row["alignments"])) == (one["algorithms"]["agreed"], one["alignments"])
        assert int(row["floor_networks"]) == page["n_permuted"] == 20
    asjson = client.get(LADDER + ".json").json()
    assert [row["class"] for row in asjson["rows"]] == [row["class"] for row in rows]
    assert any("seed" in line for line in asjson["about"])
    untouched = client.get("/networks/untouched/ladder.csv")
    assert "Not computed." in untouched.text


def test_what_a_comparison_says_of_an_own_swap_the_sandbox_says_too(get) -> None:
    own = get("/compare", **COMPARED, limit=200)["own_swaps"]
    for row in own["shown"]:
        there = urlsplit(row["url"])
        page = get(there.path, **parse_qs(there.query))
        assert page["now"] == row["experiment"]
        assert page["run"]["output"] == pytest.approx(row["output"], abs=1e-9)
        assert [one["says"] for one in page["explanations"]] == row["predictions"]
