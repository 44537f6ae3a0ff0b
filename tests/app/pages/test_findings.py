"""Findings: the document as a page, and the answers that studies show."""

import re

import pytest

from app.addressing import Addresses
from app.pages.findings import _bundled_design, answers_of
from tests.checkout import ROOT

DESIGNS = sorted(path.stem for path in (ROOT / "app/bundled/studies").glob("*.json"))


@pytest.mark.slow
def test_every_chapter_of_the_document_stands_on_the_page_or_on_one_of_its_own(client):
    page = client.get("/api/v2/findings").json()
    titles = [line[3:] for line in (ROOT / "docs/findings.md").read_text().splitlines() if line.startswith("## ")]
    assert ["In short", "Answers of the other studies", *page["chapters"].values()] == titles
    assert len(page["items"]) == 14
    text = client.get("/findings").text
    for number, one in enumerate(page["items"], start=1):
        assert f'<h2 id="{one["anchor"]}">{number}. ' in text
    for anchor, title in page["chapters"].items():
        alone = client.get(f"/api/v2/findings/{anchor}").json()
        assert (alone["title"], bool(alone["text"])) == (title, True)


@pytest.mark.parametrize("former", ["in-short", "nothing"])
def test_a_chapter_that_there_is_not_is_not_found(client, former):
    led = client.get(f"/findings?chapter={former}", follow_redirects=False)
    assert (led.status_code, led.headers["location"]) == (301, f"/findings/{former}")
    answer = client.get(f"/api/v2/findings/{former}")
    assert (answer.status_code, answer.json()["parent"]) == (404, "/findings")


@pytest.mark.slow
def test_links_within_the_document_lead_to_a_heading(client):
    page = client.get("/api/v2/findings").json()
    folded = [f"/findings?part={part}" for part in ("how", "answers-of-the-other-studies")]
    texts = {
        url: client.get(url).text for url in ["/findings", *folded, *(f"/findings/{key}" for key in page["chapters"])]
    }
    led = {link for text in texts.values() for link in re.findall(r'href="(/findings[^"?]*)"', text)}
    assert any(link.endswith("/alice-or-bob#by-loss") for link in led)
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
