"""The designs that come with Pluriscope: each is one that runs, and says published values with how it is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.studies.reading import read_design
from app.bundled import FRESH_XOR
from app.pages.training.form import TrainFields

FOLDER = Path(__file__).parents[2] / "app" / "bundled" / "studies"
DESIGNS = sorted(FOLDER.glob("*.json"))


def design_of(path):
    return read_design(path.read_bytes())


@pytest.mark.parametrize("path", DESIGNS, ids=lambda path: path.stem)
def test_a_design_has_no_contradictions_and_is_named_like_its_file(path):
    design = design_of(path)
    assert design.slug == path.stem
    for reference in design.references:
        assert reference.evidence in "CWDNSO"
        for factor, label in reference.where.items():
            assert label in design.labels(factor)


def test_what_is_trained_first_is_no_network_of_a_study():
    seeds = {seed for path in DESIGNS for seed in design_of(path).seeds.numbers}
    assert {FRESH_XOR.seed, TrainFields.model_fields["seed"].default}.isdisjoint(seeds)
    assert FRESH_XOR.seed != TrainFields.model_fields["seed"].default
