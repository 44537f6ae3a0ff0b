"""The findings are what the rows say, and rows that cannot be trusted give no number."""

from __future__ import annotations

import gzip
import json
import re
import shutil

import numpy as np
import pytest

from analysis.studies.cells import cells_of
from analysis.studies.outcome import network_of_outcome
from benchmarks.findings import __main__ as command
from benchmarks.findings import rows
from benchmarks.findings.keeping import chance_of
from benchmarks.findings.record import DOCS, MOST_WORDS, RECORD, write_documents
from benchmarks.findings.results import FOLDER, design_of, files, results_of, stored
from benchmarks.findings.statistics import bootstrap, median_of

MOST_BYTES = 10_000
"""Of a chapter, without its figure."""


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A copy of the data that may be spoiled."""
    folder = tmp_path / "data"
    shutil.copytree(rows.DATA, folder)
    monkeypatch.setattr(rows, "DATA", folder)
    monkeypatch.setattr(rows, "PACKAGE", folder / "datapackage.json")
    rows.rows_of.cache_clear()
    yield folder
    rows.rows_of.cache_clear()


def spoil(folder, slug, change, digest=True):
    """Change the text of a study's rows; with ``digest`` they are described as they are then."""
    path, package = folder / f"{slug}.csv.gz", folder / "datapackage.json"
    raw = change(gzip.decompress(path.read_bytes()).decode()).encode()
    path.write_bytes(gzip.compress(raw))
    if digest:
        told = json.loads(package.read_text())
        for one in told["resources"]:
            if one["name"] == slug:
                one["hash"] = f"sha256:{rows.hashlib.sha256(raw).hexdigest()}"
        package.write_text(json.dumps(told))


@pytest.mark.slow
def test_every_printed_number_follows_from_the_rows(tmp_path, monkeypatch):
    record = command.made()
    assert record == json.loads(RECORD.read_text())
    copy = tmp_path / "docs"
    copy.mkdir()
    monkeypatch.setattr("benchmarks.findings.record.DOCS", copy)
    write_documents(record)
    for path in sorted(one.relative_to(copy) for one in copy.rglob("*") if one.is_file()):
        assert (copy / path).read_bytes() == (DOCS / path).read_bytes(), path


def test_sentences_and_chapters_are_short():
    for one in json.loads(RECORD.read_text())["findings"]:
        assert len(one["sentence"].split()) <= MOST_WORDS
        assert len(set(one["chapter"]["head"])) == len(one["chapter"]["head"])  # else the page shows a column twice
    for path in (DOCS / "findings").glob("*.md"):
        assert len(path.read_bytes()) <= MOST_BYTES, path.name


def test_a_figure_as_a_file_has_its_ground_behind_all_marks():
    for one in (DOCS / "findings").glob("*.svg"):
        assert re.match(r"<svg[^>]*><style>[^<]*</style><rect[^>]* fill=\"#fff\"/><", one.read_text())


def test_the_interval_of_a_median_lies_between_two_values():
    assert median_of(range(1, 11)) == (5.5, 2, 9)  # P(at most 1 of 10 fair coins) = 11/1024 < .025 < P(at most 2)


@pytest.mark.release
def test_the_rows_are_the_results():
    told = {one["name"]: one for one in json.loads(rows.PACKAGE.read_text())["resources"]}
    assert {path.stem for path in FOLDER.glob("*.json")} >= set(files()) <= set(told)
    for slug in files():
        results = results_of(slug)
        assert results.complete
        assert stored(slug).design == design_of(slug), slug
        assert told[slug]["design"] == results.design.digest
        names, lines = rows.table_of(slug)
        assert names == list(rows.columns_of(results.design))
        assert lines == [[str(cell) for cell in row] for row in rows.tidy(results)], slug


@pytest.mark.slow
def test_the_error_of_a_trained_network_is_that_of_the_network_as_saved():
    results = results_of("learned-or-drawn")
    cell = next(cell for cell in cells_of(results.design) if cell.labels["prior"] == "trained")
    outcome = next(one for one in results.outcomes if one.cell == cell.key and one.converged)
    network = network_of_outcome(cell, outcome)
    layer = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float).T
    for weights, biases in zip(network.weights, network.biases, strict=True):
        layer = weights @ layer + biases[:, None]
        layer = np.where(layer > 0, layer, 0.01 * layer)
    exact = float(np.mean((layer[0] - [0, 1, 1, 0]) ** 2))
    assert rows.exact_error(cell, outcome) == pytest.approx(exact, rel=1e-9)
    assert abs(exact - outcome.loss) > 1e-5  # which is a mean over the last epoch


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "digest", "why"),
    [
        (lambda text: text.replace("true", "false", 1), False, "not the one that is described"),
        (lambda text: text.replace(",prior,", ",former,", 1), True, "lack the column prior"),
        (lambda text: text.replace("irredundant-literals-one", "renamed"), True, "lack the measure"),
    ],
)
def test_rows_that_are_not_right_are_named_and_the_rest_is_printed(data, change, digest, why):
    spoil(data, "learned-or-drawn", change, digest)
    first, *rest = command.made()["findings"]
    assert re.search(f"learned-or-drawn: .*{why}", first["broken"])
    assert "sentence" not in first
    assert all("sentence" in one for one in rest)


def test_rows_of_another_design_are_refused(data):
    package = data / "datapackage.json"
    told = json.loads(package.read_text())
    for one in told["resources"]:
        one["design"] = "0" * 64
    package.write_text(json.dumps(told))
    with pytest.raises(rows.Unusable, match="are of the design 000000000000, declared is"):
        rows.rows_of("learned-or-drawn")


@pytest.mark.parametrize(
    ("columns", "of", "expected"),
    [
        ([[3, 3, 3]], {}, (3, 3, 3)),
        ([[0, 1]], {}, (0.5, 0, 1)),  # both networks alike in half of the samples
        ([[1, 3], [1, 1]], {"of": lambda every, left: 1 - left / every}, (0.5, 0, 2 / 3)),
    ],
)
def test_an_interval_is_of_networks_drawn_with_replacement(columns, of, expected):
    found = bootstrap(columns, **of)
    assert (found.value, found.low, found.high) == pytest.approx(expected)
    assert found.n == len(columns[0])


def test_another_networks_circuit_is_of_another_network():
    # of the first the others fit in (1 + .25) / 2, of the second in (.8 + .25) / 2, of the third in (.1 + 0) / 2
    assert chance_of([True, True, False], [0.8, 1, 0.5], [0.1, 0, 0.25]).value == pytest.approx(0.4)
