"""What is proved of points and patches, under every activation."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.questions.tasks import Task, input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_methods.directions.oblique import output_sides
from pluriscope_methods.robustness.intervals import bisect, bounds, decided_alike
from pluriscope_methods.robustness.programs import circuit_program, decision_regions, network_program
from tests.analysis.circuits.test_circuit_search import custom
from tests.analysis.subjects.perceptron.test_activations import FALLING, NEW, network_of


def judged(key: str, network: Network):
    decided = (forward(network, input_table(network.n_inputs))[:, 0] > 0.5).astype(int)
    question = ask(network, task=Task(tuple(decided.tolist())), protocol=custom(accuracy_threshold=0.0))
    return criterion_named(key).judge(Population("circuit", question, search_circuits(question).masks[:1]))


REFUSALS = {
    "regions": lambda kind: decision_regions(network_of("relu", kind), "rounding"),
    "sides": lambda kind: output_sides(network_of("relu", kind), "rounding", 1),
    "patching": lambda kind: judged("patching-robust", network_of("relu", kind)),
}


@pytest.mark.parametrize("kind", FALLING)
@pytest.mark.parametrize("what", REFUSALS)
def test_what_assumes_that_nothing_falls_refuses_what_does(kind, what):
    with pytest.raises(AnalysisError, match=kind):
        REFUSALS[what](kind)


@pytest.mark.parametrize("kind", NEW)
def test_a_ball_is_certified_as_its_points_are_decided(kind):
    """Bounds hold what points give, and proofs hold for points; also of what falls."""
    network, random = network_of(kind, sizes=(3, 3, 2, 1)), np.random.default_rng(0)
    program = network_program(network)
    low = random.uniform(-1, 1, (40, 3))
    high = low + random.uniform(0, 1, (40, 3)) ** 3
    known = bounds(program, low, high)
    for _ in range(60):
        values = program.values(low + (high - low) * random.random((40, 3)))
        assert (known.low <= values + 1e-12).all()
        assert (values <= known.high + 1e-12).all()
    assert (known.high - known.low)[(high - low).max(axis=1) < 0.01] == pytest.approx(0.0, abs=0.5)
    keep = [np.ones(matrix.shape, dtype=bool) for matrix in network.weights]
    keep[0][0, 0] = False
    circuit = circuit_program(network, keep, [np.zeros(width) for width in network.sizes[:-1]])
    alike = decided_alike(program, circuit, decision_regions(network, "threshold"))
    answers = set()
    for least, most in zip(low, high, strict=True):
        found = bisect(alike, least, most, 2_000)
        points = [least + (most - least) * random.random((200, 3)), np.array([found.witness or least])]
        decided = [program.values(one) > 0.5 for one in points], [circuit.values(one) > 0.5 for one in points]
        answers.add(found.answer)
        assert found.answer != "proved" or (decided[0][0] == decided[1][0]).all()
        assert found.answer != "refuted" or decided[0][1] != decided[1][1]
    assert "proved" in answers
