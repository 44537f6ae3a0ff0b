"""Lenses against reference numbers: 42 answers on six networks, most given by shap, captum and lime.

Numbers agree to 1e-9 of the larger of 1 and themselves; labellings, decisions and outcomes agree exactly.
"""

from __future__ import annotations

import pytest

from benchmarks.parity import NAMES, lens_comparisons
from pluriscope_methods.lenses.registry import LENSES

OURS = {
    "response-fields",
    "path-patching",
    "feature-pictures",
    "preferred-inputs",
    "magnitude-codes",
    "labels",
    "dictionaries",
    "turned-circle",
    "superposition",
    "sparsity",
    "sparse-probes",
    "blame",
    "lottery-ticket",
    "frameworks",
    "layer-similarity",
}
OF_MODELS = {"roles", "attribution-patching", "direct-attribution", "logit-lens", "tuned-lens", "head-matrices"}
OF_MODELS |= {"feature-structure", "attention-maps", "facts", "das"}
"""What no package has as a method that could be held against it: activations as they are, labels that are formulas."""


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_answer_agrees_with_the_reference(name: str) -> None:
    for one in lens_comparisons(name):
        assert one.equal, one
        assert one.difference is None or one.difference <= 1e-9, one


def test_every_lens_has_a_reference_and_the_other_way_round() -> None:
    named = {one.method for name in NAMES for one in lens_comparisons(name)}
    assert named == {lens.key for lens in LENSES.by_key.values()} - OURS - OF_MODELS
