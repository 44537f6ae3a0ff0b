"""The list of networks."""

import csv
import re

import pytest

LIST = "/api/v2/networks"
ALL = ("xor", "two", "linear", "wide", "none", "queued", "failed", "cancelled", "untouched")


def slugs(client, **query):
    return [item["slug"] for item in client.get(LIST, params=query).raise_for_status().json()["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {*ALL}),
        ({"q": "TWO"}, {"two"}),
        ({"q": "nothing like it"}, set()),
        ({"state": "done"}, {"xor", "two", "none"}),
        ({"state": ["failed", "cancelled"]}, {"failed", "cancelled"}),
        ({"state": "computing"}, {"queued"}),
        ({"protocol": "paper", "state": "done"}, {"xor"}),
        ({"kind": "attention"}, set()),
        ({"origin": "bundled"}, {"xor"}),
        ({"task": "XOR", "q": "wide"}, {"wide"}),
    ],
)
def test_networks_are_found_by_words_and_filters(client, query, found):
    assert {*slugs(client, **query)} == found
    page = client.get("/networks", params=query).raise_for_status()
    assert {slug for slug in ALL if f'href="/networks/{slug}' in page.text.partition("<main")[2]} >= found


def test_a_network_is_found_by_its_digest_and_has_a_row_for_each_output(client):
    [xor] = client.get(LIST, params={"q": "xor", "origin": "bundled"}).json()["items"]
    assert slugs(client, q=xor["digest"][:8]) == ["xor"]
    assert (xor["circuits_valid"], xor["circuits_possible"]) == (197, 9625)
    assert [item["output"] for item in client.get(LIST, params={"q": "two"}).json()["items"]] == [0, 1]


def test_every_choice_of_a_filter_says_how_many_rows_it_leaves(client):
    for facet in client.get(LIST).json()["facets"]:
        for choice in facet["choices"]:
            assert client.get(LIST, params={facet["name"]: choice["value"]}).json()["total"] == choice["count"]


@pytest.mark.parametrize("sort", ["circuits_valid", "name", "state", "interpretations_total"])
def test_pages_in_any_order_hold_each_row_once(client, sort):
    whole = client.get(LIST, params={"sort": sort}).json()
    seen, url = [], f"{LIST}?sort={sort}&limit=3"
    while url:
        page = client.get(url).json()
        seen += page["items"]
        url = page["next"]
    assert seen == whole["items"]
    values = [item[sort] for item in seen if item.get(sort) is not None]
    assert values == sorted(values)


def test_files_have_the_rows_of_every_protocol_unless_one_is_named(client):
    text = client.get("/networks.csv").raise_for_status().text
    assert text.startswith("# Pluriscope ")
    rows = [*csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))]
    assert [row["protocol"] for row in rows if row["slug"] == "xor"] == ["complete", "paper"]


@pytest.mark.parametrize(("slug", "reply"), [("queued", True), ("untouched", True), ("failed", False)])
def test_networks_of_one_name_are_distinguished(client, slug, reply):
    assert (f" · {slug}</span>" in client.get("/networks").text) is reply


def test_the_page_has_a_row_for_each_network_and_says_whether_it_has_one_explanation(client):
    lines = re.findall(r'<tr class="row" data-item>(.*?)</tr>', client.get("/networks").text, re.S)
    rows = {re.search(r'href="/networks/(\w+)', line)[1]: re.sub("<[^>]+>", " ", line) for line in lines}
    assert (len(lines), {*rows}) == (len(ALL), {*ALL})
    assert "2 outputs, first " in rows["two"]
    assert "not unique" in rows["xor"]
    assert "none valid" in rows["none"]
    reply = {item["slug"]: item.get("verdict") for item in client.get(LIST).json()["items"]}
    assert (reply["xor"], reply["none"], reply["queued"]) == ("not unique", "not learned, none valid", None)
