"""Description of a value: its public fields in one short line, and as a table where a notebook asks for one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from html import escape
from typing import Any, Final

_LINE: Final = 300
"""Characters of a line, and of a value in a table."""
_FEW: Final = 4
"""Of more entries their number is said."""
_OPAQUE: Final = re.compile(r" at 0x|array\(")


class Described:
    """A value that is described by its public fields; a dataclass with this base has ``repr=False``."""

    def _facts(self) -> dict[str, Any]:
        fields = getattr(type(self), "model_fields", None) or getattr(type(self), "__dataclass_fields__", vars(self))
        return {name: getattr(self, name) for name in fields if not name.startswith("_")}

    def __repr__(self) -> str:
        line = ", ".join(f"{name} {_short(value)}" for name, value in self._facts().items())
        return f"<{type(self).__name__}{line and f': {_one_line(line)}'}>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        row = '<tr><th style="text-align:left">{}</th><td style="text-align:left">{}</td></tr>'.format
        rows = (row(escape(name), escape(_short(value))) for name, value in self._facts().items())
        return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _short(value: Any) -> str:
    """A value in few words: of arrays and long lists the size, and never where in memory it is."""
    if isinstance(value, Described):
        return type(value).__name__
    if (shape := getattr(value, "shape", None)) is not None:
        return f"{' × '.join(map(str, shape)) or 'one'} of {value.dtype}"
    listed = isinstance(value, (Mapping, Sequence, Set)) and not isinstance(value, (str, bytes))
    text = value if isinstance(value, str) else "" if listed and len(value) > _FEW else repr(value)
    if listed and (not text or _OPAQUE.search(text)):
        return f"{len(value):,} entries"
    return _one_line(getattr(value, "__name__", type(value).__name__) if _OPAQUE.search(text) else text)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"
