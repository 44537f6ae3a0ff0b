"""A comparison's state is its address: swap, remove; what no intervention tells apart; what cannot be compared."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import event

from analysis.data import clean_data
from analysis.experiments import decide_under_interventions, intervention_space
from analysis.explanations.interpretations import predict_by_interpretation
from analysis.question import ask
from tests.factories import interpretation_at, pretrained_xor

ALIKE = ("i-2b0cf.0", "i-2b0cf.2")  # one in substance: no intervention tells them apart
PARTED = ("i-2b0cf.0", "i-2b0cf.1")


@pytest.fixture
def compare(get):
    def fetch(*refs, **view):
        return get("/compare", network=view.pop("network", "xor"), e=list(refs), **view)

    return fetch


def refs_in(url):
    return parse_qs(urlsplit(url).query)["e"]


@pytest.fixture
def four(masks, aligned):
    return (f"c-{masks[0]}", f"i-{masks[1]}.0", f"i-{masks[2]}.0", aligned["ref"])


# ---- state in the address --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_pinned_explanation_stands_first_and_other_options_of_earlier_addresses_change_nothing(compare, four, get):
    page = compare(*four, pin=four[2], groups="once", swaps_after="later")
    assert page["refs"] == [four[2], four[0], four[1], four[3]]
    assert page == compare(*page["refs"]) == get(page["url"])


# ---- telling apart ---------------------------------------------------------------------------------------------------


def test_two_are_parted_and_two_never(compare):
    """The pair that every intervention leaves together is checked against the plain definition."""
    parted, alike = compare(*PARTED), compare(*ALIKE)
    assert parted["n_crucial"] > 0
    assert alike["n_crucial"] == 0
    file, data = pretrained_xor(), clean_data(2)
    space = intervention_space((3, 3), 2)
    answers = decide_under_interventions(file.network, data.clean_rows, space)
    said = [
        predict_by_interpretation(interpretation_at(ask(file.network, data=data), circuit(ref), index(ref)), space)
        for ref in (*PARTED, ALIKE[1])
    ]
    assert (said[0] == said[2]).all()
    differ = (said[0] != said[1]) & space.counted
    assert parted["n_crucial"] == int(differ.sum())
    assert parted["pairs"][0]["first_right"] == int((said[0] == answers.decisions)[differ].sum())


def circuit(ref):
    from analysis.networks.circuit import circuit_from_hex

    return circuit_from_hex(ref[2:].split(".")[0], (2, 3, 3, 1))


def index(ref):
    return int(ref.split(".")[1])


# ---- one axis of inputs ----------------------------------------------------------------------------------------------


def test_equal_columns_stand_once(compare, masks):
    page = compare(*PARTED)
    columns = [(column["site"], tuple(column["truth_table"])) for column in page["values"]]
    assert len(set(columns)) == len(columns)
    of = {
        (column["site"], tuple(column["truth_table"])): []
        for item in page["explanations"]
        for column in item["columns"]
    }
    for item in page["explanations"]:
        for column in item["columns"]:
            of[column["site"], tuple(column["truth_table"])].append(item["letter"])
    assert of == {(c["site"], tuple(c["truth_table"])): c["letters"] for c in page["values"]}
    assert [column["letters"] for column in page["said"]] == [["P", "Q"]]


# ---- what cannot be compared -----------------------------------------------------------------------------------------


def test_six_too_many_leads_to_the_first_six(client, masks):
    query = "&".join(f"e=c-{mask}" for mask in masks[:8])
    answer = client.get(f"/api/v1/compare?network=xor&{query}")
    assert answer.status_code == 400
    assert refs_in(answer.json()["parent"]) == [f"c-{mask}" for mask in masks[:6]]


def test_one_wrong_reference_leads_to_the_others(client, masks):
    answer = client.get(f"/api/v1/compare?network=xor&e=c-{masks[0]}&e=nonsense&e=c-{masks[1]}")
    assert answer.status_code == 400
    assert "explanation 2" in answer.json()["error"]
    assert refs_in(answer.json()["parent"]) == [f"c-{masks[0]}", f"c-{masks[1]}"]


@pytest.mark.slow
def test_a_comparison_asks_the_store_little(client, masks, aligned):
    sent = []

    def note(_connection, _cursor, statement, *_):
        sent.append(statement)

    reader = client.app.state.store.reader
    event.listen(reader, "before_cursor_execute", note)
    query = "&".join(f"e={ref}" for ref in [f"c-{masks[0]}", *(f"i-{mask}.0" for mask in masks[:4]), aligned["ref"]])
    for part, most in {"": 8, "&part=criteria": 60}.items():
        sent.clear()
        assert client.get(f"/compare?network=xor&{query}{part}").status_code == 200
        assert len(sent) <= most, part
    event.remove(reader, "before_cursor_execute", note)
