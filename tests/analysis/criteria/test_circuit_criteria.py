"""Criteria for circuits against brute force, their properties, and what they count on the pretrained XOR."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from analysis.circuits.circuit import EdgeLayout
from analysis.circuits.search import search_circuits
from analysis.criteria import knockouts, patching, symmetry
from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.noise import points_around
from analysis.criteria.registry import criteria_for, criterion_named
from analysis.criteria.symmetry import symmetries
from analysis.data import clean_data
from analysis.errors import Cancelled
from analysis.networks.mlp import forward
from analysis.networks.network import Network
from analysis.protocol import COMPLETE, Protocol
from analysis.tasks import input_table, task_from_table
from analysis.validity import decide
from tests.factories import pretrained_xor
from tests.oracles import brute_force_criteria as plain
from tests.oracles.brute_force_circuits import boolean_rows, possible_masks

MEAN = COMPLETE.model_copy(update={"name": "mean", "ablation": "mean"})

# passed circuits of the 197, under the protocol "complete"; the second route is tests/oracles/brute_force_criteria.py
XOR_COUNTS = {
    "zero-ablation": 197,
    "mean-ablation": 191,
    "resample-ablation": 100,
    "all-ablations": 100,
    "output-faithfulness": 12,
    "knockout-completeness": 5,
    "necessity": 197,
    "patching-robust": 56,
    "minimal-quasi": 197,
    "minimal-local": 37,
    "minimal-subset": 5,
    "minimal-cardinal": 3,
    "margin": 197,
    "representative": 197,
}


def random_network(seed: int, sizes: tuple[int, ...], activation: str) -> Network:
    random = np.random.default_rng(seed)
    shapes = list(zip(sizes[1:], sizes, strict=False))
    weights = [random.normal(size=s, scale=1.5) for s in shapes]
    biases = [random.normal(size=s[0], scale=0.3) for s in shapes]
    return Network.from_arrays(weights, biases, activation=activation, output_activation=activation)


@lru_cache
def all_circuits(seed: int, sizes: tuple[int, ...], activation: str, rule: str = "rounding") -> CircuitCriteriaContext:
    """Every possible circuit of a random network, taken as valid, and as task what the network itself decides."""
    network = random_network(seed, sizes, activation)
    decided = decide(forward(network, input_table(sizes[0]))[:, 0], rule)  # type: ignore[arg-type]
    task = task_from_table([int(d == 1) for d in decided], sizes[0])
    masks = np.array([mask for mask, _ in possible_masks(network)], dtype=np.uint64)
    protocol = COMPLETE.model_copy(update={"circuit_decision": rule})
    return CircuitCriteriaContext(network, task, protocol, clean_data(sizes[0]), masks)


@lru_cache
def xor_context(protocol: Protocol = COMPLETE) -> CircuitCriteriaContext:
    file = pretrained_xor()
    found = search_circuits(file.network, file.tasks[0], protocol, clean_data(2))
    return CircuitCriteriaContext(file.network, file.tasks[0], protocol, clean_data(2), found.masks)


def kept_sets(context: CircuitCriteriaContext) -> list[set[tuple[int, int, int]]]:
    edges = plain.edges_of(context.network)
    return [{edge for k, edge in enumerate(edges) if mask >> k & 1} for mask in context.masks.tolist()]


def passed(context: CircuitCriteriaContext, key: str, **given: float) -> list[bool]:
    return criterion_named(key).judge("circuit", context, given).passed.tolist()


# seeds of networks on which every criterion keeps some circuits and drops some
CASES = [
    (57, (2, 2, 2, 1), "leaky_relu", "rounding"),
    (8, (2, 2, 2, 1), "tanh", "threshold"),
    pytest.param(*(57, (2, 2, 2, 1), "relu", "rounding"), marks=pytest.mark.slow),
    pytest.param(*(22, (2, 2, 2, 1), "tanh", "rounding"), marks=pytest.mark.slow),
    pytest.param(*(14, (2, 2, 2, 1), "sigmoid", "rounding"), marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("seed", "sizes", "activation", "rule"), CASES)
def test_criteria_agree_with_brute_force_on_every_circuit(seed, sizes, activation, rule) -> None:
    context = all_circuits(seed, sizes, activation, rule)
    network = context.network
    rows, labels = boolean_rows(2), list(context.task.truth_table)
    kept = kept_sets(context)
    by_key = {
        "zero-ablation": plain.passes_zero,
        "mean-ablation": plain.passes_mean,
        "resample-ablation": plain.passes_resample,
        "patching-robust": plain.survives_patching,
    }
    expected = {
        key: [function(network, one, rows, labels, rule, 0.99) for one in kept] for key, function in by_key.items()
    }
    expected["all-ablations"] = [
        all(three) for three in zip(*(expected[f"{k}-ablation"] for k in ("zero", "mean", "resample")), strict=True)
    ]
    for key, values in expected.items():
        assert passed(context, key) == values, key
        assert 0 < sum(values) < len(kept)
    differences = criterion_named("output-faithfulness").judge("circuit", context).scores
    assert np.allclose(differences, [plain.largest_difference(network, one, rows) for one in kept], atol=1e-12)
    complete = criterion_named("knockout-completeness").judge("circuit", context)
    counts = [plain.knockouts_alike(network, one, rows, rule) for one in kept]
    assert complete.numerators.tolist() == [alike for alike, _ in counts]
    assert complete.denominators.tolist() == [total for _, total in counts]
    assert complete.passed.tolist() == [alike == total for alike, total in counts]
    necessary = criterion_named("necessity").judge("circuit", context)
    n_right = [plain.complement_right(network, one, rows, labels, rule) for one in kept]
    assert necessary.numerators.tolist() == n_right
    assert necessary.passed.tolist() == [n / 4 <= 0.99 for n in n_right]


@pytest.mark.parametrize("seed", range(4))
def test_minimality_agrees_with_brute_force_on_any_set_of_valid_circuits(seed: int) -> None:
    everything = all_circuits(0, (2, 2, 2, 1), "leaky_relu")
    chosen = np.random.default_rng(seed).random(len(everything)) < 0.2 + 0.2 * seed
    context = replace(everything, masks=everything.masks[chosen])
    valid = set(context.masks.tolist())
    expected = [plain.minimal_kinds(mask, valid, context.layout.n_edges) for mask in context.masks.tolist()]
    for place, kind in enumerate(("quasi", "local", "subset", "cardinal")):
        assert passed(context, f"minimal-{kind}") == [kinds[place] for kinds in expected], kind


def test_witnesses_of_minimality_are_smaller_valid_circuits() -> None:
    context = xor_context()
    valid = set(context.masks.tolist())
    for key in ("minimal-local", "minimal-subset", "minimal-cardinal"):
        verdicts = criterion_named(key).judge("circuit", context)
        for position in np.flatnonzero(~verdicts.passed).tolist():
            mask, smaller = int(context.masks[position]), int(verdicts.at(position).witness["mask"], 16)
            assert smaller in valid
            assert smaller.bit_count() < mask.bit_count()
            assert key == "minimal-cardinal" or smaller & mask == smaller


def test_nothing_is_minimal_for_sure_where_the_search_stopped() -> None:
    cut_off = replace(xor_context(), exhaustive=False)
    for kind in ("quasi", "local", "subset", "cardinal"):
        whole = criterion_named(f"minimal-{kind}").judge("circuit", xor_context())
        part = criterion_named(f"minimal-{kind}").judge("circuit", cut_off)
        assert part.having("undecided").tolist() == whole.passed.tolist()
        assert part.having("failed").tolist() == whole.having("failed").tolist()
        undecided = int(np.flatnonzero(whole.passed)[0])
        assert "stopped at a limit" in part.at(undecided).reason


def twin_network() -> Network:
    """Neurons 0 and 2 of the first hidden layer are twins, and so are both of the second."""
    weights = [
        [[1.0, -1.0], [0.5, 2.0], [1.0, -1.0]],
        [[0.7, 0.2, 0.7], [0.7, 0.2, 0.7]],
        [[1.5, 1.5]],
    ]
    return Network.from_arrays(weights, [[0.1, 0.2, 0.1], [0.3, 0.3], [0.0]])


@pytest.mark.parametrize("twins", [True, False])
def test_representatives_are_the_least_of_their_class(twins: bool) -> None:
    network = twin_network() if twins else random_network(3, (2, 3, 2, 1), "tanh")
    masks = np.array([mask for mask, _ in possible_masks(network)][::7], dtype=np.uint64)
    context = CircuitCriteriaContext(network, task_from_table([0, 1, 1, 0], 2), COMPLETE, clean_data(2), masks)
    assert len(list(symmetries(network))) == (4 if twins else 1)
    verdicts = criterion_named("representative").judge("circuit", context)
    least = [plain.least_of_class(network, mask) for mask in masks.tolist()]
    assert verdicts.passed.tolist() == [one == mask for one, mask in zip(least, masks.tolist(), strict=True)]
    assert verdicts.passed.all() != twins
    for position in np.flatnonzero(~verdicts.passed).tolist():
        assert int(verdicts.at(position).witness["mask"], 16) == least[position]


def test_a_symmetry_that_needs_two_layers_at_once_is_found() -> None:
    network = Network.from_arrays(
        [[[1.0, 1.0], [1.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.5, 0.5], [0.0]]
    )
    assert list(symmetries(network)) == [((0, 1), (0, 1)), ((1, 0), (1, 0))]


def test_a_symmetry_that_goes_round_in_three_is_found_the_right_way_round() -> None:
    around = [[1.0, 2.0, 4.0], [4.0, 1.0, 2.0], [2.0, 4.0, 1.0]]
    network = Network.from_arrays([[[1.0, -1.0]] * 3, around, [[1.0] * 3]], [[0.0] * 3, [0.5] * 3, [0.0]])
    found = list(symmetries(network))
    assert len(found) == 3
    for first, second in found:
        for out in range(3):
            for source in range(3):
                assert around[second[out]][first[source]] == around[out][source]


@pytest.mark.parametrize("key", XOR_COUNTS)
def test_the_pretrained_xor_has_its_counts(key: str) -> None:
    verdicts = criterion_named(key).judge("circuit", xor_context())
    assert len(verdicts) == 197
    assert verdicts.tally.passed == XOR_COUNTS[key]
    assert verdicts.tally.failed == 197 - XOR_COUNTS[key]


@pytest.mark.slow
def test_both_routes_agree_on_the_pretrained_xor() -> None:
    context = xor_context()
    network, rows, labels = context.network, boolean_rows(2), [0, 1, 1, 0]
    kept = kept_sets(context)
    assert passed(context, "mean-ablation") == [
        plain.passes_mean(network, one, rows, labels, "rounding", 0.99) for one in kept
    ]
    assert passed(context, "resample-ablation") == [
        plain.passes_resample(network, one, rows, labels, "rounding", 0.99) for one in kept
    ]
    assert passed(context, "output-faithfulness") == [
        plain.largest_difference(network, one, rows) <= 0.1 for one in kept
    ]
    assert passed(context, "knockout-completeness") == [
        len(set(plain.knockouts_alike(network, one, rows, "rounding"))) == 1 for one in kept
    ]
    few = range(0, 197, 13)
    patched = passed(context, "patching-robust")
    assert [patched[i] for i in few] == [
        plain.survives_patching(network, kept[i], rows, labels, "rounding", 0.99) for i in few
    ]


def test_stricter_parameters_leave_fewer_and_trivial_ones_all() -> None:
    context = xor_context()
    before = passed(context, "output-faithfulness", tolerance=1e6)
    assert all(before)
    for tolerance in (0.5, 0.1, 0.01, 0.0):
        now = passed(context, "output-faithfulness", tolerance=tolerance)
        assert all(late <= early for late, early in zip(now, before, strict=True))
        before = now
    assert all(passed(context, "input-noise", share=0.0, points=10))
    assert all(passed(context, "input-noise", radius=0.0, points=3))  # valid circuits agree on clean inputs
    assert all(passed(context, "margin", least=0.0))
    loose, strict = (passed(context, "input-noise", share=share, points=200) for share in (0.9, 0.99))
    assert all(late <= early for late, early in zip(strict, loose, strict=True))
    assert sum(strict) < sum(loose)


def test_stricter_criteria_leave_fewer() -> None:
    context = xor_context()
    weaker = {
        "minimal-cardinal": "minimal-subset",
        "minimal-subset": "minimal-local",
        "minimal-local": "minimal-quasi",
        "patching-robust": "resample-ablation",
        "all-ablations": "mean-ablation",
    }
    for strict, weak in weaker.items():
        assert all(late <= early for late, early in zip(passed(context, strict), passed(context, weak), strict=True)), (
            strict
        )


def test_the_whole_network_as_a_circuit_passes_what_compares_it_with_itself() -> None:
    network = random_network(5, (2, 3, 3, 1), "tanh")
    everything = np.array([(1 << EdgeLayout(network.sizes).n_edges) - 1], dtype=np.uint64)
    context = CircuitCriteriaContext(network, task_from_table([0, 1, 1, 0], 2), COMPLETE, clean_data(2), everything)
    for key in ("output-faithfulness", "knockout-completeness"):
        assert passed(context, key) == [True]
    noise = criterion_named("input-noise").judge("circuit", context, {"points": 50}).at(0)
    assert (noise.outcome, noise.numerator, noise.denominator) == ("passed", 50, 50)
    assert criterion_named("output-faithfulness").judge("circuit", context, {"tolerance": 0}).at(0).score == 0


def test_noise_is_the_same_for_the_same_seed_and_its_witness_differs() -> None:
    context = xor_context()
    first, again, other = (
        criterion_named("input-noise").judge("circuit", context, {"points": 100, "seed": seed}) for seed in (1, 1, 2)
    )
    assert first.numerators.tolist() == again.numerators.tolist()
    assert first.numerators.tolist() != other.numerators.tolist()
    for position in range(0, 197, 20):
        verdict = first.at(position)
        if verdict.numerator < 100:
            centre, point = verdict.witness["centre"], verdict.witness["input"]
            assert max(abs(a - b) for a, b in zip(centre, point, strict=True)) <= 0.1
            outputs = np.array([verdict.witness["circuit"], verdict.witness["network"]])
            assert len(set(decide(outputs, "rounding").tolist())) == 2
        else:
            assert "input" not in verdict.witness


def test_noise_and_margins_agree_with_brute_force() -> None:
    whole = all_circuits(22, (2, 2, 2, 1), "tanh")
    context = replace(whole, masks=whole.masks[::6])
    network, everything = context.network, set(plain.edges_of(context.network))
    noise = criterion_named("input-noise").judge("circuit", context, {"points": 30, "radius": 0.4, "seed": 5})
    margins = criterion_named("margin").judge("circuit", context, {"least": 0.1})
    balls = points_around(input_table(2), 0.4, 30, seed=5).tolist()
    assert all(
        max(abs(a - b) for a, b in zip(point, row, strict=True)) <= 0.4
        for row, ball in zip(boolean_rows(2), balls, strict=True)
        for point in ball
    )
    for position, kept in enumerate(kept_sets(context)):
        alike = [
            sum(
                len({plain.decision(plain.run(network, edges, z)[-1][0], "rounding") for edges in (kept, everything)})
                == 1
                for z in ball
            )
            for ball in balls
        ]
        assert noise.numerators is not None
        assert noise.numerators[position] == min(alike)
        outputs = [plain.run(network, kept, row)[-1][0] for row in boolean_rows(2)]
        margin = min(abs(output - edge) for output in outputs for edge in (-0.5, 0.5, 1.5))
        assert margins.scores[position] == pytest.approx(margin, abs=1e-12)
        assert margins.passed[position] == (margin >= 0.1)


def test_a_spent_budget_is_undecided_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    context = xor_context()
    whole = {key: passed(context, key) for key in ("patching-robust", "knockout-completeness")}
    monkeypatch.setattr(patching, "MAX_COMBINATIONS", 4)
    few = criterion_named("patching-robust").judge("circuit", context)
    undecided = few.having("undecided")
    assert undecided.any()
    assert (few.passed <= np.array(whole["patching-robust"])).all()
    assert not (few.having("failed") & np.array(whole["patching-robust"])).any()
    assert "the limit is 4" in few.at(int(np.flatnonzero(undecided)[0])).reason
    monkeypatch.setattr(knockouts, "MAX_SETS", 7)
    small = criterion_named("knockout-completeness").judge("circuit", context)
    assert small.passed.sum() == 0
    assert (np.array(whole["knockout-completeness"]) <= small.having("undecided")).all()
    assert "sets of up to 1 neuron were tried" in small.at(int(np.flatnonzero(small.having("undecided"))[0])).reason
    monkeypatch.setattr(symmetry, "MAX_SYMMETRIES", 2)
    network = twin_network()
    masks = np.array([mask for mask, _ in possible_masks(network)][::50], dtype=np.uint64)
    twins = CircuitCriteriaContext(network, task_from_table([0, 1, 1, 0], 2), COMPLETE, clean_data(2), masks)
    verdicts = criterion_named("representative").judge("circuit", twins)
    assert verdicts.passed.sum() == 0
    assert verdicts.having("undecided").any()
    assert "there are more" in verdicts.at(int(np.flatnonzero(verdicts.having("undecided"))[0])).reason


def test_failing_ablations_show_a_row_that_goes_wrong() -> None:
    context = xor_context()
    for key in ("mean-ablation", "resample-ablation", "all-ablations", "patching-robust"):
        verdicts = criterion_named(key).judge("circuit", context)
        for position in np.flatnonzero(~verdicts.passed)[::9].tolist():
            witness = verdicts.at(position).witness
            assert decide(np.array([witness["output"]]), "rounding")[0] != witness["label"], key


@pytest.mark.parametrize(("seed", "activation"), [(57, "leaky_relu"), (22, "tanh")])
def test_patching_needs_no_quick_look(monkeypatch: pytest.MonkeyPatch, seed: int, activation: str) -> None:
    context = all_circuits(seed, (2, 2, 2, 1), activation)
    before = passed(context, "patching-robust")
    monkeypatch.setattr(patching, "_N_QUICK", 0)
    assert passed(context, "patching-robust") == before


def test_the_witness_of_patching_can_be_replayed() -> None:
    context = all_circuits(57, (2, 2, 2, 1), "leaky_relu")
    verdicts = criterion_named("patching-robust").judge("circuit", context)
    everything, kept = set(plain.edges_of(context.network)), kept_sets(context)
    failing = np.flatnonzero(~verdicts.passed).tolist()
    assert failing
    for position in failing[::5]:
        witness = verdicts.at(position).witness
        absent = [[0.0] * width for width in context.network.sizes[:-1]]
        for item in witness["sources"]:
            source = plain.run(context.network, everything, item["source"])
            absent[item["layer"]][item["neuron"]] = source[item["layer"]][item["neuron"]]
        output = plain.run(context.network, kept[position], witness["input"], absent)[-1][0]
        assert output == pytest.approx(witness["output"], abs=1e-12)
        assert plain.decision(output, "rounding") != witness["label"]


def test_every_criterion_judges_no_circuits_and_reads_as_json() -> None:
    for criterion in criteria_for("circuit"):
        none = replace(xor_context(), masks=np.empty(0, dtype=np.uint64))
        assert len(criterion.judge("circuit", none)) == 0, criterion.key
        few = replace(xor_context(), masks=xor_context().masks[:40:4])
        verdicts = criterion.judge("circuit", few)
        for position in range(len(few)):
            verdict = verdicts.at(position)
            json.dumps(verdict.witness, allow_nan=False)
            assert verdict.reason.endswith(".")


def test_mean_ablation_protocols_use_their_own_ablation() -> None:
    context = xor_context(MEAN)
    rows = boolean_rows(2)
    absent = plain.mean_activations(context.network, rows)
    everything = set(plain.edges_of(context.network))
    verdicts = criterion_named("output-faithfulness").judge("circuit", context)
    for position in range(0, len(context), 17):
        kept = kept_sets(context)[position]
        largest = max(
            abs(
                plain.run(context.network, kept, row, absent)[-1][0]
                - plain.run(context.network, everything, row)[-1][0]
            )
            for row in rows
        )
        assert verdicts.scores[position] == pytest.approx(largest, abs=1e-12)
    assert all(passed(context, "mean-ablation"))


def test_long_criteria_report_and_stop_when_asked() -> None:
    def stop(progress) -> None:
        assert 0 <= progress.done <= progress.total
        raise Cancelled("criteria")

    context = replace(xor_context(), report=stop)
    for key in (
        "mean-ablation",
        "resample-ablation",
        "knockout-completeness",
        "necessity",
        "input-noise",
        "patching-robust",
        "minimal-subset",
        "representative",
    ):
        with pytest.raises(Cancelled):
            criterion_named(key).judge("circuit", context)
