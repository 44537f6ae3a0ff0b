"""Every choice of one reader at a time, held against all circuits; the estimate; what there is no time for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.circuit_sets.strata import FIRST_ROUND
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.app.bundled import bundled_models
from pluriscope_methods import one_reader
from pluriscope_methods.one_reader import find
from tests.analysis.subjects.transformer.test_attention_blocks import with_blocks


def bundled(slug):
    return read_subject(bundled_models()[slug])[1]


def with_blocks_of(seed):
    return read_attention(with_blocks(seed, (1, 2, 6, 3, 4, 4), biases=True, mlp="relu", norm=True, n_rows=2))


def found_by(model, rules, work=DEFAULT_WORK):
    """Report of the analysis under some rules."""
    return find(Analysed(GraphQuestion(TRANSFORMER, model, TRANSFORMER.rules(rules)), None), Settings(), work)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "rules", "choices"),
    [
        (bundled("indirect-object-2x2"), "", [2, 2, 350, 350, 8]),
        (bundled("majority-5-attention"), "split", [30, 30, 4]),
        (with_blocks_of(2), "", [7, 7, 7, 8]),
        (with_blocks_of(1), "mean", [7, 7, 7, 8]),
    ],
)
def test_counts_are_those_among_all_circuits(model, rules, choices):
    settings = TRANSFORMER.rules(rules)
    space, every = model.space(settings), find_masks(GraphQuestion(TRANSFORMER, model, settings))
    assert every.complete
    circuits, found = number_bits(every.masks, space.graph.n_bits), found_by(model, rules)
    assert [one.choices for one in found.readers] == choices
    for own, one in zip(itertools.chain(*space.graph.readers), found.readers, strict=True):
        valid = circuits[np.delete(circuits, own, axis=1).all(axis=1)][:, own]
        assert (one.valid, one.smallest) == (len(valid), valid.sum(axis=1).min() if len(valid) else None)
        assert list(one.edges.values()) == valid.sum(axis=0).tolist()
    assert int(found.interval[0]) <= every.n_valid <= int(found.interval[1]) <= space.possible == int(found.possible)
    assert found.drawn >= FIRST_ROUND


@pytest.mark.slow
def test_what_takes_too_long_is_left_out_with_a_reason(monkeypatch):
    model = bundled("majority-5-attention")
    clock = itertools.count().__next__
    late = found_by(model, "split", Work(clock=lambda: float(clock()), deadline=1.0))
    assert [one.left_out for one in late.readers] == ["", "the time was up", "the time was up"]
    assert (late.drawn, late.interval, late.findings()[1]) == (0, ("0", late.possible), "Left out: head 1.1, logits.")
    monkeypatch.setattr(one_reader, "MAX_EDGES", 5)
    many = found_by(model, "split")
    assert [one.left_out[:2] for one in many.readers] == ["64", "64", ""]
    monkeypatch.setattr(one_reader, "MAX_MILLISECONDS", 0.0)
    none = found_by(model, "split")
    assert ([one.choices for one in none.readers], none.drawn) == ([0] * 3, 0)
    assert none.findings() == ["Left out: head 1.0, head 1.1, logits."]
