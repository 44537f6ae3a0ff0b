"""Protocols of live spaces: what ablated units carry, what is no unit, and when a circuit is valid; scores by them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidProtocol

Criterion = Literal["decisions", "logit-difference", "kl"]
Rest = Literal["kept", "ablated"]
TIE: Final = 1e-4
"""Of the mean gap of the whole model, below which a gap is said to be near a tie."""


@dataclass(frozen=True)
class Protocol:
    """The rules by which circuits of a space are judged, which every number of it names.

    Args:
        ablation: "zero", "mean", "resample", or the name of the user's function.
        rest: whether what is no unit runs as it is, or is ablated as well.
        criterion: what is measured.
        threshold: share of rows, share of the whole model's logit difference, or most KL divergence in nats.
        two_sided: of logit differences, whether 1/threshold bounds them, too.
        answers: "given", or "whole" where the whole model's decisions are the answers.
        granularity: what the units are: "heads", "edges", …
    """

    ablation: str
    rest: Rest
    criterion: Criterion
    threshold: float
    two_sided: bool = False
    answers: str = "given"
    granularity: str = "heads"

    def __str__(self) -> str:
        sides = ", two-sided" if self.two_sided else ""
        sign = "≤" if self.criterion == "kl" else "≥"
        whole = ", answers of the whole model" if self.answers == "whole" else ""
        of = f"{self.granularity}, {self.ablation} ablation, rest {self.rest}"
        return f"{of}, {self.criterion} {sign} {self.threshold:g}{sides}{whole}"

    @property
    def document(self) -> dict[str, Any]:
        """The settings, for a file."""
        return asdict(self)

    def passes(self, score: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which scores are valid."""
        if self.criterion == "kl":
            return score <= self.threshold
        valid = score >= self.threshold
        return valid & (score <= 1 / self.threshold) if self.two_sided else valid


def read_protocol(criterion: Criterion, threshold: float | None, two_sided: bool, **more: Any) -> Protocol:
    """A protocol from the settings of a space.

    Raises:
        InvalidProtocol: a threshold is missing or out of range.
    """
    if threshold is None:
        if criterion != "decisions":
            usual = ".9 of the whole model's" if criterion == "logit-difference" else ".1 nat at most"
            raise InvalidProtocol(f"threshold of {criterion}", "is not given", f"give one, such as {usual}")
        threshold = 1.0
    most = 1.0 if criterion == "decisions" else float("inf")
    if not 0 < threshold <= most:
        of = "a share above 0, at most 1" if most == 1 else "a number above 0"
        raise InvalidProtocol(f"threshold {threshold!r}", f"is not {of}", f"give {of}")
    if two_sided and (criterion != "logit-difference" or threshold > 1):
        cause = "is a bound of logit differences with a threshold of at most 1"
        raise InvalidProtocol("two_sided", cause, "leave it out")
    return Protocol(criterion=criterion, threshold=threshold, two_sided=two_sided, **more)


def gaps_of(logits: Any, answers: Any, others: Any = None) -> Any:
    """Logit of the answer less the named other one, or less the largest other: ``[masks, rows]``.

    Args:
        logits: ``[masks, rows, outputs]``.
        answers, others: ``[rows]``.
    """
    index = answers.expand(logits.shape[:2]).unsqueeze(-1)
    right = logits.gather(-1, index).squeeze(-1)
    if others is not None:
        return right - logits.gather(-1, others.expand(logits.shape[:2]).unsqueeze(-1)).squeeze(-1)
    return right - logits.scatter(-1, index, -torch.inf).amax(-1)


def divergence(whole: Any, logits: Any) -> Any:
    """KL divergence of circuits from the whole model for each row, in nats: ``[masks, rows]``."""
    precise = torch.promote_types(logits.dtype, torch.float32)
    whole, logits = whole.to(precise).log_softmax(-1), logits.to(precise).log_softmax(-1)
    return (whole.exp() * (whole - logits)).sum(-1)
