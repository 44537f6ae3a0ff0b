"""Values of parameters that remove nothing, and criteria in order of strictness: what holds of them everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.criteria.criterion import KINDS
from analysis.criteria.population import Population
from analysis.criteria.registry import criterion_named
from tests.analysis.criteria.alignment_contexts import all_alignments, candidates
from tests.analysis.criteria.circuit_contexts import all_circuits, xor_context
from tests.analysis.criteria.test_interpretation_criteria import everything

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
        return [replace(xor_context(), items=xor_context().items[::4]), replace(whole, items=whole.items[::3])]
    if kind == "interpretation":
        return [everything(21, (2, 2, 2, 1))[0]]
    if kind == "algorithm":
        return [Population("algorithm", None, candidates()[:60])]
    return [all_alignments("xor_2-2"), all_alignments()]


@pytest.mark.slow
@pytest.mark.parametrize(("key", "name"), STRICTER)
def test_a_trivial_value_removes_nothing_and_a_stricter_one_leaves_fewer(key: str, name: str) -> None:
    criterion = criterion_named(key)
    for kind in criterion.kinds:
        for context in contexts(kind):
            before = None
            for value in STRICTER[key, name]:
                verdicts = criterion.judge(context, {**WITH.get(key, {}), name: value})
                if before is None:
                    valid = _agree_on_clean_inputs(context) if name == "radius" else np.ones(len(context), dtype=bool)
                    asked = ~verdicts.having("not_applicable")
                    assert verdicts.passed.tolist() == (valid & asked).tolist()
                else:
                    assert (verdicts.passed <= before).all()
                before = verdicts.passed


def _agree_on_clean_inputs(context) -> np.ndarray:
    """On balls of radius 0: every valid circuit decides as the network does where the network decides right."""
    passed: np.ndarray = criterion_named("zero-ablation").judge(context).passed
    return passed


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_stricter_criteria_leave_fewer(kind: str) -> None:
    for context in contexts(kind):
        for strict, weak in IMPLIED[kind]:
            late, early = (criterion_named(key).judge(context).passed for key in (strict, weak))
            assert (late <= early).all(), (strict, weak)
