"""What pages of circuits say of the box of patched values: the point at which one fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.page_kit.blocks import Action, Block, Notice
from pluriscope_criteria.analyses import ROBUST
from pluriscope_criteria.boxes.report import RobustReport


def _values(values: Mapping[str, float], most: int = 8) -> str:
    some = [f"{name} {value:.4g}" for name, value in values.items()]
    some = [*some[:most], f"and {len(some) - most} more"] if len(some) > most else some
    return ", ".join(some).replace("-", "−") or "nothing is absent"


def _about(report: RobustReport | None, of: AnalysisContext[Any], ref: ExplanationRef) -> Iterator[Block]:
    """What was found of one circuit: the point at which it fails."""
    one = next((one for one in report.points if one.mask == ref.first), None) if report is not None else None
    if ref.kind == "circuit" and one is not None:
        words = f"On row {one.row} it decides wrong where absent sources carry this: {_values(one.carried)}."
        url = ROBUST.url(of.links, of.slug, of.scope)
        yield Notice("It fails on the box of patched values", words, actions=[Action("How many are robust", url)])


SHOWN: Final = Shown(about=_about)
