"""A file of results of a live space, from which a run goes on after an interruption: a JSON object for each line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pluriscope.analysis.errors import InvalidData
from pluriscope.errors import writing

FORMAT: Final = "pluriscope-live/1"


class Store:
    """Lines of results, kept as they are found.

    Args:
        path: of the file; None keeps nothing.
        header: what the results are of; a file with another is refused.

    Raises:
        InvalidData: the file is of another space, or none of ours.
    """

    def __init__(self, path: Path | None, header: Mapping[str, Any]) -> None:
        self._path = path
        self._lines: list[dict[str, Any]] = []
        if path is None:
            return
        first = {"format": FORMAT, **header}
        if path.exists():
            self._read(path, first)
        else:
            with writing(path):
                path.write_text(json.dumps(first) + "\n", encoding="utf-8")

    def _read(self, path: Path, first: Mapping[str, Any]) -> None:
        try:
            whole, _, torn = path.read_bytes().rpartition(b"\n")  # a line that was not finished counts for nothing
            header, *lines = map(json.loads, whole.splitlines())
            identity = header.get("identity")
        except (OSError, ValueError, AttributeError):
            raise InvalidData(f"file {path}", f"is no file of the format {FORMAT}", "name another one") from None
        if identity != first["identity"]:
            cause = "holds results of another model, other rows, units or rules"
            raise InvalidData(f"file {path}", cause, "name another one")
        self._lines = lines
        if torn:
            with writing(path):
                path.write_bytes(whole + b"\n")

    def add(self, kind: str, **found: Any) -> None:
        """Keep one result."""
        line = {"kind": kind, **found}
        self._lines.append(line)
        if self._path is not None:
            with writing(self._path), self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def of(self, kind: str) -> Iterator[dict[str, Any]]:
        """Results of a kind, as they were found."""
        return (line for line in self._lines if line["kind"] == kind)
