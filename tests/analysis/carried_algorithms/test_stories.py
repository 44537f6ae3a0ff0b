"""Stories against a plain program, against the search on a network made of what is left, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.algorithms.candidates import Candidates
from pluriscope.analysis.carried_algorithms import search
from pluriscope.analysis.carried_algorithms.relation import RELATIONS
from pluriscope.analysis.carried_algorithms.search import Stories, Unasked, all_stories, find_stories, uniform_sample
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.placements.formulas import search_formulas
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, mask_array
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from tests.golden_files import golden_network
from tests.oracles.brute_force_stories import Plain


def xor(name: str, **rules: object) -> Question:
    network = golden_network(name).network
    return ask(network, task=named_task("XOR", 2), protocol=COMPLETE.model_copy(update={"name": "derived", **rules}))


def answer(question: Question, masks: np.ndarray) -> Stories:
    found = all_stories(question, masks)
    assert isinstance(found, Stories)
    return found


def names(found: Stories) -> list[str]:
    """Alice joins two ANDs with an OR, Bob a NAND and an OR with an AND: of the two only hers is an OR at the top."""
    return ["alice" if "∨" in algorithm.formula.replace("(A ∨ B)", "") else "bob" for algorithm in found.algorithms]


def plain(network: Network) -> Plain:
    return Plain(
        [matrix.tolist() for matrix in network.weights],
        [bias.tolist() for bias in network.biases],
        network.activation,
        network.output_activation,
        network.negative_slope,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "every"), [("xor_pretrained", 1), ("xor_2-2", 1), ("xor_3-3_a", 7), ("xor_2-2-2", 1), ("xor_tanh_3-3", 9)]
)
def test_every_story_is_that_of_a_plain_program(name: str, every: int) -> None:
    question = xor(name)
    masks = search_circuits(question).masks[::every]
    found, network = answer(question, masks), plain(question.network)

    def named(story: frozenset[int]) -> frozenset[str]:
        return frozenset(names(found)[one] for one in story)

    assert sorted(names(found)) == ["alice", "bob"]
    assert named(found.whole) == network.story()
    assert len(masks)
    for mask, story in zip(masks.tolist(), found.story_of.tolist(), strict=True):
        assert named(found.stories[story]) == network.story(mask), hex(mask)


def folded(question: Question, circuit: Circuit) -> Question:
    """What is left of the network: absent edges have weight 0, and what they carry stands in the biases."""
    network = question.network
    weights, biases = [], []
    for layer, (matrix, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        keep = circuit.keep[layer]
        weights.append(np.where(keep, matrix, 0.0))
        biases.append(bias + (np.where(keep, 0.0, matrix) * question.absent[layer]).sum(axis=1))
    left = Network.from_arrays(
        weights,
        biases,
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=network.negative_slope,
    )
    return ask(left, task=question.task, protocol=question.protocol, data=question.data)


@pytest.mark.slow
@pytest.mark.parametrize("ablation", ["zero", "mean"])
@pytest.mark.parametrize("name", ["xor_pretrained", "xor_sigmoid_3-3"])
def test_a_story_is_what_the_search_finds_on_the_network_that_is_left(name: str, ablation: str) -> None:
    question = xor(name, ablation=ablation)
    masks = search_circuits(question).masks[::11]
    assert len(masks)
    found = answer(question, masks)
    for mask, story in zip(masks.tolist(), found.story_of.tolist(), strict=True):
        results = search_formulas(
            folded(question, Circuit(question.layout, mask)), Candidates(found.algorithms, len(found.algorithms))
        )
        carried = {number for number, result in enumerate(results.algorithms) if result.n_valid}
        assert carried == found.stories[story]


def test_tasks_without_anything_to_place_are_not_asked() -> None:
    network = golden_network("and_3-3").network
    found = find_stories(ask(network, task=named_task("AND", 2)), mask_array([3], ask(network).layout))
    assert isinstance(found, Unasked)
    assert not found.arises
    assert "variable" in found.reason


def test_algorithms_that_are_not_all_listed_leave_it_undecided() -> None:
    question = xor("xor_pretrained")
    few = Work(limits=Work().limits.__class__(max_candidates=10))
    found = find_stories(question, search_circuits(question).masks, few)
    assert isinstance(found, Unasked)
    assert found.arises
    assert "250" in found.reason


def test_too_many_circuits_are_sampled_with_an_interval_that_holds_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    question = xor("xor_3-3_a")
    masks = search_circuits(question).masks
    every = find_stories(question, masks)
    monkeypatch.setattr(search, "MAX_PRODUCTS", 60 * 1_680)
    some = find_stories(question, masks)
    assert isinstance(every, Stories)
    assert isinstance(some, Stories)
    assert some.sampled
    assert (some.n_asked, some.of) == (60, len(masks))
    assert set(some.masks.tolist()) < set(masks.tolist())
    for relation in RELATIONS:
        low, high = some.interval(relation)
        assert low <= every.interval(relation)[0] <= high
    kept = every.among(np.isin(masks, some.masks), len(masks))
    assert kept.counts == some.counts
    assert kept.by_edges == some.by_edges


def test_a_sample_is_drawn_uniformly_from_all_circuits() -> None:
    masks = np.arange(10_000)
    drawn = uniform_sample(masks, 1_000)
    assert len(drawn) == 1_000
    assert (np.diff(drawn) > 0).all()
    assert np.array_equal(drawn, uniform_sample(masks, 1_000)), "always the same"
    tenths = np.bincount(drawn // 1_000, minlength=10)
    assert (abs(tenths - 100) < 40).all(), "four standard deviations of a tenth's share"
    assert np.array_equal(uniform_sample(masks, 10_000), masks)
