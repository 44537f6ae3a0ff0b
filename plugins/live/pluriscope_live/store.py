"""A file of results of a live space, from which a run goes on after an interruption: a JSON object for each line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from pluriscope.analysis.errors import InvalidData
from pluriscope.errors import writing

FORMAT: Final = "pluriscope-live/2"


class Store:
    """Lines of results, kept as they are found.

    Args:
        path: of the file; None keeps nothing.
        header: what the results are of: ``identity``, equal to the last letter, and ``computes``, numbers that the
            model gives, which another machine rounds otherwise. A file with others is refused.
        tolerance: how far these may be apart, as a share of the largest.

    Raises:
        InvalidData: the file is of another space, or none of ours.
    """

    def __init__(self, path: Path | None, header: Mapping[str, Any], tolerance: float) -> None:
        self._path, self._computes, self._tolerance = path, header["computes"], tolerance
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
            known = header.get("format") == FORMAT
        except (OSError, ValueError, AttributeError):
            known = False
        if not known:
            raise InvalidData(f"file {path}", f"is no file of the format {FORMAT}", "name another one")
        same = header.get("identity") == first["identity"]
        if not same or not self.is_of(header.get("computes")):
            cause = "holds results of a model that computes something else from the same parameters"
            cause = cause if same else "holds results of another model, other rows, units or rules"
            raise InvalidData(f"file {path}", cause, "name another one")
        self._lines = lines
        if torn:
            with writing(path):
                path.write_bytes(whole + b"\n")

    def is_of(self, computed: Any) -> bool:
        """Whether numbers that a model gives are those of the header, but for rounding."""
        own = np.array(self._computes)
        most = np.abs(own[np.isfinite(own)]).max(initial=0.0)
        return np.shape(computed) == own.shape and np.allclose(computed, own, 0, self._tolerance * most, equal_nan=True)

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
