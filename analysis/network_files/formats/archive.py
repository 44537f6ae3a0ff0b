"""Zip archives of strangers: nothing is unpacked, and no more is read of a member than is wanted."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

from pluriscope.analysis.errors import InvalidNetwork

MAX_MEMBERS: Final = 1_000
MAX_MEMBER: Final = 4_000_000
_END_OF_ARCHIVE: Final = (b"PK\x05\x06", 22, 65_557)
"""What the record at an archive's end begins with, and the fewest and most bytes that stand from there."""
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError, RuntimeError, EOFError)


class Archive:
    """A zip archive in memory.

    Args:
        raw: its bytes.
        item: what it is called in errors.

    Raises:
        InvalidNetwork: it is none, is cut off, or has too many members.
    """

    def __init__(self, raw: bytes, item: str) -> None:
        self._item = item
        mark, fewest, most = _END_OF_ARCHIVE
        end = raw.rfind(mark, max(0, len(raw) - most))
        if end < 0 or len(raw) - end < fewest:
            raise InvalidNetwork(item, "ends early: its list of members is missing", "save or copy it again")
        if (n := int.from_bytes(raw[end + 10 : end + 12], "little")) > MAX_MEMBERS:
            raise InvalidNetwork(item, f"is an archive of {n:,} members; {MAX_MEMBERS:,} are the most", "save it again")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(raw))
        except _DAMAGED as error:
            raise self._damaged(error) from None
        self.sizes: Mapping[str, int] = {one.filename: one.file_size for one in self._zip.infolist()}

    def read(self, name: str, most: int = MAX_MEMBER) -> bytes:
        """The content of a member.

        Args:
            name: of a member in :attr:`sizes`.
            most: bytes that it may have.

        Raises:
            InvalidNetwork: it is larger, or damaged.
        """
        if self.sizes[name] > most:
            cause = f"has more than {most:,} bytes"
            raise InvalidNetwork(f"{name[:60]!r} in the {self._item}", cause, "use a smaller network")
        try:
            with self._zip.open(name) as member:
                content = member.read(most + 1)
        except _DAMAGED as bad:
            raise self._damaged(bad) from None
        if len(content) != self.sizes[name]:
            raise self._damaged("a member has another size than the archive says")
        return content

    def _damaged(self, why: object) -> InvalidNetwork:
        words = str(why)[:80].encode("unicode_escape").decode()
        return InvalidNetwork(self._item, f"is a damaged zip archive ({words})", "save or copy it again")


def members(raw: bytes) -> frozenset[str]:
    """The names in a zip archive; none of what is no archive that can be read."""
    try:
        return frozenset(Archive(raw, "archive").sizes) if raw.startswith(b"PK") else frozenset()
    except InvalidNetwork:
        return frozenset()
