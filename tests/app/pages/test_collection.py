"""Collections and lessons: addresses that hold pages in an order, and prepared sandboxes."""

import pytest

from app.addressing import Addresses
from app.pages.collection import MOST_ITEMS
from tests.app.pages.conftest import XOR

COLLECTION = "/api/v1/collection"
PAGES = [(XOR, "The network"), (f"{XOR}/circuits/081ff", ""), ("/networks/gone/circuits/1", "Was here")]


def address(entries, **view):
    return Addresses().twin(Addresses().collection("Mine", entries, **view))


@pytest.mark.slow
def test_it_shows_its_items_in_order_with_their_notes(client):
    page = client.get(address(PAGES)).json()
    assert page["title"] == "Mine"
    assert [(one["address"], one["note"]) for one in page["items"]] == PAGES
    assert [bool(one["url"]) for one in page["items"]] == [True, True, False]
    for one in page["items"][:2]:
        assert client.get(one["picture"]).headers["content-type"].startswith("image/svg")
    html = client.get(page["url"])
    assert html.status_code == 200
    assert "This item is gone" in html.text


def test_an_item_that_is_gone_says_why_and_the_rest_works(client):
    gone = client.get(address(PAGES)).json()["items"][2]
    assert "is not stored here" in gone["problem"]
    assert gone["note"] == "Was here"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?slide=1", "there are 0 items"),
        ("?note=a&note=b", "are for 0 items"),
        ("?" + "&".join(f"item={XOR}&note=" for _ in range(MOST_ITEMS + 1)), f"are more than {MOST_ITEMS}"),
        ("?colour=red", "Allowed options"),
    ],
)
def test_what_cannot_be_a_collection_is_refused(client, query, words):
    answer = client.get(COLLECTION + query)
    assert answer.status_code == 400
    assert words in answer.json()["error"] + str(answer.json()["errors"])
