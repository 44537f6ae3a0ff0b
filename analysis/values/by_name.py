"""The base of models that are read off values: each field from the attribute of its name, at any depth."""

from __future__ import annotations

from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict

_ABSENT: Final = object()


class ByName(BaseModel):
    """A frozen model without unknown fields; where a field is such a model, any value with its names will do."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)

    @classmethod
    def showing(cls, *sources: object, context: object = None, **more: Any) -> Self:
        """Make the model from rows or values that have its fields under the same names.

        Args:
            sources: each field that is not in ``more`` is the attribute of that name of the first that has one.
            context: passed on to validators of fields.
            more: the other fields.
        """
        names = [name for name in cls.model_fields if name not in more]
        own = [(name, getattr(source, name, _ABSENT)) for source in reversed(sources) for name in names]
        found = {name: value for name, value in own if value is not _ABSENT}
        return cls.model_validate(found | more, context=context)
