"""Numbers as people read them: exact where they can be, a power of ten where digits would only be noise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil, floor
from typing import Final, Literal

from markupsafe import Markup

from pluriscope.analysis.numerics.large_numbers import DIGITS_LIMIT, estimate, in_words, interval


def decimal(value: float, digits: int = 2) -> str:
    """A number for people, with a real minus sign and no negative zero."""
    if value != value:
        return "—"
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    text = f"{abs(value):.{digits}f}"
    return f"−{text}" if value < 0 and float(text) > 0 else text


def exact(number: int | str) -> str:
    """All digits with separators: 147,899,020. Takes decimal strings too, as JSON carries integers beyond 2^53."""
    return f"{int(number):,}".replace("-", "−")


def readable(number: int | str) -> str | Markup:
    """All digits up to a billion, then m × 10ⁿ with the exact value in the title."""
    if abs(int(number)) <= DIGITS_LIMIT:
        return exact(number)
    return Markup('<span class="sci" title="{}">{}</span>').format(exact(number), _marked_up(in_words(int(number))))


Bound = Literal["exact", "at_least", "about", "unknown"]
"""What is known of a number: itself, a lower bound, an interval, or nothing since it was not searched."""
UNKNOWN: Final = "not searched"
End = int | str | None


def bounded(
    number: int | str, bound: Bound = "exact", low: End = None, high: End = None, possible: int | None = None
) -> str | Markup:
    """A count as every page shows it, with what is known of it: 197, ≥ 197, ≈ 5.87 × 10³² (5.5–6.3 × 10³²).

    Args:
        bound: what is known of it; "unknown" shows words instead of a number.
        low: lower end of its interval.
        high: its upper end.
        possible: the most that there can be, beyond which no end is rounded.
    """
    if bound == "unknown":
        return Markup('<span class="muted unsearched">{}</span>').format(UNKNOWN)
    if bound == "exact":
        return readable(number)
    answer = "at least: not all of it was searched" if bound == "at_least" else "not exact: an interval holds it"
    words, bracket, ends = bounded_text(number, bound, low, high, possible).partition(" (")
    shown = Markup('<span class="nowrap" title="{}">{}</span>').format(answer, _marked_up(words))
    return shown + Markup(' <span class="nowrap">({}</span>').format(_marked_up(ends)) if bracket else shown


def bounded_text(
    number: int | str, bound: Bound = "exact", low: End = None, high: End = None, possible: int | None = None
) -> str:
    """A count with its bound as plain text; of an estimate the digits that its interval supports, else all up to a
    billion.
    """
    if bound == "unknown":
        return UNKNOWN
    if bound == "about" and low is not None and high is not None:
        if int(number) == int(low) < int(high):
            return interval(low, high, possible)  # the lower end is no estimate
        return f"≈ {estimate(int(number), int(low), int(high))} ({interval(low, high, possible)})"
    sign = {"exact": "", "at_least": "≥ ", "about": "≈ "}[bound]
    return f"{sign}{in_words(int(number))}"


def share_words(low: float | Fraction, high: float | Fraction) -> str:
    """An interval of shares in percent, rounded outwards: 2.4–5.5%."""
    digits = 0 if high >= 0.1 else 1 if high >= 0.01 else 2
    unit = 100 * 10**digits
    return f"{floor(low * unit) / 10**digits:.{digits}f}–{ceil(high * unit) / 10**digits:.{digits}f}%"


def _marked_up(text: str) -> Markup:
    """Plain text with its exponents as markup."""
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    return Markup(re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: f"<sup>{found[0].translate(digits)}</sup>", text))  # noqa: S704


def digits_apart(values: Sequence[float]) -> int:
    """Decimals needed to write different values differently, at least three."""
    different = len(set(values))
    return next((n for n in range(3, 17) if len({f"{value:.{n}f}" for value in values}) == different), 17)


def plural(number: int | str, singular: str, many: str = "") -> str:
    """The noun alone: "circuit" for 1, "circuits" otherwise; "studies" of a "study"."""
    regular = f"{singular[:-1]}ies" if re.search(r"[^aeiou]y$", singular) else f"{singular}s"
    return singular if int(number) == 1 else many or regular


def noun(number: int | str, singular: str, many: str = "") -> str:
    """A number never travels without its noun: "1 circuit", "197 circuits"."""
    return f"{exact(number)} {plural(number, singular, many)}"


def enumerated(words: Sequence[str]) -> str:
    """Words in a sentence: a, b and c; "" where there are none."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if words[1:] else "".join(words)


def duration(seconds: float) -> str:
    """A length of time: 0.41 s, 41 s, 3 min 12 s, 2 h 5 min."""
    if seconds < 10:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def when(moment: datetime | str | float) -> str:
    """A moment in UTC: 20 Nov 2026 06:10 UTC."""
    if isinstance(moment, (int, float)):
        moment = datetime.fromtimestamp(moment, UTC)
    elif isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y %H:%M} UTC"


def short(digest: str, digits: int = 12) -> str:
    """The first digits of a digest."""
    return digest[:digits]
