"""Which criteria explanations pass together: every criterion's own count is in it, and the whole network is not."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.criteria.registry import criterion_named
from analysis.pipeline import analyse_output
from analysis.question import ask
from analysis.studies.measures.criteria import passing
from analysis.studies.measures.patterns import ALIGNMENT_CRITERIA, CIRCUIT_CRITERIA, read_patterns
from analysis.studies.measures.registry import MEASURES
from analysis.studies.subject import Studied
from analysis.tasks import named_task
from tests.trained_networks import trained_xor

CIRCUITS, ALIGNMENTS = (MEASURES[f"{kind}-patterns"].function for kind in ("circuit", "alignment"))
QUICK = [key for key in CIRCUIT_CRITERIA if key not in ("input-robust", "patching-robust")]


@pytest.fixture(scope="module")
def studied() -> Studied:
    question = ask(trained_xor(3, 1)[0], task=named_task("XOR", 2))
    return Studied(question, analyse_output(question))


def left(patterns: dict[int, int], asked: int) -> int:
    return sum(count for pattern, count in patterns.items() if pattern & asked == asked)


@pytest.mark.slow
def test_circuits_are_counted_by_the_criteria_that_they_pass(studied):
    patterns = read_patterns(CIRCUITS(studied).value)
    assert sum(patterns.values()) == studied.analysis.circuits.n_valid - 1  # all but the whole network
    counted = passing(studied, QUICK)
    whole = studied.analysis.circuits.masks[-1:]
    assert int(whole[0]) == (1 << studied.analysis.circuits.layout.n_edges) - 1
    for key in QUICK:
        both = counted[f"passes:circuit:{key}"].value - left(patterns, 1 << CIRCUIT_CRITERIA.index(key))
        assert both in (0, 1), key  # 1 where the whole network passes
    subset, cardinal = (1 << CIRCUIT_CRITERIA.index(key) for key in ("minimal-subset", "minimal-cardinal"))
    assert left(patterns, subset | cardinal) == left(patterns, cardinal) >= 1


@pytest.mark.slow
def test_alignments_are_counted_with_the_criteria_of_their_algorithms(studied):
    patterns = read_patterns(ALIGNMENTS(studied).value)
    found = studied.analysis.algorithms
    assert sum(patterns.values()) == found.n_valid_alignments
    irredundant = [one for one in found.algorithms if one.irredundant["irredundant-literals"]]
    literals, minimal = (1 << ALIGNMENT_CRITERIA.index(key) for key in ("irredundant-literals", "minimal-alignment"))
    assert left(patterns, literals) == sum(one.n_valid for one in irredundant)
    assert left(patterns, literals | minimal) == sum(one.n_minimal for one in irredundant)
    for key in ALIGNMENT_CRITERIA:
        assert criterion_named(key).judges.keys() & {"algorithm", "alignment"}


@pytest.mark.slow
def test_bits_per_edge_are_those_of_an_exact_count(studied):
    bits = MEASURES["bits-per-edge"]
    found = bits.function(studied)
    exact = np.log2(studied.analysis.circuits.n_valid) / 18
    assert found.low < exact < found.high
    assert found.value == pytest.approx(exact, abs=0.02)
