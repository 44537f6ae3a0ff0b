"""Interchange accuracy of placements against the package causal-abstraction-eval, which draws pairs of inputs.

Its number is an error: of every input and variable the share of pairs whose interchange is predicted wrongly, and their
mean. Interchanges of inputs are never wrong, nor are those of an input with itself.
"""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.iia import score_placement
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.bundled import bundled_networks
from tests.checkout import ROOT

GOLDEN = json.loads((ROOT / "tests" / "golden" / "abstraction" / "interchange.json").read_text())
NETWORKS = {one.slug: one.file for one in bundled_networks()}
NEVER = 1e-6
"""Chance that draws as many as these are further apart."""


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["alignment"])
def test_interchange_accuracy_is_that_of_the_package(case: dict[str, Any]) -> None:
    file = NETWORKS[case["network"]]
    algorithm = parse_algorithm(case["algorithm"], COMPLETE.algorithm_form, file.network.n_inputs)
    places = {path: NeuronSet(layer, tuple(neurons)) for path, layer, neurons in case["places"]}
    alignment = NeuronPlacement.of(algorithm.text, places)
    assert alignment.id == case["alignment"]
    iia = score_placement(ask(file.network, task=file.tasks[0]), algorithm, alignment).iia
    pairs, targets = 4**file.network.n_inputs, file.network.n_inputs + len(places)
    assert (iia.of - iia.agreed) / (pairs * targets) == pytest.approx(case["each pair"], abs=1e-12)
    apart = math.sqrt(math.log(2 / NEVER) / (2 * GOLDEN["draws"]))  # Hoeffding
    assert abs((iia.of - iia.agreed) / (pairs * targets) - case["iia"]) <= apart
