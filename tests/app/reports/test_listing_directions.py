"""Alignments on directions in the one list: each once, with what found it, filtered by what is asked of them alone."""

from __future__ import annotations

import pytest

from tests.app.reports.conftest import XORNET

pytestmark = pytest.mark.slow
LIST = XORNET + "/explanations"


def test_each_is_listed_once_with_the_classes_that_found_it(get) -> None:
    page = get(LIST, kind="direction", valid="any", limit=200)
    assert page["total"] == page["of"] == len({item["ref"] for item in page["items"]})
    valid = get(LIST, kind="direction")["items"]
    for item in valid:
        assert item["iia_agreed"] == item["iia_of"] == 24
        assert set(item["classes"]) <= {"integer", "integer-any", "orthogonal", "oblique"}
        assert "@1=" in item["places"]


@pytest.mark.parametrize(
    "query", [{"classes": ["integer"]}, {"classes": ["integer", "orthogonal"]}, {"joint": ["yes"]}]
)
def test_facets_count_what_each_choice_leaves(get, query) -> None:
    page = get(LIST, kind="direction", valid="any", **query)
    ((name, asked),) = query.items()
    (facet,) = [one for one in get(LIST, kind="direction", valid="any")["facets"] if one["name"] == name]
    counts = {choice["value"]: choice["count"] for choice in facet["choices"]}
    assert page["total"] <= min(counts[one] for one in asked)
    assert len(asked) > 1 or page["total"] == counts[asked[0]]
    assert all(name != "classes" or set(asked) <= set(item["classes"]) for item in page["items"])


def test_criteria_that_their_scores_answer_are_asked_of_them(get) -> None:
    both = get(LIST, kind="direction", valid="any", passes="both-directions")
    assert (both["total"], both["pending"]) == (get(LIST, kind="direction")["total"], [])
    jointly = get(LIST, kind="direction", valid="any", passes="joint-interchange")
    assert jointly["total"] == get(LIST, kind="direction", valid="any", joint="yes")["total"] > 0
    assert get(LIST, kind="direction", passes="minimal-alignment")["total"] == 0


def test_what_is_asked_wrongly_is_refused(client) -> None:
    for query in ({"classes": "circular"}, {"layer": 2}, {"layer": 0}, {"joint": "perhaps"}):
        assert client.get(LIST, params=query).status_code == 400
