"""The tour: what its screens say is what the other pages say of the same network."""

import pytest

from app.pages.tour import SCREENS
from tests.app.pages.conftest import XOR

TOUR = "/api/v1/tour"


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """The network of this store under the name that it has here."""
    monkeypatch.setattr("app.pages.showcase.FEATURED_NETWORK", "xor")


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
        missing = link["url"].endswith("/alice-and-bob")  # whose network is not in this store
        assert client.get(link["url"]).status_code == (404 if missing else 200)
    assert client.get(screen["url"]).status_code == 200


def test_there_are_no_other_screens(client):
    for number in (0, len(SCREENS) + 1):
        answer = client.get(f"{TOUR}/{number}")
        assert answer.status_code == 404
        assert f"Use 1 to {len(SCREENS)}" in answer.text
    assert client.get("/tour", follow_redirects=False).headers["location"] == "/tour/1"
