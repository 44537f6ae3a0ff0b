"""Integers of any size in JSON: text beyond 2^53, which not every reader of JSON holds exactly."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import PlainSerializer, WithJsonSchema

MAX_EXACT_IN_JSON: Final = 2**53


def exact(value: int) -> int | str:
    """An integer that every JSON reader keeps exactly: beyond 2^53 a decimal string."""
    return str(value) if abs(value) > MAX_EXACT_IN_JSON else value


BigInt = Annotated[
    int,
    PlainSerializer(exact, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+$"}]}),
]
"""An integer of any size."""
