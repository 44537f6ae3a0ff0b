"""Findings: the document as a page, and the answers that studies show."""

import re

from app.addressing import Addresses
from app.pages.findings import _bundled_design, answers_of
from tests.checkout import ROOT

DESIGNS = sorted(path.stem for path in (ROOT / "app/bundled/studies").glob("*.json"))


def test_every_chapter_of_the_document_stands_on_the_page(client):
    page = client.get("/api/v1/findings").json()
    titles = [line[3:] for line in (ROOT / "docs/findings.md").read_text().splitlines() if line.startswith("## ")]
    assert [chapter["title"] for chapter in page["chapters"]] == titles
    assert len(page["chapters"][0]["blocks"][0]["rows"]) == 14


def test_links_within_the_document_lead_to_a_heading(client):
    text = client.get("/findings").text
    wanted = set(re.findall(r"\]\(#([^)]+)\)", (ROOT / "docs/findings.md").read_text()))
    assert {"alice-or-bob", "by-loss"} <= wanted
    assert wanted <= set(re.findall(r' id="([^"]+)"', text))


def test_studies_that_are_not_stored_are_named_without_a_link(client):
    text = client.get("/findings").text
    assert "Noise on the training inputs" in text
    assert 'href="/studies/' not in text
    assert 'href="/findings/one-induction-circuit"' in text


def test_every_bundled_study_has_an_answer():
    without = [slug for slug in DESIGNS if not answers_of(slug, _bundled_design(slug), Addresses())]
    assert without == []


def test_a_study_of_the_same_name_with_another_design_has_none():
    assert answers_of("alice-or-bob", "0" * 64, Addresses()) == []
    assert answers_of("no-such-study", "", Addresses()) == []
