"""What ends the criteria of robustness, and what they say of the whole network."""

from __future__ import annotations

import numpy as np

from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.questions.tasks import task_from_table
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.circuits.test_circuit_search import random_network
from tests.analysis.criteria.test_circuit_criteria import (
    test_a_criterion_whose_time_is_up_ends_at_the_next_check_and_not_only_at_the_next_report as ends_at_the_next_check,
)


def test_the_whole_network_passes_noise_on_every_point() -> None:
    network = random_network(5, (2, 3, 3, 1), "tanh")
    everything = np.array([(1 << EdgeLayout(network.sizes).n_edges) - 1], dtype=np.uint64)
    context = Population("circuit", ask(network, task=task_from_table([0, 1, 1, 0], 2)), everything)
    noise = criterion_named("input-noise").judge(context, {"points": 50}).at(0)
    assert (noise.outcome, noise.numerator, noise.denominator) == ("passed", 50, 50)


def test_a_criterion_whose_time_is_up_ends_at_the_next_check() -> None:
    ends_at_the_next_check("input-noise")
