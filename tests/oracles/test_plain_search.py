"""The plain search of the benchmarks is a third route to the authors' results: it shares no code with the engine."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from benchmarks import plain_reference as plain
from tests.checkout import ROOT

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run

SMALL = ("xor_pretrained", "xor_2-2", "xor_2-2-2", "imp_2-3", "nand_3-2", "nor_2-2", "xor_relu_3-3", "xor_tanh_3-3")


@pytest.mark.parametrize("name", SMALL)
def test_plain_search_finds_what_the_authors_code_finds(name: str) -> None:
    golden: dict[str, Any] = json.loads((ROOT / "tests" / "golden" / f"{name}.json").read_text())
    stored, output = golden["network"], golden["outputs"][0]
    slope = stored.get("negative_slope")
    network = plain.PlainNetwork(
        list(zip(stored["weights"], stored["biases"], strict=True)),
        stored["activation"],
        0.01 if slope is None else slope,
    )
    labels = output["target"]

    valid, possible = plain.valid_circuits(network, labels, paper=True)
    assert possible == output["circuits"]["n_enumerated"]
    assert sorted(map(plain.mask_of, valid)) == [int(mask, 16) for mask in output["circuits"]["masks"]]

    listed = sum(1 for edges in valid for _ in plain.interpretations(network, edges))
    assert listed == output["interpretations"]["total_factored"]

    algorithms = output["algorithms"]
    formulas = plain.formulas(labels, network.sizes[0], algorithms["max_depth"])
    assert [plain.text_of(formula) for formula in formulas] == [c["str"] for c in algorithms["candidates"]]

    order = [tuple(row) for row in algorithms["sample_order"]]
    pairs = list(itertools.combinations(order, 2))
    found = [plain.minimal_mappings(network, formula, pairs) for formula in formulas]
    assert sum(map(len, found)) == algorithms["n_mappings"]
    assert sum(1 for mappings in found if mappings) == algorithms["n_formulas_with_mapping"]
