"""A study's design from JSON values or a file: whole, and without contradictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from analysis.errors import InvalidStudy
from analysis.strict_json import read_object
from analysis.studies.contradictions import contradictions
from analysis.studies.design import MAX_DESIGN_BYTES, StudyDesign


def design_from_mapping(settings: Mapping[str, Any]) -> StudyDesign:
    """A design from JSON values, whole and without contradictions.

    Raises:
        InvalidStudy: unknown settings, values out of range or contradictions, all named at once.
    """
    try:
        design = StudyDesign.model_validate(dict(settings))
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, e['loc'])) or 'design'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise _refusal(problems) from None
    problems = contradictions(design)
    if problems:
        raise _refusal(problems)
    return design


def read_design(raw: bytes) -> StudyDesign:
    """A design from the bytes of a study file.

    Raises:
        InvalidStudy: see :func:`design_from_mapping`; or it is not JSON.
    """
    cure = "hand in a study file, see its schema"
    return design_from_mapping(read_object(raw, "study file", InvalidStudy, MAX_DESIGN_BYTES, cure))


def _refusal(problems: Sequence[str]) -> InvalidStudy:
    return InvalidStudy("study design", "; ".join(problems), "correct it; nothing was started")
