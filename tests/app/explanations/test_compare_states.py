"""A comparison's state is its address: pin, reorder, swap, remove, count once; telling apart; what to compare next."""

from __future__ import annotations

import re
from itertools import combinations
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from sqlalchemy import event

from analysis.criteria.symmetry import permuted_masks
from analysis.data import clean_data
from analysis.experiments import SILENT, decide_under_interventions, intervention_space
from analysis.explanations.interpretations import predict_by_interpretation
from analysis.networks.circuit import EdgeLayout
from analysis.question import ask
from tests.factories import interpretation_at, pretrained_xor
from tests.oracles.brute_force_circuits import possible_masks

pytestmark = pytest.mark.one_database

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
def test_a_pinned_explanation_stands_first_and_the_others_say_how_far_they_are(compare, four, get):
    page = compare(*four, pin=four[2])
    assert page["refs"] == [four[2], four[0], four[1], four[3]]
    first, *others = page["explanations"]
    assert first["pinned"]
    assert first["distance"] is None
    for item in others:
        distance, mask = item["distance"], item["mask"]
        if mask is None:
            assert distance["edges_shared"] is distance["edges_either"] is None
        else:
            one, other = int(first["mask"], 16), int(mask, 16)
            assert distance["edges_shared"] == (one & other).bit_count()
            assert distance["edges_either"] == (one | other).bit_count()
        pair = next(p for p in page["pairs"] if {p["first"], p["second"]} == {"P", item["letter"]})
        assert (distance["predictions_same"], distance["predictions_both"]) == (pair["same"], pair["both"])
    unpinned = get(first["pin_url"])
    assert unpinned["refs"] == page["refs"]
    assert not any(item["pinned"] for item in unpinned["explanations"])
    assert get(page["url"]) == page


@pytest.mark.slow
def test_explanations_are_moved_removed_and_swapped_by_links(client, compare, four, get):
    page = compare(*four)
    assert page["explanations"][0]["earlier_url"] is None
    assert page["explanations"][-1]["later_url"] is None
    assert get(page["explanations"][0]["later_url"])["refs"] == [four[1], four[0], *four[2:]]
    assert get(page["explanations"][3]["earlier_url"])["refs"] == [*four[:2], four[3], four[2]]
    without = get(page["explanations"][1]["without_url"])
    assert without["refs"] == [four[0], *four[2:]]
    swap = page["explanations"][1]["swap_url"]
    choice = get(swap)
    assert (choice["swapping"], choice["refs"], choice["explanations"]) == (four[1], list(four), [])
    text = client.get(swap).text
    assert "Replace one" in text
    assert len(re.findall(r'<input type="text"[^>]* name="e"', text)) == 6


def test_a_pin_stays_first_and_leaves_with_its_explanation(compare, four, get):
    page = compare(*four, pin=four[1])
    assert page["explanations"][0]["later_url"] is None
    assert page["explanations"][1]["earlier_url"] is None
    assert "pin=" not in page["explanations"][0]["without_url"]
    assert f"pin={four[1]}" in page["explanations"][2]["without_url"]


# ---- one in substance ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_nothing_shows_is_one_in_substance_and_counted_once_on_request(client, compare, get):
    page = compare(*ALIKE, "i-081ff.0")
    (group,) = page["groups"]
    assert (group["letters"], group["reasons"]) == (["P", "Q"], ["unobservable choices"])
    assert "completions that nothing shows" in group["words"][0]
    assert page["separation"]["alike"] == [["P", "Q"]]
    assert page["separation"]["inseparable"] == [["P", "Q"]]
    once = get(page["groups_url"])
    assert once["counted_once"]
    assert [item["letter"] for item in once["explanations"]] == ["P", "R"]
    assert once["explanations"][0]["stands_for"] == [ALIKE[1]]
    assert once["refs"] == page["refs"]
    assert once["n_crucial"] == page["n_crucial"]
    assert get(once["groups_url"]) == page
    assert "two in substance" in client.get(once["url"]).text
    alone = compare(*ALIKE, groups="once")
    assert len(alone["explanations"]) == 1
    assert client.get(alone["url"]).status_code == 200


