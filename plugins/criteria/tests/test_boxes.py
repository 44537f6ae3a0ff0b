"""Circuits on boxes: a planted failure between two values, brute force over all circuits, and points replayed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plugins.criteria.tests.worst_outputs import worst_outputs
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.questions.decisions import decided_right
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import task_from_table
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import kind_of, read_subject
from pluriscope.app.bundled import bundled_models, bundled_networks
from pluriscope_criteria.boxes.criteria import minimality
from pluriscope_criteria.boxes.proving import Box, BoxJudge
from pluriscope_criteria.boxes.report import find
from tests.analysis.criteria.circuit_contexts import all_circuits, kept_sets, xor_context
from tests.analysis.subjects import test_classifier, test_convolutional, test_elman
from tests.oracles import brute_force_criteria as plain

FILES = {one.slug: one.file for one in bundled_networks()}


def planted(twice: bool = False) -> Population:
    """A circuit without n1.0, out of which later neurons make a bump: 0 where it is 0 or 1, 1 where it is 1/2.

    Args:
        twice: whether the bump is taken away again, so that nothing is left of it.
    """
    bump = [[1.0, 0.0], [1.0, 0.0]], [0.0, -0.5], [[2.0, -4.0]]
    if twice:
        bump = [[1.0, 0.0], [1.0, 0.0]], [-0.5, -0.5], [[2.0, -2.0]]
    network = Network.from_arrays(
        [[[1.0, 0.0], [0.0, 1.0]], bump[0], bump[2]],
        [[0.0, 0.0], bump[1], [0.0]],
        activation="relu",
        output_activation="linear",
    )
    question = ask(network, task=task_from_table([0, 0, 0, 0], 2), protocol=COMPLETE)
    return Population("circuit", question, np.array([0b1110101100], dtype=np.uint64))


def test_a_circuit_that_is_right_under_both_clean_values_is_refuted_by_a_point_between_them() -> None:
    circuit = planted()
    verdict = criterion_named("patching-box").judge(circuit).at(0)
    assert verdict.outcome == "failed"
    assert set(verdict.witness["carried"]) == {"n1.0"}
    value = verdict.witness["carried"]["n1.0"]
    assert 0.25 < value < 0.75
    output = plain.run(
        circuit.question.network, kept_sets(circuit)[0], verdict.witness["input"], [[0, 0], [value, 0], [0, 0]]
    )
    assert output[-1][0] == pytest.approx(verdict.witness["outputs"][0])
    assert plain.decision(output[-1][0], "rounding") != 0


def test_what_is_not_decided_in_time_says_after_how_many_boxes() -> None:
    criterion, circuit = criterion_named("patching-box"), planted(twice=True)
    early = criterion.judge(circuit, {"budget": 1}).at(0)
    assert (early.outcome, early.reason) == (
        "undecided",
        "Undecided after 8 boxes: neither proved nor refuted on 4 of 4 rows.",
    )
    assert criterion.judge(circuit).at(0).outcome == "passed"


@pytest.mark.slow
def test_a_wider_box_and_values_by_edge_refute_no_less() -> None:
    circuits, criterion = xor_context(), criterion_named("patching-box")
    usual = criterion.judge(circuits)
    assert (usual.tally.passed, usual.tally.failed) == (56, 141)
    for given in ({"wider": 0.2}, {"by_edge": 1}, {"radius": 0.1}):
        strict = criterion.judge(circuits, given)
        assert (strict.passed <= usual.passed).all()
        assert strict.tally.undecided == 0
    assert criterion.judge(circuits, {"wider": 0.2}).tally.passed < 56


KINDS = {
    "perceptron": lambda: test_classifier.drawn((3, 2, 3, 2)),
    "elman": lambda: test_elman.drawn(2, 1, 2, "leaky_relu"),
    "convolutional": lambda: test_convolutional.drawn([(2, 2, 1, 0), (2, 2, 1, 1)], "relu"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_at_what_a_row_gives_a_program_is_the_run_of_the_circuit_itself(kind) -> None:
    model = KINDS[kind]()
    kind = kind_of(model)
    for rules in kind.admitted_rules(model):
        question = GraphQuestion(kind, model, rules)
        whole = (1 << question.graph.n_bits) - 1
        chosen = [mask for mask in (whole, whole & 0x5DB7, whole & 0x7B6F) if mask]
        bits = question.space.reduce(question.graph.bits(chosen))
        judge = BoxJudge(question, Box())
        for source in range(2):
            ends = [(stage.clean[source],) * 2 for stage in judge.stages.every]
            expected = question.space.run_from(bits, source)
            for mask, outputs in zip(bits, expected, strict=True):
                for by_edge in (False, True):
                    free = judge.stages.over(mask, ends, by_edge=by_edge)
                    carried = np.repeat(free.ends[0][None], len(model.rows), axis=0)
                    found = free.program.values(np.hstack([judge.stages.inputs, carried]))
                    assert np.allclose(found, outputs, atol=1e-10), (rules, source)


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["bars-4x4-conv", "parity-3-elman"])
def test_on_other_kinds_points_are_wrong_and_proofs_hold_for_random_patches(slug) -> None:
    kind, model = read_subject(bundled_models()[slug])
    question = GraphQuestion(kind, model, {name: values[0] for name, values in kind.settings.items()})
    judge, chance = BoxJudge(question, Box()), np.random.default_rng(1)
    passing = judge.candidates.tolist()
    assert len(passing) == {"bars-4x4-conv": 10, "parity-3-elman": 44}[slug]
    failing = [mask for mask in judge.every.tolist() if mask not in passing][-4:]
    for mask in [*passing[:4], *failing]:
        one = judge.standing(mask)
        assert one.outcome == ("passed" if mask in passing else "failed")
        free = judge.stages.over(question.graph.bits([mask])[0], judge.carried, by_edge=False)
        if mask in failing:
            row, point = model.rows.index(one.witness["row"]), [*one.witness["input"], *one.witness["carried"].values()]
            outputs = free.program.values(np.array([point]))[0]
            assert outputs.argmax() != model.answers[row]
            continue
        for row, inputs in enumerate(judge.stages.inputs):
            values = chance.uniform(*free.ends, (50, len(free.names)))
            outputs = free.program.values(np.hstack([np.repeat(inputs[None], 50, axis=0), values]))
            assert (outputs.argmax(axis=1) == model.answers[row]).all()


def test_kinds_without_bounds_are_refused_with_the_reason() -> None:
    kind, model = read_subject(bundled_models()["induction-attention"])
    question = GraphQuestion(kind, model, {name: values[0] for name, values in kind.settings.items()})
    judged = kind.explaining.population(question, None, [(1 << question.graph.n_bits) - 1])
    verdict = criterion_named("patching-box").judge(judged).at(0)
    assert verdict.outcome == "not_applicable"
    assert "transformers" in verdict.reason


def test_of_too_many_circuits_single_removals_still_say_that_one_is_not_minimal() -> None:
    kind, model = COARSER_PERCEPTRON, test_classifier.drawn((3, 10, 10, 3))
    question = GraphQuestion(kind, model, {"granularity": "logit-edges", "ablation": "zero"})
    whole = kind.explaining.population(question, None, [(1 << 130) - 1])
    for key in ("robust-subset", "robust-cardinal"):
        verdict = criterion_named(key).judge(whole).at(0)
        assert verdict.outcome == "failed"
        left = int(verdict.witness["mask"], 16)
        assert left.bit_count() < 130
        assert BoxJudge(question, Box()).standing(left).outcome == "passed"


@pytest.mark.slow
def test_minimality_is_what_plain_loops_over_all_circuits_say() -> None:
    population = all_circuits(57, (2, 2, 2, 1), "leaky_relu")
    question, masks = population.question, population.items.tolist()
    judge = BoxJudge(question, Box())
    robust = {mask for mask in judge.every.tolist() if judge.standing(mask).outcome == "passed"}
    assert 3 < len(robust) < len(masks)
    edges, n = plain.edges_of(question.network), len(plain.edges_of(question.network))
    sets = {mask: {edges[bit] for bit in range(n) if mask >> bit & 1} for mask in range(1 << n)}
    numbers = {frozenset(kept): mask for mask, kept in sets.items()}
    left = {mask: numbers[frozenset(plain.without_dead_neurons(question.network, sets[mask]))] for mask in sets}
    for mask in masks:
        removals = [left[mask & ~(1 << bit)] in robust for bit in range(n) if mask >> bit & 1]
        within = any(other != mask and other & mask == other for other in robust)
        fewest = mask.bit_count() == min(map(int.bit_count, robust))
        expected = {"quasi": not all(removals), "local": not any(removals), "subset": not within, "cardinal": fewest}
        for kind, holds in expected.items():
            assert (minimality(judge, mask, kind).outcome == "passed") == (mask in robust and holds), (mask, kind)


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "smallest"), [("xor-pretrained", 11), ("xor-85", 7), ("xor-or-imp-3-3", 7)])
def test_the_smallest_robust_circuit_is_that_of_brute_force_over_all(slug, smallest) -> None:
    question = ask(FILES[slug].network, task=FILES[slug].tasks[0])
    judge = BoxJudge(question, Box())
    masks = judge.every
    assert len(masks) == 9_625
    network, (rows, labels) = question.network, question.judged
    edges = plain.edges_of(network)
    kept = [np.array([masks >> k & 1 == 1 for k, edge in enumerate(edges) if edge[0] == layer]) for layer in (1, 2, 3)]
    kept = [one.T.reshape(len(masks), *network.weights[at].shape) for at, one in enumerate(kept)]
    low, high = ([end(layer, axis=0) for layer in question.clean_activations] for end in (np.min, np.max))
    left, chance = np.ones(len(masks), bool), np.random.default_rng(3)
    for _ in range(300):
        share = [np.round(chance.random(len(one))) if chance.random() < 0.5 else chance.random(len(one)) for one in low]
        values = np.broadcast_to(rows.T, (left.sum(), *rows.T.shape))
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
            here, absent = kept[layer][left], low[layer] + share[layer] * (high[layer] - low[layer])
            sums = (weights * here) @ values + ((weights * ~here) @ absent + biases)[..., None]
            values = np.where(sums > 0, sums, network.negative_slope * sums)
        left[left] = decided_right(values[:, 0], labels, "rounding").all(axis=1)
    robust = []
    for mask in masks[left].tolist():
        circuit = {edges[k] for k in range(len(edges)) if mask >> k & 1}
        ends = [worst_outputs(network, circuit, row, low, high) for row in rows.tolist()]
        outputs = [[max(end, network.negative_slope * end) for end in some] for some in ends]
        if all(plain.decision(end, "rounding") == y for some, y in zip(outputs, labels, strict=True) for end in some):
            robust.append(mask)
    assert robust == [mask for mask in judge.candidates.tolist() if judge.standing(mask).outcome == "passed"]
    assert min(map(int.bit_count, robust)) == smallest
    least = [mask for mask in robust if mask.bit_count() == smallest]
    assert [minimality(judge, mask, "cardinal").outcome for mask in least] == ["passed"] * len(least)


@pytest.mark.slow
def test_the_smallest_robust_circuit_of_the_pretrained_network_is_not_valid() -> None:
    question = xor_context().question
    report = find(Analysed(question, search_circuits(question)), Settings())
    assert (report.possible, report.robust, report.of_size, report.n_smallest) == (9_625, 60, 1_698, 1)
    assert (report.smallest, report.smallest_valid) == (["183df"], 0)
    assert report.minimal["local"] == {"passed": 1, "failed": 196}
    assert report.findings()[0] == (
        "Of 197 valid circuits, 56 are proved right whatever absent sources carry, 141 are refuted at a point, and 0 "
        "are undecided."
    )
    own = replace(question, protocol=COMPLETE.model_copy(update={"ablation": "mean"}))
    assert 0x183DF in search_circuits(own).masks
