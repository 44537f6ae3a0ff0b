"""``python -m benchmarks.findings``: writes what the page of findings shows, and docs/findings.md, from study results.

First every study's rows as data, then the record of the findings with their figures, then the documents.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Final

from benchmarks.findings import (
    deletion,
    directions,
    keeping,
    learned,
    planted,
    plotted,
    readers,
    replication,
    rounding,
    transformers,
)
from benchmarks.findings.frame import frame
from benchmarks.findings.further import chapters
from benchmarks.findings.record import RECORD, as_json, broken_json, write_documents
from benchmarks.findings.results import files, renew_texts
from benchmarks.findings.rows import Unusable, write_rows

MODULES: Final = (learned, directions, keeping, planted, deletion, transformers, replication)
OTHERS: Final = {
    plotted.KEY: plotted.written,
    transformers.STUDIES[0]: transformers.written,
    readers.NAME: readers.written,
    rounding.NAME: rounding.written,
}
"""Rows that no study of networks made."""


def made() -> dict[str, Any]:
    """The record, computed from the rows as they are."""
    found = []
    for module in MODULES:
        try:
            found.append(as_json(module.finding()))
        except Unusable as problem:
            found.append(broken_json(module.KEY, module.TITLE, module.STUDIES, problem))
    return {**frame(found), "findings": found, "chapters": chapters(found)}


def main(arguments: list[str] | None = None) -> int:
    """Write everything."""
    parser = argparse.ArgumentParser(prog="benchmarks.findings", description=__doc__)
    parser.add_argument(
        "--rows", nargs="*", metavar="STUDY", help="write rows first: of these studies, or of all in two minutes"
    )
    names = parser.parse_args(arguments).rows
    if names is not None:
        known = [*sorted(files()), *OTHERS]
        if unknown := [name for name in names if name not in known]:
            parser.error(f"no results of {', '.join(unknown)}; there are those of {', '.join(known)}")
        renew_texts()
        wanted = names or known
        write_rows(
            [name for name in wanted if name not in OTHERS], [OTHERS[name]() for name in wanted if name in OTHERS]
        )
    record = made()
    RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    write_documents(record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
