"""The measures of unmapped neurons, against what the criteria count on golden networks."""

from __future__ import annotations

import json

import pytest

from analysis.question import ask
from analysis.studies.measures.registry import measure_named
from analysis.studies.measures.unmapped import STEPS
from analysis.studies.subject import Studied
from tests.analysis.criteria.golden_counts import FILE
from tests.golden_files import golden_network


@pytest.mark.parametrize(("name", "leaving"), [("xor_4-4", 1), ("xor_2-2-2", 0), ("xor_relu_3-3", 2)])
def test_counts_are_those_of_the_criteria(name, leaving):
    counts = json.loads(FILE.read_text())["networks"][f"{name}/0"]["counts"]["irredundant alignment"]
    file = golden_network(name)
    studied = Studied(ask(file.network, task=file.tasks[0]), None)

    def value(key: str) -> int:
        return measure_named(f"aligned-{key}").function(studied).value

    assert value("valid") == sum(counts["both-directions"])
    assert value("joint") == counts["joint-interchange"][0]
    assert value("clean") == counts["unmapped-inert"][0]
    assert value("thirty") == counts["abstraction-error"][0]
    assert value("leaving") == leaving
    for key in STEPS:
        assert value(key) <= value("joint") - value("mediating") or key == "joint"
