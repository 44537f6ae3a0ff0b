"""docs/criteria.md is what the registry says."""

from __future__ import annotations

import re
from pathlib import Path

from analysis.criteria.document import criteria_document
from analysis.criteria.registry import CRITERIA, OF_MODELS, OF_MODELS_ALONE

EVERY = (*CRITERIA, *OF_MODELS_ALONE)
DOCUMENT = Path(__file__).parents[3] / "docs" / "criteria.md"


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text() == criteria_document(), "write it anew: pluriscope criteria --output docs/criteria.md"


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


def test_every_source_that_is_not_our_own_is_linked() -> None:
    lines = re.findall(r"^- Source: (.+)$", criteria_document(), re.MULTILINE)
    assert len(lines) == len(EVERY)
    for line in lines:
        assert line.startswith("Pluriscope") or "](https://" in line, line
        # who is named with a year has a link before the next one is named
        for named in re.split(r"; ", line):
            assert not re.search(r"\b20\d\d\b", re.sub(r"\[.*?\]\(.*?\)", "", named)) or "](https://" in named, named


def test_contents_lead_to_sections() -> None:
    told = criteria_document()
    headings = set(re.findall(r"^## (.+)$", told, re.MULTILINE))
    links = re.findall(r"\]\(#([a-z-]+)\)", told)
    assert set(links) == headings


def test_what_is_asked_of_circuits_of_models_is_said_in_its_own_words() -> None:
    told = criteria_document()
    row = next(line for line in told.splitlines() if line.startswith("| circuits of models |"))
    assert re.findall(r"\[`(.+?)`\]", row) == [criterion.key for criterion in OF_MODELS]
    for criterion in OF_MODELS:
        section = told.split(f"## {criterion.key}\n")[1].split("\n## ")[0]
        assert "circuits of models" in section
        assert criterion.of_models in section
        assert criterion.of_models or criterion in OF_MODELS_ALONE
