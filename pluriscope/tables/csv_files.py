"""A list as comma-separated values, written while it is sent."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Final

ROWS_AT_ONCE: Final = 250
FIRST_ROWS: Final = 25  # sent as soon as they are there
_FORMULA: Final = re.compile(r"[=@\t\r\n\uff1d\uff0b\uff0d\uff20]|[+-](?!((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|nan)\Z)")


def disarmed(cell: Any) -> Any:
    """A cell, text behind an apostrophe where a spreadsheet would run it: a formula begins with a sign, and so does a
    number. Its line breaks become those of Unix.
    """
    if not isinstance(cell, str):
        return cell
    # before Python 3.13 a lone \r is written without quotes, and so ends the row
    text = re.sub("\r\n?", "\n", cell) if "\r" in cell else cell
    return f"'{text}" if _FORMULA.match(text) else text


def _line(text: str) -> str:
    """A line about a table, of which a spreadsheet makes a cell at each comma."""
    first, *others = " ".join(text.split()).split(",")
    return ",".join([first, *(f"{' ' * (part[:1] == ' ')}{disarmed(part.lstrip())}" for part in others)])


def csv_lines(
    about: Iterable[str], columns: Sequence[str], rows: Iterable[Iterable[Any]]
) -> Generator[str, None, None]:
    """The text about a table as lines behind #, a line of names, then the rows some at a time; RFC 4180 quotes.

    Whatever a spreadsheet would run as a formula stands behind an apostrophe.

    Args:
        about: what it is, line by line.
        columns: their names.
        rows: in order; None is written as nothing.
    """
    out = io.StringIO()
    out.writelines(f"# {_line(line)}\n" for line in about)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(disarmed, columns))
    for number, row in enumerate(rows, start=1):
        writer.writerow(map(disarmed, row))
        if number == FIRST_ROWS or number % ROWS_AT_ONCE == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()
