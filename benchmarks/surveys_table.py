"""``python -m benchmarks.surveys_table``: docs/surveys.md, what four documents name and where it is here."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from benchmarks.parity import ROOT

PAGE: Final = ROOT / "docs" / "surveys.md"
FILE: Final = ROOT / "tests" / "golden" / "surveys.csv"
STATES: Final = ("whole", "half", "refused")
DOCUMENTS: Final = (
    "The paper’s abstract",
    "The post on Alice and Bob",
    "The survey of mechanistic interpretability",
    "The article on its methods and uses",
)
"""What the numbers in the file's column ``document`` stand for."""
_HEAD: Final = """# What the documents name

Pluriscope was made from four documents. Each thing that they name has a row: the word by which the search finds it \
with where the first hit leads if that is not the page, the page, the command of `pluriscope`, and the tests. *Whole* \
is what is there with a test, *half* what lacks something, *refused* what [stays out](scope.md#what-stays-out).

`python -m benchmarks.surveys_table` makes this page. `tests/app/pages/test_surveys.py` opens each page on bundled \
networks, before anything is computed of them, and asks that commands and tests exist and that the search leads where \
it is said to."""


@lru_cache(maxsize=1)
def rows() -> Sequence[Mapping[str, str]]:
    """What is named, in the order of the documents."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file, delimiter="|"))


def surveys_page() -> str:
    """The document."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    counts = Counter(row["state"] for row in rows())
    yield _HEAD
    yield f"\n{len(rows())} rows: {', '.join(f'{counts[state]} {state}' for state in STATES)}."
    for number, title in enumerate(DOCUMENTS):
        yield f"\n## {title}\n"
        yield "| | Named | Search | Page | Command | Test | State |"
        yield "|--:|---|---|---|---|---|---|"
        for row in rows():
            if row["document"] == str(number):
                yield _line(row)


def _line(row: Mapping[str, str]) -> str:
    search = f"{row['word']} → `{row['found']}`" if row["found"] else row["word"]
    state = f"{row['state']}: {row['note']}" if row["note"] else row["state"]
    command, test = (f"`{row[name]}`" if row[name] else "" for name in ("command", "test"))
    return f"| {row['n']} | {row['named']} | {search} | `{row['page']}` | {command} | {test} | {state} |"


if __name__ == "__main__":
    PAGE.write_text(surveys_page(), encoding="utf-8")
