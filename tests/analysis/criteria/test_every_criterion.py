"""Tests of every criterion that the registry finds, on explanations of small networks."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.criteria.criterion import Criterion, Kind
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import CRITERIA, OF_MODELS_ALONE
from pluriscope.documents.glossary import terms
from tests.analysis.criteria.alignment_contexts import all_alignments, candidates
from tests.analysis.criteria.circuit_contexts import xor_context
from tests.analysis.criteria.test_interpretation_criteria import everything

EVERY = [(criterion, kind) for criterion in CRITERIA for kind in criterion.kinds]


def some(kind: Kind) -> Population:
    """A few explanations, of circuits from the smallest that are valid to the whole network."""
    if kind == "circuit":
        masks = xor_context().items
        order = np.argsort(np.bitwise_count(masks), kind="stable")[[0, 1, 2, 3, -2, -1]]
        return replace(xor_context(), items=np.sort(masks[order]), complete=False)
    if kind == "interpretation":
        whole = everything(21, (2, 2, 2, 1))[0]
    elif kind == "algorithm":
        whole = Population("algorithm", None, candidates())
    else:
        whole = all_alignments()
    return replace(whole, items=whole.items[:6], complete=False)


@pytest.mark.parametrize(("criterion", "kind"), EVERY, ids=[f"{one.key}-{kind}" for one, kind in EVERY])
def test_its_verdicts_can_be_written_on_pages_and_in_files(criterion: Criterion, kind: Kind) -> None:
    population = some(kind)
    verdicts = criterion.judge(population)
    assert len(verdicts) == len(population) > 0
    for position in range(len(population)):
        verdict = verdicts.at(position)
        assert re.fullmatch(r"[^a-z].*\.", verdict.reason), "a reason is a sentence"
        json.dumps(verdict.witness, allow_nan=False)  # nothing of NumPy: int(…), float(…), .tolist()
        alone = criterion.judge(population.alone(position)).at(0)
        if criterion.over == "each" and "undecided" not in (verdict.outcome, alone.outcome):
            answer, again = ((one.outcome, one.numerator, one.denominator) for one in (verdict, alone))
            assert answer == again, "it depends on the others: over='population'"


@pytest.mark.parametrize(("criterion", "kind"), EVERY, ids=[f"{one.key}-{kind}" for one, kind in EVERY])
def test_what_fails_has_no_better_score_than_what_passes(criterion: Criterion, kind: Kind) -> None:
    population = xor_context() if kind == "circuit" and criterion.cost == "quick" else some(kind)
    verdicts = criterion.judge(population)
    scores = verdicts.scores if criterion.direction == "higher" else -verdicts.scores
    passed, failed = (scores[verdicts.having(outcome)] for outcome in ("passed", "failed"))
    if criterion.direction and len(passed) and len(failed):
        assert np.nanmin(passed) >= np.nanmax(failed), f"direction is not {criterion.direction!r}"


@pytest.mark.parametrize("criterion", [*CRITERIA, *OF_MODELS_ALONE], ids=lambda one: one.key)
def test_its_word_stands_in_the_glossary(criterion: Criterion) -> None:
    anchors = {term.anchor for term in terms()}
    assert (criterion.term or criterion.key) in anchors, "let `term` be one of these, or add the word to the glossary"
