"""Training transformers, or perceptrons, on tables of tokens; in torch, which nothing else about models needs.

All rows of a task are there to be learned, unless some are held out, and circuits are judged on all. Transformers learn
by cross-entropy at the last position, perceptrons by squared error from one-hot answers, as those that learn modular
addition in Gromov 2023 (arXiv:2301.02679); both with AdamW, batches drawn without repetition where a task has more rows
than a batch. One thread and one generator of random numbers for weights and batches: the same seed gives the same
weights on the same kind of machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from pluriscope.analysis.questions.decisions import max_wrong
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.classifier import Classifier
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.perceptron.batched_mlp import torch_module
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.optimizers import AdamW
from pluriscope.analysis.subjects.perceptron.threads import one_thread
from pluriscope.analysis.subjects.subject import ACCURACY_THRESHOLD
from pluriscope.analysis.subjects.trained import StepRecord
from pluriscope.analysis.subjects.transformer.blocks import MLP, Blocks
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.training_spec import AttentionSpec
from pluriscope.analysis.subjects.transformer.weights import MATRICES

BATCH: Final = 512
"""Most rows of a step."""
EPSILON: Final = 1e-5
"""Of LayerNorm."""
TELL_EVERY: Final = 10
"""Steps between two reported losses of a step's own rows."""
LOOK_EVERY: Final = 50
"""Steps between two looks at all rows."""


Trained = AttentionModel | Classifier
_FIRST, _SECOND = "first layer", "second layer"  # of a perceptron


@dataclass(frozen=True, eq=False)
class AttentionOutcome:
    """The outcome of a training.

    Args:
        model: at its end; None if its numbers became infinite.
        steps: that were taken.
        loss: mean cross-entropy over all rows, in nats; of a perceptron the mean squared error.
        right: rows on which the answer is the largest logit.
        converged: whether the loss is below its target and the model is right on more than 99% of the rows.
        checkpoints: the model as it was after some steps, in order, if any were kept.
    """

    model: Trained | None
    steps: int
    loss: float
    right: int
    converged: bool
    checkpoints: tuple[Trained, ...] = ()

    @property
    def words(self) -> str:
        """The outcome in words, for people."""
        if self.model is None:
            return f"diverged to infinite values after {self.steps:,} steps"
        return f"loss {self.loss:.3g} after {self.steps:,} steps, {self.right} rows right"


