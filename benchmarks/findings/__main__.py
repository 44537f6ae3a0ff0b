"""``python -m benchmarks.findings``: writes the tables and the figure of docs/findings.md anew from result files.

The texts of the designs, which pages show beside the figures, are put into the result files as they are now.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.findings.document import TABLES, write_document
from benchmarks.findings.frontier_figure import frontier_figure
from benchmarks.findings.results import renew_texts

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "findings.md"
FIGURE = DOCUMENT.parent / "images" / "frontier.svg"


def main(arguments: list[str] | None = None) -> int:
    """Write the tables, or print some of them."""
    parser = argparse.ArgumentParser(prog="benchmarks.findings", description=__doc__)
    parser.add_argument(
        "--print", nargs="+", choices=sorted(TABLES), metavar="TABLE", help="print these, write nothing"
    )
    options = parser.parse_args(arguments)
    for name in options.print or ():
        print(f"{name}\n", *TABLES[name](), "", sep="\n")
    if not options.print:
        renew_texts()
        write_document(DOCUMENT)
        FIGURE.write_text(frontier_figure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
