"""A list as comma-separated values, written while it is sent."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Final

ROWS_AT_ONCE: Final = 250
FIRST_ROWS: Final = 25  # sent as soon as they are there
_FORMULA_SIGNS: Final = ("=", "+", "@", "\t", "\r")


def disarmed(text: str) -> str:
    """Text of a cell, behind an apostrophe where a spreadsheet would run it."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def csv_lines(
    about: Iterable[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Generator[str, None, None]:
    """The text about a table as lines behind #, a line of names, then the rows some at a time; RFC 4180 quotes.

    Args:
        about: what it is, line by line.
        columns: their names.
        rows: in order; None is written as nothing.
    """
    out = io.StringIO()
    out.writelines(f"# {' '.join(line.split())}\n" for line in about)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for number, row in enumerate(rows, start=1):
        writer.writerow(row)
        if number == FIRST_ROWS or number % ROWS_AT_ONCE == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()
