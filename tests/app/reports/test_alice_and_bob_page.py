"""Alice, Bob and Carol as pages show them: everything from the stored report."""

from __future__ import annotations

from fractions import Fraction

import pytest
from fastapi.testclient import TestClient

from app.bundled import ALICE_AND_BOB
from app.jobs.seeding import add_bundled_networks
from app.main import create_app
from tests.factories import on_a_copy

pytestmark = pytest.mark.slow


def cells(story, label):
    (test,) = [one for one in story["tests"] if one["label"] == label]
    return test["cells"]


def test_the_cast_is_what_was_found(story) -> None:
    assert [one["name"] for one in story["cast"]] == ["Alice", "Bob", "Carol"]
    assert [[reading["words"] for reading in one["readings"]] for one in story["cast"]] == [
        ["n1.1 − n1.2", "n1.0 − n1.2"],
        ["1 − n1.0 − n1.1 + n1.2", "n1.2"],
        ["n1.0", "n1.1", "n1.2"],
    ]
    assert story["n_circuits"] == 4


def test_what_each_passes(story) -> None:
    assert [cell["words"] for cell in cells(story, "Interchange, all variables at once")] == [
        "64 of 64",
        "64 of 64",
        "256 of 256",
    ]
    sets = cells(story, "On disjoint sets of neurons")
    assert [(cell["words"], cell["passes"]) for cell in sets] == [
        ("0 of 12", False),
        ("1 of 12", True),
        ("not applicable", None),
    ]
    assert sets[0]["detail"] == "best joint score 52 of 64"
    cube = cells(story, "Hidden cube")
    assert [cell["detail"] for cell in cube] == ["= 29/32", "= 85/96", "= 27/32"]
    assert all(cell["words"] == "8 of 8" for cell in cells(story, "Corners of the hidden cube"))


def test_contradictions_have_shares_and_witnesses(story) -> None:
    events = {one["words"]: one for one in story["events"]}
    assert Fraction(events["Alice and Bob contradict each other"]["cube"]) == Fraction(7, 48)
    itself = events["Alice contradicts itself: values that no input gives its variables"]
    assert itself["square_low"] < 0.11356 < itself["square_high"]
    assert itself["witnesses"][0]["where"].startswith("input (0.6, 0.6)")
    assert itself["witnesses"][0]["said"][0]["possible"] is False
    parted = events["Alice is wrong, Bob right"]["witnesses"][-1]
    assert [one["says"] == parted["network"] for one in parted["said"]][:2] == [False, True]


def test_the_page_leads_to_comparison_and_sandbox(client, story) -> None:
    page = client.get("/alice-and-bob").text
    assert "With variables on sets of neurons only Bob passes, Alice does not." in page
    for url in (story["compare_url"], story["cast"][0]["url"], story["cast"][2]["url"], story["ladder_url"]):
        assert client.get(url).status_code == 200, url
    states = [one["url"] for event in story["events"] for one in event["witnesses"] if one["url"]]
    assert client.get(states[0]).status_code == 200


def test_unknown_options_are_refused(client) -> None:
    assert client.get("/alice-and-bob?who=bob").status_code == 400
    assert client.get("/api/v1/alice-and-bob?who=bob").status_code == 400


def test_the_story_stays_where_it_is_when_its_network_is_renamed(tmp_path) -> None:
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1), follow_redirects=False) as browser:
        with app.state.store.write() as session:
            add_bundled_networks(session)
        renamed = browser.post(f"/api/v1/networks/{ALICE_AND_BOB}/rename", json={"slug": "another-name"})
        assert renamed.status_code == 200
        assert browser.get("/api/v1/alice-and-bob").json()["network"]["slug"] == "another-name"
        assert browser.get("/alice-and-bob").status_code == 200
        assert browser.get(f"/networks/{ALICE_AND_BOB}").headers["location"] == "/networks/another-name"
