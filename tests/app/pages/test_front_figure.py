"""The figure of the front page: what its steps say is what they show and what the other pages say of the network."""

import pytest

from app.pages.front_figure import STEPS
from tests.app.pages.conftest import XOR

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """The network of this store under the name that it has here."""
    for module in ("showcase", "gallery"):
        monkeypatch.setattr(f"app.pages.{module}.FEATURED_NETWORK", "xor")


@pytest.fixture
def figures(client):
    """Every step of the figure, from addresses of which no answer is kept from before the network had this name."""
    asked = [{"limit": 49, "step": number} for number in range(1, len(STEPS) + 1)]
    return [client.get("/api/v1/gallery", params=one).json()["featured"]["figure"] for one in asked]


def test_what_the_steps_say_is_what_they_show(client, figures):
    assert all(figure["words"] for figure in figures)
    runs = {n: client.get(f"/api/v2{figures[n]['run_url']}").json() for n in (0, 4, 5)}
    assert runs[0]["explanations"] == runs[0]["changes"] == []
    circuit, reading, aligned, test, divided = figures[1:]
    assert circuit["mask"] == reading["mask"]
    assert client.get(f"/api/v2{XOR}/explanations/c-{circuit['mask']}").json()["valid"]
    gates = {gate["site"]: gate for gate in reading["tiles"]}
    other = next(tile for tile in aligned["tiles"] if tile["site"] == "n1.0")
    assert gates["n1.0"]["truth_table"] not in (other["truth_table"], [1 - bit for bit in other["truth_table"]])
    assert f"{other['name']} on n1.0, where the interpretation has {gates['n1.0']['name']}" in aligned["words"]
    assert runs[4]["explanations"][0]["right"]
    assert {runs[4][name]["gives"] for name in ("before", "after")} == {"0", "1"}
    assert f"turns to {runs[4]['explanations'][0]['says']}, and it does" in test["words"]
    said = runs[5]["explanations"]
    assert [one["ref"][0] for one in said] == ["i", "a"]
    assert sorted(one["right"] for one in said) == [False, True]
    right = "alignment" if said[1]["right"] else "interpretation"
    assert f"predicts {said[0]['says']} and the alignment {said[1]['says']}: here the {right}" in divided["words"]
    assert [bool(figure["compare_url"]) for figure in figures] == [False] * 5 + [True]
