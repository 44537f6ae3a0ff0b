"""The engine for transformers against running every mask, against plain runs of single circuits, and its own parts."""

from __future__ import annotations

import json
import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pluriscope.analysis.circuit_sets import masks as circuits
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.questions.decisions import max_wrong
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer import engine as attention_engine
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from tests.analysis.subjects.transformer.attention_models import random_attention

FOLDER = Path(__file__).parents[3] / "golden" / "attention"


@cache
def golden(name):
    return read_attention(json.loads((FOLDER / f"{name}.json").read_text())["network"])


def bits_of(numbers, n_bits):
    return (numbers[:, None] >> np.arange(n_bits, dtype=np.uint64) & np.uint64(1)).astype(bool)


def numbers_of(masks):
    return (masks.astype(np.uint64) << np.arange(masks.shape[1], dtype=np.uint64)).sum(axis=1, dtype=np.uint64)


def by_running(space, model, most):
    """Numbers of the valid circuits, by running every mask."""
    bits = space.graph.n_bits
    every = bits_of(np.arange(1 << bits, dtype=np.uint64), bits)
    is_circuit = (space.reduce(every) == every).all(axis=1) & every.any(axis=1)
    every = every[is_circuit]
    wrong = (CLASSES.margins(space.run(every), model.answers) <= 0).sum(axis=1)
    return numbers_of(every[wrong <= most]), len(every)


def by_engine(space, most):
    parts = [part() for part in space.engine().parts(most)]
    return np.sort(np.concatenate([part.valid for part in parts])), sum(part.n_tested for part in parts)


@st.composite
def spaces(draw):
    """A small transformer, often with ties, a space of at most 8,192 masks, and rows that may be wrong."""
    layers, heads = draw(st.sampled_from([(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1)]))
    model = random_attention(
        draw(st.integers(0, 2**32 - 1)),
        (layers, heads, draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(2, 4)), 2),
        whole=draw(st.booleans()),
        positions=draw(st.booleans()),
    )
    every = [model.space(rules) for rules in TRANSFORMER.admitted_rules(model)]
    fitting = [space for space in every if space.graph.n_bits <= 13 and space.engine() is not None]
    threshold = draw(st.sampled_from([0.99, 0.7, 0.4]))
    return model, draw(st.sampled_from(fitting)), max_wrong(len(model.rows), threshold)


@pytest.mark.slow
@settings(max_examples=60)
@given(spaces(), st.sampled_from([0, 1 << 20]), st.sampled_from([1, 1 << 18]), st.sampled_from([1, 8, 1 << 12]))
def test_it_finds_what_running_every_mask_finds(case, at_once, words, right):
    model, space, most = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention_engine, "_AT_ONCE", at_once)
        patch.setattr(attention_engine, "_WORDS", words)
        patch.setattr(attention_engine, "MAX_RIGHT", right)
        found, tested = by_engine(space, most)
        assert space.engine().n_parts == len(list(space.engine().parts(most)))
    expected, possible = by_running(space, model, most)
    assert found.tolist() == expected.tolist()
    assert tested == possible == space.possible


@pytest.mark.slow
@settings(max_examples=20)
@given(spaces())
def test_what_sums_do_not_decide_is_run(case):
    model, space, most = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention_engine, "_AT_ONCE", 0)
        patch.setattr(attention_engine, "_UNIT", 1e-3)  # so that many rows are near a tie
        found, _ = by_engine(space, most)
    assert found.tolist() == by_running(space, model, most)[0].tolist()


def test_a_question_goes_to_another_process_with_what_it_knows():
    question = GraphQuestion(TRANSFORMER, golden("own_2x1_0"), TRANSFORMER.default_rules)
    found, tested = by_engine(question.space, 2)
    again, n = by_engine(pickle.loads(pickle.dumps(question)).space, 2)  # noqa: S301  our own
    assert (again.tolist(), n) == (found.tolist(), tested)


@pytest.mark.slow
def test_circuits_are_drawn_uniformly_whatever_is_listed():
    model = golden("other_name_2x2_0")
    found = find_masks(GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules), limit=50)
    assert len(set(found.uniform.tolist())) == circuits.N_DRAWN
    every = find_masks(GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules))
    assert np.isin(found.uniform, every.masks).all()
    assert every.uniform.tolist() == found.uniform.tolist()
    assert (found.n_valid, found.distribution) == (every.n_valid, every.distribution)
    n, of = circuits.N_DRAWN, found.n_valid
    for bit, used in enumerate(found.distribution.edge_use):
        share = used / of
        drawn = int((found.uniform >> np.uint64(bit) & np.uint64(1)).sum())
        assert abs(drawn - n * share) <= 5 * (n * share * (1 - share)) ** 0.5  # five standard deviations
    few = find_masks(GraphQuestion(TRANSFORMER, golden("sum_mod_5_2x2_0"), TRANSFORMER.default_rules))
    assert few.uniform.tolist() == few.masks.tolist()  # all of them
