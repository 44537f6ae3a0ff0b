"""Plotly figures: valid by plotly's own schema, and right about their data."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from app.figures import plots
from app.settings import ROOT

FIGURES = {
    "edges": plots.edges_histogram({10: 5, 12: 46, 18: 1}),
    "no edges": plots.edges_histogram({}),
    "interpretations": plots.interpretations_histogram([0, 0, 1, 24, 10**9, 10**40]),
    "one interpretation": plots.interpretations_histogram([1]),
    "no interpretations": plots.interpretations_histogram([]),
    "margins": plots.margins_histogram([0.0, 1e-9, 0.2, float("inf")]),
    "no margins": plots.margins_histogram([]),
    "iia": plots.iia_histogram([(12, 12), (0, 0), (7, 12), (0, 12)]),
    "no iia": plots.iia_histogram([]),
}


def without_tokens(value: Any) -> Any:
    """The figure as the browser makes it: names of tokens replaced by what they stand for."""
    if isinstance(value, str) and value.startswith("--"):
        return "serif" if value == "--sans" else "#123456"
    if isinstance(value, list):
        return [without_tokens(v) for v in value]
    if isinstance(value, dict):
        return {k: without_tokens(v) for k, v in value.items()}
    return value


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_valid_by_plotlys_schema(name):
    from plotly import graph_objects as go  # seconds to import

    figure = without_tokens(FIGURES[name])
    go.Figure({"data": figure["data"], "layout": figure["layout"]})


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_plain_json_with_known_tokens_and_no_legend(name):
    text = json.dumps(FIGURES[name], allow_nan=False)
    css = (ROOT / "static" / "pluriscope.css").read_text(encoding="utf-8")
    for token in set(re.findall(r'"(--[\w-]+)"', text)):
        assert f"{token}:" in css
    assert FIGURES[name]["config"]["displayModeBar"] is False
    assert FIGURES[name]["layout"]["showlegend"] is False
    assert FIGURES[name]["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"


def test_nothing_is_lost_in_bins():
    assert FIGURES["edges"]["data"][0]["x"] == list(range(10, 19))
    assert sum(FIGURES["edges"]["data"][0]["y"]) == 52
    assert sum(FIGURES["interpretations"]["data"][0]["y"]) == 6
    assert FIGURES["interpretations"]["data"][0]["y"][0] == 2  # circuits without an interpretation stand apart
    assert sum(FIGURES["margins"]["data"][0]["y"]) == 3  # an infinite margin has no place on the axis
    near, valid = FIGURES["iia"]["data"]
    assert (sum(near["y"]), valid["y"]) == (2, [1])


def test_fragile_margins_are_said_in_words():
    words = [a["text"] for a in FIGURES["margins"]["layout"]["annotations"]]
    assert words == ["2 below 1e-06: fragile"]
