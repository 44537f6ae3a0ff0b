"""Why a copy cannot be made."""

from __future__ import annotations


class CannotExport(Exception):
    """An offline copy cannot be made as asked.

    Args:
        item: what is wrong, as the user knows it.
        cause: why, one clause without a final stop.
        cure: what to do about it, one clause without a final stop.
        ours: whether this machine is in the way (a full disk, a folder that cannot be written) and not what was asked.
    """

    def __init__(self, item: str, cause: str, cure: str, *, ours: bool = False) -> None:
        super().__init__(f"{item}: {cause}. {cure[:1].upper()}{cure[1:]}.")
        self.ours = ours
