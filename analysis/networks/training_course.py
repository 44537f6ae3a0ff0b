"""How one network learns, on its way or at its end; without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from analysis.networks.network import Network
from analysis.networks.training_curves import MOST_POINTS, Look, finite, losses_json, outputs_json, thinned
from analysis.networks.training_spec import MESSAGES, TrainingSpec, TrainingState


@dataclass(frozen=True)
class TrainingCourse:
    """One network on its way, or at its end.

    Args:
        spec: what was asked for.
        state: "training", or how training ended.
        epochs: epochs run.
        loss: mean squared error of the last epoch, None before the first.
        accuracy: share of validation rows decided right, None before the end.
        losses: (epoch, loss), thinned.
        outputs: outputs at some epochs, the newest last.
    """

    spec: TrainingSpec
    state: TrainingState | Literal["training"]
    epochs: int
    loss: float | None
    accuracy: float | None
    losses: tuple[tuple[int, float], ...]
    outputs: tuple[Look, ...]


def course_json(course: TrainingCourse) -> dict[str, Any]:
    """A course as JSON values; NaN and infinities become null."""
    return {
        "name": course.spec.label,
        "seed": course.spec.seed,
        "state": course.state,
        "epochs": course.epochs,
        "loss": finite(course.loss),
        "accuracy": course.accuracy,
        "losses": losses_json(course.losses),
        "outputs": outputs_json(course.outputs),
    }


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
        outputs: outputs on the Boolean inputs at some epochs, if they were asked for; the last epoch is among them.
    """

    spec: TrainingSpec
    state: TrainingState
    network: Network | None
    epochs: int
    loss: float
    accuracy: float
    losses: tuple[float, ...]
    outputs: tuple[Look, ...] = ()

    def course(self, max_points: int = MOST_POINTS) -> TrainingCourse:
        """The same as a course at its end, its loss curve thinned."""
        losses = thinned(self.losses, max_points)
        return TrainingCourse(self.spec, self.state, self.epochs, self.loss, self.accuracy, losses, self.outputs)

    @property
    def converged(self) -> bool:
        return self.state == "converged"

    @property
    def message(self) -> str:
        """What happened, and what to do about it if it is not what was wanted."""
        return MESSAGES[self.state]


def training_json(outcome: TrainingOutcome, max_points: int = MOST_POINTS) -> dict[str, Any]:
    """Options and outcome as JSON values; NaN and infinities become null.

    Args:
        outcome: what to write.
        max_points: the loss curve is thinned to at most so many (epoch, loss) pairs, the first and the last epoch
            always among them.
    """
    course = outcome.course(max_points)
    told = {
        "options": outcome.spec.model_dump(mode="json"),
        "state": outcome.state,
        "message": outcome.message,
        "epochs": outcome.epochs,
        "loss": finite(outcome.loss),
        "accuracy": outcome.accuracy,
        "losses": losses_json(course.losses),
    }
    return {**told, "outputs": outputs_json(outcome.outputs)} if outcome.outputs else told
