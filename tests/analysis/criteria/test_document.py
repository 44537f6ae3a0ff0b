"""docs/criteria.md is what the registry says."""

from __future__ import annotations

import re
from pathlib import Path

from analysis.criteria.document import criteria_document
from analysis.criteria.registry import CRITERIA, OF_MODELS_ALONE

EVERY = (*CRITERIA, *OF_MODELS_ALONE)
DOCUMENT = Path(__file__).parents[3] / "docs" / "criteria.md"


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text() == criteria_document()  # python -m analysis.criteria.document writes it


def test_every_criterion_parameter_and_source_is_in_it() -> None:
    told = criteria_document()
    assert re.findall(r"^## (.+)$", told, re.MULTILINE) == [criterion.key for criterion in EVERY]
    for criterion in EVERY:
        section = told.split(f"## {criterion.key}\n")[1].split("\n## ")[0]
        assert criterion.definition in section
        assert criterion.formula in section
        assert criterion.method in section
        for parameter in criterion.parameters:
            assert f"| `{parameter.name}` | {parameter.default:g} |" in section
        for number in re.findall(r"arXiv:([\d.]+\d)", criterion.source):
            assert f"https://arxiv.org/abs/{number}" in section
