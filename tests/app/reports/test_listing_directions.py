"""Alignments on directions in the list of all explanations: a kind of their own, filtered, sorted, paged, exported."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.app.reports.conftest import XORNET

pytestmark = pytest.mark.slow
LIST = XORNET + "/explanations"


def facet(page, name) -> dict[str, int]:
    (one,) = [facet for facet in page["facets"] if facet["name"] == name]
    return {choice["value"]: choice["count"] for choice in one["choices"]}


def test_each_is_listed_once_with_the_classes_that_found_it(get) -> None:
    page = get(LIST, kind="direction", standing="any", limit=200)
    assert page["total"] == page["of"] == len(page["items"])
    assert len({item["ref"] for item in page["items"]}) == len(page["items"])
    assert {item["kind"] for item in page["items"]} == {"direction"}
    valid = get(LIST, kind="direction")
    assert valid["total"] == valid["on_directions"]
    for item in valid["items"]:
        assert item["iia"]["agreed"] == item["iia"]["of"] == 24
        assert set(item["classes"]) <= {"integer", "orthogonal"}
        assert item["linear"][0]["site"].startswith("layer 1 along")


@pytest.mark.parametrize(
    "query", [{"map": "integer"}, {"map": ["integer", "orthogonal"]}, {"layer": 1}, {"joint": "yes"}, {"joint": "no"}]
)
def test_facets_count_what_each_choice_leaves(get, query) -> None:
    whole = get(LIST, kind="direction", standing="any")
    page = get(LIST, kind="direction", standing="any", **query)
    ((name, value),) = query.items()
    asked = value if isinstance(value, list) else [value]
    if len(asked) == 1 and name != "layer":  # with one hidden layer there is nothing to choose
        assert facet(whole, name)[str(value)] == page["total"]
    assert {kind: count for kind, count in facet(page, "kind").items() if kind != "direction" and count} == {}
    for item in page["items"]:
        jointly = item["joint"] is not None and item["joint"]["agreed"] == item["joint"]["of"]
        assert name != "map" or set(asked) <= set(item["classes"])
        assert name != "joint" or jointly == (value == "yes")
    (pill, *_) = [
        pill
        for pill in page["filters"]
        if "map" in pill["label"] or "layer" in pill["label"] or "joint" in pill["label"]
    ]
    assert name not in parse_qs(urlsplit(pill["url"]).query) or len(asked) > 1


def test_criteria_that_their_scores_answer_are_asked_of_them(get) -> None:
    both = get(LIST, kind="direction", standing="any", criteria="both-directions")
    assert both["total"] == get(LIST, kind="direction")["total"]
    assert both["pending"] == []
    jointly = get(LIST, kind="direction", standing="any", criteria="joint-interchange")
    assert jointly["total"] == get(LIST, kind="direction", standing="any", joint="yes")["total"] > 0
    assert get(LIST, kind="direction", criteria="margin(least=0.5)")["total"] == 0
    assert get(LIST, kind="direction", criteria="minimal-alignment")["total"] == 0


def test_pages_follow_each_other_in_any_order(get) -> None:
    for sort, order in [("iia", "desc"), ("margin", "asc"), ("kind", "asc"), ("gates", "desc"), ("neurons", "asc")]:
        query = {"kind": ["direction", "algorithm"], "standing": "any", "sort": sort, "order": order}
        whole = [item["ref"] for item in get(LIST, **query, limit=200)["items"]]
        paged, after = [], ""
        while True:
            page = get(LIST, **query, limit=7, **({"after": after} if after else {}))
            paged += [item["ref"] for item in page["items"]]
            if page["next"] is None or len(paged) > 100:
                break
            after = page["next"]
        assert paged == whole[: len(paged)]
        assert len(set(paged)) == len(paged)


def test_what_is_asked_wrongly_is_refused(client) -> None:
    for query in ({"map": "circular"}, {"layer": 2}, {"layer": 0}, {"joint": "perhaps"}):
        assert client.get(LIST, params=query).status_code in (400, 404, 422)
