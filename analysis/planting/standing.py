"""Planted beside found: whether what was planted is among the valid explanations, and how many equals it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.registry import criterion_named
from analysis.discovery.location import Landscape
from analysis.network_files.planted_record import PlantedRecord
from analysis.networks.circuit import mask_array, one_mask
from analysis.question import Question


@dataclass(frozen=True)
class CircuitStanding:
    """The planted circuit among all valid ones.

    Args:
        valid: whether it is one.
        n_valid: valid circuits.
        smaller: valid circuits with fewer edges; None where that is not known.
        equal: others with as many; None likewise.
        inside: valid circuits that are a part of it, itself apart; None where not all are listed.
        around: valid circuits that it is a part of, itself apart; None likewise.
    """

    valid: bool
    n_valid: int
    smaller: int | None
    equal: int | None
    inside: int | None
    around: int | None

    @property
    def minimal(self) -> bool | None:
        """Whether it is valid and no valid circuit lies inside it; None where that is not known."""
        return None if self.inside is None else self.valid and not self.inside


def circuit_standing(landscape: Landscape, record: PlantedRecord) -> CircuitStanding:
    """The planted circuit among all valid ones."""
    question, circuits, planted = landscape.question, landscape.circuits, record.circuit.mask
    valid = landscape.is_valid(landscape.left(planted))
    smaller = equal = inside = around = None
    complete = circuits.truncated_at is None
    if complete or circuits.method == "counted":
        sizes, own = circuits.distribution.by_edges, record.circuit.n_edges
        smaller = sum(n for size, n in sizes.items() if size < own)
        equal = sizes.get(own, 0) - valid
    if complete:
        shared = circuits.masks & one_mask(planted, question.layout)
        inside = int(np.count_nonzero(shared == circuits.masks)) - valid
        around = int(np.count_nonzero(shared == one_mask(planted, question.layout))) - valid
    return CircuitStanding(valid, circuits.n_valid, smaller, equal, inside, around)


def failures(question: Question, record: PlantedRecord) -> tuple[str, ...]:
    """Why the planted circuit fails under an ablation, for each under which it does."""
    context = CircuitCriteriaContext(question, mask_array([record.circuit.mask], question.layout))
    found = []
    for kind in ("zero", "mean", "resample"):
        verdict = criterion_named(f"{kind}-ablation").judge("circuit", context).at(0)
        if verdict.outcome == "failed":
            found.append(verdict.reason if kind in verdict.reason else f"Under {kind} ablation: {verdict.reason}")
    return tuple(found)
