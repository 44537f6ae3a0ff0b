"""Counts of right rows by torch are those of the runs in one order."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.transformer.batched import right_counts
from pluriscope.analysis.subjects.transformer.model import read_attention
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.analysis.subjects.transformer.test_attention_blocks import with_blocks

BLOCKS = ({}, {"biases": True}, {"mlp": "relu"}, {"norm": True}, {"biases": True, "mlp": "gelu_new", "norm": True})


def spaces(model):
    for granularity, ablation, embedding in product(("qkv", "heads", "nodes"), ("zero", "mean"), ("joined", "split")):
        if embedding == "joined" or (ablation == "zero" and granularity != "nodes"):
            yield model.space({"granularity": granularity, "ablation": ablation, "embedding": embedding})


def drawn(space, n, seed=0):
    masks = np.random.default_rng(seed).random((n, space.graph.n_bits)) < 0.8
    return space.reduce(masks)


def runs_of(monkeypatch, space):
    """Record how many masks each further run in one order is of."""
    numbers, run = [], space.run
    monkeypatch.setattr(space, "run", lambda masks: (numbers.append(len(masks)), run(masks))[1])
    return numbers


@pytest.mark.parametrize("blocks", BLOCKS, ids=str)
@pytest.mark.parametrize("layers", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_counts_are_those_of_the_runs(monkeypatch, layers, blocks):
    model = read_attention(with_blocks(layers, (layers, 2, 4, 2, 4, 3), **blocks, n_rows=20))
    model, different = replace(model, answers=model.tokens[:, 1]), set()
    for space in spaces(model):
        masks = drawn(space, 30)
        outputs = CLASSES.margins(space.run(masks), model.answers)
        untied = (outputs != 0).all(axis=1)
        expected = (outputs[untied] > 0).sum(axis=1).tolist()
        right_counts(space, masks[:1], "cpu")
        again = runs_of(monkeypatch, space)
        assert right_counts(space, masks[untied], "cpu").tolist() == expected
        assert sum(again) <= 3
        monkeypatch.undo()
        different |= set(expected)
    assert len(different) > 2


def test_rows_that_tie_are_decided_by_the_runs():
    """With weights of −1, 0 and 1 many sums tie, and a tie is wrong."""
    model, tied = random_attention(3, (2, 2, 3, 2, 3, 3), whole=True, n_rows=20), 0
    for space in spaces(model):
        masks = drawn(space, 60)
        outputs = CLASSES.margins(space.run(masks), model.answers)
        tied += (outputs == 0).sum()
        assert right_counts(space, masks, "cpu").tolist() == (outputs > 0).sum(axis=1).tolist()
    assert tied
