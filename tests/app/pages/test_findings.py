"""Findings: the document as a page, and the answers that studies show."""

import re
from html import unescape

import pytest

from app.addressing import Addresses
from app.pages.findings import _bundled_design, answers_of
from tests.checkout import ROOT

DESIGNS = sorted(path.stem for path in (ROOT / "app/bundled/studies").glob("*.json"))


def chapters_of(text):
    """Address and title of each chapter of tables."""
    return {
        address: unescape(title)
        for address, title in re.findall(r'<li><a href="(/findings/[^"#]+)">([^<]+)</a></li>', text)
    }


@pytest.mark.slow
def test_every_chapter_of_the_document_stands_on_the_page_or_on_one_of_its_own(client):
    text = client.get("/findings").text
    titles = [line[3:] for line in (ROOT / "docs/findings.md").read_text().splitlines() if line.startswith("## ")]
    assert ["In short", "Answers of the other studies", *chapters_of(text).values()] == titles
    assert re.findall(r'<h2 id="finding-(\d+)">', text) == [str(number) for number in range(1, 15)]
    for address, title in chapters_of(text).items():
        assert f"<h1>{title}</h1>" in unescape(client.get(address).text)


@pytest.mark.parametrize("former", ["in-short", "nothing"])
def test_a_chapter_that_there_is_not_is_not_found(client, former):
    answer = client.get(f"/findings/{former}", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["parent"]) == (404, "/findings")


def test_studies_that_are_not_stored_are_named_without_a_link(client):
    stored = {one["url"] for one in client.get("/api/v2/studies").json()["items"]}
    text = client.get("/findings").text
    assert set(re.findall(r'href="([^"]*/studies/[a-z0-9-]+)"', text)) <= stored
    assert "Alice or Bob? (not stored here)" in text


@pytest.mark.slow
def test_links_within_the_document_lead_to_a_heading(client):
    chapters = chapters_of(client.get("/findings").text)
    folded = [f"/findings?part={part}" for part in ("how", "answers-of-the-other-studies")]
    texts = {url: client.get(url).text for url in ["/findings", *folded, *chapters]}
    led = {link for text in texts.values() for link in re.findall(r'href="(/findings[^"?]*)"', text)}
    assert any(link.endswith("/alice-or-bob#by-loss") for link in led)
    assert {link.partition("#")[0] for link in led} <= set(texts)
    for link in led:
        address, _, anchor = link.partition("#")
        assert not anchor or f'id="{anchor}"' in texts[address], link


def test_every_bundled_study_has_an_answer():
    without = [slug for slug in DESIGNS if not answers_of(slug, _bundled_design(slug), Addresses())]
    assert without == []
