"""Every rule of editing, in the order in which pages and documents list them: one line each."""

from __future__ import annotations

from textwrap import wrap
from typing import Final

from analysis.edits.edit import Edit, one_of
from analysis.edits.fine_tune import FINE_TUNE
from analysis.edits.manual import MANUAL
from analysis.edits.noise import NOISE
from analysis.edits.prune import PRUNE
from analysis.edits.quantise import QUANTISE
from analysis.edits.rank_one import RANK_ONE
from analysis.edits.transplant import TRANSPLANT
from analysis.edits.trojan import TROJAN
from analysis.edits.unlearn import UNLEARN
from analysis.errors import InvalidEdit
from analysis.method_settings import written

EDITS: Final[tuple[Edit, ...]] = (FINE_TUNE, RANK_ONE, UNLEARN, NOISE, PRUNE, QUANTISE, TRANSPLANT, TROJAN, MANUAL)
EDIT_BY_KEY: Final = {edit.key: edit for edit in EDITS}


def edit_named(key: str) -> Edit:
    """The rule of a key.

    Raises:
        InvalidEdit: there is none; the cure lists those there are.
    """
    if key not in EDIT_BY_KEY:
        raise InvalidEdit(f"rule {key[:40]!r}", "is unknown", one_of(key, list(EDIT_BY_KEY)))
    return EDIT_BY_KEY[key]


def rules_and_settings() -> str:
    """The rules with their settings, for people."""
    lines = ["Rules and their settings:"]
    for edit in EDITS:
        lines += ["", *wrap(f"{edit.key}: {edit.says}", 100, initial_indent="  ", subsequent_indent="  ")]
        for one in edit.settings:
            default = f" (default: {written(one.default)})" if one.default != "" else ""
            lines.append(f"    {one.name:<9} {one.meaning}{default}")
    return "\n".join(lines)