def train_attention(
    spec: AttentionSpec, work: Work = DEFAULT_WORK, checkpoints: Collection[int] = ()
) -> AttentionOutcome:
    """Train one transformer or perceptron.

    Args:
        spec: what to train.
        work: reports the loss; may cancel.
        checkpoints: steps after which the model is kept as it is then, 0 for before the first; where there are any, the
            last step is one, too. Training does not depend on them.
    """
    # 1. rows as a perceptron or a transformer reads them; rows held out are looked at and never learned from
    answers, act = torch.tensor(spec.task.answers), torch_module(activation_of(spec.activation))
    given = torch.tensor(spec.task.one_hot, dtype=torch.float32) if spec.hidden else torch.tensor(spec.task.rows)
    held_out = torch.tensor(spec.held_out_rows, dtype=torch.int64)
    learned = torch.tensor(sorted({*range(len(answers))} - {*spec.held_out_rows}))
    learned_rows, learned_answers, every = given[learned], answers[learned], torch.arange(len(answers))

    def outputs(rows: Tensor) -> Tensor:
        if spec.hidden:
            return act(rows @ weights[_FIRST].T) @ weights[_SECOND].T
        return logits_of(weights, rows, act, layer_norm=spec.layer_norm)

    def wrong_by(found: Tensor, answers: Tensor) -> Tensor:
        if spec.hidden:
            return torch.nn.functional.mse_loss(found, torch.nn.functional.one_hot(answers, found.shape[1]).float())
        return torch.nn.functional.cross_entropy(found, answers)

    # 2. one generator, so that a seed decides the model; one thread, since the arrays are too small for several
    with one_thread():
        generator = torch.Generator().manual_seed(spec.seed)
        weights = _initial(spec, generator)
        adam = AdamW(weights.values(), lr=spec.learning_rate, weight_decay=spec.weight_decay)
        step, loss, right, converged, words = 0, math.inf, 0, False, ""
        kept: dict[int, Trained] = {}

        def look(rows: Tensor) -> tuple[float, int]:
            """The loss on some rows, and how many are right."""
            with torch.no_grad():
                found = outputs(given[rows])
                return float(wrong_by(found, answers[rows])), int((found.argmax(dim=1) == answers[rows]).sum())

        def keep() -> None:
            options = spec.model_dump(exclude={"name", "task"}) | {"task": spec.task.name}
            answer: dict[str, Any] = {"options": options, "step": step}
            for rows, kind in ((learned, ""), (held_out, "held_out_")):
                if len(rows):
                    loss, right = look(rows)
                    answer |= {f"{kind}loss": loss, f"{kind}accuracy": right / len(rows)}
            if math.isfinite(answer["loss"]):
                name = f"{spec.label}, step {step}"
                kept[step] = replace(_model(spec, weights), name=name, training=StepRecord(**answer))

        # 3. steps of AdamW; now and then all rows are looked at, since a batch does not show whether training converged
        if 0 in checkpoints:
            keep()
        while step < spec.steps and not converged:
            for _ in range(min(LOOK_EVERY, spec.steps - step)):
                n = len(learned)
                some = slice(None) if n <= BATCH else torch.randperm(n, generator=generator)[:BATCH]
                wrong = wrong_by(outputs(learned_rows[some]), learned_answers[some])
                if step % TELL_EVERY == 0:
                    work.report_step("training", step + 1, spec.steps, words, float(wrong.detach()))
                slopes = torch.autograd.grad(wrong, list(weights.values()))
                for weight, slope in zip(weights.values(), slopes, strict=True):
                    weight.grad = slope
                adam.step()
                step += 1
                if step in checkpoints:
                    keep()
            loss, right = look(every)
            words = f"loss {loss:.3g}, {right} of {len(answers)} rows right"
            work.report_step("training", step, spec.steps, words, loss)
            # no step leads back from infinite weights
            if not math.isfinite(loss):
                return AttentionOutcome(None, step, loss, 0, False, tuple(kept.values()))
            most_wrong = max_wrong(len(answers), ACCURACY_THRESHOLD)
            converged = loss <= spec.loss_target and len(answers) - right <= most_wrong
        if checkpoints:
            keep()
    return AttentionOutcome(_model(spec, weights), step, loss, right, converged, tuple(kept.values()))


