"""Interpretations by the names of their gates, against the distinct ones that the authors' code prints."""

from __future__ import annotations

import pytest

from analysis.errors import BeyondLimits
from analysis.interpretations.observed import observed_classes
from analysis.networks.circuit import Circuit, EdgeLayout
from analysis.question import ask
from analysis.studies.measures.named import n_named
from tests.golden_files import NAMES, golden, golden_data, golden_network

QUICK = ("xor_3-3_b", "xor_2-2-2", "xor+or+imp_3-3", "nor_2-2")
PER_OUTPUT = 12


def stored(name):
    for output, found in enumerate(golden(name)["outputs"]):
        for one in found.get("interpretations", {}).get("circuits", [])[:PER_OUTPUT]:
            if one.get("n_ref_distinct") is not None:
                yield output, found["circuits"]["masks"][one["index"]], one["n_ref_distinct"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in NAMES if [*stored(name)]]
)
def test_as_many_as_the_authors_code_prints(name):
    file, data = golden_network(name), golden_data(name)
    for output, mask, expected in stored(name):
        network = file.network.for_output(output)
        circuit = Circuit(EdgeLayout(network.sizes), int(mask, 16))
        assert n_named(observed_classes(ask(network, data=data), circuit)) == expected


def test_too_many_are_refused(monkeypatch):
    monkeypatch.setattr("analysis.studies.measures.named.MAX_NAMED", 3)
    network = golden_network("xor_3-3_b").network
    circuit = Circuit(EdgeLayout(network.sizes), int(golden("xor_3-3_b")["outputs"][0]["circuits"]["masks"][0], 16))
    with pytest.raises(BeyondLimits, match="more than 3"):
        n_named(observed_classes(ask(network, data=golden_data("xor_3-3_b")), circuit))
