"""An answer beside the planted circuit of a network, and what a benchmark that knows nothing else would count it as."""

from __future__ import annotations

from typing import Final, Literal, get_args

Answered = Literal["recovered", "contains", "inside", "another", "invalid", "planted-invalid"]
"""What an answer is beside the planted circuit:

recovered        the planted circuit, which is valid
contains         valid, the planted circuit and more
inside           valid, a part of the planted circuit
another          valid, and neither of these
invalid          not valid
planted-invalid  the planted circuit, which is not valid
"""
ANSWERED: Final[tuple[Answered, ...]] = get_args(Answered)
FALSE_ERRORS: Final[frozenset[Answered]] = frozenset({"contains", "inside", "another"})
"""Answers that are right, and that a benchmark which knows the planted circuit alone counts as errors."""


def answered(mask: int, planted: int, *, valid: bool) -> Answered:
    """What an answer is beside the planted circuit.

    Args:
        mask: the answer's circuit.
        planted: the planted circuit.
        valid: whether the answer is valid.
    """
    if mask == planted:
        return "recovered" if valid else "planted-invalid"
    if not valid:
        return "invalid"
    if mask & planted == planted:
        return "contains"
    return "inside" if mask & planted == mask else "another"
