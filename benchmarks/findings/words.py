"""How the findings write numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_SMALL: Final = (
    *("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)


def word(number: int) -> str:
    """A small number in words."""
    return _SMALL[number] if 0 <= number < len(_SMALL) else f"{number:,}"


def percent(share: float) -> str:
    """A share in whole percent."""
    return f"{100 * share:.0f}%"


def points(difference: float, places: int = 1) -> str:
    """A difference of shares in percentage points, with a true minus sign."""
    return f"{100 * difference:.{places}f}".replace("-", "−")


def listed(parts: Iterable[object]) -> str:
    """Parts with commas between them, and "and" before the last."""
    texts: Sequence[str] = [str(part) for part in parts]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def span(values: Iterable[float], form: str = "{:.0f}") -> str:
    """The least and the largest of some values, once if they are written alike."""
    found = sorted(values)
    low, high = form.format(found[0]), form.format(found[-1])
    return low if low == high else f"{low} to {high}"
