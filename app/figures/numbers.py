"""Numbers as people read them: exact where they can be, a power of ten where digits would only be noise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup

from app.figures.svg.elements import decimal

__all__ = [
    "decimal",
    "digits_apart",
    "duration",
    "exact",
    "in_prose",
    "in_table",
    "noun",
    "plural",
    "short",
    "when",
]

PROSE_LIMIT: Final = 1_000_000
TABLE_LIMIT: Final = 10_000_000


def exact(number: int | str) -> str:
    """All digits with separators: 147,899,020. Takes decimal strings too, as JSON carries integers beyond 2^53."""
    return f"{int(number):,}".replace("-", "−")


def in_prose(number: int | str) -> str | Markup:
    """Exact below a million, then m × 10ⁿ with the exact value in the title."""
    return _power(int(number)) if abs(int(number)) >= PROSE_LIMIT else exact(number)


def in_table(number: int | str) -> str | Markup:
    """Digits up to ten million, then m × 10ⁿ with the exact value in the title."""
    return _power(int(number)) if abs(int(number)) > TABLE_LIMIT else exact(number)


def _power(number: int) -> Markup:
    exponent = len(str(abs(number))) - 1
    # integer arithmetic, because counts may lie far beyond what a float holds
    hundredths = (abs(number) * 100 + 10**exponent // 2) // 10**exponent
    if hundredths >= 1000:
        hundredths, exponent = 100, exponent + 1
    sign = "−" if number < 0 else ""
    size = f"{sign}{hundredths // 100}.{hundredths % 100:02d} × 10<sup>{exponent}</sup>"
    return Markup(f'<span class="sci" title="{exact(number)}">{size}</span>')  # noqa: S704  # made of digits


def digits_apart(values: Sequence[float], least: int = 3, most: int = 17) -> int:
    """Decimals needed to write different values differently, at least ``least``."""
    different = len(set(values))
    return next((n for n in range(least, most) if len({f"{value:.{n}f}" for value in values}) == different), most)


def plural(number: int | str, singular: str, many: str = "") -> str:
    """The noun alone: "circuit" for 1, "circuits" otherwise."""
    return singular if int(number) == 1 else many or singular + "s"


def noun(number: int | str, singular: str, many: str = "") -> str:
    """A number never travels without its noun: "1 circuit", "197 circuits"."""
    return f"{exact(number)} {plural(number, singular, many)}"


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
