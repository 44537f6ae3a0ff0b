"""What one explanation says of one intervention made by hand."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.experiments import SILENT


@dataclass(frozen=True)
class Prediction:
    """What one explanation says of one intervention.

    Args:
        bit: the answer that it predicts, 0 or 1, or −1 if it makes no prediction.
        reason: why it makes no prediction, one clause without a final stop; "" if it does.
    """

    bit: int
    reason: str = ""

    @property
    def speaks(self) -> bool:
        return self.bit != SILENT
