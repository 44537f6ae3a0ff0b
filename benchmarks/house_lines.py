"""What the lines of `analysis` and `app` are made of: by kind of line, by room, and by what was added since.

    python -m benchmarks.house_lines [REVISION]

A file belongs to the first of the areas below whose pattern its path has, and to what was there before if it has none.
What an area adds to files that serve others too, such as routes, exports and lists, is counted there and not here, so
each area is larger than its row.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from typing import Final

AREAS: Final = {
    "transformers": r"analysis/models/|pages/models/|attention|of_models|(routes|db|cli)/models\.|[/_]model_(?!axes)"
    r"|analyse_model|db/model",
    "discovery methods and claims": r"discovery/|claim|/methods?[._]|(cli|svg)/audit|jobs/methods",
    "lenses": r"lens|probe_|feature_pictures|(learned|das)_fits",
    "planted networks": r"plant",
    "stories and backbone": r"stor(y|ies)[/._]|backbone|grain|circuit_sets/",
    "studies of drawn networks and series": r"drawn|drawing|null_model|series|course|stratified|held_out|staircase",
    "counting larger spaces": r"smallest|bounded_choices|last_layer|layered_states|countable|structure\.py|branch",
    "linear probes": r"explanations/probes|pages/recorded",
}


def main(revision: str = "HEAD") -> None:
    """Print three tables in Markdown."""
    kinds: Counter[str] = Counter()
    rooms: Counter[str] = Counter()
    areas: Counter[str] = Counter()
    for path, text in _modules(revision):
        n = text.count("\n")
        kinds.update(_kinds(text))
        rooms["/".join(path.split("/")[:2]) if path.count("/") > 1 else path.split("/")[0]] += n
        areas[next((area for area, pattern in AREAS.items() if re.search(pattern, path)), "all else")] += n
    for title, counted in (("kind of line", kinds), ("area", areas), ("room", rooms)):
        print(f"\n| {title} | lines |\n| --- | --: |")
        for name, n in counted.most_common():
            print(f"| {name} | {n:,} |")
        print(f"| all | {counted.total():,} |")


def _modules(revision: str) -> Iterator[tuple[str, str]]:
    """The paths and texts of all modules."""
    packed = subprocess.run(["git", "archive", revision, "analysis", "app"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tree:
        for member in tree.getmembers():
            content = tree.extractfile(member) if member.name.endswith(".py") else None
            if content is not None:
                yield member.name, content.read().decode()


def _kinds(text: str) -> Counter[str]:
    """How many lines are blank, of docstrings, of imports and of comments; the others are code."""
    kind = ["code"] * text.count("\n")
    for number, line in enumerate(text.splitlines()):
        if not line.strip() or line.lstrip().startswith("#"):
            kind[number] = "comments" if line.strip() else "blank"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            _mark(kind, node, "imports")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            _mark(kind, node, "docstrings")
    return Counter(kind)


def _mark(kinds: list[str], node: ast.stmt, kind: str) -> None:
    """Give the lines of a statement their kind, blank ones too."""
    end = node.end_lineno or node.lineno
    kinds[node.lineno - 1 : end] = [kind] * (end - node.lineno + 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
