"""Protocols of live spaces: what ablated units carry, what is no unit, and when a circuit is valid; scores by them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidProtocol
from pluriscope.analysis.questions.decision import Decision, DecisionName

Criterion = Literal["decisions", "logit-difference", "kl"]
Rest = Literal["kept", "ablated"]
TIE: Final = 1e-4
"""Of the mean gap of the whole model, below which a gap is said to be near a tie."""
_CHANCES: Final = 1e-4
"""How far outputs that are chances may sum up to more or less than 1."""


@dataclass(frozen=True)
class Protocol:
    """The rules by which circuits of a space are judged, which every number of it names.

    Args:
        ablation: "zero", "mean", "resample", or the name of the user's function.
        rest: whether what is no unit runs as it is, or is ablated as well.
        criterion: what is measured.
        threshold: share of rows, share of the whole model's logit difference, or most KL divergence in nats.
        two_sided: of logit differences, whether 1/threshold bounds them, too.
        answers: "given", "pairs" of an answer and the output that it is compared with, or "whole" where the whole
            model's decisions are the answers.
        granularity: what the units are: "heads", "edges", …
        output_is: what decides, None until the model was run.
        n_outputs: of a row.
        position: where answers are judged: "last", "first", a number from 0, or from −1 at the end; "" where a row has
            one answer.
        guessed: which of "output_is" and "position" nobody gave, and alone fits rows and model.
    """

    ablation: str
    rest: Rest
    criterion: Criterion
    threshold: float
    two_sided: bool = False
    answers: str = "given"
    granularity: str = "heads"
    output_is: DecisionName | None = None
    n_outputs: int = 0
    position: str = ""
    guessed: str = ""

    @property
    def decision(self) -> Decision:
        return Decision(self.output_is or "classes")

    @property
    def place(self) -> str:
        """The position that is judged, as the end of a clause; "" where a row has one answer."""
        place = f"the {self.position} position" if self.position.isalpha() else f"position {self.position}"
        return f" at {place}" if self.position else ""

    @property
    def decided(self) -> str:
        """What decides, and where, as part of a sentence."""
        rule = self.decision.words(self.n_outputs) if self.answers != "pairs" else "by the larger of a pair of outputs"
        said = {"output_is": self.output_is and rule, "position": self.place.strip()}
        guessed = self.guessed.split()
        return ", ".join(f"{one}{' (guessed)' * (key in guessed)}" for key, one in said.items() if one)

    def __str__(self) -> str:
        sides = ", two-sided" if self.two_sided else ""
        sign = "≤" if self.criterion == "kl" else "≥"
        whole = ", answers of the whole model" if self.answers == "whole" else ""
        of = f"{self.granularity}, {self.ablation} ablation, rest {self.rest}"
        decided = f", {self.decided}" if self.decided else ""
        return f"{of}, {self.criterion} {sign} {self.threshold:g}{sides}{decided}{whole}"

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


def divergence(decision: Decision, whole: Any, logits: Any) -> Any:
    """KL divergence of circuits from the whole model for each row, in nats: ``[masks, rows]``; the sum of all outputs
    that are decided each for itself. Classes whose outputs are chances as they are taken as these.
    """
    precise = torch.promote_types(logits.dtype, torch.float32)
    whole, logits = whole.to(precise), logits.to(precise)
    if not decision.each and not bool((whole >= 0).all() and ((whole.sum(-1) - 1).abs() < _CHANCES).all()):
        whole, logits = whole.log_softmax(-1), logits.log_softmax(-1)
        return (whole.exp() * (whole - logits)).sum(-1)
    whole, logits = (_chances(decision, one).clamp(torch.finfo(precise).tiny, 1) for one in (whole, logits))
    return (torch.special.xlogy(whole, whole) - torch.special.xlogy(whole, logits)).flatten(2).sum(-1)


def _chances(decision: Decision, outputs: Any) -> Any:
    """Chances of the answers of each output, ``[…, outputs]`` of classes, else of both ``[…, outputs, 2]``."""
    if not decision.each:
        return outputs
    if decision.name == "logit":
        return torch.stack([(-outputs).sigmoid(), outputs.sigmoid()], -1)
    one = outputs if decision.name == "value" else (1 + outputs) / 2
    return torch.stack([1 - one, one], -1)