def initial_sizes(spec: AttentionSpec) -> dict[str, tuple[tuple[int, ...], float]]:
    """The shape of every array of weights, in the order in which they are drawn, and the standard deviation of its
    normal numbers: what is read of a vector is about as large as the vector.
    """
    vocabulary, context = len(spec.task.outputs), len(spec.task.rows[0])
    if spec.hidden:
        (_, n_inputs), classes = spec.task.one_hot.shape, len(spec.task.classes)
        return {
            _FIRST: ((spec.hidden, n_inputs), 1 / math.sqrt(n_inputs // classes)),
            _SECOND: ((classes, spec.hidden), 1 / math.sqrt(spec.hidden)),
        }
    d, k = spec.d_model, spec.d_head
    shapes: dict[str, tuple[int, ...]] = {"embedding": (vocabulary, d), "unembedding": (d, vocabulary)}
    if spec.positions:
        shapes["positions"] = (context, d)
    found = {name: (shape, 1 / math.sqrt(d)) for name, shape in shapes.items()}
    for layer in range(spec.layers):
        for name in MATRICES[:3]:
            found[f"{layer} {name}"] = ((spec.heads, d, k), 1 / math.sqrt(d))
        found[f"{layer} output"] = ((spec.heads, k, d), 1 / math.sqrt(k))
        if spec.d_mlp:
            shapes_of_mlp = ((d, spec.d_mlp), (spec.d_mlp,), (spec.d_mlp, d), (d,))
            for name, shape in zip(MLP, shapes_of_mlp, strict=True):
                found[f"{layer} mlp {name}"] = (shape, 1 / math.sqrt(shape[0]) if len(shape) == 2 else 0.0)
    return found


def _initial(spec: AttentionSpec, generator: torch.Generator) -> dict[str, Tensor]:
    return {
        name: (size * torch.randn(shape, generator=generator)).requires_grad_()
        for name, (shape, size) in initial_sizes(spec).items()
    }


def logits_of(
    weights: Mapping[str, Tensor], tokens: Tensor, act: Callable[[Tensor], Tensor], *, layer_norm: bool
) -> Tensor:
    """Compute the logits of the last position, ``[rows, vocabulary]``.

    Args:
        weights: named as by :func:`initial_sizes`.
        tokens: ``[rows, positions]``.
        act: the activation of MLP blocks.
        layer_norm: whether everything that reads has a LayerNorm before it.
    """

    def seen(x: Tensor) -> Tensor:
        return torch.nn.functional.layer_norm(x, x.shape[-1:], eps=EPSILON) if layer_norm else x

    context = tokens.shape[1]
    later = torch.triu(torch.ones(context, context, dtype=torch.bool), diagonal=1)
    x = weights["embedding"][tokens]
    if "positions" in weights:
        x = x + weights["positions"]
    layer = 0
    while f"{layer} query" in weights:
        q, k, v = (torch.einsum("rid,hdk->rhik", seen(x), weights[f"{layer} {name}"]) for name in MATRICES[:3])
        scores = (q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])).masked_fill(later, -math.inf)
        heard = torch.softmax(scores, dim=-1) @ v
        x = x + torch.einsum("rhik,hkd->rid", heard, weights[f"{layer} output"])
        if f"{layer} mlp in" in weights:
            w_in, b_in, w_out, b_out = (weights[f"{layer} mlp {name}"] for name in MLP)
            x = x + act(seen(x) @ w_in + b_in) @ w_out + b_out
        layer += 1
    return seen(x)[:, -1] @ weights["unembedding"]


def _model(spec: AttentionSpec, weights: Mapping[str, Tensor]) -> Trained:
    arrays: dict[str, Any] = {key: one.detach().numpy().astype(np.float64) for key, one in weights.items()}
    if spec.hidden:
        both = [*arrays.values()]
        biases = [np.zeros(len(one)) for one in both]
        network = Network.from_arrays(both, biases, activation=spec.activation, output_activation="linear")
        answers = np.array(spec.task.answers, dtype=np.int64)
        return Classifier(spec.label, network, spec.task.classes, spec.task.one_hot, answers, spec.task.name)
    layers: Any = tuple(tuple(arrays[f"{layer} {part}"] for part in MATRICES) for layer in range(spec.layers))
    mlps = [[arrays[f"{layer} mlp {part}"] for part in MLP] for layer in range(spec.layers if spec.d_mlp else 0)]
    return AttentionModel(
        name=spec.label,
        attribution="",
        outputs=spec.task.outputs,
        embedding=arrays["embedding"],
        positions=arrays.get("positions"),
        layers=layers,
        unembedding=arrays["unembedding"],
        task=spec.task.name,
        tokens=np.array(spec.task.rows, dtype=np.int64),
        answers=np.array(spec.task.answers, dtype=np.int64),
        blocks=Blocks(
            mlps=tuple((one[0], one[1], one[2], one[3]) for one in mlps),
            activation=spec.activation if mlps else "",
            epsilon=EPSILON if spec.layer_norm else None,
        ),
    )
