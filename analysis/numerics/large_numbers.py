"""Whole numbers as people read them in a sentence: all digits up to a billion, then a power of ten; of what is not
exact, the digits that its interval supports.
"""

from __future__ import annotations

from typing import Final

DIGITS_LIMIT: Final = 1_000_000_000
SUPERSCRIPTS: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_IN_FULL: Final = 100_000  # below this the ends of an interval have all their digits


def in_words(number: int, places: int = 2) -> str:
    """A number with separators, from beyond a billion as m × 10ⁿ, m with so many places."""
    sign, size = "−" if number < 0 else "", abs(number)
    if size <= DIGITS_LIMIT:
        return f"{sign}{size:,}"
    exponent = len(str(size)) - 1
    # integer arithmetic, because counts may lie far beyond what a float holds
    digits = (size * 10**places + 10**exponent // 2) // 10**exponent
    if digits >= 10 ** (places + 1):
        digits, exponent = 10**places, exponent + 1
    return f"{sign}{_power(digits, places, exponent)}"


def estimate(number: int, low: int, high: int) -> str:
    """A number that an interval surrounds, rounded to at most a tenth of its length, within it."""
    zeros = len(str(max(high - low, 10) // 10)) - 1
    rounded = _nearest(number, zeros)
    while zeros and not low <= rounded <= high:
        zeros -= 1
        rounded = _nearest(number, zeros)
    return in_words(rounded, max(0, min(2, len(str(rounded)) - 1 - zeros)))


def within(low: int, high: int, known: int, possible: int) -> tuple[int, int]:
    """Both ends of an interval, cut by what is certain: so many are known, and no more are possible."""
    return min(max(low, known), possible), min(max(high, known), possible)


def interval(low: int | str, high: int | str, possible: int | str | None = None) -> str:
    """An interval of counts, rounded outwards, with one exponent where both ends have the same: 5.5–6.3 × 10³².

    Args:
        possible: the most that there can be, which stands there as it is written elsewhere where rounding goes beyond.
    """
    least, most = int(low), int(high)
    exponent, digits = len(str(most)) - 1, 1
    if most <= DIGITS_LIMIT:
        zeros = len(str((most - least) // 10)) - 1 if most >= _IN_FULL else 0
        up, first = _outwards(most, zeros, up=True), f"{_outwards(least, zeros, up=False):,}"
        alone, last = first, f"{up:,}"
    elif 0 < least < 10**exponent:
        up, first = _two_digits(most, up=True), _in_two_digits(_two_digits(least, up=False))
        alone, last = in_words(least) if least <= DIGITS_LIMIT else first, _in_two_digits(up)
    else:
        for digits in range(1, 4):
            unit = 10 ** (exponent - digits)
            down, ceiling = least // unit, -(-most // unit)
            if ceiling - down > 1 or not least:
                break
        up, last = ceiling * unit, _power(ceiling, digits, exponent)
        alone = _power(down, digits, exponent) if down else "0"
        first = alone.partition(" ")[0]
    if possible is not None and (most == int(possible) or up > int(possible)):
        last = in_words(int(possible), max(2, digits))
        first = first if last.partition(" ")[2] == alone.partition(" ")[2] else alone
    return f"{first}–{last}"


def _power(digits: int, places: int, exponent: int) -> str:
    """Write digits with so many decimal places, times a power of ten: ``587, 2, 32`` as 5.87 × 10³²."""
    whole, part = divmod(digits, 10**places)
    point = f".{part:0{places}d}" if places else ""
    return f"{whole}{point} × 10{str(exponent).translate(SUPERSCRIPTS)}"


def _nearest(number: int, zeros: int) -> int:
    """The nearest multiple of a power of ten."""
    unit: int = 10**zeros
    return (number + unit // 2) // unit * unit


def _outwards(end: int, zeros: int, *, up: bool) -> int:
    """An end of an interval with three digits at least, and more where the interval is short."""
    unit: int = 10 ** max(0, min(zeros, len(str(end)) - 3))
    return (-(-end // unit) if up else end // unit) * unit


def _two_digits(end: int, *, up: bool) -> int:
    """A long end of an interval rounded to two digits, down or up."""
    unit: int = 1 if end < _IN_FULL else 10 ** (len(str(end)) - 2)
    return (-(-end // unit) if up else end // unit) * unit


def _in_two_digits(end: int) -> str:
    """An end of two digits as text."""
    exponent = len(str(end)) - 1
    return f"{end:,}" if end < _IN_FULL else _power(end // 10 ** (exponent - 1), 1, exponent)
