import math

import numpy as np
import pytest
import torch

from pluriscope.analysis.errors import Cancelled, InvalidTraining
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.batched_mlp import layer_views
from pluriscope.analysis.subjects.perceptron.initial import initial_parameters
from pluriscope.analysis.subjects.perceptron.training import train_networks
from pluriscope.analysis.subjects.perceptron.training_course import training_json
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec, training_spec

SEVERAL = [
    TrainingSpec(seed=0),
    TrainingSpec(seed=1, tasks=("AND",)),
    TrainingSpec(seed=2, learning_rate=0.01),
    TrainingSpec(seed=3, activation="tanh", learning_rate=0.01),
    TrainingSpec(seed=4, activation="sigmoid", learning_rate=0.05),
    TrainingSpec(seed=5, tasks=("XOR", "OR", "1101"), input_weights=(1, 2, 3, 4)),
    TrainingSpec(seed=6, noise_std=0.1, samples_per_input=50, learning_rate=0.01),
    TrainingSpec(seed=7, activation="relu", output_activation="linear"),
    TrainingSpec(seed=8, tasks=("MAJORITY",), n_inputs=3, hidden=(4,)),
    TrainingSpec(seed=9, regularisation="dropout 0.1, prune 0.5", samples_per_input=50, loss_target=0.5),
]

SHORT = [spec.model_copy(update={"epochs": 5}) for spec in SEVERAL]


@pytest.fixture(scope="module")
def together():
    return train_networks(SHORT)


@pytest.mark.parametrize("index", range(len(SEVERAL)))
def test_a_network_does_not_depend_on_its_company(together, index):
    (alone,) = train_networks([SHORT[index]])
    assert alone.network.digest == together[index].network.digest
    assert (alone.losses, alone.accuracy, alone.state) == (
        together[index].losses,
        together[index].accuracy,
        together[index].state,
    )


def test_checkpoints_do_not_change_training(together):
    for spec, outcome, kept in zip(SHORT, together, train_networks(SHORT, checkpoints=(0, 2, 9)), strict=True):
        assert kept.network.digest == outcome.network.digest
        assert (kept.losses, kept.accuracy, kept.state) == (outcome.losses, outcome.accuracy, outcome.state)
        epochs = [record.epoch for _, record in kept.checkpoints]
        assert epochs == [epoch for epoch in (0, 2) if epoch < kept.epochs] + [kept.epochs]
        (start, _), (last, record) = kept.checkpoints[0], kept.checkpoints[-1]
        first = initial_parameters(np.random.default_rng(spec.seed), spec.sizes)
        assert np.array_equal(start.weights[0].ravel(), first[: start.weights[0].size])
        assert (last.digest, record.accuracy, record.options) == (kept.network.digest, kept.accuracy, spec)


def test_failures_are_outcomes_with_a_reason():
    specs = [
        TrainingSpec(seed=0, epochs=2),
        TrainingSpec(seed=0, activation="linear", patience=2, learning_rate=0.1),
        TrainingSpec(seed=0, loss_target=10.0),
    ]
    outcomes = train_networks(specs)
    states = [outcome.state for outcome in outcomes]
    assert states[0] == "loss_above_target"
    assert states[1:] == ["stopped_early", "accuracy_too_low"]
    for outcome in outcomes:
        assert outcome.message
        assert outcome.network is not None


@pytest.mark.slow
def test_divergence_is_an_outcome():
    # no permitted learning rate gets there; model_copy does not check
    spec = TrainingSpec(activation="linear", epochs=3).model_copy(update={"learning_rate": 1e20})
    outcome, healthy = train_networks([spec, TrainingSpec(seed=0)])
    assert (outcome.state, outcome.network) == ("diverged", None)
    assert not math.isfinite(outcome.loss)
    assert training_json(outcome)["loss"] is None
    assert healthy.converged


def test_progress_is_reported_and_training_can_be_stopped():
    answer = []

    def report(progress):
        answer.append(progress)
        if len(answer) == 5:
            raise Cancelled("training")

    with pytest.raises(Cancelled):
        train_networks([TrainingSpec(seed=0)], Work(report=report))
    assert {progress.stage for progress in answer} == {"training"}
    assert train_networks([]) == ()


