"""Results show themselves by drawings and tables that need no scripts and change nothing around them."""

import sys

import duckdb
import pyarrow as pa
import pytest

from pluriscope.analysis.errors import AnalysisError, MissingLibrary
from pluriscope.objects.showing import facts, link, table


def test_names_are_text_and_never_markup():
    evil = '<img src=x onerror="alert(1)">'
    for html in (table([{"name": evil}]), facts({evil: 1}), link("http://127.0.0.1/", evil), link("/networks/x", evil)):
        assert "<img" not in html
        assert "&lt;img" in html


@pytest.mark.slow
def test_tables_become_frames(xor):
    circuits = xor.circuits.to_pandas()
    assert {"mask", "edges", "neurons", "margin", "interpretations"} <= {*circuits.columns}
    assert "address" not in circuits  # it would lead nowhere
    assert len(circuits) == 197
    assert int(circuits.interpretations.sum()) == 147_899_020
    rows = [{**one.row(), "address": 0} for one in xor.circuits[:5]]
    assert circuits.drop(columns="interpretations").assign(address=0).head(5).to_dict("records") == rows
    assert list(xor.algorithms.to_pandas().valid[:3]) == [one.n_valid for one in xor.algorithms[:3]]
    comparison = xor.compare(xor.circuits.smallest[0].classes[0], xor.alignments[0])
    assert len(comparison.to_pandas()) == len(comparison) > 0
    assert xor.circuits[0].verdicts.rows.to_pandas().criterion[0] == "zero-ablation"


@pytest.mark.parametrize("name", ["circuits", "algorithms", "placements"])
def test_lists_are_streams_of_arrow(xor, name):
    listed = getattr(xor, name)
    read = pa.table(listed)
    assert read.num_rows == duckdb.sql("SELECT count(*) FROM listed").fetchall()[0][0] == len(listed)
    assert read.slice(0, 3).to_pylist()[2][read.column_names[0]] == listed.rows()[2][read.column_names[0]]


def test_without_pandas_it_is_said_what_to_install(xor, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingLibrary, match=r"pip install 'pluriscope\[notebook\]'") as refusal:
        xor.circuits.to_pandas()
    assert isinstance(refusal.value, ImportError)
    assert isinstance(refusal.value, AnalysisError)
