"""Edited networks of any kind, and the rules that make them, in the order in which pages and documents list them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from textwrap import wrap
from typing import Any, Final

from pluriscope.analysis.edits.edit import NOTHING, Editable, Edited, Named
from pluriscope.analysis.edits.registry import EDITS, edit_named
from pluriscope.analysis.methods.settings import written
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.registry import kind_called
from pluriscope_edits.rules.perceptrons import EditedPerceptron
from pluriscope_edits.rules.transformers import EditedTransformer

_EDITABLE: Final[Mapping[str, Callable[[Any], Editable]]] = {
    "perceptron": EditedPerceptron,
    "attention": EditedTransformer,
}


def edited(rule: str, question: SubjectQuestion, settings: Mapping[str, object], named: Named = NOTHING) -> Edited:
    """A subject of any kind after an edit.

    Args:
        rule: its key.
        question: which subject, and which of its outputs; its task is not asked for.
        settings: as values or texts.
        named: what their texts name.

    Raises:
        InvalidEdit: no such rule; or see :meth:`~pluriscope.analysis.edits.edit.Edit.edited`.
    """
    return edit_named(rule).edited(editable(question), settings, named)


def editable(question: SubjectQuestion) -> Editable:
    """Interface by which rules edit a subject of any kind."""
    question.kind.require("edits", "an edit")
    return _EDITABLE[question.kind.key](question)


def rules_and_settings() -> str:
    """The rules with their settings, for people."""
    lines = ["Rules and their settings:"]
    for edit in EDITS:
        lines += ["", *wrap(f"{edit.key}: {edit.says}", 100, initial_indent="  ", subsequent_indent="  ")]
        for kind, way in edit.ways.items():
            lines += [f"    of {kind_called(kind).plural}:"] if len(edit.ways) > 1 else []
            for one in way.settings:
                default = f" (default: {written(one.default)})" if one.default != "" else ""
                lines.append(f"    {one.name:<9} {one.meaning}{default}")
    return "\n".join(lines)
