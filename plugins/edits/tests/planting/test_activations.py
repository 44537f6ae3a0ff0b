"""Planting and editing under every activation: done, or refused where they assume what it does not have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope_edits.planting.certificate import certified_margin
from pluriscope_edits.planting.compiling import compile_algorithm
from pluriscope_edits.planting.planted import Planted
from pluriscope_edits.rules.rank_one import aim_of
from pluriscope_edits.rules.trigger import read_trigger
from pluriscope_edits.rules.trojan import planted
from tests.analysis.subjects.perceptron.test_activations import FALLING, WRITTEN, network_of


def planted_of(kind: str, output: str) -> Planted:
    made = compile_algorithm(parse_algorithm("(A&B)", "and_inverter", 2), (3, 3))
    return replace(made, network=replace(made.network, activation=kind, output_activation=output))


WITHOUT_GATES = {
    "planting": lambda kind: compile_algorithm(planted_of("relu", "linear").record.algorithm, (3,), activation=kind),
    "trojan": lambda kind: planted(network_of(kind, sizes=(2, 3, 3, 1)), input_table(2), read_trigger("A=1,B=1:0")),
}


@pytest.mark.parametrize("name", [one for one in WRITTEN if activation_of(one).monotone])
def test_the_output_that_an_edit_aims_at_is_reached(name):
    record = activation_of(name)
    for target in (0, 1):
        if record.high < 0.9 * target:
            continue
        output, given = aim_of(Network.from_arrays([[[1.0]]], [[0.0]], activation=name), target)
        assert abs(output - target) <= 0.1
        assert record.value(np.array([given]))[0] == pytest.approx(output, abs=1e-15)


@pytest.mark.parametrize("kind", FALLING)
def test_an_aim_is_refused_where_the_output_falls(kind):
    with pytest.raises(AnalysisError, match=kind):
        aim_of(network_of("relu", kind), 1)


@pytest.mark.parametrize("what", WITHOUT_GATES)
def test_what_needs_a_kink_at_0_refuses_what_has_none(what):
    for kind in ("gelu", "elu", "softplus", "hardtanh"):
        with pytest.raises(AnalysisError, match=kind):
            WITHOUT_GATES[what](kind)


def test_a_margin_is_left_open_where_something_falls():
    made = planted_of("gelu", "linear")
    assert certified_margin(made.network, made.record) is None


def test_a_hard_step_has_gates():
    made = compile_algorithm(planted_of("relu", "linear").record.algorithm, (3,), activation="hardtanh(min=0)")
    assert forward(made.network, input_table(2))[:, 0].tolist() == [0, 0, 0, 1]
    assert certified_margin(made.network, made.record) == pytest.approx(0.5)
