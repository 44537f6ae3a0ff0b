"""Every criterion, in the order in which pages and documents list them: those of all modules beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from pluriscope.analysis import criteria
from pluriscope.analysis.criteria.criterion import Criterion, Kind
from pluriscope.analysis.criteria.on_sites import MODEL, SITES
from pluriscope.analysis.criteria.on_variables import VARIABLES
from pluriscope.analysis.errors import InvalidCriterion, one_of
from pluriscope.analysis.plugins import joined

_USERS: Final = frozenset(
    ("registry", "steps", "judging", "judged_on_sites", "funnel", "tallies", "interpretation_tallies")
)
"""Modules that use the criteria and have none."""
_ORDER: Final = """
zero-ablation mean-ablation resample-ablation all-ablations output-faithfulness knockout-completeness necessity
input-noise input-robust patching-robust input-box patching-box minimal-wang minimal-quasi minimal-local minimal-subset
minimal-cardinal minimal-quasi-structural minimal-local-structural minimal-subset-structural
minimal-cardinal-structural robust-quasi robust-local robust-subset robust-cardinal same-story observed-class
interchange interchange-joint interchange-on-circuit interchange-joint-on-circuit causal-scrubbing predicts-edits
irredundant-gates irredundant-functions irredundant-literals irredundant-values one-direction both-directions
joint-interchange causal-order minimal-alignment minimal-joint-alignment beyond-accuracy margin
representative kl-faithfulness role-agreement
"""
"""Keys in the order of lists; what is not named stands at the end."""


def _declared() -> Iterator[Criterion]:
    for module in iter_modules(criteria.__path__):
        if module.name not in _USERS:
            values = vars(import_module(f"{criteria.__name__}.{module.name}")).values()
            yield from (value for value in values if isinstance(value, Criterion))


_PLACE: Final = {key: position for position, key in enumerate(_ORDER.split())}
_EVERY: Final = sorted(
    joined("criteria", {one.key: one for one in _declared()}.values(), lambda one: one.key),
    key=lambda one: (_PLACE.get(one.key, len(_PLACE)), one.key),
)
CRITERIA: Final[tuple[Criterion, ...]] = tuple(one for one in _EVERY if one.kinds)
OF_MODELS_ALONE: Final[tuple[Criterion, ...]] = tuple(one for one in _EVERY if one not in CRITERIA)
"""The criteria for explanations of models of other kinds than the networks, and for nothing else."""
OF_MODELS: Final = tuple(criterion for criterion in _EVERY if "cut" in criterion.judges)
"""All criteria for circuits of these."""
ON_SITES: Final = {key: tuple(one for one in _EVERY if key in one.judges) for key in (MODEL, SITES)}
"""All criteria for algorithms with finite variables, and for their placements on sites."""
OF_VARIABLES: Final = tuple(one for one in _EVERY if VARIABLES in one.judges)
"""All criteria for interpretations by variables."""
EVERY: Final = {criterion.key: criterion for criterion in _EVERY}
"""All of these by their keys."""


def criterion_named(key: str) -> Criterion:
    """The criterion with this key.

    Raises:
        InvalidCriterion: there is none; the cure lists all.
    """
    if key not in EVERY:
        raise InvalidCriterion(f"criterion {key[:40]!r}", "is unknown", one_of(key, EVERY))
    return EVERY[key]


def criteria_for(kind: Kind) -> tuple[Criterion, ...]:
    """The criteria that apply to a kind of explanation, in order."""
    return tuple(criterion for criterion in CRITERIA if criterion.applies_to(kind))
