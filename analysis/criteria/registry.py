"""Every criterion, in the order in which pages and documents list them: one line each."""

from __future__ import annotations

from typing import Final

from analysis.criteria import (
    ablations,
    alignment_structure,
    cuts,
    interchanges,
    interpretation_criteria,
    knockouts,
    margins,
    minimality,
    noise,
    patching,
    permutation_baseline,
    redundancies,
    robustness,
    same_story,
    scrubbing,
    selectivity,
    symmetry,
    unmapped,
)
from analysis.criteria.criterion import Criterion, Kind
from analysis.errors import InvalidCriterion

CRITERIA: Final[tuple[Criterion, ...]] = (
    ablations.ZERO_ABLATION,
    ablations.MEAN_ABLATION,
    ablations.RESAMPLE_ABLATION,
    ablations.ALL_ABLATIONS,
    ablations.OUTPUT_FAITHFULNESS,
    knockouts.KNOCKOUT_COMPLETENESS,
    knockouts.NECESSITY,
    noise.INPUT_NOISE,
    robustness.INPUT_ROBUST,
    patching.PATCHING_ROBUST,
    knockouts.MINIMAL_WANG,
    minimality.MINIMAL_QUASI,
    minimality.MINIMAL_LOCAL,
    minimality.MINIMAL_SUBSET,
    minimality.MINIMAL_CARDINAL,
    minimality.MINIMAL_QUASI_STRUCTURAL,
    minimality.MINIMAL_LOCAL_STRUCTURAL,
    minimality.MINIMAL_SUBSET_STRUCTURAL,
    minimality.MINIMAL_CARDINAL_STRUCTURAL,
    same_story.SAME_STORY,
    interpretation_criteria.OBSERVED_CLASS,
    interpretation_criteria.INTERCHANGE,
    interpretation_criteria.INTERCHANGE_JOINT,
    interpretation_criteria.INTERCHANGE_ON_CIRCUIT,
    interpretation_criteria.INTERCHANGE_JOINT_ON_CIRCUIT,
    scrubbing.CAUSAL_SCRUBBING,
    redundancies.IRREDUNDANT_GATES,
    redundancies.IRREDUNDANT_FUNCTIONS,
    redundancies.IRREDUNDANT_LITERALS,
    interchanges.ONE_DIRECTION,
    interchanges.BOTH_DIRECTIONS,
    interchanges.JOINT_INTERCHANGE,
    unmapped.UNMAPPED_INERT,
    unmapped.ABSTRACTION_ERROR,
    alignment_structure.CAUSAL_ORDER,
    alignment_structure.MINIMAL_ALIGNMENT,
    alignment_structure.MINIMAL_JOINT_ALIGNMENT,
    permutation_baseline.ABOVE_RANDOM,
    margins.MARGIN,
    selectivity.SELECTIVE,
    symmetry.REPRESENTATIVE,
)

OF_MODELS_ALONE: Final[tuple[Criterion, ...]] = (
    cuts.KL_FAITHFULNESS,
    cuts.ROLE_AGREEMENT,
)
"""Those that are asked of circuits of models of other kinds than the networks, and of nothing else."""
OF_MODELS: Final = tuple(criterion for criterion in (*CRITERIA, *OF_MODELS_ALONE) if "cut" in criterion.judges)
"""All that are asked of those."""

_BY_KEY: Final = {criterion.key: criterion for criterion in CRITERIA}


def criterion_named(key: str) -> Criterion:
    """The criterion with this key.

    Raises:
        InvalidCriterion: there is none; the cure lists all.
    """
    if key not in _BY_KEY:
        raise InvalidCriterion(f"criterion {key[:40]!r}", "is unknown", f"use one of {', '.join(_BY_KEY)}")
    return _BY_KEY[key]


def has_changed(text: str) -> bool:
    """Whether a criterion, as its key or with settings behind it, meant something else before."""
    criterion = _BY_KEY.get(text.partition("(")[0].strip())
    return criterion is not None and bool(criterion.changes)


def criteria_for(kind: Kind) -> tuple[Criterion, ...]:
    """The criteria that apply to a kind of explanation, in order."""
    return tuple(criterion for criterion in CRITERIA if criterion.applies_to(kind))
