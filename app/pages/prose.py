"""Our own documents by their chapters, in Markdown."""

from __future__ import annotations

import re
from pathlib import Path


def chapters(path: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The title and the blocks of text of each chapter of a document; first what stands before them, titled "".

    Args:
        path: a Markdown file with one ``#`` heading and a ``##`` heading for each chapter.
    """
    head, *sections = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [("", _blocks(re.sub(r"^# .*$", "", head, count=1, flags=re.MULTILINE)))]
    for section in sections:
        title, _, body = section.partition("\n")
        found.append((title.strip(), _blocks(body)))
    return tuple(found)


def items_of(block: str) -> tuple[str, ...]:
    """The items of a list, each as one line."""
    items = re.split(r"^(?:-|\d+\.) ", block, flags=re.MULTILINE)
    return tuple(" ".join(item.split()) for item in items if item.strip())


def title_of(path: Path) -> str:
    """The heading of a document."""
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def without_marks(text: str) -> str:
    """Markdown as plain text."""
    return re.sub(r"[*`]|\[([^\]]*)\]\([^)]*\)", lambda link: link[1] or "", text)


def _blocks(body: str) -> tuple[str, ...]:
    written = re.sub(r"<!--.*?-->|^!\[[^\n]*$", "", body, flags=re.DOTALL | re.MULTILINE)
    return tuple(block.rstrip() for block in re.split(r"\n\s*\n", written.strip("\n")) if block.strip())
