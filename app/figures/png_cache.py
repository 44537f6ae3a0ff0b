"""Rendered pictures in the data folder, named by the hash of what they were made from, and never more than some."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.figures.standalone import png_of

MAX_FILES: Final = 1_000
MAX_BYTES: Final = 100_000_000
_CHECK_EVERY: Final = 50


class PngCache:
    """Pictures by content. It may be deleted at any time; a picture that is not there is made again.

    Args:
        folder: where they are; made when first needed. A folder that cannot be written is done without.
        max_files: pictures kept.
        max_bytes: of all of them together.
    """

    def __init__(self, folder: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> None:
        self.folder = folder
        self.max_files, self.max_bytes = max_files, max_bytes
        self._made = 0

    def get(self, key: str) -> bytes | None:
        """The picture of a key, None if it is not kept."""
        try:
            return self._path(key).read_bytes()
        except OSError:
            return None

    def make(self, key: str, svg: str, width: int | None = None) -> bytes:
        """Render a picture and keep it.

        Args:
            key: hash of what it is made from, as hex.
            svg: the document.
            width: in pixels, the document's own if not given.
        """
        picture = png_of(svg, width=width)
        with suppress(OSError):
            self._keep(key, picture)
        return picture

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.png"

    def _keep(self, key: str, picture: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(picture)
            Path(name).replace(self._path(key))  # whole or not at all, whoever else writes it too
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        self._made += 1
        if self._made % min(_CHECK_EVERY, self.max_files) == 0:
            self._prune()

    def _prune(self) -> None:
        """Delete the oldest pictures beyond the limits."""
        kept = []
        for path in self.folder.iterdir():
            with suppress(OSError):
                kept.append((path.stat().st_mtime, path.stat().st_size, path))
        total = sum(size for _, size, _ in kept)
        left = len(kept)
        for _, size, path in sorted(kept):
            if left <= self.max_files * 0.9 and total <= self.max_bytes * 0.9:
                break
            path.unlink(missing_ok=True)
            left, total = left - 1, total - size
