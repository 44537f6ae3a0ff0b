"""Kinds that a search of their own finds: their record says their columns, so that a new kind needs nothing here."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from markupsafe import Markup

from analysis.explanations.explanation import NAME, REF, RecordedKind, predict_nothing
from pluriscope.figures.svg.directions import claims_thumb
from pluriscope.frames import Coded, Part
from pluriscope.kinds.columns import FAILS, FRAGILE, MARGIN, PASSES, VALID, fragile
from pluriscope.kinds.found import Found, Types
from pluriscope.naming import ExplanationRef
from pluriscope.tables import Column, Type

_TYPES: Final[dict[type, Type]] = {bool: "bool", int: "int", float: "float", str: "text"}


def stored_types(kind: RecordedKind[Any]) -> Types:
    """The stored columns of a kind: what it is called, and its figures."""
    return {REF: "name", NAME: "text", **{one.name: _TYPES[one.dtype] for one in kind.columns}}


def column_name(kind: RecordedKind[Any], name: str) -> str:
    """What lists call a figure of a kind."""
    return f"{kind.key}_{name}"


def columns(kind: RecordedKind[Any]) -> tuple[Column, ...]:
    """The columns of a kind."""
    own = (
        Column(
            *(column_name(kind, one.name), one.label, one.meaning, _TYPES[one.dtype]),
            facet="any" if one.facet else "",
            largest_first=one.dtype is float,
            shown=one.name != MARGIN.name,
        )
        for one in kind.columns
    )
    margin = (MARGIN, FRAGILE) if kind.column(MARGIN.name) else ()  # which lists of every kind have
    return (VALID, *margin, *own, PASSES, FAILS)


def part(found: Found, kind: RecordedKind[Any]) -> Part:
    """What was found of a kind."""
    stored = found.stored[kind.key]
    refs, n = stored[REF], len(stored[REF])
    numbers: dict[str, Any] = {"valid": np.ones(n, np.int8)}
    coded: dict[str, Coded] = {}
    for one in kind.columns:
        name = column_name(kind, one.name)
        if one.dtype is str:
            coded[name] = Coded.of(map(str, stored[one.name]))
        else:
            numbers[name] = np.asarray(stored[one.name], one.dtype)
    if kind.column(MARGIN.name):
        numbers["margin"] = numbers[column_name(kind, MARGIN.name)]
        numbers["fragile"] = fragile(numbers["margin"])

    def ref(place: int) -> ExplanationRef:
        return ExplanationRef(kind.key, str(refs[place]))

    silent = "silent" if kind.predict is predict_nothing else ""

    def drawing(place: int) -> Markup:
        claims = kind.claims(kind.read(found.question, str(refs[place])))
        return claims_thumb(found.question.cut.weights, claims, hues=found.hues, title=str(stored[NAME][place]))

    return Part(
        *(kind.key, kind.plural, n),
        numbers=numbers,
        coded=coded,
        labels=found.judged(kind.key),
        ref=lambda place: str(ref(place)),
        url=lambda place: found.url(ref(place)),
        more=lambda place: {"name": str(stored[NAME][place]), "silent": silent},
        drawing=drawing,
        own=("margin", True) if "margin" in numbers else ("", False),
        says=f"{kind.definition.partition('. ')[0].removesuffix('.')}.",
    )
