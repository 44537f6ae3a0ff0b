"""Every discovery method, in the order in which pages and documents list them: one line each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from analysis.discovery import methods
from analysis.discovery.method import Method
from analysis.errors import InvalidMethod
from analysis.lenses.registry import LENS_BY_KEY
from analysis.method_settings import Value, read_values

METHODS: Final[tuple[Method, ...]] = (
    methods.ACDC,
    methods.EAP,
    methods.EAP_IG,
    methods.MASK_IG,
    methods.EXACT_EDGE,
    methods.EDGE_PRUNING,
    methods.NODE_PRUNING,
    methods.WEIGHTS,
    methods.RANDOM,
    methods.RANDOM_DELETION,
)
METHOD_BY_KEY: Final = {method.key: method for method in METHODS}
MODEL_METHODS: Final = tuple(method.for_models for method in METHODS if method.of_models)
"""Those that are asked about models of other kinds, with their settings there."""
MODEL_METHOD_BY_KEY: Final = {method.key: method for method in MODEL_METHODS}
FORMER: Final = {"effects": "exact-edge"}
"""Keys that addresses and reports of earlier versions have."""
_SHAPE: Final = re.compile(r"\s*([a-z0-9-]+)\s*(?:\((.*)\))?\s*", re.ASCII | re.DOTALL)
_WRITE: Final = "write key or key(name=value,name=value), as in acdc(tau=.1,loss=kl)"
MAX_TEXT: Final = 400


def read_method(text: str, known: Mapping[str, Method] = METHOD_BY_KEY) -> tuple[Method, dict[str, Value]]:
    """One of several methods with its settings, from ``key`` or ``key(name=value,…)``.

    Args:
        text: as it is written.
        known: the methods by key.

    Raises:
        InvalidMethod: another shape, an unknown key or setting, a setting given twice, or a value that is not allowed.
    """
    item = f"method {text[:60]!r}"
    shape = _SHAPE.fullmatch(text) if len(text) <= MAX_TEXT else None
    if shape is None:
        raise InvalidMethod(item, "cannot be read", _WRITE)
    method = _named(shape[1], known)
    texts: dict[str, str] = {}
    for part in shape[2].split(",") if shape[2] and not shape[2].isspace() else ():
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name or not value:
            raise InvalidMethod(item, f"has {part[:40]!r} where name=value should stand", _WRITE)
        if name in texts:
            raise InvalidMethod(item, f"says {name[:40]!r} twice", "say it once")
        texts[name] = value
    return method, method.filled(read_values(method.settings, texts, item), item)


def _named(key: str, known: Mapping[str, Method]) -> Method:
    key = FORMER.get(key, key)
    if key not in known:
        near = get_close_matches(key, known, 1)
        cure = f"did you mean {near[0]}" if near else f"use one of {', '.join(known)}"
        cause = "is for MLPs" if key in METHOD_BY_KEY else "is unknown"
        if key in LENS_BY_KEY:
            cause, cure = "is a lens, which answers with no circuit", "ask it among the lenses"
        raise InvalidMethod(f"method {key[:40]!r}", cause, cure)
    return known[key]


def default_methods(methods: Sequence[Method] = METHODS) -> list[tuple[Method, dict[str, Value]]]:
    """One of each with its default settings."""
    return [(method, method.defaults) for method in methods]


def read_methods(texts: Sequence[str], methods: Sequence[Method] = METHODS) -> list[tuple[Method, dict[str, Value]]]:
    """Some of several methods with their settings, in order; "default" stands for one of each.

    Raises:
        InvalidMethod: see :func:`read_method`.
    """
    by_key = {method.key: method for method in methods}
    read = (default_methods(methods) if text == "default" else [read_method(text, by_key)] for text in texts)
    return [one for some in read for one in some]
