"""Transformers that are trained."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.errors import InvalidTraining
from analysis.subjects.subject import gaps
from analysis.subjects.transformer.files import attention_document
from analysis.subjects.transformer.kind import TRANSFORMER
from analysis.subjects.transformer.model import read_attention
from analysis.subjects.transformer.tasks import TokenTask, task_named
from analysis.subjects.transformer.training import AttentionSpec, train_attention

XOR = TokenTask("own", ("0", "1", "="), ((0, 0, 2), (0, 1, 2), (1, 0, 2), (1, 1, 2)), (0, 1, 1, 0))


def run(model):
    space = model.space(TRANSFORMER.default_rules)
    return gaps(space.run(np.ones((1, space.graph.n_bits), dtype=bool)), model.answers)[0]


@pytest.mark.parametrize("name", [pytest.param("other name", marks=pytest.mark.slow), "majority"])
def test_what_converged_is_right_as_the_engine_runs_it(name):
    outcome = train_attention(AttentionSpec(task=task_named(name), layers=1, seed=3))
    assert outcome.converged
    assert outcome.right == len(outcome.model.rows) == (run(outcome.model) > 0).sum()
    assert outcome.model.task == name
    # weights are those of float32, to the bit, and survive the file
    assert np.array_equal(outcome.model.embedding, outcome.model.embedding.astype(np.float32))
    assert read_attention(attention_document(outcome.model)).digest == outcome.model.digest


@pytest.mark.slow
def test_a_seed_gives_its_weights_again_and_another_gives_others():
    spec = AttentionSpec(task=task_named("first token"), layers=1, heads=1, steps=50)
    first, again = train_attention(spec), train_attention(spec)
    assert first.model.digest == again.model.digest
    other = AttentionSpec(task=task_named("first token"), layers=1, heads=1, steps=50, seed=1)
    assert train_attention(other).model.digest != first.model.digest


@pytest.mark.slow
def test_what_does_not_converge_is_an_outcome():
    outcome = train_attention(AttentionSpec(task=XOR, layers=1, heads=1, d_model=2, d_head=1, steps=3))
    assert not outcome.converged
    assert outcome.model is not None
    assert outcome.steps == 3
    diverged = train_attention(AttentionSpec(task=XOR, layers=1, heads=1, steps=400, learning_rate=1e30))
    assert diverged.model is None


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"layers": 4}, "layers: is 4. Use 1 to 3."),
        ({"d_head": 0}, "d-head: is 0. Use 1 to 256."),
        ({"learning_rate": 0.0}, "learning-rate: is 0. Use a number above 0."),
        ({"weight_decay": 2.0}, "weight-decay: is 2. Use 0 to 1."),
    ],
)
def test_settings_that_are_none_are_refused(setting, told):
    with pytest.raises(InvalidTraining) as refused:
        AttentionSpec(task=XOR, **setting)
    assert str(refused.value) == told
