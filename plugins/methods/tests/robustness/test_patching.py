"""Patching over clean values: with and without the quick look, and its witness replayed."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.criteria.registry import criterion_named
from tests.analysis.criteria.circuit_contexts import all_circuits, kept_sets
from tests.oracles import brute_force_criteria as plain


def test_the_witness_of_patching_can_be_replayed() -> None:
    context = all_circuits(57, (2, 2, 2, 1), "leaky_relu")
    verdicts = criterion_named("patching-robust").judge(context)
    everything, kept = set(plain.edges_of(context.question.network)), kept_sets(context)
    failing = np.flatnonzero(~verdicts.passed).tolist()
    assert failing
    for position in failing[::5]:
        witness = verdicts.at(position).witness
        absent = [[0.0] * width for width in context.question.network.sizes[:-1]]
        for item in witness["sources"]:
            source = plain.run(context.question.network, everything, item["source"])
            absent[item["layer"]][item["neuron"]] = source[item["layer"]][item["neuron"]]
        output = plain.run(context.question.network, kept[position], witness["input"], absent)[-1][0]
        assert output == pytest.approx(witness["output"], abs=1e-12)
        assert plain.decision(output, "rounding") != witness["label"]
