"""At which grain networks carry their algorithms: trained networks, against the theorem and against trying places."""

from __future__ import annotations

from functools import lru_cache

import pytest

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.carried_algorithms.search import Unasked, story_algorithms
from pluriscope.analysis.placements.formulas import place_with
from pluriscope.analysis.placements.neuron_sets import site_decisions
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.mlp import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from tests.minimal_joint import n_minimal_joint
from tests.oracles import brute_force_shared_gates as plain
from tests.oracles.brute_force_drawing import first_accepted, unflattened


@lru_cache
def carried_by(network: Network) -> tuple[HighLevelModel, ...]:
    """The irredundant algorithms, those with shared gates included, that a network carries."""
    question = asked(network)
    algorithms = story_algorithms(question, Work())
    assert not isinstance(algorithms, Unasked)
    found = [*place_with(site_decisions(question), algorithms, question.protocol)]
    return tuple(result.algorithm for result in found if result.n_valid)


def asked(network: Network) -> Question:
    rules = {"algorithm_form": "shared_gates", "alignments_kept": "minimal", "n_near_misses": 0}
    return ask(network, task=named_task("XOR", 2), protocol=COMPLETE.model_copy(update=rules))


AND_READ_TWICE = Network.from_arrays(
    [[[1, 1], [1, 0], [0, 1]], [[-1, 1, 0], [-1, 0, 1]], [[1, 1]]],
    [[-1, 0, 0], [0, 0], [0]],
    activation="relu",
    output_activation="linear",
)
"""relu(A - g) + relu(B - g) with g = relu(A + B - 1): one gate that two others read."""


@lru_cache
def xor_programs() -> dict:
    return plain.irredundant_programs((0, 1, 1, 0), 2, 4)


def drawn_xor(seed: int) -> Network:
    *_, numbers = first_accepted([0, 1, 1, 0], seed, (2, 3, 3, 1), "fan-in", 3, 0.25, 100_000)
    plain_one = unflattened(numbers, (2, 3, 3, 1), "leaky_relu", "leaky_relu", 0.01)
    return Network.from_arrays(
        plain_one.weights, plain_one.biases, activation="leaky_relu", output_activation="leaky_relu"
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [None, 61])
def test_a_program_that_shares_no_code_finds_the_same_algorithms_and_places(seed: int | None):
    """All programs of up to four ANDs, every place of each, every single and every joint interchange."""
    network = AND_READ_TWICE if seed is None else drawn_xor(seed)
    programs = xor_programs()
    assert len(programs) == 6
    places = {text: plain.Places(network, program) for text, program in programs.items()}
    carried = {text for text, found in places.items() if found.valid()}
    assert carried == {one.text.partition(";")[0] for one in carried_by(network)}
    assert (len(carried) == 6) == (seed is None)

    shared = asked(network)
    candidates = candidate_algorithms(shared.task, shared.protocol, len(network.hidden_sizes)).algorithms
    six = tuple(one for one in candidates if one.text.partition(";")[0] in programs)
    assert n_minimal_joint(shared, six) == sum(found.minimal_joint() for found in places.values())
