"""How the findings write numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

_SMALL: Final = (
    *("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_FRACTIONS: Final = {"a quarter": 1 / 4, "a third": 1 / 3, "half": 1 / 2, "two thirds": 2 / 3, "three quarters": 3 / 4}


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
    """Parts with commas between them, and "and" before the last; "none" of none."""
    texts: Sequence[str] = [str(part) for part in parts] or ["none"]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def span(values: Iterable[float], form: str = "{:.0f}") -> str:
    """The least and the largest of some values, once if they are written alike."""
    found = sorted(values)
    low, high = form.format(found[0]), form.format(found[-1])
    return low if low == high else f"{low} to {high}"


def amount(number: float) -> str:
    """A count: whole from a hundred on, as a power of ten from ten million on."""
    if number >= 1e7:
        power = len(f"{number:.0f}") - 1
        return f"{number / 10**power:.3g} · 10^{power}"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def quartiles(values: Iterable[float]) -> str:
    """The quartiles of some counts, the median in the middle."""
    return " / ".join(amount(one) for one in np.percentile(list(values), (25, 50, 75)))


def probability(p: float) -> str:
    """A p: "p < .001" or two digits."""
    return "p < .001" if p < 0.001 else f"p = {p:.2g}".replace("0.", ".")


def fraction(share: float) -> str:
    """The plain fraction that lies nearest to a share."""
    return min(_FRACTIONS, key=lambda name: abs(_FRACTIONS[name] - share))
