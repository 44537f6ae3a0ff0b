"""The tour: what its screens say is what the other pages say of the same network."""

import pytest

from app.pages.tour import SCREENS
from tests.app.pages.conftest import XOR

pytestmark = pytest.mark.one_database

TOUR = "/api/v1/tour"


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """The network of this store under the name that it has here."""
    for module in ("showcase", "gallery"):
        monkeypatch.setattr(f"app.pages.{module}.FEATURED_NETWORK", "xor")


def test_its_numbers_are_those_of_the_network(client):
    counts = client.get(f"/api/v1{XOR}").json()["counts"]
    facts = client.get(f"{TOUR}/7").json()["facts"]
    assert [fact["value"].replace(",", "") for fact in facts] == [
        str(counts["circuits_valid"]),
        str(counts["interpretations_total"]),
        str(counts["alignments_valid"]),
    ]
    for fact in facts:
        assert client.get(fact["url"]).status_code == 200


@pytest.mark.slow
def test_its_explanations_pass_and_disagree(client):
    circuit, reading = (client.get(f"{TOUR}/{number}").json() for number in (2, 3))
    assert circuit["mask"] == reading["mask"]
    assert client.get(f"/api/v1{XOR}/circuits/{circuit['mask']}").json()["verdict"]["valid"]
    flipped = client.get(f"{TOUR}/5").json()["run"]
    assert flipped["explanations"][0]["right"]
    before, after = (flipped[name]["decisions"][1]["decision"] for name in ("clean", "run"))
    assert {before, after} == {0, 1}
    divided = client.get(f"{TOUR}/6").json()["run"]["explanations"]
    assert [one["kind"] for one in divided] == ["interpretation", "alignment"]
    assert sorted(one["right"] for one in divided) == [False, True]


@pytest.mark.parametrize("number", range(1, len(SCREENS) + 1))
def test_each_screen_says_something_and_leads_on(client, number):
    screen = client.get(f"{TOUR}/{number}").json()
    assert screen["paragraphs"]
    assert not screen["waiting"]
    assert bool(screen["next_url"]) == (number < len(SCREENS))
    for link in screen["links"]:
        missing = "network=alice-and-bob" in link["url"]  # whose network is not in this store
        assert client.get(link["url"]).status_code == (404 if missing else 200)
    assert client.get(screen["url"]).status_code == 200


@pytest.mark.slow
def test_the_front_page_begins_with_the_first_screen_and_exchanges_its_figure(client):
    ours = {"limit": 49}  # an address of which no answer is kept from before the network had this name
    featured = client.get("/api/v1/gallery", params=ours).json()["featured"]
    assert featured["tour"] == client.get(f"{TOUR}/1").json()
    shown = [
        client.get(step["url"], headers={"HX-Request": "true", "HX-Target": "section#minute"}).text
        for step in featured["tour"]["steps"]
    ]
    assert len(shown) == 6
    assert all(one.lstrip().startswith('<section id="minute"') for one in shown), "nothing around it"
    assert shown[0].count("<li><a") == 6
    assert '<section id="minute"' in client.get("/", params=ours).text


def test_what_the_front_page_says_is_what_its_screens_show(client):
    screens = [client.get(f"{TOUR}/{number}").json() for number in range(1, len(SCREENS) + 1)]
    assert [bool(screen["brief"]) for screen in screens] == [True] * 6 + [False] * 2
    assert screens[0]["run"]["explanations"] == screens[0]["run"]["changes"] == []
    gates = {gate["site"]: gate for gate in screens[2]["tiles"]}
    other = next(tile for tile in screens[3]["tiles"] if tile["site"] == "n1.0")
    assert gates["n1.0"]["truth_table"] not in (other["truth_table"], [1 - bit for bit in other["truth_table"]])
    assert f"{other['name']} on n1.0, where the interpretation has {gates['n1.0']['name']}" in screens[3]["brief"]
    test = screens[4]["run"]
    assert f"turns to {test['explanations'][0]['says']}, and it does" in screens[4]["brief"]
    reading, alignment = screens[5]["run"]["explanations"]
    right = "alignment" if alignment["right"] else "interpretation"
    assert f"predicts {reading['says']} and the alignment {alignment['says']}: here the {right}" in screens[5]["brief"]


def test_there_are_no_other_screens(client):
    for number in (0, len(SCREENS) + 1):
        answer = client.get(f"{TOUR}/{number}")
        assert answer.status_code == 404
        assert f"Use 1 to {len(SCREENS)}" in answer.text
    assert client.get("/tour", follow_redirects=False).headers["location"] == "/tour/1"
