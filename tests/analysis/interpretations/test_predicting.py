"""Interpretations under interchange, all of a circuit at once, against trying each on each intervention."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interpretations.columns import Columns
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.observed import observed_classes
from pluriscope.analysis.interpretations.partial_gates import OpenTable, gate_tables, local_table
from pluriscope.analysis.interpretations.predicting import class_predictions, extreme_interpretation, judged_blocks
from pluriscope.analysis.interventions.experiments import decide_under_interventions, intervention_space
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.questions.tasks import input_table, named_task, pattern_bits
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout, circuit_from_hex
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.analysis.circuits.test_circuit_search import random_network
from tests.factories import pretrained_xor
from tests.golden_files import golden_network
from tests.oracles.brute_force_circuits import possible_masks
from tests.oracles.brute_force_interchange import scores
from tests.oracles.brute_force_interpretations import interpretations

pytestmark = pytest.mark.slow  # another route to every number: left to the whole run

FAMILIES = ("alone", "joint", "all")


def prepared(network: Network):
    space = intervention_space(network.hidden_sizes, network.n_inputs)
    return space, decide_under_interventions(network, input_table(network.n_inputs), space)


def circuit_of(network: Network, mask: int) -> Circuit:
    return Circuit(EdgeLayout(network.sizes), mask)


def compare(network: Network, mask: int, ablation: str = "zero", most: int = 400) -> int:
    """Check one circuit against the oracle; how many interpretations pass all interventions of some family."""
    classes = observed_classes(
        ask(network, protocol=COMPLETE.model_copy(update={"ablation": ablation})), circuit_of(network, mask)
    )
    if sum(classes.sizes) > most:
        return 0
    space, answers = prepared(network)
    found, choices = interpretations(network, mask, ablation=ablation)
    distinct = sorted(set(choices))
    passing = 0
    for family in FAMILIES:
        got = class_predictions(classes, space, answers, family)
        wanted = scores(network, mask, found, family)
        assert (got is None) == (wanted is None)
        if got is None:
            continue
        tested, right = wanted
        assert got.tested == tested
        for number, choice in enumerate(distinct):
            own = [r for r, c in zip(right, choices, strict=True) if c == choice]
            assert (got.best[number], got.worst[number]) == (max(own), min(own))
            assert got.passing[number] == own.count(tested)
        interpretations_of = InterpretationSpace(
            ask(network, protocol=COMPLETE.model_copy(update={"ablation": ablation})), classes.circuit
        )
        for number in {0, len(distinct) // 2, len(distinct) - 1}:
            for highest, value in ((True, got.best[number]), (False, got.worst[number])):
                extreme = extreme_interpretation(
                    interpretations_of, classes, number, space, answers, family, highest=highest
                )
                assert right[extreme.index] == value
                assert choices[extreme.index] == distinct[number]
        passing += sum(got.passing)
        assert class_predictions(classes, space, answers, family, extremes=False).passing == got.passing
    return passing


# ---- observed classes ------------------------------------------------------------------------------------------------


def test_observed_classes_are_those_that_counting_and_indexing_know():
    network, data = pretrained_xor().network, clean_data(2)
    masks = search_circuits(ask(network, task=named_task("XOR", 2), data=data)).masks[::24]
    counts = count_interpretations(ask(network, data=data), masks)
    for mask, total, observed in zip(masks.tolist(), counts.by_circuit, counts.observed_by_circuit, strict=True):
        circuit = circuit_of(network, mask)
        classes = observed_classes(ask(network, data=data), circuit)
        assert (sum(classes.sizes), len(classes)) == (total, observed)
        for rank in {0, observed // 2, observed - 1}:
            assert classes.least_indices[rank] == InterpretationSpace(
                ask(network, data=data), circuit
            ).index_of_observed(rank)


def test_too_many_classes_are_refused():
    network, data = pretrained_xor().network, clean_data(2)
    whole = circuit_of(network, 2**18 - 1)
    with pytest.raises(BeyondLimits, match="limit is 10"):
        observed_classes(ask(network, data=data), whole, max_classes=10)


# ---- completions -----------------------------------------------------------------------------------------------------


def test_completions_leave_out_what_is_barred_and_obey_demands():
    every = OpenTable((0, 1, 0, 0), (2, 3))  # the inputs reach rows 0 and 1
    assert every.barred == ((0, 1, 1, 0),)
    assert every.completions().tolist() == [[0, 1, 0, 0], [0, 1, 0, 1], [0, 1, 1, 1]]
    assert every.n_completions == 3
    assert every.demanded({2: 1}).tolist() == [[0, 1, 1, 1]]
    assert every.demanded({0: 0, 2: 0, 3: 1}).tolist() == [[0, 1, 0, 1]]
    assert len(every.demanded({0: 1})) == 0


# ---- counting under interchange --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ablation", ["zero", "mean"])
@pytest.mark.parametrize("activation", ["tanh", "leaky_relu"])
@pytest.mark.parametrize("sizes", [(2, 2, 1), (2, 3, 1), (2, 2, 2, 1), (3, 2, 1), (2, 1, 2, 1), (1, 2, 2, 1), (2, 1)])
def test_counts_and_extremes_equal_trying_everything(sizes, activation, ablation):
    for seed in (4, 21):
        network = random_network(seed, sizes, activation)
        network = Network.from_arrays(
            [*network.weights[:-1], network.weights[-1] * 3], network.biases, activation=activation
        )
        masks = [mask for mask, _ in possible_masks(network)]
        for mask in masks[:: max(1, len(masks) // 4)]:
            compare(network, mask, ablation, most=150)


@pytest.mark.slow
def test_large_counts_are_exact():
    network = golden_network("xor_4-4").network.for_output(0)
    space, answers = prepared(network)
    classes = observed_classes(ask(network), circuit_from_hex("fffffbe", network.sizes))
    assert sum(classes.sizes) == 443_874_779_273_636_085_760
    columns = Columns(classes, space, answers, np.array([], dtype=np.intp), 1 << 14, [1 << 26])
    blocks = list(judged_blocks(columns, np.arange(60), extremes=False))
    counted = dict(enumerate(passing for _, judged in blocks for passing in judged.passing))
    decided = {number for number, passing in counted.items() if passing >= 0}
    assert all(counted[number] == classes.sizes[number] for number in decided)
    assert max(counted.values()) > 2**32


def test_what_is_too_much_work_is_undecided_and_nothing_else():
    network = pretrained_xor().network
    space, answers = prepared(network)
    classes = observed_classes(ask(network), circuit_of(network, 2**18 - 1))
    got = class_predictions(classes, space, answers, "all", max_tried=1)
    assert set(got.passing) <= {-1, 0}
    assert (got.best == -1).all()
    spent = class_predictions(classes, space, answers, "all", max_work=5_000)
    known = class_predictions(classes, space, answers, "all")
    space_of = InterpretationSpace(ask(network), classes.circuit)
    assert extreme_interpretation(space_of, classes, 0, space, answers, max_tried=1) is None
    decided = spent.best >= 0
    assert (spent.best[decided] == known.best[decided]).all()
    assert (~decided).any()
    assert (known.best >= known.worst).all()


def test_a_constant_output_predicts_nothing():
    network = Network.from_arrays([[[1, 1], [1, -1]], [[0, 0]]], [[0, 0], [0]])
    space, answers = prepared(network)
    classes = observed_classes(ask(network), circuit_of(network, 2**6 - 1))
    assert class_predictions(classes, space, answers, "joint") is None
    space_of = InterpretationSpace(ask(network), classes.circuit)
    assert extreme_interpretation(space_of, classes, 0, space, answers) is None


def test_tables_of_gates_have_what_their_completions_have_in_common():
    functions, n = [pattern_bits(number, 2) for number in range(16)], 0
    for at in np.ndindex(16, 16, 16):
        known = OpenTable(*local_table(at[2], at[:2], 4))
        every = known.completions()
        rows = [2 * (at[0] >> i & 1) + (at[1] >> i & 1) for i in range(4)]
        if not len(every) or any(known.table[row] != at[2] >> i & 1 for i, row in enumerate(rows)):
            continue
        function, parents = functions[at[2]][None], np.array([[functions[one] for one in at[:2]]])
        common = gate_tables(function, parents, settled=True).reshape(3, 3)[:2, :2].ravel()
        assert (common == np.where((every == every[0]).all(axis=0), every[0], 2)).all(), at
        assert (gate_tables(function, parents, settled=False)[0] == every[0]).all(), at
        n += 1
    assert n == 1_832
