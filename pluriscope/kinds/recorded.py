"""Kinds that a search of their own finds: their record says their columns, so that a new kind needs nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.explanations.explanation import NAME, REF, RecordedKind, predict_nothing
from pluriscope.figures.svg.combs import claimed
from pluriscope.kinds.columns import FAILS, FRAGILE, MARGIN, PASSES, VALID
from pluriscope.kinds.found import Found
from pluriscope.kinds.kind import ListedKind
from pluriscope.tables.table import Column, Type

_TYPES: Final[dict[type, Type]] = {bool: "bool", int: "int", float: "float", str: "text"}


def listed(kind: RecordedKind[Any]) -> ListedKind:
    """Description for lists of a kind with a record. A figure of the kind becomes the column KEY_COLUMN."""
    has_margin = kind.column(MARGIN.name) is not None
    own = (
        Column(
            *(f"{kind.key}_{one.name}", one.label, one.meaning, _TYPES[one.dtype]),
            facet="any" if one.facet else "",
            largest_first=one.dtype is float,
            shown=one.name != MARGIN.name,
        )
        for one in kind.columns
    )

    def figures(found: Found) -> Mapping[str, Any]:
        stored, values_of = found.stored[kind.key], dict[str, Any]()
        for one in kind.columns:
            values: Any = np.asarray(stored[one.name], one.dtype)
            values_of[f"{kind.key}_{one.name}"] = values.tolist() if one.dtype is str else values
        return values_of

    def ref(found: Found, place: int) -> ExplanationRef:
        return ExplanationRef(kind.key, str(found.stored[kind.key][REF][place]))

    def drawing(found: Found, place: int) -> Markup:
        claims = kind.claims(kind.read(found.question, ref(found, place).first))
        title = str(found.stored[kind.key][NAME][place])
        return found.thumb(None, *claimed(claims, found.question.subject.n_inputs), title=title)

    return ListedKind(
        key=kind.key,
        stored=lambda _: (REF, NAME, *(one.name for one in kind.columns), "verdicts"),
        columns=(VALID, *((MARGIN, FRAGILE) if has_margin else ()), *own, PASSES, FAILS),
        figures=figures,
        ref=ref,
        more=lambda found, place: {
            "name": str(found.stored[kind.key][NAME][place]),
            "silent": "silent" if kind.predict is predict_nothing else "",
        },
        drawing=drawing,
        own=("margin", True) if has_margin else ("", False),
        says=lambda _: f"{kind.definition.partition('. ')[0].removesuffix('.')}.",
    )
