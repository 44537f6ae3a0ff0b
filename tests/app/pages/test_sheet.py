"""The sheet: which pictures stand on it, what they say, and that every view shows the same query."""

import re
from collections import Counter
from html import unescape

import pytest

from pluriscope.addresses.address import Addresses, ResultRef
from pluriscope.addresses.naming import Scope
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.listing import frame_of_analysis
from pluriscope.app.pages.explanation_list import VIEWS
from pluriscope.app.pages.place import locate
from pluriscope.app.pages.sheet import MOST, WIDE, OfKind, Picture, packed, shared
from pluriscope.kinds.circuits import left_out_words
from pluriscope.kinds.columns import KIND
from tests.app.pages.conftest import XOR
from tests.app.pages.test_attention_pages import client as transformers  # noqa: F401
from tests.factories import pretrained_xor

SHEET = f"{XOR}/explanations"
ASKED = (
    "",
    "valid=any",
    "kind=circuit",
    "kind=circuit&passes=mean-ablation&edges_max=14",
    "kind=interpretation&uses=n1.0&uses=!A-n1.1",
    "kind=alignment&valid=no&irredundant=irredundant-gates",
)


def words(html: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def kinds(page: str) -> dict[str, tuple[int, list[str]]]:
    """Count the pictures of each kind on a sheet, with the words of those that are shown."""
    found = {}
    for section in re.findall(r'<section class="ofkind.*?</section>', page, re.S):
        title, n = re.search(r'<h2>(\w+) <span class="muted">([\d,]+)<', section).groups()
        found[title] = int(n.replace(",", "")), [words(one) for one in re.findall("<li.*?</li>", section, re.S)]
    return found


@pytest.mark.parametrize("query", ASKED)
def test_every_kind_has_its_pictures_and_says_how_many_there_are(client, query):
    shown = kinds(client.get(f"{SHEET}?view=sheet&{query}").text)
    facets = client.get(f"/api/v2{SHEET}?{query}").json()["facets"]
    counts = {one["value"]: one["count"] for facet in facets if facet["name"] == "kind" for one in facet["choices"]}
    asked = re.findall(r"kind=(\w+)", query) or counts.keys() - {"algorithm"}
    assert shown.keys() == {KIND.words(kind) for kind in asked if counts[kind]}
    for kind in asked:
        n, pictures = shown.get(KIND.words(kind), (0, []))
        assert len({*pictures}) == len(pictures) <= n
        assert n == counts[kind] or kind == "interpretation"
    assert sum(len(pictures) for _, pictures in shown.values()) <= MOST


@pytest.mark.parametrize("query", ASKED)
def test_each_view_has_the_same_filters_with_the_same_counts(client, query):
    pages = [client.get(f"{SHEET}?view={view}&{query}").text for view in VIEWS]
    offered = [re.findall(r'id="list-([^"]+)" name="([^"]+)".*?<span class="n">([\d,]+)<', one, re.S) for one in pages]
    assert offered[0]
    assert all(one == offered[0] for one in offered)
    files = [re.search(r'href="([^"]+explanations\.csv[^"]*)"', one).group(1) for one in pages]
    assert len({*files}) == 1


@pytest.mark.parametrize(
    ("query", "present"),
    [
        *(("", "sheet"), ("kind=circuit", "sheet"), ("sort=edges", "list"), ("start=12", "list"), ("limit=20", "list")),
        ("view=sheet&sort=edges", "sheet"),
        *((f"view={view}", view) for view in VIEWS),
    ],
)
def test_an_address_shows_the_view_that_it_names_or_needs(client, query, present):
    page = client.get(f"{SHEET}?{query}").text
    switch = re.search(r'aria-label="View">(.*?)</span>', page, re.S).group(1)
    assert re.findall(r'aria-current="true">(\w+)', switch) == [present]
    for view, url in re.findall(r'<a href="([^"]+)"[^>]*>(\w+)', switch):
        assert client.get(unescape(view)).status_code == 200, url


def test_the_head_has_the_verdict(client):
    assert "<b>Not unique.</b> 197 of 9,625 circuits are valid" in client.get(SHEET).text


def test_pictures_stand_in_the_order_that_is_asked_for(client):
    by_size = [int(re.search(r"(\d+) edges", one).group(1)) for one in kinds(client.get(SHEET).text)["Circuits"][1]]
    assert by_size == sorted(by_size)
    near = kinds(client.get(f"{SHEET}?by=nearness&near=c-183bf&kind=circuit").text)["Circuits"][1]
    masks = [int(re.search("c-([0-9a-f]{5})", one).group(1), 16) for one in near]
    far = [(mask ^ 0x183BF).bit_count() for mask in masks]
    assert (masks[0], far) == (0x183BF, sorted(far))


def test_a_picture_of_a_class_stands_for_all_of_its_interpretations(app):
    with app.state.store.read() as session:
        place = locate(session, Addresses(), "xor", Scope())
        frame = frame_of_analysis(session, place.analysis, place.question, ResultRef("xor", Scope()))
    part = next(one for one in frame.parts if one.kind == "interpretation")
    for row in range(0, part.n, 40):
        n = int(part.classes.values[part.classes.codes[row]])
        reply = part.apart(row, range(n))
        space = InterpretationSpace(place.question, Circuit(place.question.layout, int(part.more(row)["mask"], 16)))
        members = Counter(space.block(0, space.count).classes.tolist())
        assert [one["members"] for one in reply] == [members[rank] for rank in range(n)]
        assert [int(space.block(one["index"], one["index"] + 1).classes[0]) for one in reply] == [*range(n)]


def test_circuits_of_transformers_are_pictures_too(transformers):  # noqa: F811
    page = transformers.get("/networks/majority/explanations").text
    n, pictures = kinds(page)["Circuits"]
    assert len(pictures) == n > 1
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg" class="thumb') >= n
    assert all(re.search("(nodes?|edges?), (without|all)", one) for one in pictures)


@pytest.mark.parametrize(
    ("most", "sizes", "taken"),
    [
        (300, [4, 8, 1], [4, 8, 1]),
        (300, [197, 7836, 3], [148, 149, 3]),
        (5, [3, 3], [2, 3]),
        (0, [2], [0]),
        (9, [], []),
    ],
)
def test_what_is_short_of_room_gets_as_much_as_any_other(most, sizes, taken):
    assert shared(most, sizes) == taken


def test_kinds_with_few_pictures_stand_beside_each_other():
    picture = Picture(None, "", ())
    given = [OfKind(str(n), "", "", n, "", [picture] * n) for n in (4, 8, 1, 20, 3)]
    assert WIDE == 8
    assert [one.kind for one in packed(given)] == ["4", "1", "3", "8", "20"]


@pytest.mark.parametrize(
    ("mask", "most", "words_of"),
    [
        ("3ffff", 2, ""),
        ("3fffe", 2, "without A→n1.0"),
        ("081ff", 2, "without n2.1 and n2.2"),
        ("081ff", 0, "without 2 more parts"),
        ("183bf", 2, "without n2.2, n1.0→n2.0 and 2 more edges"),
        ("183bf", 3, "without n2.2, n1.0→n2.0, n1.1→n2.1 and n1.2→n2.1"),
    ],
)
def test_what_a_circuit_leaves_out_is_said_whole_neurons_first(mask, most, words_of):
    file = pretrained_xor()
    assert left_out_words(ask(file.network, task=file.tasks[0]), int(mask, 16), most) == words_of
