"""``pluriscope.bench``: a method that is a function or a file, and the table that comes of it."""

from __future__ import annotations

import json

import pytest

import pluriscope
from plugins.bench.tests.test_bench_command import two_networks

__all__ = ["two_networks"]


def by_weight(network, ablation, ask):
    return {edge: abs(weight) for edge, weight in network.weights.items()}


@pytest.mark.slow
def test_a_function_stands_in_a_table_beside_ours(tmp_path, two_networks) -> None:
    words = []
    table = pluriscope.bench(by_weight, two_networks, workers=1, report=words.append)
    rows = {row["method"]: row for row in table}
    assert rows["by_weight"]["scored"]
    assert not rows["weights"]["scored"]
    same = ("regret", "low", "high", "valid", "answered")
    assert [rows["by_weight"][key] for key in same] == [rows["weights"][key] for key in same]
    assert [row["regret"] for row in table] == sorted(row["regret"] for row in table)
    assert table.unanswered == []
    assert words[-1] == "scores: 2 of 2 networks"
    assert repr(table).count("\n") == len(table) + 1
    assert "<table>" in table._repr_html_()
    assert list(table.to_pandas()["method"]) == [row["method"] for row in table]
    assert json.loads(table.save(tmp_path / "result.json").read_text())["digest"] == table.document["digest"]


@pytest.mark.slow
def test_failures_are_reported_network_by_network(two_networks) -> None:
    def wrong(network, ablation, ask):
        raise ValueError("nothing found")

    table = pluriscope.bench(wrong, two_networks, workers=1)
    assert [row["message"].split(",")[0] for row in table.unanswered] == ["ValueError: nothing found"] * 2
    (row,) = (row for row in table if row["scored"])
    assert (row["regret"], row["answered"]) == (1.0, 0)


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"method": 3}, "type int"),
        ({"seconds": 0}, "greater than 0"),
        ({"megabytes": 1}, "at least 64|greater than or equal to 64"),
        ({"workers": 0}, "greater than or equal to 1"),
        ({"suite": "nowhere"}, "nowhere"),
    ],
)
def test_what_it_cannot_be_given_is_refused(given, cause) -> None:
    with pytest.raises(pluriscope.AnalysisError, match=cause):
        pluriscope.bench(**{"method": by_weight, **given})
