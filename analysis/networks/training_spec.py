"""What to train, and what came of it: values without torch, for forms, jobs and files.

The training itself is in :mod:`analysis.networks.training`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from analysis.errors import InvalidTask, InvalidTraining
from analysis.networks.network import DEFAULT_NEGATIVE_SLOPE, MAX_INPUTS, Activation, Network
from analysis.tasks import Task, named_task, task_from_table

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
    """How to train one network; the same values and the same seed give the same network on the same machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tasks: tuple[str, ...] = Field(
        ("XOR",),
        min_length=1,
        max_length=8,
        description="One task per output: a name such as XOR, or a truth table such as 0110 (inputs in binary order).",
    )
    n_inputs: int = Field(2, ge=1, le=MAX_INPUTS, description="Number of Boolean inputs.")
    hidden: tuple[int, ...] = Field((3, 3), min_length=1, max_length=8, description="Hidden layer sizes.")
    activation: Activation = Field("leaky_relu", description="Hidden activation.")
    output_activation: Activation | None = Field(None, description="Output activation; null: the hidden one.")
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
    epochs: int = Field(1000, ge=1, le=100_000, description="Largest number of epochs.")
    batch_size: int = Field(100, ge=1, le=10_000, description="Rows per step.")
    samples_per_input: int = Field(1000, ge=1, le=10_000, description="Training rows drawn per Boolean input.")
    patience: int = Field(3, ge=1, le=100_000, description="Epochs in a row without a lower loss before stopping.")
    accuracy_target: float = Field(0.99, ge=0, le=1, description="Smallest share of validation rows decided right.")

    @model_validator(mode="after")
    def _fits_together(self) -> TrainingSpec:
        if not all(1 <= width <= MAX_HIDDEN_WIDTH for width in self.hidden):
            raise ValueError(f"hidden layers must have 1 to {MAX_HIDDEN_WIDTH} neurons")
        try:
            self.resolved_tasks()
        except InvalidTask as problem:
            raise ValueError(f"{problem.item} {problem.cause}; {problem.cure}") from None
        weights = self.input_weights
        # the comparison is written so that NaN fails it
        if weights is not None and not (
            len(weights) == 2**self.n_inputs and all(0 <= w < float("inf") for w in weights) and any(weights)
        ):
            raise ValueError(f"input_weights must be {2**self.n_inputs} non-negative numbers, one of them positive")
        return self

    def resolved_tasks(self) -> tuple[Task, ...]:
        """The tasks as truth tables.

        Raises:
            InvalidTask: an unknown name or a truth table of another length.
        """
        return tuple(_task(text, self.n_inputs) for text in self.tasks)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes of the network."""
        return (self.n_inputs, *self.hidden, len(self.tasks))

    @property
    def label(self) -> str:
        """A name for people, e.g. "XOR 2-3-3-1, seed 7"."""
        tasks = " + ".join(task.name or "".join(map(str, task.truth_table)) for task in self.resolved_tasks())
        return f"{tasks} {'-'.join(map(str, self.sizes))}, seed {self.seed}"


@dataclass(frozen=True)
class TrainingOutcome:
    """One trained network, or why there is none; never lost, whatever happened.

    Args:
        spec: what was asked for.
        state: "converged", or the reason why not.
        network: the network as it was when training stopped; None only if it diverged.
        epochs: epochs run.
        loss: mean squared error of the last epoch over its batches.
        accuracy: share of validation rows on which every output rounds to its label.
        losses: loss of every epoch.
    """

    spec: TrainingSpec
    state: TrainingState
    network: Network | None
    epochs: int
    loss: float
    accuracy: float
    losses: tuple[float, ...]

    @property
    def converged(self) -> bool:
        return self.state == "converged"

    @property
    def message(self) -> str:
        """What happened, and what to do about it if it is not what was wanted."""
        return MESSAGES[self.state]


def training_json(outcome: TrainingOutcome, max_points: int = 200) -> dict[str, Any]:
    """Options and outcome as JSON values; NaN and infinities become null.

    Args:
        outcome: what to write.
        max_points: the loss curve is thinned to at most so many (epoch, loss) pairs, the last epoch always among them.
    """
    stride = -(-max(len(outcome.losses), 1) // max_points)
    epochs = sorted({*range(stride - 1, len(outcome.losses), stride), len(outcome.losses) - 1} - {-1})[-max_points:]

    def finite(value: float) -> float | None:
        return value if abs(value) < float("inf") else None

    return {
        "options": outcome.spec.model_dump(mode="json"),
        "state": outcome.state,
        "message": outcome.message,
        "epochs": outcome.epochs,
        "loss": finite(outcome.loss),
        "accuracy": outcome.accuracy,
        "losses": [[epoch + 1, finite(outcome.losses[epoch])] for epoch in epochs],
    }


def training_spec(options: Mapping[str, Any]) -> TrainingSpec:
    """Options of a form, a job or a command as a spec.

    Raises:
        InvalidTraining: unknown options or values out of range, all named at once.
    """
    try:
        return TrainingSpec.model_validate(dict(options))
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'options'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise InvalidTraining("training options", problems, "correct them and start again") from None


def _task(text: str, n_inputs: int) -> Task:
    bits = text.strip()
    if bits and set(bits) <= {"0", "1"}:
        return task_from_table([int(bit) for bit in bits], n_inputs)
    return named_task(bits, n_inputs)
