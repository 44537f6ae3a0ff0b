"""Whole numbers as people read them in a sentence: all digits up to a billion, then a power of ten."""

from __future__ import annotations

from typing import Final

DIGITS_LIMIT: Final = 1_000_000_000
SUPERSCRIPTS: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def in_words(number: int) -> str:
    """A number with separators, from beyond a billion as m × 10ⁿ."""
    sign, size = "−" if number < 0 else "", abs(number)
    if size <= DIGITS_LIMIT:
        return f"{sign}{size:,}"
    exponent = len(str(size)) - 1
    # integer arithmetic, because counts may lie far beyond what a float holds
    hundredths = (size * 100 + 10**exponent // 2) // 10**exponent
    if hundredths >= 1000:
        hundredths, exponent = 100, exponent + 1
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d} × 10{str(exponent).translate(SUPERSCRIPTS)}"
