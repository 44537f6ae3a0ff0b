"""The paper, claim by claim: the record, its numbers, its page."""

import csv
import re
import shlex
from collections import Counter

import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.app.cli.commands import read
from pluriscope.page_kit.blocks import ChartFigure, find
from pluriscope.tables.parquet import ParquetTable
from pluriscope_studies.pages import findings, paper
from pluriscope_studies.pages.paper import build_paper, paper_blocks
from tests.app.cli.test_analyse import run
from tests.checkout import ROOT

pytestmark = pytest.mark.usefixtures("client")


@pytest.fixture(scope="module")
def document(app):
    with app.state.store.read() as session:
        return build_paper(session, Addresses())


@pytest.fixture(scope="module")
def claims(document):
    return {claim.key: claim for part in document.parts for claim in part.claims}


def rows(slug, **wanted):
    """The values of some rows of a study, read without any query."""
    table = ParquetTable([findings.FOLDER / f"{slug}.parquet"])
    names = [*table.columns]
    every = (dict(zip(names, row, strict=True)) for row in table.ask("SELECT * FROM {rows}"))
    return [row for row in every if all(row[name] == value for name, value in wanted.items())]


def test_numbers_are_those_of_the_rows(claims):
    circuits = Counter(
        int(row["value"]) for row in rows("paper-counts", measure="circuits-valid", hidden="3-3", protocol="paper")
    )
    (most, same), (following, as_many) = circuits.most_common(2)
    assert most == 85
    said = f"{same} of {circuits.total()} networks have it; the next, {following}, is that of {as_many}."
    assert said in claims["circuits"].paper
    for protocol, words in (("paper", claims["question"].paper), ("complete", claims["question"].complete)):
        ones = [
            sum(one["value"] == "true" for one in rows("paper-noise", measure=name, protocol=protocol, noise_std="0"))
            for name in ("one-circuit", "one-interpretation", "one-minimal-alignment")
        ]
        assert [int(one) for one in re.findall(r": (\d+)[.;]", words)] == ones
    assert "one circuit: 0; one interpretation: 0; one placement: 0" in claims["question"].paper  # as the answer says
    pairs = [
        {row["seed"]: int(row["value"]) for row in rows("paper-noise-judged", **which, measure="circuits-valid")}
        for which in ({"noise_std": "0", "protocol": "paper"}, {"noise_std": "0.1", "protocol": "paper-noisy"})
    ]
    both = pairs[0].keys() & pairs[1].keys()
    fewer = sum(pairs[1][seed] < pairs[0][seed] for seed in both)
    assert f"fewer in {fewer} of {len(both)} pairs" in claims["noise"].paper


def test_every_claim_is_whole(document, claims):
    assert len(claims) == sum(len(part.claims) for part in document.parts)
    assert {key for claim in claims.values() for key in claim.known.split()} == {*document.sources}
    for claim in claims.values():
        assert not re.search(r"[{}]|None|nan|Not computed", f"{claim.paper} {claim.complete}"), claim.key


def test_every_command_can_be_given_and_says_where_it_writes(claims):
    made = {"xor-2-3-3-1-seed-197.json"}  # by the command before
    for line in {line for claim in claims.values() for line in claim.command.splitlines()}:
        program, *arguments = shlex.split(line)
        if program == "pluriscope":
            command, given = read(arguments)
            files = {one for one in arguments if one.endswith((".json", ".parquet")) and one != given.get("output")}
            assert all((ROOT / file).is_file() for file in files - made), line
            assert command.__name__ != "analyse" or given["output"], line
        else:  # where today's program no longer makes the rows
            assert line in (ROOT / "docs/findings.md").read_text("utf-8"), line


@pytest.mark.slow
def test_commands_that_analyse_print_the_numbers(claims, tmp_path, monkeypatch, capsys):
    (tmp_path / "app").symlink_to(ROOT / "app")
    monkeypatch.chdir(tmp_path)
    lines = dict.fromkeys(line for claim in claims.values() for line in claim.command.splitlines())
    reply = ""
    for line in (line for line in lines if re.match("pluriscope (train|analyse) ", line)):
        assert run(*line.split()[1:]) == 0, line
        reply += capsys.readouterr().err
    for number in ("85 valid circuits", "7 valid circuits", "100,896 interpretations"):
        assert f" {number}" in reply


def test_outcomes_are_those_that_the_finding_counts(claims):
    numbers = dict(
        zip(
            ["one", "two", "three", "four", "five", "six", "seven", "eight", "fourteen"],
            (*range(1, 9), 14),
            strict=True,
        )
    )
    (finding,) = (one for one in findings.record()["findings"] if one["key"] == "reported")
    said = [numbers[word] for word in re.findall(r"\w+", finding["sentence"]) if word in numbers]
    found = Counter(claim.stands for claim in claims.values() if claim.stands)
    assert [found.total(), found["reproduced"], found["fitted"], 1, found["not settled"]] == said


def test_every_figure_has_series(document):
    page = list(paper_blocks(document, Addresses()))
    for key, claim in paper._claims().items():
        figure = find(page, f"{key}-figure")
        assert isinstance(figure, ChartFigure) == ("figure" in claim), key
        assert figure is None or not figure.chart.empty


def test_the_page_says_what_the_record_says(client, claims):
    text = client.get("/paper").text
    for claim in client.get("/api/v2/paper").json()["parts"][1]["claims"]:
        assert claim["title"] in text
    assert all(f'id="{key}"' in text for key in claims)
    lines = csv.reader(client.get("/paper?part=circuits-figure.csv").text.splitlines())
    assert ["networks", "85", "41"] in [[cell.removesuffix(".0") for cell in line] for line in lines]


def test_every_example_that_needs_no_network_is_there(client, claims):
    for example in {one.url for claim in claims.values() for one in claim.examples if one.url.startswith("/findings")}:
        answer = client.get(example)
        assert answer.status_code == 200, example
        assert "data-item" in answer.text, example


def test_without_the_rows_there_is_no_number(client, monkeypatch):
    broken = findings.broken_rows
    monkeypatch.setattr(
        findings, "broken_rows", lambda slug: "the rows are gone" if slug == "paper-counts" else broken(slug)
    )
    text = client.get("/paper").text
    assert "Not computed: the rows are gone." in text
    assert 'id="circuits-figure"' not in text
    assert 'id="unique-figure"' in text