BAD_OPTIONS = [
    ({"tasks": ["FOO"]}, "not a known name"),
    ({"tasks": []}, "at least 1 item"),
    ({"tasks": ["011"]}, "must be 4 values"),
    ({"tasks": ["XOR"], "n_inputs": 3}, "defined for 2 inputs"),
    ({"hidden": [0]}, "1 to 64 neurons"),
    ({"hidden": [65]}, "1 to 64 neurons"),
    ({"loss_target": float("nan")}, "loss_target"),
    ({"input_weights": [0, 0, 0, 0]}, "one of them positive"),
    ({"input_weights": [1, 1, 1, float("nan")]}, "4 non-negative numbers"),
    ({"epoch": 3}, "epoch"),
    ({"regularisation": "l3 1"}, "begins with another word"),
    ({"regularisation": "l1 0.1, l1 0.2"}, "stands twice"),
    ({"regularisation": "decay much"}, "has no number"),
    ({"regularisation": "dropout 1"}, "out of range"),
]


@pytest.mark.parametrize(("options", "said"), BAD_OPTIONS, ids=[str(options) for options, _ in BAD_OPTIONS])
def test_bad_options_are_refused(options, said):
    with pytest.raises(InvalidTraining) as refusal:
        training_spec(options)
    assert said in str(refusal.value)


def regularised_by_autograd(spec: TrainingSpec, *, l1: float, decay: float, dropout: float) -> list[torch.Tensor]:
    """W1, b1, W2, b2 after one epoch, by torch's own gradients and AdamW, in float64."""
    random = np.random.default_rng(spec.seed)
    flat = torch.from_numpy(initial_parameters(random, spec.sizes)).double()[:, None]
    weights, biases = (
        [part[..., 0].clone().requires_grad_() for part in some] for some in layer_views(flat, spec.sizes)
    )
    n_rows = 4 * spec.samples_per_input
    rows = random.choice(4, size=n_rows, p=[0.25] * 4)[random.permutation(n_rows)]
    kept = random.random((spec.hidden[0], n_rows)) >= dropout if dropout else np.ones((spec.hidden[0], n_rows))
    optimiser = torch.optim.AdamW([*weights, *biases], lr=spec.learning_rate, weight_decay=decay)
    for start in range(0, n_rows, spec.batch_size):
        part = slice(start, start + spec.batch_size)
        hidden = torch.tanh(torch.from_numpy(input_table(2)[rows[part]]).double() @ weights[0].T + biases[0])
        hidden = hidden * torch.from_numpy(kept[:, part].T / (1 - dropout))
        outputs = torch.tanh(hidden @ weights[1].T + biases[1])[:, 0]
        labels = torch.from_numpy(np.array([0.0, 1.0, 1.0, 0.0])[rows[part]])
        loss = ((outputs - labels) ** 2).mean() + l1 * sum(weight.abs().sum() for weight in weights)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return [part.detach() for pair in zip(weights, biases, strict=True) for part in pair]


@pytest.mark.parametrize(
    "rules", [{"l1": 0.03, "decay": 0.01, "dropout": 0.0}, {"l1": 0.0, "decay": 2.0, "dropout": 0.25}], ids=str
)
def test_penalties_and_dropout_are_those_of_autograd(rules):
    assert_as_by_autograd(rules, samples_per_input=10, batch_size=7, within=1e-5)


@pytest.mark.slow
def test_steps_are_those_of_autograd_past_a_thousand():
    assert_as_by_autograd({"l1": 0.0, "decay": 0.01, "dropout": 0.0}, samples_per_input=600, batch_size=2, within=1e-4)


def assert_as_by_autograd(rules, *, within, **batches):
    text = ", ".join(f"{word} {value}" for word, value in rules.items())
    spec = TrainingSpec(seed=3, hidden=(3,), activation="tanh", epochs=1, regularisation=text, **batches)
    (outcome,) = train_networks([spec])
    found = [part for pair in zip(outcome.network.weights, outcome.network.biases, strict=True) for part in pair]
    for mine, theirs in zip(found, regularised_by_autograd(spec, **rules), strict=True):
        assert mine == pytest.approx(theirs.numpy(), abs=within)


@pytest.mark.slow
@pytest.mark.parametrize("target", [0.3, 1e-9], ids=["reached", "not reached"])
def test_the_smallest_weights_are_pruned_once_the_target_is_reached(target):
    spec = TrainingSpec(seed=0, loss_target=target, epochs=8, patience=8, accuracy_target=0)
    (before, pruned) = train_networks([spec, spec.model_copy(update={"regularisation": "prune 0.5"})])
    learned, left = (np.concatenate([w.ravel() for w in one.network.weights]) for one in (before, pruned))
    if not before.converged:
        assert before.network.digest == pruned.network.digest
        return
    assert pruned.converged
    assert pruned.epochs > before.epochs
    assert set(np.flatnonzero(left == 0)) == set(np.argsort(np.abs(learned))[:9])


def test_what_is_not_regularised_is_written_as_before():
    assert "regularisation" not in TrainingSpec().model_dump()
    assert TrainingSpec(regularisation="l1 0.1").model_dump()["regularisation"] == "l1 0.1"
