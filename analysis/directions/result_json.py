"""What was found on directions as result files write it: the additive field ``directions`` of an output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from analysis.directions.result import CLASSES, AlgorithmDirections, DirectionSearch, LearnedChoice, PlaceEvidence
from analysis.directions.scoring import ScoredDirections
from analysis.result_file import exact


def directions_json(searches: Sequence[DirectionSearch]) -> dict[str, Any]:
    """Searches of some classes, by class."""
    return {search.direction_class: _search_json(search) for search in searches}


def unfinished_directions(searches: Sequence[DirectionSearch], output: int) -> list[str]:
    """One sentence for each search that was refused, stopped at a limit or left something undecided."""
    sentences = []
    for search in searches:
        where = f"output {output}: directions, class {search.direction_class}"
        n_truncated = sum(1 for one in search.algorithms if one.truncated_at is not None)
        n_undecided = sum(one.n_undecided for one in search.algorithms)
        if search.refused:
            sentences.append(f"{where} was not searched: {search.refused}")
        elif search.n_left:
            n_all = len(search.algorithms) + search.n_left
            sentences.append(f"{where} truncated at {len(search.algorithms):,} of {n_all:,} algorithms: time was up")
        elif not search.all_listed:
            sentences.append(f"{where}: only the candidates at hand were searched, {len(search.algorithms):,} of them")
        if n_truncated:
            sentences.append(f"{where}: alignments of {n_truncated:,} algorithms truncated")
        if n_undecided:
            sentences.append(f"{where}: of {n_undecided:,} placements it is not known whether any swap passes")
    return sentences


def _search_json(search: DirectionSearch) -> dict[str, Any]:
    document: dict[str, Any] = {
        "rule": CLASSES[search.direction_class],
        "candidates": exact(search.n_candidates),
        "searched": len(search.algorithms),
        "irredundant_only": search.irredundant_only,
        "aligned": search.n_aligned,
        "valid": search.n_valid,
        "joint": search.n_joint,
        "undecided": sum(one.n_undecided for one in search.algorithms),
        "exact": search.is_exact,
        "algorithms": [_algorithm_json(one) for one in search.algorithms],
    }
    if search.settings:
        document["settings"] = dict(search.settings)
    if search.n_left:
        document["out_of_time"] = {"done": len(search.algorithms), "of": len(search.algorithms) + search.n_left}
    if search.refused:
        document["refused"] = search.refused
    return document


def _algorithm_json(one: AlgorithmDirections) -> dict[str, Any]:
    formulas = {variable.path: variable.formula for variable in one.algorithm.variables}
    document: dict[str, Any] = {
        "id": one.algorithm.id,
        "formula": one.algorithm.formula,
        "choices": one.n_placements,
        "valid": one.n_valid,
        "joint": one.n_joint,
        "undecided": one.n_undecided,
        "truncated_at": one.truncated_at,
        "unread": [{"path": gap.path, "layer": gap.layer, "residual": gap.residual} for gap in one.unread],
        "alignments": [
            _alignment_json(scored, evidence, formulas)
            for scored, evidence in zip(one.alignments, one.evidence, strict=True)
        ],
    }
    if one.choices:
        document["learned"] = [_choice_json(choice) for choice in one.choices]
    return document


def _alignment_json(
    scored: ScoredDirections, evidence: Sequence[PlaceEvidence], formulas: dict[str, str]
) -> dict[str, Any]:
    joint = scored.joint
    return {
        "id": scored.alignment.id,
        "at": scored.alignment.text,
        "variables": [
            {
                "path": path,
                "formula": formulas[path],
                "layer": place.layer,
                "reads": [list(row) for row in place.reads],
                "swaps": [list(row) for row in place.swaps],
                "residual": None if read is None else read.residual,
                "oblique": None
                if told.family is None
                else {"dimension": told.family.dimension, "passing": told.family.answer},
                "rowspace": None
                if told.rowspace is None
                else {"seen": told.rowspace.seen, "whole": told.rowspace.whole, "of": told.rowspace.of},
            }
            for (path, place), read, told in zip(scored.alignment.places, scored.read_outs, evidence, strict=True)
        ],
        "iia": {"agreed": scored.iia.agreed, "of": scored.iia.of},
        "joint": None if joint is None else {"agreed": joint.agreed, "of": joint.of},
        "valid": scored.valid,
        "causal_order": scored.causal_order,
        "margin": scored.margin if math.isfinite(scored.margin) else None,
    }


def _choice_json(choice: LearnedChoice) -> dict[str, Any]:
    return {
        "blocks": [{"path": path, "layer": layer, "dimension": k} for path, layer, k in choice.blocks],
        "best": choice.best,
        "iia": {"agreed": choice.iia.agreed, "of": choice.iia.of},
        "runs": [
            {"seed": seed, "steps": steps, "iia": {"agreed": iia.agreed, "of": iia.of}, "solved": solved}
            for seed, steps, iia, solved in choice.runs
        ],
    }
