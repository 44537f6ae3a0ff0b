"""The study of transformers as a page: its numbers are those of the design's results, and its figures are files."""

from __future__ import annotations

import csv
import io
import json

import pytest

from app.addressing import Addresses
from app.bundled.model_studies import SLUGS, SpaceFound, design_file, model_study, results_file
from app.pages.studies.of_models import ALL_TASKS, MEASURES

ONE = "/findings/one-induction-circuit"
LINES = [json.loads(line) for line in results_file("one-induction-circuit").read_text().splitlines()]
ROWS = [(line["task"], space) for line in LINES for space in line["spaces"]]


@pytest.fixture
def page(client):
    return client.get("/api/v1" + ONE).json()


def test_granularity_decides_whether_there_is_one_minimal_circuit(page):
    figures = {figure["name"]: figure for figure in page["figures"]}
    assert list(figures) == list(MEASURES)
    together = [row for row in figures["one-minimal"]["rows"] if row["task"] == ALL_TASKS]
    assert [(row["granularity"], row["share"]["hits"], row["share"]["of"]) for row in together] == [
        ("nodes", 84, 100),
        ("heads", 29, 100),
        ("qkv", 2, 100),
    ]
    said = "".join(piece["text"] for piece in page["answers"][0])
    for row in together:
        share = row["share"]
        low, high = round(100 * share["low"]), round(100 * share["high"])
        assert f"{share['hits']}% ({low}–{high})" in said


def test_every_row_of_a_figure_sums_up_the_results(page):
    for figure in page["figures"]:
        for row in figure["rows"]:
            spaces = [
                space
                for task, space in ROWS
                if (space["rules"] or "qkv") == row["granularity"] and row["task"] in (task, ALL_TASKS)
            ]
            assert row["models"] == len(spaces)
            if figure["name"] == "one-minimal":
                assert row["share"]["hits"] == sum(space["minimal"] == 1 for space in spaces)
            else:
                values = sorted(space[figure["name"]] for space in spaces)
                assert (row["spread"]["least"], row["spread"]["most"]) == (values[0], values[-1])
                assert row["spread"]["median"] == (values[9] + values[10]) / 2
            bounds = sum(space["listed"] < space["valid"] for space in spaces)
            assert row["bounded"] == (bounds if figure["name"] == "minimal" else 0)


@pytest.mark.slow
def test_figures_and_data_are_files(client, page):
    for figure in page["figures"]:
        svg = client.get(figure["svg_url"])
        assert svg.headers["content-type"].startswith("image/svg")
        assert page["name"] in svg.text
        assert client.get(figure["pdf_url"]).content.startswith(b"%PDF")
        assert client.get(figure["png_url"]).content.startswith(b"\x89PNG")
    rows = list(csv.DictReader(io.StringIO(client.get(page["data_urls"]["csv"]).text)))
    assert [(row["task"], int(row["valid"])) for row in rows] == [(task, space["valid"]) for task, space in ROWS]
    assert client.get(page["data_urls"]["json"]).json()[0]["induction_in_circuits"] == {"2.0, 2.1": 1}
    assert client.get(page["design_url"]).json() == json.loads(design_file("one-induction-circuit").read_text())


def test_one_minimal_circuit_of_some_that_are_listed_is_no_proof():
    [told] = [space for one in model_study(SLUGS[0]).models[:1] for space in one.spaces if space.rules == "nodes"]
    assert told.has_one
    partial = SpaceFound(**{**told.model_dump(), "valid": told.listed + 1})
    with pytest.raises(ValueError, match="is not known"):
        _ = partial.has_one
    assert Addresses().finding(SLUGS[0]) == ONE
