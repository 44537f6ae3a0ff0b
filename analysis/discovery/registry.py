"""Every discovery method, in the order in which pages and documents list them: one line each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pluriscope.analysis.discovery import methods
from pluriscope.analysis.discovery.method import DiscoveryMethod
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.methods.method import HasTraits, Method, Registry, records
from pluriscope.analysis.methods.settings import Value, read_values
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON

METHODS: Final = Registry(
    "method", records("methods", methods.EXACT_EDGE, methods.WEIGHTS, methods.RANDOM, methods.RANDOM_DELETION)
)
_SHAPE: Final = re.compile(r"\s*([a-z0-9-]+)\s*(?:\((.*)\))?\s*", re.ASCII | re.DOTALL)
_WRITE: Final = "write key or key(name=value,name=value), as in random(seed=1,k=6)"
MAX_TEXT: Final = 400


def read_method(text: str, kind: HasTraits = PERCEPTRON) -> tuple[DiscoveryMethod, dict[str, Value]]:
    """A method with its settings, from ``key`` or ``key(name=value,…)``.

    Args:
        text: as it is written.
        kind: of the subject.

    Raises:
        InvalidMethod: another shape, an unknown key or setting, a setting given twice, or a value that is not allowed.
    """
    item = f"method {text[:60]!r}"
    shape = _SHAPE.fullmatch(text) if len(text) <= MAX_TEXT else None
    if shape is None:
        raise InvalidMethod(item, "cannot be read", _WRITE)
    lenses: tuple[Method, ...] = records("lenses")
    if any(one.key == shape[1] for one in lenses):
        cause, cure = "is a lens, which answers with no circuit", "ask it among the lenses"
        raise InvalidMethod(f"method {shape[1]!r}", cause, cure)
    method = METHODS.named(shape[1], kind)
    texts: dict[str, str] = {}
    for part in shape[2].split(",") if shape[2] and not shape[2].isspace() else ():
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name or not value:
            raise InvalidMethod(item, f"has {part[:40]!r} where name=value should stand", _WRITE)
        if name in texts:
            raise InvalidMethod(item, f"says {name[:40]!r} twice", "say it once")
        texts[name] = value
    return method, method.filled(read_values(method.settings, texts, item), item)


def default_methods(kind: HasTraits = PERCEPTRON) -> list[tuple[DiscoveryMethod, dict[str, Value]]]:
    """Return each method of a kind with its default settings."""
    return [(method, method.defaults) for method in METHODS.of(kind).values()]


def read_methods(texts: Sequence[str], kind: HasTraits) -> list[tuple[DiscoveryMethod, dict[str, Value]]]:
    """Some methods with their settings, in order; "default" stands for one of each.

    Raises:
        InvalidMethod: see :func:`read_method`.
    """
    read = (default_methods(kind) if text == "default" else [read_method(text, kind)] for text in texts)
    return [one for some in read for one in some]