def test_circuits_that_differ_by_edges_that_carry_nothing_are_one_in_substance(client):
    address = "/compare?network=three&e=c-ff&e=c-e3&e=c-e7&e=i-ff.0"
    page = client.get("/api/v1" + address).json()
    (group,) = page["groups"]
    assert (group["letters"], group["reasons"]) == (["P", "Q", "R"], ["edges of weight 0"])
    assert group["words"] == [
        "Q and P differ only by edges of weight 0 (C → n1.0, A → n1.1, B → n1.1), which carry nothing",
        "R and P differ only by edges of weight 0 (A → n1.1, B → n1.1), which carry nothing",
    ]
    assert "differ only by edges of weight 0" in client.get(address).text


def test_a_symmetry_is_named(compare):
    from tests.app.explanations.conftest import twin_neurons

    network = twin_neurons().network
    layout = EdgeLayout(network.sizes)
    moves = ((1, 0), (0, 1))
    for mask, _ in possible_masks(network):
        image = int(permuted_masks(np.array([mask], dtype=np.uint64), moves, layout)[0])
        if image != mask:
            break
    page = compare(f"c-{layout.to_hex(mask)}", f"c-{layout.to_hex(image)}", network="twins")
    (group,) = page["groups"]
    assert group["reasons"] == ["symmetry"]
    assert "n1.0 → n1.1" in group["words"][0]


def test_the_same_under_two_protocols_says_so(compare):
    page = compare("i-2b0cf.0", "i-2b0cf.0@paper")
    (group,) = page["groups"]
    assert "under another protocol" in group["words"][0]


# ---- telling apart ---------------------------------------------------------------------------------------------------


def test_two_are_parted_and_two_never(compare):
    """The pair that every intervention leaves together is checked against the plain definition."""
    parted, alike = compare(*PARTED), compare(*ALIKE)
    assert parted["n_crucial"] > 0
    assert len(parted["separation"]["experiments"]) == 1
    assert alike["n_crucial"] == 0
    assert alike["separation"]["of_all_sets"]
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


def test_the_fewest_interventions_part_all_that_can_be_parted(compare, masks):
    page = compare(*(f"i-{mask}.0" for mask in masks[:6]))
    apart = page["separation"]
    assert apart["exact"]
    assert apart["at_least"] == len(apart["experiments"])
    together = {tuple(pair) for pair in apart["inseparable"]}
    for one, other in combinations(range(6), 2):
        names = (page["explanations"][one]["letter"], page["explanations"][other]["letter"])
        parted = any(
            row["predictions"][one] != row["predictions"][other]
            and SILENT not in (row["predictions"][one], row["predictions"][other])
            for row in apart["experiments"]
        )
        assert parted == (names not in together)


def test_those_that_predict_nothing_are_not_said_to_agree(client, compare, masks):
    page = compare(f"c-{masks[0]}", f"c-{masks[1]}", *PARTED)
    assert page["separation"]["alike"] == [["P", "Q"]]
    assert ["P", "Q"] in page["separation"]["silent"]
    text = client.get(page["url"]).text
    assert "predict nothing, so nothing can tell them apart" in text
    assert "predict the same on every intervention" not in text


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


def test_the_former_page_of_neighbours_leads_to_the_choice(client):
    answer = client.get("/compare/neighbours?network=xor&e=c-3f&pin=c-3f&limit=3")
    assert (answer.status_code, answer.headers["location"]) == (301, "/compare?network=xor&e=c-3f&pin=c-3f")


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
    counts = {}
    for page in ("/compare?network=xor&", "/networks/xor/verdicts?"):
        sent.clear()
        assert client.get(page + query).status_code == 200
        counts[page.partition("?")[0]] = len(sent)
    event.remove(reader, "before_cursor_execute", note)
    assert counts["/compare"] <= 8
    assert counts["/networks/xor/verdicts"] <= 40
