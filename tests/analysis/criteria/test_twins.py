"""Every criterion has a brute-force twin, a value of its parameters that removes nothing, and an order of strictness.

The table below says where each twin is tested; a criterion that is registered without one fails here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.criteria.criterion import KINDS
from analysis.criteria.redundancies import AlgorithmCriteriaContext
from analysis.criteria.registry import criteria_for, criterion_named
from tests.analysis.criteria.alignment_contexts import all_alignments, candidates
from tests.analysis.criteria.circuit_contexts import all_circuits, xor_context
from tests.analysis.criteria.test_interpretation_criteria import everything

HERE = Path(__file__).parent
_EVERY_CIRCUIT = "test_ablations_and_knockouts.py::test_criteria_agree_with_brute_force_on_every_circuit"
_MINIMAL = "test_minimality.py::test_minimality_agrees_with_brute_force_on_any_set_of_valid_circuits"
_FUNCTION = "test_minimality_by_function.py::test_minimality_is_what_every_set_of_edges_says"
_NOISE = "test_noise_and_margins.py::test_noise_and_margins_agree_with_brute_force"
_SYMMETRY = "test_symmetry.py::test_representatives_are_the_least_of_their_class"
_READING = "test_interpretation_criteria.py::test_"
_ALGORITHM = "test_algorithm_criteria.py::test_redundancies_are_those_of_the_oracle_and_of_the_search"
_ALIGNMENT = "test_alignment_criteria.py::test_"

TWINS = {
    ("circuit", "zero-ablation"): _EVERY_CIRCUIT,
    ("circuit", "mean-ablation"): _EVERY_CIRCUIT,
    ("circuit", "resample-ablation"): _EVERY_CIRCUIT,
    ("circuit", "all-ablations"): _EVERY_CIRCUIT,
    ("circuit", "output-faithfulness"): _EVERY_CIRCUIT,
    ("circuit", "knockout-completeness"): _EVERY_CIRCUIT,
    ("circuit", "necessity"): _EVERY_CIRCUIT,
    ("circuit", "input-noise"): _NOISE,
    ("circuit", "input-robust"): "test_robustness.py::test_refuted_circuits_differ_in_exact_arithmetic_and_proved_ones_"
    "on_no_dense_sample",
    ("circuit", "patching-robust"): _EVERY_CIRCUIT,
    ("circuit", "minimal-wang"): "test_minimality_by_function.py::test_neurons_are_needed_if_brute_force_finds_where",
    ("circuit", "minimal-quasi"): _FUNCTION,
    ("circuit", "minimal-local"): _FUNCTION,
    ("circuit", "minimal-subset"): _FUNCTION,
    ("circuit", "minimal-cardinal"): _FUNCTION,
    ("circuit", "minimal-quasi-structural"): _MINIMAL,
    ("circuit", "minimal-local-structural"): _MINIMAL,
    ("circuit", "minimal-subset-structural"): _MINIMAL,
    ("circuit", "minimal-cardinal-structural"): _MINIMAL,
    ("circuit", "same-story"): "test_same_story.py::test_circuits_pass_if_a_plain_program_tells_the_same_story",
    ("circuit", "margin"): _NOISE,
    ("circuit", "representative"): _SYMMETRY,
    ("interpretation", "observed-class"): _READING + "one_of_each_observed_class_passes",
    ("interpretation", "interchange"): _READING + "interchange_equals_the_oracle",
    ("interpretation", "interchange-joint"): _READING + "interchange_equals_the_oracle",
    ("interpretation", "interchange-on-circuit"): _READING + "interchange_in_the_circuit_equals_the_oracle",
    ("interpretation", "interchange-joint-on-circuit"): _READING + "interchange_in_the_circuit_equals_the_oracle",
    ("interpretation", "causal-scrubbing"): "test_scrubbing.py::test_the_ends_are_those_of_every_run",
    ("interpretation", "margin"): _READING + "margins_are_those_of_every_interchange_of_active_neurons",
    ("interpretation", "representative"): _READING
    + "one_interpretation_of_each_class_under_symmetries_is_its_representative",
    ("algorithm", "irredundant-gates"): _ALGORITHM,
    ("algorithm", "irredundant-functions"): _ALGORITHM,
    ("algorithm", "irredundant-literals"): _ALGORITHM,
    ("algorithm", "representative"): _ALIGNMENT + "one_alignment_of_each_class_under_symmetries_is_its_representative",
    ("alignment", "one-direction"): _ALIGNMENT + "both_directions_equal_the_oracle",
    ("alignment", "both-directions"): _ALIGNMENT + "both_directions_equal_the_oracle",
    ("alignment", "joint-interchange"): _ALIGNMENT + "joint_interchange_equals_one_run_at_a_time",
    ("alignment", "unmapped-inert"): "test_unmapped.py::test_every_run_is_made",
    ("alignment", "abstraction-error"): "test_unmapped.py::test_errors_are_those_of_the_package_of_the_papers_authors",
    ("alignment", "causal-order"): _ALIGNMENT + "causal_order_compares_each_variable_with_those_inside_it",
    ("alignment", "minimal-alignment"): _ALIGNMENT + "minimality_is_what_the_search_and_the_oracle_say",
    ("alignment", "minimal-joint-alignment"): _ALIGNMENT + "minimal_among_the_jointly_right_is_what_all_pairs_say",
    ("alignment", "above-random"): _ALIGNMENT + "above_random_equals_trying_every_placement_on_every_permuted_network",
    ("alignment", "margin"): _ALIGNMENT + "margins_are_those_of_the_scores_and_of_the_oracle",
    ("alignment", "representative"): _ALIGNMENT + "one_alignment_of_each_class_under_symmetries_is_its_representative",
}

# values from trivial to strict, the others at their defaults or as said
STRICTER = {
    ("output-faithfulness", "tolerance"): (1e6, 0.5, 0.1, 0.01, 0.0),
    ("input-noise", "share"): (0.0, 0.5, 0.9, 1.0),
    ("input-noise", "radius"): (0.0,),  # points are drawn anew for each radius, so larger ones need not contain them
    ("input-robust", "radius"): (0.0, 0.05, 0.1),
    ("margin", "least"): (0.0, 1e-3, 0.1, 1.0),
    ("above-random", "percentile"): (0.0, 60.0, 100.0),
}
WITH = {"input-noise": {"points": 50}, "above-random": {"networks": 10}}
IMPLIED = {
    "circuit": [
        ("all-ablations", "zero-ablation"),
        ("all-ablations", "mean-ablation"),
        ("all-ablations", "resample-ablation"),
        ("patching-robust", "resample-ablation"),
        ("minimal-cardinal", "minimal-subset"),
        ("minimal-subset", "minimal-local"),
        ("minimal-local", "minimal-quasi"),
        ("minimal-cardinal-structural", "minimal-subset-structural"),
        ("minimal-subset-structural", "minimal-local-structural"),
        ("minimal-local-structural", "minimal-quasi-structural"),
        *((f"minimal-{kind}", f"minimal-{kind}-structural") for kind in ("quasi", "local", "subset", "cardinal")),
    ],
    "interpretation": [
        ("interchange-joint", "interchange"),
        ("interchange-joint-on-circuit", "interchange-on-circuit"),
    ],
    "algorithm": [
        ("irredundant-literals", "irredundant-functions"),
        ("irredundant-functions", "irredundant-gates"),
    ],
    "alignment": [
        ("both-directions", "one-direction"),
        ("minimal-alignment", "both-directions"),
        ("minimal-joint-alignment", "joint-interchange"),
    ],
}


def contexts(kind: str) -> list:
    """Small ones with explanations that pass and that fail."""
    if kind == "circuit":
        whole = all_circuits(57, (2, 2, 2, 1), "leaky_relu")
        return [replace(xor_context(), masks=xor_context().masks[::4]), replace(whole, masks=whole.masks[::3])]
    if kind == "interpretation":
        return [everything(21, (2, 2, 2, 1))[0]]
    if kind == "algorithm":
        return [AlgorithmCriteriaContext(candidates()[:60])]
    return [all_alignments("xor_2-2"), all_alignments()]


def test_every_criterion_has_a_twin_that_exists() -> None:
    assert set(TWINS) == {(kind, criterion.key) for kind in KINDS for criterion in criteria_for(kind)}
    for twin in TWINS.values():
        file, name = twin.split("::")
        assert re.search(rf"^def {name}\(", (HERE / file).read_text(), re.MULTILINE), twin


@pytest.mark.slow
@pytest.mark.parametrize(("key", "name"), STRICTER)
def test_a_trivial_value_removes_nothing_and_a_stricter_one_leaves_fewer(key: str, name: str) -> None:
    criterion = criterion_named(key)
    for kind in criterion.kinds:
        for context in contexts(kind):
            before = None
            for value in STRICTER[key, name]:
                verdicts = criterion.judge(kind, context, {**WITH.get(key, {}), name: value})
                if before is None:
                    valid = _agree_on_clean_inputs(context) if name == "radius" else np.ones(len(context), dtype=bool)
                    asked = ~verdicts.having("not_applicable")
                    assert verdicts.passed.tolist() == (valid & asked).tolist()
                else:
                    assert (verdicts.passed <= before).all()
                before = verdicts.passed


def _agree_on_clean_inputs(context) -> np.ndarray:
    """On balls of radius 0: every valid circuit decides as the network does where the network decides right."""
    passed: np.ndarray = criterion_named("zero-ablation").judge("circuit", context).passed
    return passed


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_stricter_criteria_leave_fewer(kind: str) -> None:
    for context in contexts(kind):
        for strict, weak in IMPLIED[kind]:
            late, early = (criterion_named(key).judge(kind, context).passed for key in (strict, weak))
            assert (late <= early).all(), (strict, weak)
