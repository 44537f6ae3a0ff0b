"""The settings of a training and its outcome: values without torch, for forms, jobs and files.

The training itself is in :mod:`pluriscope.analysis.subjects.perceptron.training`. What keeps a network simple while it
learns (penalties on weights, dropout, and pruning after it has learned) is written as one line, such as ``l1 0.001`` or
``dropout 0.1, prune 0.5``; empty for AdamW's weight decay of .01 alone, which is the authors' training.

- ``l1 P``: P times the sum of all |weights| (biases left out) is added to what gradients descend; the loss that is
  reported and that ends training is the mean squared error alone.
- ``decay D``: AdamW's weight decay (Loshchilov and Hutter, ICLR 2019) in place of .01; of biases too.
- ``dropout P``: each hidden activation of each row is dropped with probability P, the others divided by 1 − P
  (Srivastava et al., JMLR 2014). An epoch's loss is then measured at its end, on all training rows, without dropping.
- ``prune S``: when the loss is below its target, the share S of all weights that are smallest in magnitude is set to 0
  and stays 0 (Han et al., NeurIPS 2015); training goes on until the loss is below the target again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from pluriscope.analysis.errors import AnalysisError, InvalidTask, InvalidTraining
from pluriscope.analysis.questions.tasks import MAX_INPUTS, Task, task_of_text
from pluriscope.analysis.subjects.perceptron.activations import (
    CHOICES,
    DEFAULT_NEGATIVE_SLOPE,
    EXAMPLES,
    ActivationName,
)
from pluriscope.analysis.subjects.perceptron.initial import initial_parameters
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.values.strict_json import validated


@dataclass(frozen=True)
class Regularisation:
    """The regularisation of a training; see above.

    Args:
        l1: factor of the sum of absolute weights.
        decay: weight decay.
        dropout: probability.
        prune: share of weights.
    """

    l1: float = 0.0
    decay: float = 0.01
    dropout: float = 0.0
    prune: float = 0.0


_MOST: Final[Mapping[str, float]] = {"l1": 1.0, "decay": 100.0, "dropout": 0.9, "prune": 0.9}


def read_regularisation(text: str) -> Regularisation:
    """Read a line such as "l1 0.001" or "dropout 0.1, prune 0.5".

    Raises:
        InvalidTraining: a word that is not one of these or stands twice, or a number out of its range.
    """
    found: dict[str, float] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        word, _, number = part.partition(" ")
        item = repr(part[:40])
        if word not in _MOST or word in found:
            cause = "stands twice" if word in found else "begins with another word"
            raise InvalidTraining(item, cause, f"give each of {', '.join(_MOST)} once, with a number")
        try:
            found[word] = float(number)
        except ValueError:
            raise InvalidTraining(item, "has no number", f"give one, as in '{word} 0.1'") from None
        if not 0 <= found[word] <= _MOST[word]:
            raise InvalidTraining(item, "is out of range", f"give 0 to {_MOST[word]:g}")
    return Regularisation(**found)


TrainingState = Literal["converged", "stopped_early", "loss_above_target", "accuracy_too_low", "diverged"]
MAX_HIDDEN_WIDTH: Final = 64
MESSAGES: Final[dict[TrainingState, str]] = {
    "converged": "converged",
    "stopped_early": "stopped: the loss no longer fell; try another seed or more patience",
    "loss_above_target": "ran out of epochs above the loss target; allow more epochs or a higher target",
    "accuracy_too_low": "reached the loss target but decides too many rows wrong; lower the loss target",
    "diverged": "diverged to infinite values; lower the learning rate",
}


class TrainingSpec(BaseModel):
    """The settings of one training; the same values and the same seed give the same network on the same machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_inputs: int = Field(2, ge=1, le=MAX_INPUTS, title="Boolean inputs", description="How many there are.")
    tasks: tuple[str, ...] = Field(
        ("XOR",),
        min_length=1,
        max_length=8,
        description="One task per output: a name such as XOR, or a truth table such as 0110 (inputs in binary order).",
    )
    hidden: tuple[int, ...] = Field((3, 3), min_length=1, max_length=8, description="Hidden layer sizes.")
    activation: ActivationName = Field(
        "leaky_relu", description=f"Of hidden layers: {CHOICES}.", json_schema_extra=EXAMPLES
    )
    output_activation: ActivationName | None = Field(
        None, description="Output activation; null: the hidden one.", json_schema_extra=EXAMPLES
    )
    negative_slope: float = Field(DEFAULT_NEGATIVE_SLOPE, ge=0, lt=1, description="Slope of leaky_relu below 0.")
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything random in this one network.")
    loss_target: float = Field(
        0.01, gt=0, le=1e6, description="Training stops when an epoch's mean squared error is below this."
    )
    noise_std: float = Field(0.0, ge=0, le=10, description="Standard deviation of the noise added to the inputs.")
    input_weights: tuple[float, ...] | None = Field(
        None, description="How often each Boolean input is drawn, relative; null: all equally often."
    )
    learning_rate: float = Field(1e-3, gt=0, le=10, description="Learning rate of AdamW.")
    epochs: int = Field(1000, ge=1, le=100_000, title="Epochs at most", description="Passes over the training rows.")
    batch_size: int = Field(100, ge=1, le=10_000, description="Rows per step.")
    samples_per_input: int = Field(1000, ge=1, le=10_000, description="Training rows drawn per Boolean input.")
    patience: int = Field(3, ge=1, le=100_000, description="Epochs in a row without a lower loss before stopping.")
    accuracy_target: float = Field(0.99, ge=0, le=1, description="Smallest share of validation rows decided right.")
    regularisation: str = Field(
        "",
        max_length=100,
        description="Penalties, dropout and pruning, such as 'l1 0.001' or 'dropout 0.1, prune 0.5'; empty: weight "
        "decay of .01 alone.",
    )

    @field_validator("tasks")
    @classmethod
    def _known(cls, tasks: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
        for text in tasks if "n_inputs" in others.data else ():
            with _as_value_error(InvalidTask):
                task_of_text(text, others.data["n_inputs"])
        return tasks

    @field_validator("hidden")
    @classmethod
    def _wide(cls, hidden: tuple[int, ...]) -> tuple[int, ...]:
        if not all(1 <= width <= MAX_HIDDEN_WIDTH for width in hidden):
            raise ValueError(f"hidden layers must have 1 to {MAX_HIDDEN_WIDTH} neurons")
        return hidden

    @field_validator("input_weights")
    @classmethod
    def _weighed(cls, weights: tuple[float, ...] | None, others: ValidationInfo) -> tuple[float, ...] | None:
        n_rows = 2 ** others.data.get("n_inputs", 0)
        if weights is None or n_rows == 1:  # what goes by the number of inputs is not judged where that is wrong
            return weights
        # the comparison is written so that NaN fails it
        if len(weights) != n_rows or not all(0 <= w < float("inf") for w in weights) or not any(weights):
            raise ValueError(f"give {n_rows} non-negative numbers, one of them positive")
        return weights

    @field_validator("regularisation")
    @classmethod
    def _regularised(cls, text: str) -> str:
        with _as_value_error(InvalidTraining):
            read_regularisation(text)
        return text

    @model_serializer(mode="wrap")
    def _without_what_came_later(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The options, without regularisation where there is none: so jobs from before it keep their identity."""
        written: dict[str, Any] = write(self)
        if not self.regularisation:
            written.pop("regularisation", None)
        return written

    def resolved_tasks(self) -> tuple[Task, ...]:
        """The tasks as truth tables.

        Raises:
            InvalidTask: an unknown name or a truth table of another length.
        """
        return tuple(task_of_text(text, self.n_inputs) for text in self.tasks)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes of the network."""
        return (self.n_inputs, *self.hidden, len(self.tasks))

    @property
    def row_by_row(self) -> bool:
        """Whether equal Boolean inputs stand for different rows, because of noise or dropout."""
        return self.noise_std > 0 or read_regularisation(self.regularisation).dropout > 0

    @property
    def label(self) -> str:
        """A name for people, e.g. "XOR 2-3-3-1, seed 7"."""
        tasks = " + ".join(task.label for task in self.resolved_tasks())
        return f"{tasks} {'-'.join(map(str, self.sizes))}, seed {self.seed}"


@contextmanager
def _as_value_error(refused: type[AnalysisError]) -> Iterator[None]:
    """An error of the engine as one that schemas know."""
    try:
        yield
    except refused as problem:
        raise ValueError(f"{problem.item} {problem.cause}; {problem.cure}") from None


def training_spec(options: Mapping[str, Any]) -> TrainingSpec:
    """Options of a job or a command as a spec.

    Raises:
        InvalidTraining: unknown options or values out of range, all named at once.
    """
    return validated(TrainingSpec, dict(options), "option", InvalidTraining, "correct it and start again")


def untrained_network(spec: TrainingSpec) -> Network:
    """Make the network of a specification with weights as before training; the same every time.

    It stands in for what a training will make, so that the search of its circuits can be planned before it starts.
    """
    return Network.from_flat(
        initial_parameters(np.random.default_rng(0), spec.sizes).astype(np.float64),
        spec.sizes,
        activation=spec.activation,
        output_activation=spec.output_activation,
        negative_slope=spec.negative_slope,
    )
