"""The course of one training, on its way or at its end; without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from pydantic import Field

from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.training_spec import MESSAGES, TrainingSpec, TrainingState
from pluriscope.analysis.subjects.trained import TrainingRecord

MOST_POINTS: Final = 200  # of one loss curve
_FEWEST: Final = 6
_POINTS_OF_ALL: Final = 4_000  # of all curves that are reported at once


class EpochRecord(TrainingRecord):
    """The point of its training at which a perceptron was saved, as its file has it."""

    unit: ClassVar[str] = "epoch"
    options: TrainingSpec
    epoch: int = Field(ge=0, strict=True, description="Epochs run; 0 before the first.")


@dataclass(frozen=True)
class TrainingOutcome:
    """A trained network, or the reason why there is none; never lost, whatever happened.

    Args:
        spec: of the training.
        state: "converged", or the reason why not.
        network: the network as it was when training stopped; None only if it diverged.
        epochs: epochs run.
        loss: mean squared error of the last epoch over its batches.
        accuracy: share of validation rows on which every output rounds to its label.
        losses: loss of every epoch.
        checkpoints: the network as it was after some epochs, in order, if any were kept.
    """

    spec: TrainingSpec
    state: TrainingState
    network: Network | None
    epochs: int
    loss: float
    accuracy: float
    losses: tuple[float, ...]
    checkpoints: tuple[tuple[Network, EpochRecord], ...] = ()

    @property
    def converged(self) -> bool:
        return self.state == "converged"

    @property
    def message(self) -> str:
        """A sentence on the outcome, and what to do about it if it is not what was wanted."""
        return MESSAGES[self.state]


def training_json(outcome: TrainingOutcome, max_points: int = MOST_POINTS) -> dict[str, Any]:
    """Options and outcome as JSON values; NaN and infinities become null.

    Args:
        outcome: what to write.
        max_points: the loss curve is thinned to at most so many (epoch, loss) pairs, the first and the last epoch
            always among them.
    """
    network, spec, losses = outcome.network, outcome.spec, outcome.losses
    rows = () if network is None else forward(network, input_table(spec.n_inputs)).tolist()
    rows = [[None if _finite(value) is None else float(f"{value:.5g}") for value in row] for row in rows]
    return {
        "options": spec.model_dump(mode="json"),
        "message": outcome.message,
        "state": outcome.state,
        "epochs": len(losses),
        "loss": _finite(losses[-1]) if losses else None,
        "accuracy": outcome.accuracy,
        "losses": [[epoch, _finite(loss)] for epoch, loss in thinned(losses, max_points)],
        # in a list of one: files of before have outputs of earlier epochs
        "outputs": [[len(losses), rows]] if rows else [],
    }


def thinned(losses: Sequence[float], max_points: int = MOST_POINTS) -> tuple[tuple[int, float], ...]:
    """(epoch, loss) of the first epoch, the last, and evenly between; of all if they are few enough.

    Args:
        losses: of every epoch from the first.
        max_points: at least 2.
    """
    n, chosen = len(losses), list(range(len(losses)))
    if n > max_points:
        chosen = sorted({round(step * (n - 1) / (max_points - 1)) for step in range(max_points)})
    return tuple((at + 1, losses[at]) for at in chosen)


def points_each(n_networks: int) -> int:
    """Return the number of points of each loss curve where several are reported at once."""
    return max(_FEWEST, min(MOST_POINTS, _POINTS_OF_ALL // max(1, n_networks)))


def _finite(value: float | None) -> float | None:
    """The value, None where it is none that JSON knows."""
    return value if value is not None and abs(value) < float("inf") else None
