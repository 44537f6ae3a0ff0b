"""Findings: the page, its chapters, and the rows behind every mark."""

import hashlib
import json
import re
import shutil

import pytest

from benchmarks import finding_documents
from benchmarks.finding_charts import CHARTS
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.figures.charts import document_of
from pluriscope.figures.svg.charts import draw
from pluriscope.tables.parquet import ParquetTable
from pluriscope_bench.suite_files import bundled
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.pages import findings


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A copy of the data that may be spoiled."""
    folder = tmp_path / "findings"
    shutil.copytree(findings.FOLDER, folder)
    monkeypatch.setattr(findings, "FOLDER", folder)
    for cache in (findings.record, findings.charts, findings.manifest, findings._hash):
        cache.cache_clear()
    yield folder
    for cache in (findings.record, findings.charts, findings.manifest, findings._hash):
        cache.cache_clear()


@pytest.mark.slow
def test_the_manifest_describes_every_table_and_its_design():
    reply = findings.manifest()
    assert {path.stem for path in findings.FOLDER.glob("*.parquet")} == {*reply["tables"]}
    for slug, one in reply["tables"].items():
        path = findings.FOLDER / f"{slug}.parquet"
        assert one["bytes"] == path.stat().st_size
        assert one["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest(), slug
        assert [*ParquetTable([path]).columns] == one["columns"], slug
        assert ParquetTable([path]).ask("SELECT count(*) FROM {rows}") == [(one["rows"],)]
        assert all(one.get("meaning", {}).get(name) or reply["columns"][name] for name in one["columns"])
        if "design" in one:
            design = reply["designs"][slug]
            digest = (
                StudyDesign.model_validate(design).digest if "slug" in design else sha256_hex(canonical_json(design))
            )
            assert digest == one["design"], slug


@pytest.mark.parametrize("path", finding_documents.documents(), ids=lambda path: path.stem)
def test_a_document_says_what_the_record_says(path):
    assert path.read_text() == finding_documents.documents()[path]


def test_every_link_of_a_chapter_leads_somewhere(client):
    text = {one["key"]: one.get("text", "") for one in findings.record()["chapters"]}
    text |= {
        one["key"]: one["chapter"]["method"] + one["chapter"]["not_shown"]
        for one in findings.record()["findings"]
        if "chapter" in one
    }
    for key, reply in text.items():
        page = client.get(f"/findings/{key}").text
        for words, written in re.findall(r"\[([^\]]*)\]\(([^)]*)\)", reply):
            if not written.endswith(".design.json"):  # which pages do not show
                assert f">{words}</a>" in page, (key, written)


def test_every_finding_has_its_headline_chart_and_chapter(client):
    page = client.get("/findings")
    text, reply = page.text, findings.on_page()
    assert len(reply) <= 10
    assert len(page.content) <= 21_000 * len(reply)
    assert len(re.findall(r'<article class="finding"', text)) == len(reply)
    assert text.index('class="samples"') > text.index(reply[-1]["headline"])
    for one in reply:
        assert len(one["headline"].split()) <= 20
        assert f'id="{one["key"]}-figure"' in text
        for form, kind in (("svg", "image/svg+xml"), ("png", "image/png")):
            assert client.get(f"/findings/{one['key']}/figure.{form}").headers["content-type"] == kind
    chapters = [
        *(one["key"] for one in reply if "chapter" in one),
        *(one["key"] for one in findings.record()["chapters"]),
    ]
    for key in chapters:
        assert client.get(f"/findings/{key}").status_code == 200
    aside = [one for one in findings.record()["findings"] if one.get("aside")]
    for one in aside:  # their chapters, charts and rows stay where they were
        assert one["headline"] not in text
        assert f">{one['title']}</a>" in text[text.index("Further chapters") :]
        assert client.get(f"/findings/{one['key']}/figure.svg").status_code == 200
    assert "Limits" in client.get(f"/findings/{reply[0]['key']}").text


def test_the_record_says_what_the_page_says(client):
    reply = client.get("/api/v2/findings").json()["findings"]
    text = client.get("/findings").text
    for one in reply:
        assert one["headline"] in text
        assert one["sentence"] in text
        (finding,) = (found for found in findings.on_page() if found["key"] == one["key"])
        assert bool(one["rows"]) == ("chapter" in finding)  # else a chapter of its own has the tables
        assert not one["broken"]


def test_numbers_of_a_finding_are_those_of_its_chapter():
    texts = {one["key"]: one["text"] for one in findings.record()["chapters"]}
    there = [one for one in findings.on_page() if one["key"] in texts]
    assert there
    for one in there:
        said = " ".join([one["headline"], one["sentence"], *one["lines"].values()])
        assert [number for number in re.findall(r"\d[\d.,]*\d|\d", said) if number not in texts[one["key"]]] == []


ITEMS = {
    ("learned-or-drawn", "figure", "trained", 1): (
        *(
            "learned-or-drawn",
            "avg(v)",
            "measure = 'irredundant-literals-one' AND hidden = '3-3' AND prior = 'trained'",
        ),
    ),
    ("learned-or-drawn", "figure", "drawn, normal 2", 4): (
        *(
            "learned-or-drawn",
            "avg(v)",
            "measure = 'irredundant-literals-one' AND hidden = '6-6' AND prior = 'normal 2'",
        ),
    ),
    ("learned-or-drawn", "figure", "drawn, trained scale", 3): (
        *("scale-matched", "avg(v)", "measure = 'irredundant-literals-one' AND hidden = '5-5' AND prior = 'matched'"),
    ),
    ("one-direction", "figure", "trained", 1): (
        "refuted-one-by-one",
        "sum(v) FILTER (measure = 'one-way-refuted') / sum(v) FILTER (measure = 'paper-alignments')",
        "hidden = '3-3'",
    ),
    ("circuits-keep", "figure", "keep it", 0): (
        "many-circuits-one-story",
        "avg(v)",
        "measure = 'story-same' AND hidden = '3-3' AND seed IN (SELECT seed FROM {rows} WHERE hidden = '3-3' "
        "AND measure = 'alice-or-bob' AND value LIKE '% only')",
    ),
    ("deletion", "figure", "width 5", 0): (
        *("each-method-deletion", "median(v)", "measure = 'audit-excess:random-deletion' AND hidden = '5-5'"),
    ),
    ("deletion", "figure-2", "width 3", 0): (
        *("each-method-deletion", "avg(v)", "measure = 'audit-valid:random-deletion' AND hidden = '3-3'"),
    ),
    ("reported", "figure", "the code’s defaults", 0): (
        "paper-counts",
        "median(v) / 85",
        "measure = 'circuits-valid' AND hidden = '3-3' AND protocol = 'paper' AND v > 0",
    ),
}
"""Items of charts: finding, chart, series, number; the table, and the query that they must equal."""


@pytest.mark.parametrize("place", ITEMS, ids=str)
def test_items_of_charts_are_what_the_tables_say(place):
    (key, name, series, number), (slug, of, where) = place, ITEMS[place]
    chart = findings.charts()[key][name].chart
    (shown,) = (one for one in chart.series if one.name == series)
    v = "CASE value WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 ELSE try_cast(value AS DOUBLE) END"
    ((wanted,),) = ParquetTable([findings.FOLDER / f"{slug}.parquet"]).ask(
        f"SELECT {of} FROM (SELECT *, {v} AS v FROM {{rows}} WHERE value IS NOT NULL) WHERE {where}"  # noqa: S608  queries of ours
    )
    assert (shown.x if chart.across else shown.y)[number] == pytest.approx(wanted, rel=1e-5)


def test_every_chart_is_read_and_drawn():
    for one in findings.record()["findings"]:
        for shown in findings.charts()[one["key"]].values():
            assert draw(shown.chart)


@pytest.mark.slow
@pytest.mark.parametrize("key", CHARTS)
def test_charts_are_computed_from_the_tables(key):
    made = {name: (caption, document_of(chart)) for name, (caption, chart) in CHARTS[key]().items()}
    assert made == {name: (one.caption, document_of(one.chart)) for name, one in findings.charts()[key].items()}


def test_rows_of_the_five_rankings_are_the_answers_of_the_public_half():
    answers = bundled("public") / "answers.parquet"
    query = """SELECT count(*), max(abs(a.regret - r.regret)), max(abs(a.regret_while_valid - r.while_valid)),
        max(abs(a.cpr - r.cpr)), max(abs(a.cmd - r.cmd)), max(abs(a.auc - r.auc))
        FROM {rows} r JOIN ? a ON r.network = a.network AND r.method = a.method
            AND a.condition = r.ablation || '-threshold-strict'
        WHERE half = 'public' AND r.method IN ('weights', 'eap', 'eap-ig', 'mask-ig', 'exact-edge')"""
    path = findings.FOLDER / "field-scores.parquet"
    ((n, *apart),) = ParquetTable([path]).ask(query.replace("?", f"'{answers}'"))
    assert n == 2 * (5 * 820 + 4 * 219)
    assert max(apart) < 1e-5


def test_rows_are_files_too(client):
    answer = client.get("/findings/data/learned-or-drawn.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.text.splitlines()) == findings.manifest()["tables"]["learned-or-drawn"]["rows"] + 1
    table = client.get("/findings/data/learned-or-drawn.parquet").content
    assert table == (findings.FOLDER / "learned-or-drawn.parquet").read_bytes()


@pytest.mark.parametrize(
    ("address", "parent"),
    [
        ("/findings/nothing", "/findings"),
        ("/findings/data", "/findings"),
        ("/findings/data/nothing.csv", "/findings"),
        ("/findings/data/nothing.parquet", "/findings"),
    ],
)
def test_what_there_is_not_is_not_found(client, address, parent):
    answer = client.get(address, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["parent"]) == (404, parent)


@pytest.mark.parametrize("spoiled", ["rows", "missing", "design"])
def test_a_finding_whose_data_are_not_right_has_no_number_and_the_others_have(client, data, spoiled):
    path, first = data / "learned-or-drawn.parquet", findings.record()["findings"][0]
    if spoiled == "rows":
        path.write_bytes(path.read_bytes().replace(b"PAR1", b"PAR2", 1))
    elif spoiled == "missing":
        path.unlink()
    else:
        reply = json.loads((data / "findings.json").read_text())
        reply["findings"][0]["studies"]["learned-or-drawn"]["design"] = "0" * 64
        (data / "findings.json").write_text(json.dumps(reply))
        findings.record.cache_clear()
    text = client.get("/findings").text
    assert first["headline"] not in text
    assert first["sentence"] not in text
    assert f"{first['title']} cannot be computed" in text
    assert "of learned-or-drawn" in text
    assert all(one["sentence"] in text for one in findings.on_page()[1:])
    assert first["sentence"] not in client.get(f"/findings/{first['key']}").text


def test_small_and_negative_results_stand_at_the_names_of_their_former_chapters(client):
    page = client.get("/findings/small-and-negative").text
    names = ("edits", "two-strategies", "over-training", "deception", "transformers", "lenses", "simplicity", "reuse")
    assert [one for one in (*names, "failed") if f'id="{one}"' not in page] == []
