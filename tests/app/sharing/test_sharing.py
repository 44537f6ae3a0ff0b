"""Tests of citations, previews and embeddings of a page."""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ET
from dataclasses import replace
from html import unescape

import pytest
from bs4 import BeautifulSoup

from pluriscope.addresses.address import Addresses
from pluriscope.app.pages.sharing.share import InShort, Share, escape_bibtex, only_here
from pluriscope.app.pages.sharing.targets import read_target
from pluriscope.figures.cards import HEIGHT, WIDTH
from tests.app.sharing.conftest import CIRCUIT, COMPARISON, PLAY, SHARED, XOR, beside

pytestmark = pytest.mark.slow


def png_size(body: bytes) -> tuple[int, int]:
    assert body.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", body[16:24])


def meta(page: str) -> dict[str, str]:
    found = re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', page)
    return {name: unescape(value) for name, value in found}


@pytest.mark.parametrize("page", SHARED)
def test_the_head_has_whole_addresses_and_a_summary_for_previews(client, page) -> None:
    text = client.get(page).text
    reply = meta(text)
    assert reply["og:url"].startswith("http://127.0.0.1/")
    assert reply["og:image"].startswith("http://127.0.0.1/")
    assert reply["og:title"]
    assert "card.png" in reply["og:image"]
    assert client.get(reply["og:url"]).status_code == 200


@pytest.mark.parametrize("page", SHARED)
def test_a_page_is_one_file_that_asks_for_nothing(client, page) -> None:
    answer = client.get(f"{page}{'&' if '?' in page else '?'}part=file")
    assert answer.headers["content-disposition"].endswith('.html"')
    found = BeautifulSoup(answer.text, "html.parser")
    assert found.select("figure svg")
    assert not found.select("link, form, img, button, script:not([type='application/json'])")
    assert not [one for one in found.select("a") if not one["href"].startswith(("#", "https://"))]
    assert not found.select("svg span")
    assert "fills itself" not in answer.text
    assert not [one for one in found.select("figcaption span") if one.text in ("SVG", "PNG", "PDF")]


@pytest.mark.parametrize("page", SHARED)
def test_a_page_is_cited_beside_the_paper_whose_question_it_asks(client, page) -> None:
    found = BeautifulSoup(client.get(page).text, "html.parser")
    assert not found.select("a[href^='/embed/']"), "a bare frame is nothing to be pasted"
    names = [one["download"] for one in found.select("a[href*='.svg'], a[href*='.png']")]
    assert all(name.endswith(("drawing.svg", "drawing.png", "card.png", "loss.svg", "loss.png")) for name in names)
    cited = client.get(f"{page}{'&' if '?' in page else '?'}part=cite").text
    assert "@misc{pluriscope" in cited
    assert "@inproceedings{meloux2025everything" in cited


@pytest.mark.parametrize(
    ("base", "only"),
    [
        ("http://127.0.0.1:8000", "this computer"),
        ("http://localhost:8000", "this computer"),
        ("http://[::1]:8000", "this computer"),
        ("http://192.168.0.7", "this network"),
        ("http://lab-server:8000", "this network"),
        ("https://explain.example.org", ""),
        ("", ""),
    ],
)
def test_a_link_that_others_cannot_open_says_so(base, only) -> None:
    assert only in only_here(base)
    assert bool(only_here(base)) == bool(only)


def test_a_forged_host_gets_no_whole_address(client) -> None:
    reply = meta(client.get(CIRCUIT, headers={"host": 'evil"><script>'}).text)
    assert reply["og:url"] in (CIRCUIT, f"http://127.0.0.1{CIRCUIT}")


@pytest.mark.parametrize("page", [XOR, COMPARISON])
def test_a_card_is_a_picture_of_the_declared_size(client, page) -> None:
    answer = client.get(beside(page, "card.png"))
    assert answer.headers["content-type"] == "image/png"
    assert png_size(answer.content) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("page", SHARED)
def test_a_card_says_and_shows_the_very_thing(client, page) -> None:
    document = client.get(beside(page, "card.svg")).text
    root = ET.fromstring(document)  # noqa: S314  # our own
    words = " ".join("".join(node.itertext()) for node in root.iter() if node.tag.endswith("text"))
    assert "Pluriscope" in words
    assert "c9a619c511f4" in words
    title = meta(client.get(page).text)["og:title"]
    assert words.replace(" ", "").count(title.replace(" ", "")[:12]) >= 1
    assert "var(" not in document


def test_an_embedding_of_play_says_what_everyone_predicted(client) -> None:
    text = client.get(f"/embed{PLAY}").text
    assert "predicts 0, incorrect" in text
    assert "makes no prediction" in text
    assert "re-verify" not in text
    for wrong, status in ((f"{XOR}/play/card.svg?now=nonsense", 400), ("/networks/nowhere/play/card.svg", 404)):
        assert client.get(wrong).status_code == status


def test_bibtex_escapes_what_latex_would_take_for_commands() -> None:
    assert escape_bibtex("50% of A_1 & {x} ~ #2 $3 ^4 \\5") == (
        r"50\% of A\_1 \& \{x\} \textasciitilde{} \#2 \$3 \textasciicircum{}4 \textbackslash{}5"
    )
    assert escape_bibtex("¬A ∧ B\n ⊕ C") == r"$\neg$A $\wedge$ B $\oplus$ C"


def test_a_citation_names_digest_address_engine_and_date() -> None:
    facts = InShort("", "A {b}", (), "circuit 0f", "complete (12)", "1.2", "2026-11-20")
    share = Share(facts, "/compare?network=x&e=%7B", "f" * 64, False, True, Addresses(), "http://x")
    for part in ("f" * 64, "http://x/compare?network=x&e=%7B", "1.2", "2026"):
        assert part in share.bibtex
    assert share.bibtex.startswith("@misc{pluriscope-ffffffffffff-circuit-0f,\n")
    depth = 0
    for previous, character in zip(" " + share.bibtex, share.bibtex, strict=False):
        if previous != "\\":
            depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    undated = replace(share, facts=replace(facts, analysed_on=""))
    assert "year" not in undated.bibtex
    assert "on request" in undated.bibtex


@pytest.mark.parametrize("page", SHARED)
def test_an_embedding_may_stand_in_frames_and_leads_back(client, page) -> None:
    answer = client.get(f"/embed{page}")
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "script-src 'self'" in policy
    assert f'href="http://127.0.0.1{page.split("?")[0]}' in answer.text
    assert "<nav" not in answer.text
    assert "set-cookie" not in client.get(f"/embed{page}{'&' if '?' in page else '?'}theme=dark").headers
    assert "frame-ancestors 'none'" in client.get(page).headers["content-security-policy"]


def test_every_way_to_write_an_address_names_the_same() -> None:
    plain = read_target(CIRCUIT, Addresses())
    for text in (
        f"https://host.example{CIRCUIT}",
        f"/api/v2{CIRCUIT}?theme=dark",
        f"/embed{CIRCUIT}",
        f"{CIRCUIT}/card.png",
        f"  {CIRCUIT}/ ",
    ):
        assert read_target(text, Addresses()) == plain
    assert read_target(f"/pre{CIRCUIT}", Addresses("/pre")) == plain
    odd = read_target("/networks/a%2Fb", Addresses())
    assert odd.parts == ("a/b",)
    assert odd.path == "/networks/a%2Fb"
