"""Findings: the page, its chapters, and the rows behind every mark."""

import csv
import gzip
import json
import re
import shutil
from urllib.parse import parse_qs

import pytest

from app.pages import findings


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A copy of the data that may be spoiled."""
    folder = tmp_path / "findings"
    shutil.copytree(findings.FOLDER, folder)
    monkeypatch.setattr(findings, "FOLDER", folder)
    for cache in (findings.record, findings.described, findings.broken_study, findings._hash):
        cache.cache_clear()
    yield folder
    for cache in (findings.record, findings.described, findings.broken_study, findings._hash):
        cache.cache_clear()


def test_every_finding_has_its_sentence_figure_lines_and_chapter(client):
    text = client.get("/findings").text
    told = findings.record()["findings"]
    assert len(re.findall(r'<article class="finding"', text)) == len(told)
    for one in told:
        chapter = client.get(f"/findings/{one['key']}")
        assert chapter.status_code == 200
        assert "What it does not show" in chapter.text
        for form, kind in (("svg", "image/svg+xml"), ("png", "image/png")):
            assert client.get(f"/findings/{one['key']}/figure.{form}").headers["content-type"] == kind
    for one in findings.record()["chapters"]:
        assert client.get(f"/findings/{one['key']}").status_code == 200


def test_the_record_says_what_the_page_says(client):
    told = client.get("/api/v2/findings").json()["findings"]
    text = client.get("/findings").text
    assert all(one["sentence"] in text and not one["broken"] and one["rows"] for one in told)


@pytest.mark.slow
def test_every_mark_leads_to_rows(client):
    text = client.get("/findings").text
    led = set(re.findall(r'href="(/findings/data/[^"]*)"', text))
    assert led
    for link in sorted(led)[::7]:
        answer = client.get(link.replace("&amp;", "&"))
        assert answer.status_code == 200, link
        assert "data-item" in answer.text, link


def test_rows_are_a_file_too(client):
    answer = client.get("/findings/data/learned-or-drawn.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.text.splitlines()) == findings.described()["learned-or-drawn"]["rows"] + 1


def test_rows_of_no_single_network_are_listed_too(client, data):
    package = data / "datapackage.json"
    told = json.loads(package.read_text())
    fields = [{"name": name, "description": name} for name in ("lens", "right")]
    told["resources"] = [told["resources"][0] | {"name": "told", "schema": {"fields": fields}}]
    package.write_text(json.dumps(told))
    (data / "told.csv.gz").write_bytes(gzip.compress(b"lens,right\npaths,3\nprobes,4\n"))
    assert client.get("/findings/data/told").text.count("data-item") == 2
    assert client.get("/findings/data/told?lens=paths").text.count("data-item") == 1


@pytest.mark.parametrize(
    ("address", "parent"),
    [
        ("/findings/nothing", "/findings"),
        ("/findings/data/nothing", "/findings/data"),
        ("/findings/data/nothing.csv", "/findings/data"),
    ],
)
def test_what_there_is_not_is_not_found(client, address, parent):
    answer = client.get(address, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["parent"]) == (404, parent)


@pytest.mark.parametrize("spoiled", ["rows", "missing", "design"])
def test_a_finding_whose_data_are_not_right_has_no_number_and_the_others_have(client, data, spoiled):
    path, first = data / "learned-or-drawn.csv.gz", findings.record()["findings"][0]
    if spoiled == "rows":
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"true", b"false", 1)))
    elif spoiled == "missing":
        path.unlink()
    else:
        told = json.loads((data / "findings.json").read_text())
        told["findings"][0]["studies"]["learned-or-drawn"]["design"] = "0" * 64
        (data / "findings.json").write_text(json.dumps(told))
        findings.record.cache_clear()
    text = client.get("/findings").text
    assert first["sentence"] not in text
    assert f"{first['title']} cannot be computed" in text
    assert "of learned-or-drawn" in text
    assert all(one["sentence"] in text for one in findings.record()["findings"][1:])
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
