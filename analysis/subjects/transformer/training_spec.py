"""The settings of the training of a transformer, or of a perceptron on the same rows: values without torch, for forms,
jobs and commands.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from pluriscope.analysis.errors import InvalidTraining
from pluriscope.analysis.subjects.perceptron.activations import CHOICES, EXAMPLES, ActivationName
from pluriscope.analysis.subjects.transformer.blocks import D_MLP
from pluriscope.analysis.subjects.transformer.model import LIMITS
from pluriscope.analysis.subjects.transformer.tasks import TASKS, TokenTask, task_named
from pluriscope.analysis.values.strict_json import validated

RANGES: Final = {
    "layers": LIMITS["layers"],
    "heads": LIMITS["heads"],
    "d_model": LIMITS["d_model"],
    "d_head": LIMITS["d_head"],
    "d_mlp": (0, D_MLP[1]),
    "hidden": (0, 1_024),
    "seed": (0, 2**31 - 1),
    "steps": (1, 200_000),
}


class TransformerOptions(BaseModel):
    """The settings of one training; the same values and seed give the same weights on the same kind of machine.

    Raises:
        InvalidTraining: a number out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str = Field("induction", description=f"One of {', '.join(TASKS)}.")
    vocabulary: int = Field(0, description="Tokens, with = where rows end with it; 0: the task's own number.")
    context: int = Field(0, title="Length of a row", description="In tokens; 0: the task's own number.")
    layers: int = Field(2, description="Layers of heads, 1 to 3.")
    heads: int = Field(2, description="Heads of each layer, 1 to 8.")
    d_model: int = Field(16, title="Dimensions", description="Of each vector.")
    d_head: int = Field(8, title="Dimensions of a head", description="Of each query, key and value.")
    positions: bool = Field(True, description="Whether positions are learned.")
    d_mlp: int = Field(
        0, title="Neurons of MLP blocks", description="Of the MLP block after each layer, up to 1,024; 0: none."
    )
    activation: ActivationName = Field(
        "relu",
        title="Activation of MLP blocks",
        description=f"Or of the perceptron: {CHOICES}.",
        json_schema_extra=EXAMPLES,
    )
    layer_norm: bool = Field(False, description="Whether everything that reads has a LayerNorm before it.")
    hidden: int = Field(
        0,
        title="Neurons of a perceptron",
        description="With one hidden layer without biases, which is trained in place of a transformer, by squared "
        "error, on the tokens as one-hot inputs, up to 1,024; 0: a transformer.",
    )
    held_out: float = Field(
        0.0, title="Share held out", description="Share of the rows, drawn by the seed, that are never trained on."
    )
    seed: int = Field(0, description="Of weights and batches.")
    steps: int = Field(4_000, description="Largest number of steps.")
    learning_rate: float = Field(0.01, description="Learning rate of AdamW.")
    weight_decay: float = Field(0.01, description="Weight decay of AdamW.")
    loss_target: float = Field(0.01, description="Stop when the loss on all rows is below this.")
    name: str = Field("", max_length=200, description="Of the model; default: made from task, sizes and seed.")

    @model_serializer(mode="wrap")
    def _without_what_came_later(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The options, without later ones that are as usual: so older jobs keep their identity."""
        later: dict[str, Any] = {"activation": "relu", "hidden": 0, "held_out": 0.0}
        return {name: value for name, value in write(self).items() if name not in later or value != later[name]}

    @model_validator(mode="after")
    def _within(self) -> Self:
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise InvalidTraining(name.replace("_", "-"), f"is {value:,}", f"use {least} to {most:,}")
        for name in ("learning_rate", "loss_target"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise InvalidTraining(name.replace("_", "-"), f"is {getattr(self, name):g}", "use a number above 0")
        if not 0.0 <= self.weight_decay <= 1.0:
            raise InvalidTraining("weight-decay", f"is {self.weight_decay:g}", "use 0 to 1")
        if not 0.0 <= self.held_out <= 0.9:
            raise InvalidTraining("held-out", f"is {self.held_out:g}", "use 0 to 0.9")
        return self


class AttentionSpec(TransformerOptions):
    """The options of a training together with the rows of the task; the sizes of the task are not read."""

    task: TokenTask  # type: ignore[assignment]

    @property
    def label(self) -> str:
        """A name for people, e.g. "induction, 2 × 2 heads, seed 7"."""
        kind = "" if self.activation == "relu" else f" {self.activation}"
        beside = (f", MLP of {self.d_mlp}{kind}" if self.d_mlp else "") + (", LayerNorm" if self.layer_norm else "")
        parts = f"{self.layers} × {self.heads} heads{beside}"
        if self.hidden:
            parts = f"perceptron of {self.hidden}{kind}"
        held_out = f", {self.held_out:.0%} held out" if self.held_out else ""
        return self.name or f"{self.task.name or 'own table'}, {parts}{held_out}, seed {self.seed}"

    @property
    def held_out_rows(self) -> list[int]:
        """Rows of the task that are never trained on."""
        return rows_held_out(len(self.task.rows), self.held_out, self.seed)


def rows_held_out(n_rows: int, share: float, seed: int) -> list[int]:
    """Draw the rows of a task that are not trained on under options with a share and a seed, in order."""
    return sorted(random.Random(seed).sample(range(n_rows), round(share * n_rows)))  # noqa: S311


def attention_spec(options: Mapping[str, Any], table: TokenTask | None = None) -> AttentionSpec:
    """Make the specification of a training.

    Args:
        options: as :class:`TransformerOptions` has them.
        table: rows of their own instead of a task's.

    Raises:
        InvalidTraining: unknown options, or numbers out of range.
        InvalidTask: an unknown task, or sizes that it does not have.
    """
    found = validated(TransformerOptions, dict(options), "option", InvalidTraining, "correct it and start again")
    task = table or task_named(found.task, found.vocabulary or None, found.context or None)
    return AttentionSpec(**{**found.model_dump(), "task": task})
