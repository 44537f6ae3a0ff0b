"""Collections: addresses that hold pages in an order."""

import re

import pytest

from app.addressing import Addresses
from app.pages.collection import MOST_ITEMS
from tests.app.pages.conftest import XOR

COLLECTION = "/api/v2/collections"
PAGES = [(XOR, "The network"), (f"{XOR}/circuits/081ff", ""), ("/networks/gone/circuits/1", "Was here")]


def address(entries, **view):
    return Addresses().twin(Addresses().collection("Mine", entries, **view))


@pytest.mark.slow
def test_it_shows_its_items_in_order_with_their_notes(client):
    page = client.get(address(PAGES)).json()
    assert page["title"] == "Mine"
    assert [(one["address"], one["note"]) for one in page["items"]] == PAGES
    assert [bool(one["url"]) for one in page["items"]] == [True, True, False]
    html = client.get(page["url"]).text
    pictures = re.findall(r'<img src="([^"]+)"', html)
    assert len(pictures) == 2
    for picture in pictures:
        assert client.get(picture).headers["content-type"].startswith("image/svg")
    assert "This item is gone" in html
    assert "The network" in html
    assert client.get(f"{page['url']}&slide=2").status_code == 200


def test_the_form_and_addresses_from_before_lead_to_the_collection(client):
    lines = f"{XOR} The network\n\n /networks/gone/circuits/1  Was here \n"
    sent = client.get("/collections", params={"title": "Mine", "lines": lines}, follow_redirects=False)
    here = Addresses().collection("Mine", [PAGES[0], PAGES[2]])
    assert (sent.status_code, sent.headers["location"]) == (303, here)
    former = client.get(here.replace("/collections", "/collection"), follow_redirects=False)
    assert (former.status_code, former.headers["location"]) == (301, here.replace("%20", "+"))


def test_an_item_that_is_gone_says_why_and_the_rest_works(client):
    gone = client.get(address(PAGES)).json()["items"][2]
    assert "is not stored here" in gone["problem"]
    assert gone["note"] == "Was here"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?note=a&note=b", "are for 0 items"),
        ("?" + "&".join(f"item={XOR}&note=" for _ in range(MOST_ITEMS + 1)), f"are more than {MOST_ITEMS}"),
        ("?colour=red", "Allowed options"),
    ],
)
def test_what_cannot_be_a_collection_is_refused(client, query, words):
    answer = client.get(COLLECTION + query)
    assert answer.status_code == 400
    assert words in answer.json()["error"] + str(answer.json()["errors"])
