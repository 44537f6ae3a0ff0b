"""docs/findings.md is what the result files say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analysis.studies.statistics import share_of
from benchmarks.findings.__main__ import FIGURE
from benchmarks.findings.document import TABLES, with_tables
from benchmarks.findings.frontier_figure import frontier_figure
from benchmarks.findings.results import FOLDER, design_of, files, known, results_of, stored
from benchmarks.findings.tables import number, percent, references_table

DOCUMENT = Path(__file__).parents[2] / "docs" / "findings.md"


def test_every_table_stands_in_the_document_once():
    marked = re.findall(r"<!-- table: ([a-z-]+) -->", DOCUMENT.read_text())
    assert sorted(marked) == sorted(TABLES)


def test_every_design_has_its_results():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(files())


@pytest.mark.slow
def test_the_tables_are_what_the_files_say():
    text = DOCUMENT.read_text()
    assert with_tables(text) == text


@pytest.mark.slow
def test_the_figure_is_what_the_files_say():
    assert FIGURE.read_text() == frontier_figure()


@pytest.mark.slow
def test_every_result_is_that_of_its_design_and_whole():
    for slug in known():
        assert results_of(slug).complete


@pytest.mark.slow
def test_result_files_have_the_texts_of_their_designs():
    for slug in files():
        assert stored(slug).design == design_of(slug), slug


@pytest.mark.slow
def test_no_figure_of_others_stands_without_its_tag():
    for line in list(references_table())[2:]:
        assert re.search(r"\| \[[CWDNSO]\] \|", line), line


def test_figures_are_short():
    assert [number(value) for value in (None, 3.0, 0.1234, 1234.5, 147_899_020)] == [
        "–",
        "3",
        "0.123",
        "1,234",
        "1.48 · 10^8",
    ]
    assert percent(share_of(1, 2)) == "50% (9–91)"
    assert percent(share_of(0, 0)) == "–"
