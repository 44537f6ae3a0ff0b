"""The table of folders in docs/architecture.md, from each package's own description: ``python -m tests.folders``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DOCUMENT: Final = ROOT / "docs" / "architecture.md"
_ROWS: Final = re.compile(r"(?:\| `(?:analysis|app)/[^\n]*\n)+")


def rows() -> str:
    """One line for every package: its folder, and the first sentence of its description."""
    folders = sorted(path.parent for name in ("analysis", "app") for path in (ROOT / name).rglob("__init__.py"))
    return "".join(f"| `{folder.relative_to(ROOT)}/` | {_described(folder)} |\n" for folder in folders)


def written() -> str:
    """The rows as the document has them."""
    found = _ROWS.search(DOCUMENT.read_text())
    return found[0] if found else ""


def _described(folder: Path) -> str:
    text = (folder / "__init__.py").read_text()
    if not text.startswith('"""'):
        raise ValueError(f"{folder}/__init__.py has no description")
    first = text[3:].split('"""')[0].split("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


if __name__ == "__main__":
    DOCUMENT.write_text(_ROWS.sub(lambda _: rows(), DOCUMENT.read_text(), count=1))
