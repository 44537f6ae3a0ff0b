"""Every rule of editing that plugins bring, and what the file of an edited network says of its edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pluriscope.analysis.edits.edit import Edit
from pluriscope.analysis.errors import InvalidEdit, one_of
from pluriscope.analysis.plugins import joined
from pluriscope.analysis.subjects.edited import EditRecord
from pluriscope.analysis.subjects.registry import kind_called
from pluriscope.analysis.values.strict_json import validated

EDITS: Final[tuple[Edit, ...]] = joined("edits", (), lambda one: one.key)
EDIT_BY_KEY: Final = {edit.key: edit for edit in EDITS}


def edit_named(key: str) -> Edit:
    """The rule of a key.

    Raises:
        InvalidEdit: there is none; the cure lists those there are.
    """
    if key not in EDIT_BY_KEY:
        raise InvalidEdit(f"rule {key[:40]!r}", "is unknown", one_of(key, list(EDIT_BY_KEY)))
    return EDIT_BY_KEY[key]


def read_edited(value: Any, kind: str, sizes: Sequence[int]) -> EditRecord:
    """Read and check a network file's record of the edit that its network comes of; that the record is true is not
    checked.

    Args:
        value: as JSON values.
        kind: key of the kind of network.
        sizes: of its layers; the last is how many outputs it has.

    Raises:
        NotOffered: a rule that is not for such networks.
        InvalidEdit: another form, an unknown rule or setting, a value that is not allowed, or no such output.
    """
    record = validated(EditRecord, value, "edited", InvalidEdit, "write it as pluriscope edit does")
    if record.output >= sizes[-1]:
        raise InvalidEdit("edited output", f"is {record.output}, of {sizes[-1]}", f"use 0 to {sizes[-1] - 1}")
    if not EDITS:  # no plugin has rules: what one has written is kept as it is
        return record
    edit = edit_named(record.rule)
    edit.way(kind_called(kind))
    edit.filled(edit.plain(dict(record.settings), sizes), kind_called(kind))
    return record
