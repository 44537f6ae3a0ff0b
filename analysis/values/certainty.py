"""Certainty of a number: exact, guaranteed or estimated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Certainty = Literal["exact", "guaranteed", "estimated"]

CERTAINTIES: Final[Mapping[Certainty, str]] = {
    "exact": "counted or proved: there is no other answer",
    "guaranteed": "within its interval with at least the stated confidence, which is proved for a sample of this size",
    "estimated": "its interval holds the truth as often as stated only in the limit, or as far as trials have shown",
}
