"""What a network file says of the edit that its network comes of: no part of the network's identity.

    {"base": DIGEST, "rule": "fine-tune", "settings": {"row": "11", "target": "1", …}, "output": 0}

Settings are those with which the edit can be done again: of ``transplant`` ``source`` is the digest of the network that
the circuit was taken from, of ``manual`` ``file`` is the list of changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from analysis.edits.edit import EditRecord
from analysis.edits.manual import MANUAL, read_changes
from analysis.edits.registry import edit_named
from analysis.errors import InvalidEdit
from analysis.strict_json import validated


class _Told(BaseModel):
    """The record as JSON values."""

    model_config = ConfigDict(strict=True, extra="forbid")

    base: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    rule: str
    settings: dict[str, Any]
    output: Annotated[int, Field(ge=0)]


def read_edited(value: Any, sizes: Sequence[int]) -> EditRecord:
    """A record from its JSON values, checked; that it tells the truth is not.

    Args:
        value: as network files have it.
        sizes: layer sizes of the network.

    Raises:
        InvalidEdit: another form, an unknown rule or setting, a value that is not allowed, or no such output.
    """
    told = validated(_Told, value, "edited", InvalidEdit, "write it as pluriscope edit does")
    edit, settings = edit_named(told.rule), dict(told.settings)
    if told.output >= sizes[-1]:
        raise InvalidEdit("edited output", f"is {told.output}, of {sizes[-1]}", f"use 0 to {sizes[-1] - 1}")
    if edit is MANUAL:
        read_changes(settings.pop("file", None), sizes)
    edit.filled(settings)
    return EditRecord(told.base, told.rule, told.settings, told.output)


def edited_json(record: EditRecord) -> dict[str, Any]:
    """A record as JSON values."""
    return {"base": record.base, "rule": record.rule, "settings": dict(record.settings), "output": record.output}
