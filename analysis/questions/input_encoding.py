"""Encoding of Boolean inputs for a network that does not read 0 and 1: two numbers for each input.

A network trained on ±1 or on real-valued inputs is analysed as it is: the data record that follows from the encoding
says which row of numbers stands for each Boolean input (spec §2), and the weights stay what they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from pluriscope.analysis.errors import InvalidData
from pluriscope.analysis.questions.data import DataRecord, clean_data
from pluriscope.analysis.questions.tasks import INPUT_NAMES, input_table

MAX_TEXT: Final = 300
_CURE: Final = "write the number for 0 and the number for 1, such as -1, 1; for each input its own with semicolons"


@dataclass(frozen=True)
class InputEncoding:
    """The numbers that stand for 0 and for 1.

    Args:
        low: the number for 0, one for each input.
        high: the number for 1, another than that for 0.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def words(self) -> str:
        """The encoding in words, for people."""
        pairs = list(zip(self.low, self.high, strict=True))
        if len(set(pairs)) == 1:
            return f"inputs encoded as {pairs[0][0]:g} and {pairs[0][1]:g}"
        named = (f"{name} as {low:g} and {high:g}" for name, (low, high) in zip(INPUT_NAMES, pairs, strict=False))
        return f"inputs encoded: {', '.join(named)}"

    def data_record(self) -> DataRecord:
        """The rows that stand for the Boolean inputs, in binary order; the default record if they are 0 and 1."""
        bits = input_table(len(self.low)).astype(bool)
        rows = np.where(bits, self.high, self.low)
        record = DataRecord(rows, description=self.words)
        return clean_data(len(self.low)) if record.is_clean else record


def parse_encoding(text: str, n_inputs: int) -> InputEncoding:
    """Read an encoding: "low, high" for all inputs, or one such pair for each, separated by semicolons; "" is 0 and 1.

    Args:
        text: at most 300 characters.
        n_inputs: 1 to 6.

    Raises:
        InvalidData: no such pairs, numbers that are not finite, or the same number for 0 and 1.
    """
    item = f"encoding {text[:60]!r}"
    if len(text) > MAX_TEXT:
        raise InvalidData(item, f"has {len(text):,} characters; {MAX_TEXT} are the most", _CURE)
    parts = [part.split(",") for part in (text.strip() or "0, 1").split(";")]
    if len(parts) not in (1, n_inputs) or any(len(part) != 2 for part in parts):
        wanted = "one pair" if n_inputs == 1 else f"one pair of numbers, or {n_inputs} of them"
        raise InvalidData(item, f"is not {wanted}", _CURE)
    pairs = [tuple(_number(number, item) for number in part) for part in parts]
    if any(low == high for low, high in pairs):
        raise InvalidData(item, "has the same number for 0 and for 1", _CURE)
    pairs = pairs * n_inputs if len(pairs) == 1 else pairs
    return InputEncoding(tuple(low for low, _ in pairs), tuple(high for _, high in pairs))


def _number(text: str, item: str) -> float:
    try:
        number = float(text.strip().replace("−", "-"))
    except ValueError:
        raise InvalidData(item, f"holds {text.strip()[:20]!r}, which is no number", _CURE) from None
    if not math.isfinite(number) or abs(number) > 1e6:
        raise InvalidData(item, "holds a number that is not finite or beyond a million", _CURE)
    return number
