"""The record of an edit in a file: what was done to which subject."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class EditRecord(BaseModel):
    """The edit that a network comes of, as its file has it.

    {"base": DIGEST, "rule": "fine-tune", "settings": {"row": "11", "target": "1", …}, "output": 0}

    Settings are those with which the edit can be done again: of ``transplant`` ``source`` is the digest of the network
    that the circuit was taken from, of ``manual`` ``file`` is the list of changes.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    base: str = Field(pattern="^[0-9a-f]{64}$", description="Digest of the network before.")
    rule: str
    settings: dict[str, Any] = Field(description="With which it can be done again.")
    output: int = Field(ge=0)
