"""Tables of Markdown, as the documents of the findings have them."""

from __future__ import annotations

from collections.abc import Sequence

Lines = Sequence[Sequence[str]]
"""Cells of a table of Markdown, its head first."""


def markdown(lines: Lines, texts: int) -> str:
    """A table; its first columns are texts, the others numbers."""
    head, *rest = lines
    ends = ["---"] * texts + ["--:"] * (len(head) - texts)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ends, *rest))
