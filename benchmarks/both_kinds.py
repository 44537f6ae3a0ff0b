"""Count of the files outside of ``analysis/subjects`` that know two kinds: ``python -m benchmarks.both_kinds``.

A file knows a kind if it imports from the kind's room, or what was written for that kind alone. Files that know both
are where a third kind would have to be written in, so their number has a limit, which only goes down.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
ROOMS: Final = ("analysis", "pluriscope", "app")
MOST: Final = 3
OF_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "perceptrons": ("pluriscope.analysis.subjects.perceptron",),
    "transformers": (
        "pluriscope.analysis.subjects.transformer",
        "pluriscope.analysis.subjects.question.GraphQuestion",
        "pluriscope.analysis.circuit_sets.masks",
        "pluriscope.analysis.circuit_sets.judged_masks",
    ),
}
"""Modules, and names in modules, of each kind."""


def imported(source: str) -> Iterator[str]:
    """Names that a module's source imports, inside functions included: ``module.name`` of each."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def kinds_in(source: str) -> list[str]:
    """The kinds that a module's source knows."""
    names = [f"{name}." for name in imported(source)]
    return [kind for kind, of in OF_KINDS.items() if any(one.startswith(f"{own}.") for one in names for own in of)]


def knowing_both() -> list[Path]:
    """The files that know more than one kind, below the root."""
    files = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    outside = (path for path in files if not path.is_relative_to(ROOT / "analysis" / "subjects"))
    return [path.relative_to(ROOT) for path in outside if len(kinds_in(path.read_text())) > 1]


def main() -> None:
    """Print the files, and fail where there are more than the limit."""
    found = knowing_both()
    for path in found:
        print(path)
    print(f"{len(found)} files know two kinds of networks; the most are {MOST}")
    if len(found) > MOST:
        sys.exit(1)


if __name__ == "__main__":
    main()
