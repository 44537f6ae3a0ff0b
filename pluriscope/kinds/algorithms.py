"""Candidate algorithms."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from pluriscope.figures.numbers import exact, noun
from pluriscope.frames import Coded, Part, Passing
from pluriscope.kinds.columns import (
    AGREED,
    ALGORITHM,
    FAILS,
    FORMULA,
    GATES,
    IIA,
    IRREDUNDANT,
    OF,
    PASSES,
    VALID,
    VARIABLES,
)
from pluriscope.kinds.found import Found, Types, big
from pluriscope.naming import ExplanationRef
from pluriscope.tables import Column

FLAGS: Final = ("irredundant_gates", "irredundant_functions", "irredundant_literals")
STORED: Final[Types] = {
    "algorithm_id": "name",
    "form": "text",
    "text": "text",
    "formula": "text",
    "n_gates": "int",
    "n_variables": "int",
    "n_valid": "big",
    "best_agreed": "int",
    "best_of": "int",
    "truncated_at": "int",
    **dict.fromkeys(FLAGS, "bool"),
}
PLACEMENTS = Column("placements", "Alignments", "Valid alignments of the algorithm.", "big", largest_first=True)
TRIED = Column("tried", "Searched", "Whether its placements were searched.", "bool", shown=False)
COLUMNS: Final = (
    *(VALID, ALGORITHM, FORMULA, GATES, VARIABLES, PLACEMENTS, IIA, AGREED, OF, TRIED, IRREDUNDANT, PASSES, FAILS),
)


def share(agreed: Any, of: Any, untested: float) -> Any:
    """Agreed of all, and another number where there is nothing to agree on."""
    agreed, of = np.asarray(agreed, np.float64), np.asarray(of, np.float64)
    return np.where(of == 0, untested, np.divide(agreed, of, out=np.full(len(of), np.nan), where=of > 0))


def swaps(stored: Any, place: int) -> str:
    """How many interchanges a placement predicts; "" where none was run."""
    of = int(stored["of"][place])
    return f"{exact(int(stored['agreed'][place]))} of {noun(of, 'swap')}" if of else ""


def irredundant(stored: Any) -> dict[str, Passing]:
    """Which algorithms belong to which class."""
    return {
        flag.replace("_", "-"): np.nan_to_num(np.asarray(stored[flag], np.float64)).astype(np.bool_) for flag in FLAGS
    }


def part(found: Found) -> Part:
    """The algorithms."""
    stored = found.stored["algorithm"]
    ids = stored["algorithm_id"]
    placements = big(stored["n_valid"])
    agreed, of = (np.asarray(stored[name], np.float64) for name in ("best_agreed", "best_of"))
    return Part(
        *("algorithm", "algorithms", len(ids)),
        numbers={
            "valid": (placements.codes >= 0)
            & np.array([value > 0 for value in placements.values], np.bool_)[placements.codes],
            "gates": np.asarray(stored["n_gates"]),
            "variables": np.asarray(stored["n_variables"]),
            "iia": share(agreed, of, np.nan),
            "iia_agreed": agreed,
            "iia_of": of,
            "tried": np.asarray(stored["truncated_at"], np.float64) != 0,
        },
        coded={"algorithm": Coded.of(ids), "formula": Coded.of(stored["formula"]), "placements": placements},
        labels={**found.judged("algorithm"), "irredundant": irredundant(stored)},
        ref=lambda place: str(ExplanationRef("algorithm", ids[place])),
        url=lambda place: found.url(ExplanationRef("algorithm", ids[place])),
        more=lambda place: {"name": stored["formula"][place]},
        own=("valid", True),
        says="Candidate formulas for the task, and how many placements on neurons confirm each.",
        aside=True,
    )
