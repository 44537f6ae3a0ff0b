"""All that a result has as one list."""

from __future__ import annotations

from typing import Final

from analysis.explanations.registry import RECORDED
from pluriscope.frames import Frame
from pluriscope.kinds import algorithms, alignments, circuits, directions, recorded
from pluriscope.kinds.columns import KIND, NAME, REF, URL
from pluriscope.kinds.found import Found
from pluriscope.tables import Column

_CIRCUIT: Final = (NAME, *circuits.COLUMNS)
OF_KIND: Final[dict[str, tuple[Column, ...]]] = {
    "circuit": _CIRCUIT,
    "interpretation": _CIRCUIT,
    "algorithm": (NAME, *algorithms.COLUMNS),
    "alignment": (NAME, *alignments.COLUMNS),
    "direction": (NAME, *directions.COLUMNS),
    **{kind.key: (NAME, *recorded.columns(kind)) for kind in RECORDED},
}
"""The columns of each kind."""
_EVERY: Final = (KIND, NAME, REF, URL, *(column for columns in OF_KIND.values() for column in columns))
COLUMNS: Final[tuple[Column, ...]] = tuple({column.name: column for column in _EVERY}.values())
"""The columns of every kind, each once."""


def frame_of(found: Found, steps: tuple[str, ...] = ()) -> Frame:
    """The list of what a result has.

    Args:
        found: what it has.
        steps: criteria with other settings than the usual ones, to be asked of alignments on directions.
    """
    of_circuits, of_algorithms = circuits.part(found), algorithms.part(found)
    parts = [of_circuits, circuits.interpretations(found, of_circuits), of_algorithms]
    parts.append(alignments.part(found, of_algorithms))
    if "direction" in found.stored:
        parts.append(directions.part(found, steps))
    parts += [recorded.part(found, kind) for kind in RECORDED if kind.key in found.stored]
    return Frame(COLUMNS, tuple(parts))
