"""Findings: the document as a page, and the answers that studies show."""

import re

import pytest

from app.addressing import Addresses
from app.pages.findings import _bundled_design, answers_of
from tests.checkout import ROOT

DESIGNS = sorted(path.stem for path in (ROOT / "app/bundled/studies").glob("*.json"))


@pytest.mark.slow
def test_every_chapter_of_the_document_stands_on_the_page_or_on_one_of_its_own(client):
    page = client.get("/api/v1/findings").json()
    titles = [line[3:] for line in (ROOT / "docs/findings.md").read_text().splitlines() if line.startswith("## ")]
    assert ["In short", "Answers of the other studies", *(one["title"] for one in page["contents"])] == titles
    assert len(page["findings"]) == 14
    assert [chapter["title"] for chapter in page["chapters"]] == titles[1:2]
    for link in page["contents"]:
        alone = client.get("/api/v1" + link["url"]).json()
        assert [chapter["title"] for chapter in alone["chapters"]] == [link["title"]]
        assert alone["findings"] == []


def test_a_chapter_that_there_is_not_is_not_found(client):
    answer = client.get("/api/v1/findings?chapter=in-short")
    assert answer.status_code == 404
    assert "/findings" in answer.text


@pytest.mark.slow
def test_links_within_the_document_lead_to_a_heading(client):
    page = client.get("/api/v1/findings").json()
    texts = {url: client.get(url).text for url in ["/findings", *(one["url"] for one in page["contents"])]}
    led = {link for text in texts.values() for link in re.findall(r'href="(/findings[^"]*#[^"]+)"', text)}
    led |= {link for text in texts.values() for link in re.findall(r'href="(/findings[?]chapter=[a-z0-9-]+)"', text)}
    assert any(link.endswith("?chapter=alice-or-bob#by-loss") for link in led)
    assert {link.partition("#")[0] for link in led} <= set(texts)
    for link in led:
        address, _, anchor = link.partition("#")
        assert not anchor or f'id="{anchor}"' in texts[address], link


def test_every_bundled_study_has_an_answer():
    without = [slug for slug in DESIGNS if not answers_of(slug, _bundled_design(slug), Addresses())]
    assert without == []


def test_a_study_of_the_same_name_with_another_design_has_none():
    assert answers_of("alice-or-bob", "0" * 64, Addresses()) == []
    assert answers_of("no-such-study", "", Addresses()) == []
