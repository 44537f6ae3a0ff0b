"""What was found on linear directions ↔ columns, made ready outside of any transaction.

Lists in JSON, all in the order of an alignment's paths:

- read-outs ``[gain, constant, residual]``, null for a place of several dimensions;
- row space ``[rank, share, whole, seen, of]``, null for such places;
- swaps ``[dimension, answer, method]`` of the family of oblique swaps, null where the direction is not the shortest
  read-out;
- families of an algorithm ``[path, layer, free reads, [dimension, answer, method] or null]``;
- choices of a learned search ``{"blocks": [[path, layer, dimension], …], "best": id, "agreed", "of", "joint",
  "runs": [[seed, steps, agreed, of, solved], …]}``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from analysis import ENGINE_VERSION
from analysis.alignments.alignment import IIA
from analysis.digest import canonical_json
from analysis.directions.alignment import DirectionAlignment, parse_directions
from analysis.directions.oblique import WORST_FIRST, Answer, Method, ObliqueFamily
from analysis.directions.readouts import ReadOut
from analysis.directions.result import (
    AlgorithmDirections,
    DirectionSearch,
    LearnedChoice,
    PlaceEvidence,
    ReadFamily,
    Unread,
)
from analysis.directions.rowspace import RowspaceSplit
from analysis.directions.scoring import ScoredDirections
from app.db.direction_tables import DirectionAlgorithmRow, DirectionAlignmentRow

MAX_CHOICES: Final = 500  # of an algorithm's learned choices, the best ones


@dataclass(frozen=True)
class PreparedDirections:
    """One search, ready to be inserted.

    Args:
        columns: of its row, the analysis apart.
        algorithms: for each algorithm the columns of its row, and those of its alignments in order.
    """

    columns: Mapping[str, Any]
    algorithms: tuple[tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]], ...]

    @property
    def content(self) -> str:
        """SHA-256 of all of it, timings apart."""
        told = {key: value for key, value in self.columns.items() if key != "seconds"}
        told |= {key: str(told[key]) for key in ("n_candidates", "n_valid", "n_undecided")}
        return hashlib.sha256(canonical_json([told, self.algorithms])).hexdigest()


def prepare_directions(search: DirectionSearch) -> PreparedDirections:
    """The rows of one search."""
    columns = {
        "direction_class": search.direction_class,
        "engine_version": ENGINE_VERSION,
        "irredundant_only": search.irredundant_only,
        "settings": dict(search.settings),
        "n_candidates": search.n_candidates,
        "n_searched": len(search.algorithms),
        "all_listed": search.all_listed,
        "n_aligned": search.n_aligned,
        "n_valid": search.n_valid,
        "n_joint": search.n_joint,
        "n_undecided": sum(found.n_undecided for found in search.algorithms),
        "truncated": any(found.truncated_at is not None for found in search.algorithms),
        "exact": search.is_exact,
        "refused": search.refused,
        "seconds": search.seconds,
    }
    algorithms = tuple(
        (_algorithm_columns(position, found), _alignments_of(found)) for position, found in enumerate(search.algorithms)
    )
    return PreparedDirections(columns, algorithms)


def _algorithm_columns(position: int, found: AlgorithmDirections) -> dict[str, Any]:
    algorithm = found.algorithm
    return {
        "position": position,
        "algorithm_id": algorithm.id,
        "form": algorithm.form,
        "text": algorithm.text,
        "formula": algorithm.formula,
        "n_variables": len(algorithm.responses),
        "n_placements": found.n_placements,
        "n_valid": found.n_valid,
        "n_joint": found.n_joint,
        "n_undecided": found.n_undecided,
        "n_kept": len(found.alignments),
        "truncated_at": found.truncated_at,
        "unread": [[one.path, one.layer, one.residual] for one in found.unread],
        "families": [[one.path, one.layer, one.n_free_reads, family_to_json(one.swaps)] for one in found.families],
        "choices": [_choice_to_json(one) for one in _best_choices(found.choices)],
    }


def _alignments_of(found: AlgorithmDirections) -> tuple[dict[str, Any], ...]:
    return tuple(
        alignment_columns(scored, evidence) | {"position": position}
        for position, (scored, evidence) in enumerate(zip(found.alignments, found.evidence, strict=True))
    )


def alignment_columns(scored: ScoredDirections, evidence: Sequence[PlaceEvidence]) -> dict[str, Any]:
    """The columns of one alignment, its position apart.

    Args:
        scored: the alignment with its score.
        evidence: one entry for each of its places.
    """
    places = [place for _, place in scored.alignment.places]
    dimension, answer = family_of(evidence)
    splits = [one.rowspace for one in evidence if one.rowspace is not None]
    return {
        "alignment_id": scored.alignment.id,
        "text": scored.alignment.text,
        "valid": scored.valid,
        "agreed": scored.iia.agreed,
        "of": scored.iia.of,
        "joint_agreed": None if scored.joint is None else scored.joint.agreed,
        "joint_of": None if scored.joint is None else scored.joint.of,
        "causal_order": scored.causal_order,
        "margin": scored.margin if math.isfinite(scored.margin) else None,
        "n_directions": sum(place.dimension for place in places),
        "n_weights": sum(1 for place in places for row in place.reads for weight in row if weight),
        "family_dimension": dimension,
        "family_answer": answer,
        "illusory": any(split.is_illusory for split in splits) if splits else None,
        "read_outs": [None if one is None else [one.gain, one.constant, one.residual] for one in scored.read_outs],
        "rowspace": [split_to_json(one.rowspace) for one in evidence],
        "swaps": [family_to_json(one.family) for one in evidence],
    }


def family_of(evidence: Sequence[PlaceEvidence]) -> tuple[int | None, Answer | None]:
    """All oblique swaps of an alignment's read-outs together: dimension, and the least that any place's family says.

    Returns:
        None for both where a place is no shortest read-out, or there is no place.
    """
    families = [one.family for one in evidence]
    if not families or any(family is None for family in families):
        return None, None
    known = [family for family in families if family is not None]
    return sum(one.dimension for one in known), min((one.answer for one in known), key=WORST_FIRST.index)


def family_to_json(family: ObliqueFamily | None) -> list[Any] | None:
    """A family of oblique swaps without its witness."""
    return None if family is None else [family.dimension, family.answer, family.method]


def split_to_json(split: RowspaceSplit | None) -> list[Any] | None:
    """How a direction fares in the row space of the next layer."""
    return None if split is None else [split.rank, round(split.share, 12), split.whole, split.seen, split.of]


def _best_choices(choices: Sequence[LearnedChoice]) -> Sequence[LearnedChoice]:
    if len(choices) <= MAX_CHOICES:
        return choices
    return sorted(choices, key=lambda one: (-one.iia.agreed, sum(k for _, _, k in one.blocks), one.best))[:MAX_CHOICES]


def _choice_to_json(choice: LearnedChoice) -> dict[str, Any]:
    return {
        "blocks": [list(block) for block in choice.blocks],
        "best": choice.best,
        "agreed": choice.iia.agreed,
        "of": choice.iia.of,
        "joint": choice.joint_valid,
        "runs": [[seed, steps, iia.agreed, iia.of, solved] for seed, steps, iia, solved in choice.runs],
    }


# --- and back


def direction_alignment_of(row: DirectionAlignmentRow, algorithm_text: str) -> DirectionAlignment:
    """The alignment of a row."""
    return parse_directions(algorithm_text, row.text)


def read_outs_of(row: DirectionAlignmentRow) -> tuple[ReadOut | None, ...]:
    """How each direction reads its variable, in the order of paths."""
    return tuple(None if one is None else ReadOut(*one) for one in row.read_outs)


def rowspace_of(row: DirectionAlignmentRow) -> tuple[RowspaceSplit | None, ...]:
    """How each direction fares in the row space of the next layer, in the order of paths."""
    return tuple(None if one is None else RowspaceSplit(*one) for one in row.rowspace)


def unread_of(row: DirectionAlgorithmRow) -> tuple[Unread, ...]:
    """Where variables of an algorithm have no direction of the class."""
    return tuple(Unread(path, layer, residual) for path, layer, residual in row.unread)


def families_of(row: DirectionAlgorithmRow) -> tuple[ReadFamily, ...]:
    """Every variable and layer with a read-out; witnesses of oblique families are not kept."""
    return tuple(ReadFamily(path, layer, free, _family_from(layer, swaps)) for path, layer, free, swaps in row.families)


def choices_of(row: DirectionAlgorithmRow) -> tuple[LearnedChoice, ...]:
    """The choices of a learned search with their seeds."""
    return tuple(
        LearnedChoice(
            tuple((path, layer, dimension) for path, layer, dimension in one["blocks"]),
            one["best"],
            IIA(one["agreed"], one["of"]),
            one["joint"],
            tuple((seed, steps, IIA(agreed, of), solved) for seed, steps, agreed, of, solved in one["runs"]),
        )
        for one in row.choices
    )


def _family_from(layer: int, told: Sequence[Any] | None) -> ObliqueFamily | None:
    if told is None:
        return None
    dimension, answer, method = told
    return ObliqueFamily(layer, dimension, cast(Answer, answer), cast(Method, method))
