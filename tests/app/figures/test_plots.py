"""Plotly figures: valid by plotly's own schema, and right about their data."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from app.figures import plots
from tests.checkout import ROOT

LOGARITHMIC = {"edges": [0, 0.5, 1, 4.5], "counts": [3, 4, 1]}
NOTHING = {"edges": [], "counts": []}
SPREAD = {
    "edges": [[10, 5], [12, 46], [18, 1]],
    "interpretations": LOGARITHMIC,
    "margin": {"edges": [-0.1, 0.1, 0.3], "counts": [1, 0]},
    "iia": {"edges": [0, 0.5, 1], "counts": [2, 1200]},
}
FIGURES = {
    "no edges": plots.edges_histogram({}),
    "no margins": plots.binned_histogram(NOTHING, "margin", "circuits"),
    **{words: plot for plot, words in plots.spread_figures(SPREAD, lambda edges: f"/circuits?edges={edges}")},
}
EDGES, INTERPRETATIONS, *_ = list(FIGURES.values())[2:]


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
def test_figures_are_plain_json_with_known_tokens(name):
    text = json.dumps(FIGURES[name], allow_nan=False)
    css = (ROOT / "static" / "drawings.css").read_text(encoding="utf-8")
    tokens = set(re.findall(r'"(--[\w-]+)"', text))
    assert {token for token in tokens if f"{token}:" not in css} == set()


def test_nothing_is_lost_in_bins():
    assert EDGES["data"][0]["x"] == list(range(10, 19))
    assert sum(EDGES["data"][0]["y"]) == 52
    assert EDGES["data"][0]["customdata"] == [f"/circuits?edges={edges}" for edges in range(10, 19)]
    bars = INTERPRETATIONS["data"][0]
    assert bars["y"] == [3, 4, 1]
    assert bars["x"] == [0.25, 0.75, 2.75]  # the middles of the bins
    assert bars["hovertext"] == ["1 to 3", "3 to 10", "10 to 3.2 × 10⁴"]
    assert INTERPRETATIONS["layout"]["xaxis"]["ticktext"] == ["1", "10", "100", "1,000", "10⁴", "10⁵"]


def test_each_figure_says_what_it_shows_and_what_there_is_none_of_has_none():
    assert list(FIGURES)[2:] == [
        "Edges kept by the 52 valid circuits: 10 to 18, most often 12.",
        "Interpretations of a listed circuit: 1 to 3.2 × 10⁴, on a log scale.",
        "Margin of a listed circuit, −0.1 to 0.3. Close to 0, a small change undoes the verdict.",
        "IIA of the 1,202 kept alignments, the best that fail included. 1,200 lie in the last bin, 0.50 to 1.",
    ]
    nothing = dict.fromkeys(("interpretations", "margin", "iia"), NOTHING)
    assert list(plots.spread_figures({"edges": [], **nothing}, str)) == []
