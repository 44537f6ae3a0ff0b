"""How one network learns, on its way or at its end; without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from analysis.networks.mlp import forward
from analysis.networks.network import Network
from analysis.networks.training_spec import MESSAGES, TrainingSpec, TrainingState
from analysis.tasks import input_table

MOST_POINTS: Final = 200  # of one loss curve
_FEWEST: Final = 6
_POINTS_OF_ALL: Final = 4_000  # of all curves that are told at once
Rows = tuple[tuple[float, ...], ...]
"""Outputs ``[input][output]``, inputs counted in binary."""


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
        outputs: after the last of these epochs; () before the first, and where they are not finite.
    """

    spec: TrainingSpec
    state: TrainingState | Literal["training"]
    epochs: int
    loss: float | None
    accuracy: float | None
    losses: tuple[tuple[int, float], ...]
    outputs: Rows


def course_json(course: TrainingCourse) -> dict[str, Any]:
    """A course as JSON values; NaN and infinities become null."""
    return {
        "name": course.spec.label,
        "seed": course.spec.seed,
        "state": course.state,
        "epochs": course.epochs,
        "loss": _finite(course.loss),
        "accuracy": course.accuracy,
        "losses": _losses_json(course.losses),
        "outputs": _outputs_json(course),
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
    """

    spec: TrainingSpec
    state: TrainingState
    network: Network | None
    epochs: int
    loss: float
    accuracy: float
    losses: tuple[float, ...]

    def course(self, max_points: int = MOST_POINTS) -> TrainingCourse:
        """The same as a course at its end, its loss curve thinned."""
        losses, outputs = thinned(self.losses, max_points), Rows()
        if self.network is not None:
            outputs = tuple(map(tuple, forward(self.network, input_table(self.spec.n_inputs)).tolist()))
        return TrainingCourse(self.spec, self.state, self.epochs, self.loss, self.accuracy, losses, outputs)

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
    return {
        "options": outcome.spec.model_dump(mode="json"),
        "state": outcome.state,
        "message": outcome.message,
        "epochs": outcome.epochs,
        "loss": _finite(outcome.loss),
        "accuracy": outcome.accuracy,
        "losses": _losses_json(course.losses),
        "outputs": _outputs_json(course),
    }


def thinned(losses: Sequence[float], max_points: int = MOST_POINTS) -> tuple[tuple[int, float], ...]:
    """(epoch, loss) of the first epoch, the last, and evenly between; of all if they are few enough.

    Args:
        losses: of every epoch from the first.
        max_points: at least 1; if just one is wanted it is the last.
    """
    n = len(losses)
    if max_points == 1:
        chosen = [n - 1] if n else []
    elif n <= max_points:
        chosen = list(range(n))
    else:
        chosen = sorted({round(step * (n - 1) / (max_points - 1)) for step in range(max_points)})
    return tuple((at + 1, losses[at]) for at in chosen)


def points_each(n_networks: int) -> int:
    """Points of each loss curve where several are told of at once."""
    return max(_FEWEST, min(MOST_POINTS, _POINTS_OF_ALL // max(1, n_networks)))


def _losses_json(losses: Sequence[tuple[int, float]]) -> list[list[float | None]]:
    return [[epoch, _finite(loss)] for epoch, loss in losses]


def _outputs_json(course: TrainingCourse) -> list[list[Any]]:
    """The outputs to five digits behind their epoch, in a list of one: files of before have some of earlier epochs."""
    rows = [[None if _finite(value) is None else float(f"{value:.5g}") for value in row] for row in course.outputs]
    return [[course.epochs, rows]] if rows else []


def _finite(value: float | None) -> float | None:
    """The value, None where it is none that JSON knows."""
    return value if value is not None and abs(value) < float("inf") else None
