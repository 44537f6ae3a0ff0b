"""Alice, Bob and Carol as pages show them: everything from the stored report."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from fastapi.testclient import TestClient

from analysis.networks.mlp import activations
from app.bundled import ALICE_AND_BOB, bundled_networks
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


def test_everyone_is_mapped_between_the_inputs(story) -> None:
    squares = story["squares"]
    assert [one["name"] for one in squares["squares"]] == ["The network", "Alice", "Bob", "Carol"]
    network = next(one.network for one in bundled_networks() if one.slug == ALICE_AND_BOB)
    rng, side = np.random.default_rng(0), squares["side"]
    cells = rng.integers(side, size=(200, 2))
    layers = activations(network, (cells + 0.5) / side)
    decided = (layers[-1][:, 0] > 0.5).astype(int).tolist()
    rows = squares["squares"][0]["rows"]
    assert [int(rows[second][first]) for first, second in cells] == decided
    for one, cast, reader in zip(squares["squares"][1:], story["cast"], squares["readers"], strict=True):
        for (first, second), hidden, network_says in zip(cells, layers[-2], decided, strict=True):
            levels = [np.dot(test["weights"], hidden) + test["constant"] for test in reader["tests"]]
            index = int("".join(str(int(level > 0)) for level in levels), 2)
            assert int(one["rows"][second][first]) == reader["outputs"][index]
            assert int(one["wrong"][second][first]) == (reader["outputs"][index] != network_says)
            assert int(one["impossible"][second][first]) == (not reader["possible"][index])
        assert [test["weights"] for test in reader["tests"]] == [reading["weights"] for reading in cast["readings"]]
    shares = [np.mean([int(sign) for row in one["impossible"] for sign in row]) for one in squares["squares"][1:]]
    events = {(one["kind"], *one["names"]): one for one in story["events"]}
    for name, share in zip(("Alice", "Bob", "Carol"), shares, strict=True):
        event = events["impossible", name]
        assert event["square_low"] - 0.01 <= share <= event["square_high"] + 0.01


def test_the_corners_are_decided_right_by_all(story) -> None:
    assert [one["bits"] for one in story["squares"]["corners"]] == ["00", "01", "10", "11"]
    for corner, wanted in zip(story["squares"]["corners"], (0, 1, 1, 0), strict=True):
        assert corner["network"] == wanted
        assert corner["says"] == [wanted] * 3


def test_one_contradiction_is_shown_with_the_state_that_brings_it_about(client, story) -> None:
    example = story["example"]
    assert example["names"] == ["Alice", "Bob"]
    witness = next(one for one in example["witnesses"] if one["url"])
    assert story["example_layers"][1] == witness["state"]
    assert (story["example_layers"][-1][0] > 0.5) == bool(witness["network"])
    assert len({one["says"] for one in witness["said"][:2]}) == 2
    assert f'href="{witness["url"]}">Try it in the sandbox'.replace("&", "&amp;") in client.get("/alice-and-bob").text


def test_contradictions_are_sorted_on_request(get) -> None:
    def values(order: str, key: str) -> list:
        return [one[key] for one in get("/alice-and-bob", order=order)["events"]]

    names, cube, square = values("name", "words"), values("cube", "cube_share"), values("square", "square_low")
    assert names == sorted(names)
    assert cube == sorted(cube, reverse=True)
    assert square == sorted(square, reverse=True)


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
