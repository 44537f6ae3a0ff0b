"""How a method came to its answer: its steps lead to that answer, and each costs what it says."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.circuits.result import CircuitSearch
from analysis.discovery.cuts import MAX_EDGE_RUNS, CutNetwork
from analysis.discovery.location import Landscape
from analysis.discovery.masked_runs import outputs_of_masks, rows_of
from analysis.discovery.path import stages_of, steps_of
from analysis.discovery.registry import METHOD_BY_KEY, METHODS
from analysis.errors import BeyondLimits
from analysis.networks.circuit import mask_array
from analysis.networks.network import Network
from analysis.pipeline import search_for_circuits
from analysis.question import Question, ask
from analysis.tasks import named_task
from analysis.work import DEFAULT_WORK
from tests.factories import pretrained_xor, small_network

QUESTION = ask(pretrained_xor().network, task=named_task("XOR", 2))
CUTS = {ablation: CutNetwork.under(QUESTION, ablation) for ablation in ("zero", "pairs")}
WHOLE = (1 << 18) - 1
QUICK = [method.key for method in METHODS if not method.learns]


@pytest.mark.parametrize("key", QUICK)
def test_the_steps_of_every_method_lead_to_its_answer(key: str) -> None:
    method = METHOD_BY_KEY[key]
    cut = CUTS[method.defaults.get("ablation", "zero")]
    steps = steps_of(method, method.defaults, cut)
    answer = method.answer(cut, method.defaults)
    assert len(steps) == 18
    assert sorted(edge for step in steps for edge in step.edges) == list(range(18))
    masks = [step.mask for step in steps]
    if method.score is None:
        assert masks[-1] == answer.raw_mask
    else:
        assert masks[-1] == WHOLE
        assert answer.raw_mask in masks
        chosen = steps[masks.index(answer.raw_mask)]
        assert chosen.after == answer.faithfulness
        assert all(before.after is not None and before.after < 0.95 for before in steps[: masks.index(answer.raw_mask)])


@pytest.mark.parametrize("key", ["eap", "eap-ig", "mask-ig"])
def test_edges_that_no_gradient_reaches_have_no_score(key: str) -> None:
    """A neuron that is off on every input: a derivative of 0 says nothing of the edges into it."""
    weights, biases = [np.ones((2, 2)), np.ones((1, 2))], [np.array([0.0, -9.0]), np.zeros(1)]
    network = Network.from_arrays(weights, biases, activation="relu", output_activation="linear")
    cut = CutNetwork.under(ask(network, task=named_task("OR", 2)), "pairs")
    method = METHOD_BY_KEY[key]
    unknown = {edge for step in steps_of(method, method.defaults, cut) if step.score is None for edge in step.edges}
    assert unknown == {2, 3}
    weightless = METHOD_BY_KEY["weights"]
    assert all(step.score is not None for step in steps_of(weightless, weightless.defaults, cut))


def test_each_step_of_acdc_costs_what_removing_its_edge_costs() -> None:
    method = METHOD_BY_KEY["acdc"]
    settings = method.filled({"tau": 0.1})
    rows = rows_of(QUESTION, "zero")
    whole = outputs_of_masks(QUESTION, mask_array([WHOLE], QUESTION.layout), rows)[0]
    mask, current = WHOLE, 0.0
    for step in steps_of(method, settings, CUTS["zero"]):
        (edge,) = step.edges
        without = mask & ~(1 << edge)
        loss = float(
            np.mean((outputs_of_masks(QUESTION, mask_array([without], QUESTION.layout), rows)[0] - whole) ** 2)
        )
        assert step.before == pytest.approx(current, abs=1e-12)
        assert step.after == pytest.approx(loss, abs=1e-12)
        assert step.kept == (loss - current >= 0.1)
        if not step.kept:
            mask, current = without, loss
        assert step.mask == mask


def test_every_stage_is_valid_where_the_search_says_so() -> None:
    found: CircuitSearch = search_for_circuits(QUESTION, DEFAULT_WORK)
    valid = set(found.masks.tolist())
    method = METHOD_BY_KEY["acdc"]
    stages = stages_of(steps_of(method, method.filled({"tau": 0.1}), CUTS["zero"]), Landscape(QUESTION, found))
    assert {one.valid for one in stages} == {True, False}
    for one in stages:
        assert one.valid == (one.closed.mask in valid)
        if one.chance is not None:
            assert one.chance.low == sum(mask.bit_count() == one.closed.mask.bit_count() for mask in valid)


def test_a_network_that_is_too_large_is_not_followed() -> None:
    file = small_network(0, (6, 40, 40, 1))
    question: Question = ask(file.network, task=named_task("PARITY", 6))
    assert question.layout.n_edges**2 * 64 > MAX_EDGE_RUNS
    with pytest.raises(BeyondLimits):
        steps_of(METHOD_BY_KEY["weights"], METHOD_BY_KEY["weights"].defaults, CutNetwork.under(question, "zero"))
