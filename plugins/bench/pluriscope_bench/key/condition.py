"""Conditions of validity in the answer key: what left out edges carry, who judges, and what must have edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from pluriscope.analysis.errors import InvalidMethod

Ablation = Literal["zero", "mean", "pairs"]
Judge = Literal["threshold", "rounding", "outputs"]
Structure = Literal["strict", "free"]
EPSILON: Final = 0.25
"""Mean absolute difference of outputs up to which the judge "outputs" calls a circuit valid: half of what lies between
an answer and the threshold.
"""


@dataclass(frozen=True)
class Condition:
    """The factors of one answer key.

    Args:
        ablation: what left out edges carry: 0, the mean of their source, or on row x what their source carries on a row
            c, for every ordered pair (x, c) of rows with different labels.
        judge: "threshold": every row is decided right, where above one half is 1; "rounding": the same by rounding,
            which outputs above 1.5 or below -.5 fail; "outputs": the mean absolute difference from the whole network's
            outputs is at most :data:`EPSILON`. Of transformers "threshold": the right answer has the largest logit on
            more than 99% of rows.
        structure: "strict": loose ends are pruned, then every neuron that is left has an edge in and one out, and every
            input an edge out; "free": a neuron without an edge in stays and carries its bias, and only edges that lead
            nowhere are pruned. Of transformers "strict" alone is defined: what their rules leave of a mask.
    """

    ablation: Ablation = "zero"
    judge: Judge = "threshold"
    structure: Structure = "strict"

    @property
    def key(self) -> str:
        """Key in addresses, files and tables: ``zero-threshold-strict``."""
        return f"{self.ablation}-{self.judge}-{self.structure}"

    @property
    def words(self) -> str:
        """Words for the factors that are not those of the primary condition."""
        return ", ".join(value for name, value in vars(self).items() if value != vars(PRIMARY)[name]) or "primary"


PRIMARY: Final = Condition()
"""Under which methods are ranked."""
CONDITIONS: Final = tuple(
    Condition(ablation, judge, structure)
    for structure in get_args(Structure)
    for judge in get_args(Judge)
    for ablation in get_args(Ablation)
)
"""Every one, the primary first."""


def condition_of(key: str) -> Condition:
    """The condition of a key.

    Raises:
        InvalidMethod: there is none.
    """
    found = {one.key: one for one in CONDITIONS}.get(key)
    if found is None:
        raise InvalidMethod(f"condition {key[:60]!r}", "is unknown", f"use one such as {PRIMARY.key}")
    return found
