"""What float32 decides otherwise: kept, read back, shown."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from analysis.protocol import PAPER
from analysis.result import Float32Alignments, Float32Circuits, Float32Outcome
from app.db.distributions import distributions_of, float32_in
from app.db.tables import AnalysisRow
from app.pages.network.page import float32_view
from tests.factories import hand_made_analysis

pytestmark = pytest.mark.one_database

PARTED = Float32Outcome(
    Float32Circuits(196, only_float64=(3, 5), only_float32=(9,), n_within_reach=7, reach=1e-4),
    Float32Alignments(84, 2, 92, only_float64=("aa",), only_float32=()),
)


@pytest.mark.parametrize("outcome", [PARTED, Float32Outcome(None, None)])
def test_it_comes_back_from_the_store_as_it_was(outcome):
    told = json.loads(json.dumps(distributions_of(replace(hand_made_analysis(PAPER), float32=outcome))))
    assert float32_in(told) == outcome
    assert float32_in({}) is None  # analyses from before it was kept


def test_words_say_what_was_compared():
    def told(circuits, alignments):
        row = AnalysisRow(
            circuits_possible=3_000, distributions={"float32": {"circuits": circuits, "alignments": alignments}}
        )

        class Here:
            def circuit(self, network, mask, scope):
                return f"/{network}/{mask}"

        return float32_view(row, "xor", None, Here())

    same = {"valid": 32, "only_float64": [], "only_float32": [], "within_reach": 2, "reach": 1e-4}
    agreed = {"decisions": 84, "turned": 0, "valid": 92, "only_float64": [], "only_float32": []}
    assert told(same, agreed).words == (
        "float32 agrees on all 3,000 circuits, though rounding could turn 2 of them. "
        "It agrees on all 84 interchanges, so on every alignment."
    )
    parted = told(same | {"only_float64": ["03"] * 30}, agreed | {"turned": 2, "only_float64": ["aa"]})
    assert "float32 decides 30 of 3,000 circuits otherwise: 30 valid in float64 alone" in parted.words
    assert "2 of 84 interchanges otherwise, and 1 of the kept alignments" in parted.words
    assert (len(parted.only_float64), parted.n_only_float64, parted.only_float64[0].url) == (20, 30, "/xor/03")
    assert "not compared" in told(None, None).words


def test_the_page_and_its_twin_show_it(client):
    page = client.get("/networks/xor", params={"protocol": "paper"})
    assert "float32 agrees on all 3,000 circuits" in page.text
    twin = client.get("/api/v1/networks/xor", params={"protocol": "paper"}).json()["float32"]
    assert (twin["circuits_valid"], twin["n_only_float64"], twin["decisions_turned"]) == (32, 0, 0)
    assert client.get("/api/v1/networks/xor").json()["float32"] is None
