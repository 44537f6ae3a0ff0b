"""Frozen values that are known by their digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Hashed(BaseModel):
    """A frozen value whose fields decide its digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy in which some fields differ: checked like any other value, and with a digest of its own.

        Pydantic's own copy takes over what was cached, the digest of the original too, and checks nothing.
        """
        return self.model_validate(self.model_dump() | dict(update or {}))
