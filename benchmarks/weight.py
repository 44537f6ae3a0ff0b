"""``python -m benchmarks.weight``: megabytes that ``./run`` installs, by package, where all of it is installed.

Counted are the blocks of the files in each package's record, without bytecode, which is made of what is imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOTS = ("pluriscope[all]", "pip", "setuptools")
_LEAST = 10  # megabytes of a package that has a row of its own


def needed(roots: Iterable[str]) -> set[str]:
    """Names of the packages that some requirements need here, themselves included."""
    seen, left = set[tuple[str, str]](), [Requirement(text) for text in roots]
    while left:
        one = left.pop()
        for key in {(canonicalize_name(one.name), extra) for extra in ("", *one.extras)} - seen:
            seen.add(key)
            further = [Requirement(text) for text in distribution(key[0]).requires or ()]
            left += [it for it in further if it.marker is None or it.marker.evaluate({"extra": key[1]})]
    return {name for name, _ in seen}


def megabytes(name: str) -> float:
    """Room that a package takes on the disk."""
    files = (Path(str(file.locate())) for file in distribution(name).files or () if file.suffix != ".pyc")
    return sum(file.stat().st_blocks for file in files if file.exists()) * 512 / 1e6


def weight() -> list[tuple[str, float]]:
    """Packages with their megabytes, largest first; the small ones together, and the sum."""
    every = sorted(((name, megabytes(name)) for name in needed(ROOTS)), key=lambda one: -one[1])
    large = [one for one in every if one[1] >= _LEAST]
    rest = sum(size for _, size in every[len(large) :])
    return [*large, (f"{len(every) - len(large)} others", rest), ("together", sum(size for _, size in every))]


if __name__ == "__main__":
    for name, size in weight():
        print(f"{size:8,.0f} MB  {name}")
