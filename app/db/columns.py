"""Types of columns: big integers, masks, letters of verdicts, times that know their zone."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


def sortable(value: int) -> str:
    """A non-negative integer of any size as text that sorts like the number: three digits of length, then the digits.

    Raises:
        ValueError: a negative number, or one of 1,000 digits or more.
    """
    digits = str(int(value))
    if value < 0 or len(digits) > 999:
        raise ValueError(f"{digits[:20]}… cannot be stored: counts are non-negative and below 10^999")
    return f"{len(digits):03d}{digits}"


class SortableInteger(TypeDecorator[int]):
    """A non-negative integer of any size as text that sorts like the number (see :func:`sortable`)."""

    impl = String(1003)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        return None if value is None else sortable(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value[3:])


class BigCount(TypeDecorator[int]):
    """A non-negative integer of any size as its decimal digits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class HexMask(TypeDecorator[str]):
    """The edges of a circuit as addresses write them: of one network all have as many digits."""

    impl = String(64).with_variant(Text(), "postgresql")  # SQLite keeps longer ones too
    cache_ok = True


class Letters(TypeDecorator[str]):
    """Column type for outcomes of criteria: one letter for each criterion (:mod:`pluriscope.app.db.verdicts`), as many
    in all rows of one kind and analysis.
    """

    impl = Text
    cache_ok = True


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, stored in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored; use datetime.now(UTC)")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
