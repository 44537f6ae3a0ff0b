"""What a design says of drawing networks from priors; without torch."""

from __future__ import annotations

from typing import Final

from analysis.errors import InvalidStudy
from analysis.studies.design import StudyDesign

MOST_DRAWS: Final = 20_000_000
MAX_MOST_DRAWS: Final = 10**12


def most_draws(design: StudyDesign) -> int:
    """How many networks are drawn for one before it is given up.

    Raises:
        InvalidStudy: no whole number in range.
    """
    most = design.source_options.get("most_draws", MOST_DRAWS)
    if type(most) is not int or not 1 <= most <= MAX_MOST_DRAWS:
        raise InvalidStudy(f"most_draws {most!r}", "is out of range", f"give 1 to {MAX_MOST_DRAWS:,}")
    return most
