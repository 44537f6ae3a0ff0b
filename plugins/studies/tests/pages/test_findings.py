"""Findings: the page, its chapters, and the rows behind every mark."""

import csv
import hashlib
import json
import re
import shutil
from itertools import product
from urllib.parse import parse_qs

import numpy as np
import pytest

from benchmarks import (
    calibration_table,
    chapters,
    deception,
    experiments_needed,
    finding_documents,
    null_claims,
    over_training_table,
    ranking_study,
    ranking_tables,
    reuse,
    rows_needed_table,
    simplicity,
    trust,
    two_strategies,
    wrong_lesson,
)
from benchmarks.finding_charts import CHARTS
from benchmarks.simplicity import networks
from pluriscope.addresses.address import Addresses
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.figures.charts import document_of
from pluriscope.figures.svg.charts import draw
from pluriscope.tables.parquet import ParquetTable
from pluriscope_bench.suite_files import bundled
from pluriscope_edits.deception.ranking import RANKINGS
from pluriscope_edits.deception.report import LIMITS
from pluriscope_studies.analysis.reading import design_from_mapping
from pluriscope_studies.pages import findings
from pluriscope_studies.table import write_part
from pluriscope_studies.writes import open_network, read_files, save_table
from tests.checkout import ROOT


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
            digest = design_from_mapping(design).digest if "slug" in design else sha256_hex(canonical_json(design))
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
    assert "What it does not show" in client.get(f"/findings/{reply[0]['key']}").text


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
    ("one-direction", "more", "trained", 1): (
        *("alice-or-bob", "avg(v)", "measure = 'paper-alignments' AND hidden = '6-6'"),
    ),
    ("circuits-keep", "figure", "keep it", 0): (
        "many-circuits-one-story",
        "avg(v)",
        "measure = 'story-same' AND hidden = '3-3' AND seed IN (SELECT seed FROM {rows} WHERE hidden = '3-3' "
        "AND measure = 'alice-or-bob' AND value LIKE '% only')",
    ),
    ("planted-backbone", "more", "trained", 1): (
        "many-circuits-one-story",
        "37 / count(*)",
        "measure = 'backbone-edges' AND hidden = '4-4'",
    ),
    ("deletion", "figure", "width 5", 0): (
        *("each-method-deletion", "median(v)", "measure = 'audit-excess:random-deletion' AND hidden = '5-5'"),
    ),
    ("deletion", "figure-2", "width 3", 0): (
        *("each-method-deletion", "avg(v)", "measure = 'audit-valid:random-deletion' AND hidden = '3-3'"),
    ),
    ("transformers", "figure", "valid circuits", 1): (
        "shared-edges",
        "median(v)",
        "measure = 'shared' AND task = 'sum modulo' AND granularity = 'qkv' AND ablation = 'zero' AND rows = 'trained'",
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


def test_every_chart_is_read_and_drawn_and_names_its_rows():
    for one in findings.record()["findings"]:
        for shown in findings.charts()[one["key"]].values():
            assert draw(shown.chart)
            urls = [url for series in shown.chart.series for url in series.urls if url]
            assert urls
            assert {url.split("?")[0].rpartition("/")[2] for url in urls} <= {*one["studies"]}


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
    path = findings.FOLDER / f"{ranking_tables.SLUG}.parquet"
    ((n, *apart),) = ParquetTable([path]).ask(query.replace("?", f"'{answers}'"))
    assert n == 2 * (5 * 820 + 4 * 219)
    assert max(apart) < 1e-5


@pytest.mark.slow
def test_the_chapter_of_scores_says_what_its_rows_say():
    (one,) = (one for one in findings.record()["findings"] if one["key"] == ranking_tables.SLUG)
    assert one["chapter"]["rows"] == [*ranking_tables.declared()]
    assert len({*one["chapter"]["head"]}) == len(one["chapter"]["head"])  # pages tell columns by their names
    for lines in ranking_tables.tables():
        assert chapters.markdown(lines, 1) in one["chapter"]["method"]
    assert findings.manifest()["tables"][ranking_tables.SLUG]["design"] == ranking_tables.DIGEST
    halves, text = [ranking_tables.both()[half, "zero"] for half in ranking_tables.HALVES], one["chapter"]["method"]
    near, far, tasks, signs, last = ([] for _ in range(5))
    below, ahead_by, behind = dict.fromkeys(ranking_study.TRUTHS[1:], 0), [], []
    for half in halves:
        pools = [pool for _, some in ranking_study.pools_of_five(half) for pool in some]
        near.append(np.mean([gain for ahead, gain in pools if ahead < 0.02]))
        far.append(np.mean([gain for ahead, gain in pools if ahead >= 0.2]))
        for group, some in ranking_study.pools_of_five(half):
            gains = [gain for ahead, gain in some if ahead >= 0.2]
            (ahead_by if group[:3] in ("XOR", "tra", "thr") else behind).append(np.mean(gains))
        pool = ranking_study.POOLS["without exact effects"]
        for truth, group in product(below, ("drawn", "strict training", "transformers, q/k/v")):
            below[truth] += ranking_study.answers_of(half, half.within(group), pool, truth).gain.mean() < 0
        qkv = [name for name in np.unique(half.cell) if "q/k/v" in name]
        parts = [ranking_study.answers_of(half, half.cell == name, pool).gain for name in qkv]
        tasks.append(ranking_study.over_parts(parts, drawn=True))
        brackets = half.cell == "transformers, heads balanced-brackets"
        last.append(np.mean(ranking_study.answers_of(half, brackets, ranking_study.FIVE).gain))
        more = [line for line in ranking_study.signed(half) if line[1] == "exact-edge"]
        assert sum(cpr > 0 for *_, cpr, _ in more) == 10
        signs.append(np.mean([regret for *_, regret in more]))
        for name in ("all five", "without exact effects", "gradients alone"):
            cpr, cmd = (
                sum(hit for _, hit in ranking_study.cells(half, ranking_study.POOLS[name], score=one))
                for one in ("cpr", "cmd")
            )
            assert abs(cpr - cmd) <= 1
    short = ranking_tables.number
    assert below == {"while_valid": 3, "distance": 6, "auc": 3, "valid": 1}
    assert (
        f"XOR, {short(min(ahead_by))} to {short(max(ahead_by))} by group; in the others it is {short(max(behind))}"
        in text
    )
    for score in ("cmd", "cpr"):  # of the secret half
        gains = [
            ranking_study.answers_of(half, half.within(group), ranking_study.FIVE, score=score)
            for group in ranking_study.groups(half)
        ]
        three = ranking_study.over_parts([some.gain for some in gains if some])
        assert "{} ({} to {}) with {}".format(*map(short, three), score.upper()) in one["chapter"]["not_shown"]
    assert "mean gain is {} and {}; where it is .2 or more, {} and {}".format(*map(short, near + far)) in text
    assert "{} ({} to {}) and {} ({} to {}): not shown".format(*map(short, tasks[0] + tasks[1])) in text
    assert "brackets, {} and {}.".format(*map(short, last)) in text
    assert "higher too, by {} and {}.".format(*map(short, signs)) in text


@pytest.mark.slow
def test_the_calibration_says_what_its_rows_say():
    rows = calibration_table.table()
    (one,) = (one for one in findings.record()["findings"] if one["key"] == calibration_table.SLUG)
    found = [*calibration_table.verdicts(rows)]
    chapter = (ROOT / "docs" / "findings" / "calibration.md").read_text()
    assert one["chapter"]["rows"] == [verdict.cells for verdict in found]
    assert all(f"| {' | '.join(verdict.cells)} |" in chapter for verdict in found)
    assert all(row["held"] == calibration_table.holds(row, row["exact"]) for row in rows if row["intervals"])
    for name in ("hashing", "brackets that can miss", "uniform draws that can miss", "strata"):
        (verdict,) = (one for one in found if one.name == name)
        assert f"{verdict.held:,} of {verdict.n:,}" in one["sentence"]
    assert all(verdict.share[2] >= verdict.promised for verdict in found)  # else the headline is another
    drawn = calibration_table.chosen(rows, part="intervals")
    share, p = calibration_table.expected([*filter(calibration_table.CAN_MISS["uniform draws"], drawn)])
    assert f"{share:.1%} must hold" in one["lines"]["interval"]
    assert p > 0.001
    hashed = [row for row in rows if row["method"] == "hashing" and row["intervals"]]
    assert all(
        row["estimate"] == row["exact"] for row in hashed if row["exact"] <= calibration_table.DESIGN["threshold"]
    )


@pytest.mark.slow
def test_the_finding_on_training_says_what_its_rows_say():
    rows, slug = over_training_table.table(), over_training_table.SLUG
    (one,) = (one for one in findings.record()["findings"] if one["key"] == slug)
    chapter = (ROOT / "docs" / "findings" / f"{slug}.md").read_text()
    found = over_training_table.changes(rows)
    assert one["chapter"]["rows"] == [change.cells for change in found]
    assert all(f"| {' | '.join(change.cells)} |" in chapter for change in found)
    trained = over_training_table.courses(rows)["learned"].values()
    grok = [course for course in trained if course.moments]
    assert f"{len(grok)} of {len(trained)}" in one["lines"]["n"]
    for row in rows:
        assert (row["smallest"] is None) == (row["circuits"] == 0)
        assert row["ablation"] in over_training_table.ABLATIONS
    for course in grok:
        everywhere, trained_on = (course.at(course.moments["G"], judged=one) for one in ("all rows", "training rows"))
        assert 1 <= everywhere["circuits"] <= trained_on["circuits"]


@pytest.mark.slow
def test_every_mark_leads_to_rows(client):
    text = client.get("/findings").text
    led = set(re.findall(r'href="(/findings/data/[^"]*)"', text))
    assert led
    for link in sorted(led)[::7]:
        answer = client.get(link.replace("&amp;", "&"))
        assert answer.status_code == 200, link
        assert "data-item" in answer.text, link


def test_rows_are_files_too(client):
    answer = client.get("/findings/data/learned-or-drawn.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.text.splitlines()) == findings.manifest()["tables"]["learned-or-drawn"]["rows"] + 1
    table = client.get("/findings/data/learned-or-drawn.parquet").content
    assert table == (findings.FOLDER / "learned-or-drawn.parquet").read_bytes()


def test_rows_of_any_columns_are_listed(client, data):
    reply = findings.manifest()
    reply["columns"] |= {"lens": "A lens.", "parts": "What of it."}
    reply["tables"]["readings"] = {
        "title": "Told",
        "rows": 2,
        "bytes": 1,
        "sha256": "",
        "columns": ["lens", "right", "parts"],
    }
    lines = [{"lens": "paths", "right": 3, "parts": [0.5, 1]}, {"lens": "probes", "right": 4}]
    write_part(data / "readings.parquet", lines, {"lens": "VARCHAR", "right": "BIGINT", "parts": "DOUBLE[]"}, {})
    page = client.get("/findings/data/readings").text
    assert page.count("data-item") == 2
    assert "Parts" not in page
    assert client.get("/findings/data/readings?lens=paths").text.count("data-item") == 1
    assert client.get("/findings/data/readings?right=4").text.count("data-item") == 1


@pytest.mark.parametrize(
    ("address", "parent"),
    [
        ("/findings/nothing", "/findings"),
        ("/findings/data/nothing", "/findings/data"),
        ("/findings/data/nothing.csv", "/findings/data"),
        ("/findings/data/nothing.parquet", "/findings/data"),
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    ["", "?start=150", "?measure=circuits-valid&tasks=XOR", "?sort=value&order=desc", "?measure=none-of-this-name"],
)
def test_a_page_of_rows_is_what_the_file_says(client, options):
    slug = "paper-gate"
    header, *lines = csv.reader(client.get(f"/findings/data/{slug}.csv").text.splitlines())
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    asked = parse_qs(options[1:])
    rows = [row for row in rows if all(row[name] in asked[name] for name in {*header} & {*asked})]
    if "sort" in asked:
        rows = sorted(rows, key=lambda row: row["value"])[::-1]
    shown = re.findall(r"data-item\b.*?</tr>", client.get(f"/findings/data/{slug}{options}").text, re.DOTALL)
    start = int(asked.get("start", ["0"])[0])
    assert len(shown) == len(rows[start : start + 50])
    for row, text in zip(rows[start:], shown, strict=False):
        cells = [re.sub("<[^>]*>", "", cell).strip() for cell in re.findall(r"<t[dh].*?</t[dh]>", text, re.DOTALL)]
        assert {row["network"], row["seed"], row["measure"], row["value"]} <= {*cells}


@pytest.mark.slow
def test_a_row_leads_to_its_network_which_is_stored_when_it_is_opened(store):
    def row():
        with store.read() as session:
            _, table, *_ = findings.data_rows(session, Addresses(), "paper-xor", {"limit": ["1"]})
            (found,) = table.listing.select(table.query).rows
            return found

    assert row().url == ""
    with store.write() as session:
        path = findings.FOLDER.parent / "studies" / "paper-xor.parquet"
        study, _ = save_table(session, read_files([path]), origin="bundled")
    unopened = row()
    digest = unopened.url.removeprefix("/studies/paper-xor/networks/")
    assert (digest[:16], unopened.stores) == (unopened["network"], True)
    with store.write() as session:
        slug = open_network(session, session.merge(study), digest).slug
    assert (row().url, row().stores) == (f"/networks/{slug}", False)


def test_the_chapter_on_simplicity_has_the_table_of_its_rows():
    rows = ParquetTable([findings.FOLDER / "simplicity.parquet"])
    reply = [dict(zip(rows.columns, row, strict=True)) for row in rows.ask("SELECT * FROM {rows}")]
    (chapter,) = (one for one in findings.record()["chapters"] if one["key"] == simplicity.SLUG)
    assert all(f"| {' | '.join(line)} |" in chapter["text"] for line in simplicity.table(reply))
    assert {row["width"] for row in reply} == {"2-2", "3-3"}
    assert all(row["both"] <= min(row["enumerative"], row["list"]) <= row["valid"] for row in reply)
    rows = ParquetTable([findings.FOLDER / "reuse.parquet"])
    reply = [dict(zip(rows.columns, row, strict=True)) for row in rows.ask("SELECT * FROM {rows}")]
    assert chapters.markdown([reuse.HEAD, *reuse.table(reply)], 1) in chapter["text"]
    assert findings.manifest()["tables"]["reuse"]["design"] == reuse.DIGEST


@pytest.mark.parametrize("program", [two_strategies, wrong_lesson], ids=lambda one: one.SLUG)
def test_a_chapter_has_the_tables_of_its_rows(program):
    rows = ParquetTable([findings.FOLDER / f"{program.SLUG}.parquet"])
    every = [dict(zip(rows.columns, row, strict=True)) for row in rows.ask("SELECT * FROM {rows}")]
    (chapter,) = (one for one in findings.record()["chapters"] if one["key"] == program.SLUG)
    for lines in program.tables(every):
        assert chapters.markdown(lines, 2) in chapter["text"]
    assert findings.manifest()["tables"][program.SLUG]["design"] == program.DIGEST


def test_the_chapter_on_rows_has_the_tables_of_its_rows():
    tables = []
    for slug in (rows_needed_table.SLUG, rows_needed_table.METHODS):
        rows = ParquetTable([findings.FOLDER / f"{slug}.parquet"])
        tables.append([dict(zip(rows.columns, row, strict=True)) for row in rows.ask("SELECT * FROM {rows}")])
        assert findings.manifest()["tables"][slug]["design"] == rows_needed_table.DIGEST
    (chapter,) = (one for one in findings.record()["chapters"] if one["key"] == rows_needed_table.SLUG)
    for lines in rows_needed_table.tables(*tables):
        assert chapters.markdown(lines, 1) in chapter["text"]
    assert all(row["all_valid"] == row["smallest_valid"] == 1 for row in tables[0] if row["m"] == row["n"])
    assert "by 7.7 points (1.5 to 14.3)" in chapter["text"]
    drawn = rows_needed_table.drawn_less(rows_needed_table.Found(tables[0]))
    assert [f"{100 * one:.1f}" for one in drawn] == ["7.7", "1.5", "14.3"]


def test_the_chapter_on_experiments_has_the_tables_of_its_rows():
    (chapter,) = (one for one in findings.record()["chapters"] if one["key"] == experiments_needed.SLUG)
    assert all(table in chapter["text"] for table in experiments_needed.tables(experiments_needed.stored()))
    assert findings.manifest()["tables"][experiments_needed.SLUG]["design"] == experiments_needed.DIGEST


def null_rows():
    rows = ParquetTable([findings.FOLDER / "null-claims.parquet"])
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.ask("SELECT * FROM {rows}")]


def test_the_chapter_on_null_models_has_the_tables_of_its_rows():
    rows = null_rows()
    (chapter,) = (one for one in findings.record()["chapters"] if one["key"] == null_claims.SLUG)
    for lines, texts in zip(null_claims.tables(rows), (2, 2, 3), strict=True):
        assert chapters.markdown(lines, texts) in chapter["text"]
    assert all(row["p"] == (1 + row["as_good"]) / (1 + row["of"]) for row in rows if row["valid"])
    assert {row["claim"] for row in rows} == {"smallest", "one of all", *null_claims.DESIGN["methods"]}


def test_the_chapter_on_deceived_methods_has_the_tables_of_its_rows():
    rows, controls = deception.table(deception.SLUG), deception.table(deception.CONTROL)
    (chapter,) = (one for one in findings.record()["chapters"] if one["key"] == deception.SLUG)
    for lines in deception.tables(rows, controls):
        assert chapters.markdown(lines, 1) in chapter["text"]
    assert len({row["seed"] for row in rows}) == deception.DESIGN["networks"]
    for row in rows:
        room, most = (LIMITS[row["limits"]][one] for one in ("room", "moves")) if row["fooled"] else (9.0, 9.0)
        assert (row["off"] <= room, row["move"] <= most) == (True, True)
    fooled = {(row["seed"], row["method"], row["limits"]) for row in rows if row["fooled"]}
    again = {(row["seed"], row["deceived"], row["limits"]) for row in controls if row["fooled"]}
    assert {one for one in again if one[1] not in deception.CONTROLS} == {one for one in fooled if one[1] in EDGES}
    for row in controls:
        assert not (row["fooled"] and row["asked"]) or row["can_go"]
        assert row["can_go"] or row["off"] >= 0.5


def trust_rows():
    rows = ParquetTable([findings.FOLDER / "trust.parquet"])
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.ask("SELECT * FROM {rows}")]


def test_the_chapter_on_trust_has_the_table_of_its_rows():
    rows = trust_rows()
    figures = trust.figures(rows)
    (chapter,) = (one for one in findings.record()["chapters"] if one["key"] == trust.SLUG)
    assert chapters.markdown([trust.HEAD, *map(trust.cells, figures)], 2) in chapter["text"]
    assert json.loads(trust.DATA.read_text()) == {"design": trust.DIGEST[:12], "figures": figures}
    assert not any(row["missed"] for row in rows)  # what is proved dispensable is in no backbone
    assert all(row["least_found"] >= row["least"] - 1e-6 for row in rows if row["exist"])
    assert all(row["false_checked"] <= row["false"] for row in rows)
    assert {row["network"] for row in rows} == {one.name for one in trust.population()}


@pytest.mark.slow
def test_searches_of_the_chapter_on_trust_are_found_again():
    rows = trust_rows()
    networks = {row["network"] for row in rows if row["part"] == "draw" and row["edges"] <= 18}
    network = next(one for one in trust.population() if one.name in networks)
    again = list(trust.rows_of(network, "draw", trust.Known(network)))
    then = [row for row in rows if (row["network"], row["part"]) == (network.name, "draw")]
    assert len(again) == len(then)
    for this, before in zip(again, then, strict=True):
        # of these a round ended with the searches that were asked for then, and runs to its end now
        late = ("runs", "different") if this["way"] in ("mixed", "used first") else ()
        assert {name: this[name] for name in this if name not in late} == {
            name: before[name] for name in before if name not in late
        }


EDGES = {key for key, ranking in RANKINGS.items() if ranking.method}


@pytest.mark.slow
def test_rankings_of_whole_neurons_are_found_again():
    rows = [row for row in deception.table(deception.CONTROL) if not row["deceived"]]
    seed, question = next((seed, one) for study, of, seed, one in networks() if (study, of) == ("paper-xor", "3-3"))
    found = [*deception.neurons(question, deception.RANKINGS | deception.CONTROLS, (1, 2))]
    own = [row for row in rows if row["seed"] == seed]
    assert len(found) == len(own)
    for again, row in zip(found, own, strict=True):
        assert again == pytest.approx({name: row[name] for name in again}, abs=1e-9)


@pytest.mark.slow
def test_claims_about_networks_are_found_again():
    rows = [row for row in null_rows() if row["networks"] == "trained" and row["model"] in ("drawn", None)]
    for width in ("2-2", "3-3"):
        seed, question = next((seed, one) for _, of, seed, one in networks(null_claims.DESIGN) if of == width)
        found = {
            (row["claim"], row["standard"]): row["edges"]
            for row in rows
            if (row["width"], row["seed"]) == (width, seed)
        }
        reply = null_claims.claims(question, seed)
        again = {(key, standard): edges for key, some in reply.items() for standard, edges in some.items()}
        assert again | {(key, None): None for key, some in reply.items() if not some} == found
