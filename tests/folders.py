"""The table of folders and the engine's layers in docs/architecture.md, from the code: ``python -m tests.folders``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import grimp

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("analysis", "app", "pluriscope")
DOCUMENT: Final = ROOT / "docs" / "architecture.md"
_ROWS: Final = re.compile(r"(?:\| `(?:analysis|app|pluriscope)/[^\n]*\n)+")
_LAYERS: Final = re.compile(r"(?<=<!-- layers -->\n).*?(?=<!-- /layers -->)", re.DOTALL)


def rows() -> str:
    """One line for every package: its folder, and the first sentence of its description."""
    folders = sorted(path.parent for name in PACKAGES for path in (ROOT / name).rglob("__init__.py"))
    return "".join(f"| `{folder.relative_to(ROOT)}/` | {_described(folder)} |\n" for folder in folders)


def written() -> str:
    """The rows as the document has them."""
    found = _ROWS.search(DOCUMENT.read_text())
    return found[0] if found else ""


def layers() -> str:
    """The rooms of the engine from the top: each imports from those below it alone."""
    found = list(_layers())
    width = len(str(len(found)))
    lines = [f"{len(found) - at:>{width}}  {' · '.join(names)}\n" for at, names in enumerate(reversed(found))]
    return "".join(["```\n", *lines, "```\n"])


def written_layers() -> str:
    """The layers as the document has them."""
    found = _LAYERS.search(DOCUMENT.read_text())
    return found[0] if found else ""


def room(module: str) -> str:
    """The folder directly below a package in which a module is; the module itself if it stands there."""
    return ".".join(module.split(".")[:2])


def imports_of(*packages: str) -> dict[str, set[str]]:
    """Each module of some packages with those of them that it imports, inside functions included."""
    graph = grimp.build_graph(*packages)
    return {one: graph.find_modules_directly_imported_by(one) & graph.modules for one in graph.modules}


def rooms_of(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """Each room with those that it imports from."""
    rooms: dict[str, set[str]] = {}
    for module, imported in imports.items():
        rooms.setdefault(room(module), set()).update(room(one) for one in imported if room(one) != room(module))
    return rooms


def _layers() -> Iterator[list[str]]:
    """From the bottom: the rooms whose imports are all below."""
    rooms = rooms_of(imports_of("analysis"))
    sorter = TopologicalSorter({one: below - {"analysis"} for one, below in rooms.items() if one != "analysis"})
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        yield [one.partition(".")[2] for one in ready]
        sorter.done(*ready)


def _described(folder: Path) -> str:
    text = (folder / "__init__.py").read_text()
    if not text.startswith('"""'):
        raise ValueError(f"{folder}/__init__.py has no description")
    first = text[3:].split('"""')[0].split("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


if __name__ == "__main__":
    text = _ROWS.sub(lambda _: rows(), DOCUMENT.read_text(), count=1)
    DOCUMENT.write_text(_LAYERS.sub(lambda _: layers(), text, count=1))
