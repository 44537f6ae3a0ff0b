"""The training of which a network is a checkpoint, as its file has it."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field


class TrainingRecord(BaseModel):
    """The point of its training at which a network was saved, no part of its identity. The steps or epochs run stand
    under ``unit``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: ClassVar[str] = "step"
    options: Any = Field(description="With which it was trained, the same in every checkpoint of one training.")
    loss: float = Field(
        ge=0,
        allow_inf_nan=False,
        description="On the training rows: the mean squared error, or the mean cross-entropy in nats.",
    )
    accuracy: float = Field(
        ge=0, le=1, description="Share of the training rows right; where these are noisy, of validation rows."
    )
    held_out_loss: float | None = Field(None, ge=0, allow_inf_nan=False, description="On rows never trained on.")
    held_out_accuracy: float | None = Field(None, ge=0, le=1, description="Share of these that are right.")

    @property
    def at(self) -> int:
        """Epochs or steps that were run; 0 before the first."""
        return int(getattr(self, self.unit))


class StepRecord(TrainingRecord):
    """The point of its training at which a network was saved that is no perceptron."""

    options: dict[str, Any]
    step: int = Field(ge=0, strict=True, description="Steps run; 0 before the first.")
