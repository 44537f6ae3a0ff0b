"""Plotly figures: valid by plotly's own schema, and right about their data."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from app.figures import plots
from tests.checkout import ROOT

FIGURES = {
    "edges": plots.edges_histogram({10: 5, 12: 46, 18: 1}),
    "no edges": plots.edges_histogram({}),
    "interpretations": plots.binned_histogram(
        [0, 0.5, 1], [3, 4], x_title="interpretations", noun="circuits", logarithmic=True
    ),
    "margins": plots.binned_histogram([0, 0.1, 0.3], [1, 0], x_title="margin", noun="circuits"),
    "no margins": plots.binned_histogram([], [], x_title="margin", noun="circuits"),
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
    css = (ROOT / "static" / "drawings.css").read_text(encoding="utf-8")
    for token in set(re.findall(r'"(--[\w-]+)"', text)):
        assert f"{token}:" in css
    assert FIGURES[name]["config"]["displayModeBar"] is False
    assert FIGURES[name]["layout"]["showlegend"] is False
    assert FIGURES[name]["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"


def test_nothing_is_lost_in_bins():
    assert FIGURES["edges"]["data"][0]["x"] == list(range(10, 19))
    assert sum(FIGURES["edges"]["data"][0]["y"]) == 52
    bins = FIGURES["interpretations"]
    assert bins["data"][0]["y"] == [3, 4]
    assert bins["data"][0]["x"] == [0.25, 0.75]  # the middles of the bins
    assert bins["data"][0]["customdata"] == ["1 to 3", "3 to 10"]
    assert bins["layout"]["xaxis"]["ticktext"] == ["1", "10"]


def test_a_bar_leads_to_the_circuits_that_it_counts():
    bars = plots.edges_histogram({10: 5, 12: 46}, leads=lambda edges: f"/circuits?edges_min={edges}")["data"][0]
    assert bars["customdata"] == [[str(edges), f"/circuits?edges_min={edges}"] for edges in (10, 11, 12)]
