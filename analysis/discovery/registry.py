"""Every discovery method, in the order in which pages and documents list them: one line each."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from analysis.discovery.method import Method
from analysis.discovery.methods import acdc, eap, eap_ig, exact_edge, mask_ig, pruning, random_order, weights
from analysis.discovery.settings import Value
from analysis.errors import InvalidMethod

METHODS: Final[tuple[Method, ...]] = (
    acdc.ACDC,
    eap.EAP,
    eap_ig.EAP_IG,
    mask_ig.MASK_IG,
    exact_edge.EXACT_EDGE,
    pruning.EDGE_PRUNING,
    pruning.NODE_PRUNING,
    weights.WEIGHTS,
    random_order.RANDOM,
)
_BY_KEY: Final = {method.key: method for method in METHODS}
_SHAPE: Final = re.compile(r"([a-z0-9-]+)(?:\((.*)\))?", re.ASCII)
_WRITE: Final = "write key or key(name=value,name=value), as in acdc(tau=.1,loss=kl)"
MAX_TEXT: Final = 400


def method_named(key: str) -> Method:
    """The method with this key.

    Raises:
        InvalidMethod: there is none; the cure names the nearest, or all.
    """
    if key not in _BY_KEY:
        near = get_close_matches(key, _BY_KEY, 1)
        cure = f"did you mean {near[0]}" if near else f"use one of {', '.join(_BY_KEY)}"
        raise InvalidMethod(f"method {key[:40]!r}", "is unknown", cure)
    return _BY_KEY[key]


def read_method(text: str) -> tuple[Method, dict[str, Value]]:
    """A method with its settings, from ``key`` or ``key(name=value,…)``.

    Raises:
        InvalidMethod: another shape, an unknown key or setting, a setting given twice, or a value that is not allowed.
    """
    item = f"method {text[:60]!r}"
    shape = _SHAPE.fullmatch("".join(text.split())) if len(text) <= MAX_TEXT else None
    if shape is None:
        raise InvalidMethod(item, "cannot be read", _WRITE)
    method = method_named(shape[1])
    by_name = {setting.name: setting for setting in method.settings}
    given: dict[str, object] = {}
    for part in shape[2].split(",") if shape[2] else ():
        name, equals, value = part.partition("=")
        if not equals or not name or not value:
            raise InvalidMethod(item, f"has {part[:40]!r} where name=value should stand", _WRITE)
        if name in given:
            raise InvalidMethod(item, f"says {name[:40]!r} twice", "say it once")
        given[name] = by_name[name].read(value, item) if name in by_name else value
    return method, method.filled(given, item)


def default_methods() -> list[tuple[Method, dict[str, Value]]]:
    """One of each method with its default settings."""
    return [(method, method.defaults) for method in METHODS]
