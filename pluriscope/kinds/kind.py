"""The record of a kind of explanation from which its part of the list is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.kinds.columns import FRAGILE, MARGIN, fragile
from pluriscope.kinds.found import Found
from pluriscope.tables.frames import Part
from pluriscope.tables.table import Column


@dataclass(frozen=True, kw_only=True)
class ListedKind:
    """Description of one kind of explanation for lists: its columns, and how rows are made of what is stored.

    Args:
        key: of the kind.
        stored: question → the columns that the list reads of the store.
        columns: those of the list that the kind has.
        ref: position → what names the explanation there.
        more: position → values that no filter and no order looks at.
        says: one sentence about the kind.
        figures: what columns of the list hold where that is no stored column of the same name; None for nothing. An
            explanation without "valid" is valid, and "passes" and "fails" are the stored verdicts.
        drawing: position → its drawing.
        own: column and direction of the order that its rows have by themselves.
        aside: whether pages list it only where it is asked for.
    """

    key: str
    stored: Callable[[Any], tuple[str, ...]]
    columns: tuple[Column, ...]
    ref: Callable[[Found, int], ExplanationRef]
    more: Callable[[Found, int], Mapping[str, Any]]
    says: Callable[[Found], str]
    figures: Callable[[Found], Mapping[str, Any]] = lambda _: {}
    drawing: Callable[[Found, int], Markup] | None = None
    own: tuple[str, bool] = ("", False)
    aside: bool = False

    def part(self, found: Found) -> Part:
        """The explanations of this kind that a result has."""
        stored = found.stored[self.key]
        n = len(next(iter(stored.values())))
        values = {"valid": np.ones(n, np.bool_), **stored, **found.judged(self.key), **self.figures(found)}
        if MARGIN in self.columns:
            values[MARGIN.name] = np.asarray(values[MARGIN.name], np.float64)
            values[FRAGILE.name] = fragile(values[MARGIN.name])
        drawing = self.drawing
        return Part.of(
            *(self.key, KIND_OF[self.key].plural, n),
            *(self.columns, values),
            ref=lambda place: str(self.ref(found, place)),
            url=lambda place: found.url(self.ref(found, place)),
            more=lambda place: self.more(found, place),
            drawing=None if drawing is None else lambda place: drawing(found, place),
            own=self.own,
            says=self.says(found),
            aside=self.aside,
        )
