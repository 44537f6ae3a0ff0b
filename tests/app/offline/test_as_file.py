"""Tests of the names of a copy's files, and of what becomes of a page."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from pluriscope.app.as_file import SENTENCE, file_of, normal, rewritten

XOR = "/networks/xor"
PAGES = (XOR, f"{XOR}/explanations?kind=circuit", f"{XOR}/explanations/c-1")


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("/glossary#margin", "glossary.html"),
        (f"{XOR}?output=0&protocol=complete&theme=dark&part=cite", "networks/xor.html"),
        (f"{XOR}/explanations?sort=margin&kind=circuit", "networks/xor/explanations__kind=circuit__sort=margin.html"),
        (f"/api/v2{XOR}/explanations", "api/v2/networks/xor/explanations.json"),
        (f"{XOR}/explanations.csv?output=1", "networks/xor/explanations__output=1.csv"),
        (f"{XOR}/figures/edge-use.svg", "networks/xor/figures/edge-use.svg"),
    ],
)
def test_files_are_named_after_addresses(address, file):
    assert file_of(normal(address)) == file


def test_what_a_file_system_may_refuse_is_hashed():
    odd = ("/networks/con", "/networks/XOR", "/networks/a%2F..%2Fb", f"{XOR}?after=" + "x" * 300, f"{XOR}?q=..%2F")
    for name in map(file_of, odd):
        assert len(name) < 100
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_./=")
        assert ".." not in name
    assert len(set(map(file_of, (*odd, XOR, "/networks/x"))) | {"networks/con.html"}) == len(odd) + 3


def page(body: str, live: str = "") -> BeautifulSoup:
    files = {one: file_of(one) for one in PAGES}
    text = f"<html><head></head><body><main>{body}</main></body></html>"
    found = rewritten(text, PAGES[1], file_of(PAGES[1]), lambda one: files.get(one, ""), live)
    return BeautifulSoup(found, "html.parser")


@pytest.mark.parametrize(
    ("target", "link"),
    [
        (f"{XOR}?protocol=complete#top", "../xor.html#top"),
        ("?kind=circuit", "explanations__kind=circuit.html"),
        ("#here", "#here"),
        ("https://arxiv.org/abs/1", "https://arxiv.org/abs/1"),
        (f"{XOR}/explanations/c-2?protocol=paper", None),
    ],
)
def test_links_lead_to_files_or_say_that_there_is_none(target, link):
    body = f'<a href="{target}">words</a>'
    (found,) = page(body).main.contents
    assert found.get("href") == link
    assert page(body, "https://host").a["href"] == (link or f"https://host{target}")
    assert (target in found.get("title", "")) == (link is None)


def test_another_order_of_the_same_list_is_no_link():
    (left,) = page(f'<a href="{XOR}/explanations?sort=margin" aria-label="by margin">Margin</a>').main.contents
    assert (left.name, left.text, left.attrs) == ("span", "Margin", {"title": "by margin"})


def test_what_needs_a_server_goes():
    field = '<label>at least <input type="number"></label>'
    kept = page(f'<form action="/x" hx-get="/y">{field}</form><form method="post"></form><button>Show</button>')
    assert kept.main.get_text(" ", strip=True) == SENTENCE
    assert not kept.select("form, input, button, [action], [hx-get], [method]")


def test_folds_are_closed():
    assert "open" not in page('<details class="more" open><summary>More</summary></details>').details.attrs
