"""Transformers that are trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pluriscope.analysis.errors import InvalidTraining
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.classifier import classifier_document, read_classifier
from pluriscope.analysis.subjects.transformer.files import attention_document
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.analysis.subjects.transformer.tasks import TokenTask, task_named
from pluriscope.analysis.subjects.transformer.training import AttentionSpec, train_attention
from pluriscope.analysis.subjects.transformer.training_spec import TransformerOptions

XOR = TokenTask("own", ("0", "1", "="), ((0, 0, 2), (0, 1, 2), (1, 0, 2), (1, 1, 2)), (0, 1, 1, 0))


def run(model):
    space = model.space(TRANSFORMER.default_rules)
    return CLASSES.margins(space.run(np.ones((1, space.graph.n_bits), dtype=bool)), model.answers)[0]


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


@pytest.mark.parametrize("hidden", [0, 5])
def test_rows_held_out_are_never_trained_on(hidden):
    task = task_named("sum modulo", 4)
    given = {"layers": 1, "heads": 1, "steps": 8, "seed": 3, "hidden": hidden, "held_out": 0.3}
    spec = AttentionSpec(task=task, **given)
    others = [(answer + 1) % 3 if row in spec.held_out_rows else answer for row, answer in enumerate(task.answers)]
    (*_, last), (*_, other) = (
        train_attention(one, checkpoints=(8,)).checkpoints
        for one in (spec, AttentionSpec(task=replace(task, answers=tuple(others)), **given))
    )
    assert len(spec.held_out_rows) == 3
    assert last.digest == other.digest
    assert (last.training.loss, last.training.accuracy) == (other.training.loss, other.training.accuracy)
    assert last.training.held_out_loss != other.training.held_out_loss
    wholly = AttentionSpec(task=task, **given | {"held_out": 0.0})
    assert train_attention(wholly).model.digest != last.digest
    assert train_attention(wholly, checkpoints=(8,)).checkpoints[0].training.held_out_accuracy is None


def test_a_perceptron_learns_the_rows_of_a_task_as_one_hot_inputs():
    spec = AttentionSpec(task=task_named("sum modulo", 4), hidden=9, activation="silu", steps=400, learning_rate=0.03)
    outcome, again = train_attention(spec, checkpoints=(0, 100)), train_attention(spec)
    model = outcome.model
    assert outcome.converged
    assert model.digest == again.model.digest
    assert (model.network.sizes, model.outputs, model.task) == ((6, 9, 3), ("0", "1", "2"), "sum modulo")
    assert model.data[5].tolist() == [0, 1, 0, 0, 0, 1]  # 1 + 2
    assert outcome.right == 9 == (model.layers[-1].argmax(axis=1) == model.answers).sum()
    wrong = ((model.layers[-1] - np.eye(3)[model.answers]) ** 2).mean()
    assert outcome.loss == pytest.approx(wrong, rel=1e-4)
    first, *_ = outcome.checkpoints
    assert read_classifier(classifier_document(first)).training == first.training
    assert first.training.loss == pytest.approx(((first.layers[-1] - np.eye(3)[first.answers]) ** 2).mean(), rel=1e-4)


def test_options_that_came_later_are_not_written_where_they_are_as_usual():
    assert not {"hidden", "held_out", "activation"} & {*TransformerOptions().model_dump()}
    assert TransformerOptions(hidden=3).model_dump()["hidden"] == 3


@pytest.mark.slow
def test_what_does_not_converge_is_an_outcome():
    outcome = train_attention(AttentionSpec(task=XOR, layers=1, heads=1, d_model=2, d_head=1, steps=3))
    assert not outcome.converged
    assert outcome.model is not None
    assert outcome.steps == 3
    diverged = train_attention(AttentionSpec(task=XOR, layers=1, heads=1, steps=400, learning_rate=1e30))
    assert diverged.model is None


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"layers": 4}, "layers: is 4. Use 1 to 3."),
        ({"d_head": 0}, "d-head: is 0. Use 1 to 256."),
        ({"learning_rate": 0.0}, "learning-rate: is 0. Use a number above 0."),
        ({"weight_decay": 2.0}, "weight-decay: is 2. Use 0 to 1."),
        ({"held_out": 0.95}, "held-out: is 0.95. Use 0 to 0.9."),
        ({"hidden": 2_000}, "hidden: is 2,000. Use 0 to 1,024."),
    ],
)
def test_settings_that_are_none_are_refused(setting, message):
    with pytest.raises(InvalidTraining) as refused:
        AttentionSpec(task=XOR, **setting)
    assert str(refused.value) == message
