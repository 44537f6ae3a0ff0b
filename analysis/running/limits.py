"""Limits of searches, set by the user; reaching one is part of the result, not an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_SECONDS: Final = 60.0
"""The limits of every search on one file, unless others are set."""
MOST_STORED: Final = 200_000
"""Valid circuits that a store or a result file lists, at most."""


@dataclass(frozen=True)
class Limits:
    """The limits of searches.

    Args:
        max_possible: a larger circuit space is counted or sampled instead of listed.
        max_valid: valid circuits kept in a list; where there are more, their number, some drawn and the smallest are.
        max_candidates: candidate algorithms kept where they are aligned one by one.
        max_listed: more candidates than this (in and-inverter form) are searched by what the network can support
            instead of one by one.
        n_first: how many of them are then listed whether they can be aligned or not, the first in canonical order.
        max_aligned: and how many of those that can be aligned.
        max_states: combinations of thresholds in the first layers of the listed circuits, in all, up to which
            interpretations are counted; of one circuit with more none are.
        max_seconds: exact counting is not started if it is predicted to take longer on one core.
        max_bytes: nor if it is predicted to take more memory than this; nor is a list kept that would take more.
        n_draws: valid circuits drawn where they are counted or sampled instead of listed.
        n_smallest: of the smallest valid circuits, kept beside those drawn; 0 for no search in order of size.
        n_tried: circuits that the search for the smallest ones in order of size judges, at most.
        n_samples: circuits drawn for a sample; 0 for none.
        confidence: of a guaranteed interval, between 0 and 1.
        criterion_seconds: for one criterion and one kind of explanation; what is left then is undecided.
    """

    max_possible: int = 100_000_000
    max_valid: int = 5_000_000
    max_candidates: int = 100_000
    max_listed: int = 2_000
    n_first: int = 250
    max_aligned: int = 2_000
    max_states: int = 1_000_000_000
    max_seconds: float = 1_800.0
    max_bytes: int = 1 << 30
    n_draws: int = 1_000
    n_smallest: int = 100
    n_tried: int = 20_000_000
    n_samples: int = 200_000
    confidence: float = 0.99
    criterion_seconds: float = 60.0

    def most_listed(self, n_rows: int) -> int:
        """Valid circuits that a list may hold: ``max_valid``, or fewer where ``max_bytes`` holds no more.

        Args:
            n_rows: outputs kept of each circuit.
        """
        return min(self.max_valid, max(1, self.max_bytes // listed_bytes(n_rows)))


def listed_bytes(n_rows: int) -> int:
    """Memory that one listed circuit takes until its analysis is stored.

    Its mask, margin and outputs are there twice while the analysis is made ready for a store or a file, and its numbers
    of interpretations are Python integers.

    Args:
        n_rows: outputs kept of each circuit.
    """
    return 16 * n_rows + 140


DEFAULT_LIMITS: Final = Limits()
