"""The base of models that are read off values: each field from the attribute of its name, at any depth."""

from __future__ import annotations

from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict

_ABSENT: Final = object()


class ByName(BaseModel):
    """A frozen model without unknown fields; where a field is such a model, any value with its names will do."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)

    @classmethod
    def showing(cls, source: object, context: object = None, /, **more: Any) -> Self:
        """Make the model from a row or value that has its fields under the same names.

        Args:
            source: each field that is not in ``more`` is its attribute of that name, if it has one.
            context: passed on to validators of fields.
            more: the other fields.
        """
        own = {name: getattr(source, name, _ABSENT) for name in cls.model_fields if name not in more}
        found = {name: value for name, value in own.items() if value is not _ABSENT}
        return cls.model_validate(found | more, context=context)
