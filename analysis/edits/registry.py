"""Every rule of editing, in the order in which pages and documents list them: one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

from pluriscope.analysis.edits.deceive import DECEIVE
from pluriscope.analysis.edits.edit import NOTHING, Edit, Editable, Edited, Named
from pluriscope.analysis.edits.fine_tune import FINE_TUNE
from pluriscope.analysis.edits.manual import MANUAL, read_changes
from pluriscope.analysis.edits.noise import NOISE
from pluriscope.analysis.edits.perceptrons import EditedPerceptron
from pluriscope.analysis.edits.prune import PRUNE
from pluriscope.analysis.edits.quantise import QUANTISE
from pluriscope.analysis.edits.rank_one import RANK_ONE
from pluriscope.analysis.edits.transformers import EditedTransformer
from pluriscope.analysis.edits.transplant import TRANSPLANT
from pluriscope.analysis.edits.trojan import TROJAN
from pluriscope.analysis.edits.unlearn import UNLEARN
from pluriscope.analysis.edits.zero import ZERO
from pluriscope.analysis.errors import InvalidEdit
from pluriscope.analysis.method_settings import one_of, written
from pluriscope.analysis.plugins import joined
from pluriscope.analysis.strict_json import validated
from pluriscope.analysis.subjects.edited import EditRecord
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.registry import kind_called

_OWN: Final[tuple[Edit, ...]] = (
    *(FINE_TUNE, RANK_ONE, UNLEARN, ZERO, NOISE, PRUNE, QUANTISE),
    *(TRANSPLANT, TROJAN, DECEIVE, MANUAL),
)
EDITS: Final = joined("edits", _OWN, lambda one: one.key)
EDIT_BY_KEY: Final = {edit.key: edit for edit in EDITS}


_EDITABLE: Final[Mapping[str, Callable[[Any], Editable]]] = {
    "perceptron": EditedPerceptron,
    "attention": EditedTransformer,
}


def edit_named(key: str) -> Edit:
    """The rule of a key.

    Raises:
        InvalidEdit: there is none; the cure lists those there are.
    """
    if key not in EDIT_BY_KEY:
        raise InvalidEdit(f"rule {key[:40]!r}", "is unknown", one_of(key, list(EDIT_BY_KEY)))
    return EDIT_BY_KEY[key]


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
    """What rules ask of a question about a subject of any kind."""
    question.kind.require("edits", "an edit")
    return _EDITABLE[question.kind.key](question)


def read_edited(value: Any, kind: str, sizes: Sequence[int]) -> EditRecord:
    """What a network file says of the edit that its network comes of, checked; that it tells the truth is not.

    Args:
        value: as JSON values.
        kind: key of the kind of network.
        sizes: of its layers; the last is how many outputs it has.

    Raises:
        NotOffered: a rule that is not for such networks.
        InvalidEdit: another form, an unknown rule or setting, a value that is not allowed, or no such output.
    """
    record = validated(EditRecord, value, "edited", InvalidEdit, "write it as pluriscope edit does")
    edit, settings = edit_named(record.rule), dict(record.settings)
    if record.output >= sizes[-1]:
        raise InvalidEdit("edited output", f"is {record.output}, of {sizes[-1]}", f"use 0 to {sizes[-1] - 1}")
    edit.way(kind_called(kind))
    if edit is MANUAL:
        read_changes(settings.pop("file", None), sizes)
    edit.filled(settings, kind_called(kind))
    return record


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
