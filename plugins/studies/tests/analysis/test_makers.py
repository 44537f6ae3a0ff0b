"""Every maker judges what it hands on: a network counts as converged only if it is right after its last step."""

from __future__ import annotations

from math import exp, tanh

import pytest

from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.values.late_functions import function_at
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.reading import design_from_mapping
from pluriscope_studies.analysis.sources import SOURCES

pytestmark = pytest.mark.slow

BARE = {"slug": "one", "name": "One", "question": "Which?", "measures": ["circuits-valid"], "hidden": [[3, 3]]}
ALICE, BOB = "!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))"
DISGUISES = ("noise", "noise=0.3", "noise=0.5")
PLANTED = {
    "source": "planted",
    "source_options": {"algorithms": [ALICE, BOB], "steps": 600},
    "planting": [*(f"compile, {one}" for one in DISGUISES), "plain", "iit", "strict, noise=0.3", "strict-zero"],
}
SOURCES_OF = {
    "planted": PLANTED,
    "drawn": {"source": "drawn", "tasks": [["OR"]], "prior": ["normal 1"], "loss_target": [0.05]},
    "trained": {"activation": ["leaky_relu", "sigmoid"], "loss_target": [0.05]},
    "noisy": {"noise_std": [0.1]},
    "penalised": {"regularisation": ["l1 0.003", "prune 0.5"]},
}
ACTIVATIONS = {"leaky_relu": lambda z: z if z > 0 else 0.01 * z, "sigmoid": lambda z: 1 / (1 + exp(-z)), "tanh": tanh}


def outputs(network, row):
    """Neuron by neuron."""
    values = row
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        last = layer == len(network.weights)
        act = ACTIVATIONS[(network.output_activation if last else None) or network.activation]
        values = [
            act(b + sum(w * v for w, v in zip(ws, values, strict=True))) for ws, b in zip(weights, biases, strict=True)
        ]
    return values


def n_wrong(network, tasks):
    rows = [[place >> bit & 1 for bit in reversed(range(network.n_inputs))] for place in range(2**network.n_inputs)]
    right = [
        all(round(found) == task.truth_table[place] for found, task in zip(outputs(network, row), tasks, strict=True))
        for place, row in enumerate(rows)
    ]
    return right.count(False)


@pytest.mark.parametrize("source", SOURCES_OF)
def test_what_counts_is_right_as_it_is_handed_on(source):
    design, states = design_from_mapping(BARE | SOURCES_OF[source]), set()
    for cell in cells_of(design):
        for one in function_at(SOURCES[design.source].maker)(cell, range(12), DEFAULT_WORK):
            wrong = n_wrong(one.network, one.tasks)
            assert one.state != "converged" or not wrong, (cell.name, one.seed)
            assert source == "noisy" or one.accuracy == 1 - wrong / 4  # noisy rows are others than these
            if "compile" in cell.name:
                assert one.state == ("accuracy_too_low" if wrong else "converged")
                assert not wrong or f"decides {wrong} of 4 inputs wrong in its disguise" in one.message
            states.add(one.state)
    assert "converged" in states
    assert source != "planted" or {"accuracy_too_low", "loss_above_target"} <= states
