"""The designs that come with Pluriscope: each is one that runs, and says published values with how it is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from pluriscope.app.bundled import FRESH_XOR
from pluriscope.app.pages.training.form import TrainFields
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.reading import read_design, runnable
from pluriscope_studies.pages.findings import manifest

FOLDER = Path(__file__).parents[1] / "pluriscope_studies" / "bundled" / "studies"
DESIGNS = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", DESIGNS, ids=lambda path: path.stem)
def test_a_design_runs_and_is_named_like_its_file(path):
    design = runnable(read_design(path.read_bytes()))
    assert design.slug == path.stem
    assert design.digest == manifest()["tables"][design.slug]["design"]
    for reference in design.references:
        assert reference.evidence in "CWDNSO"
        for factor, label in reference.where.items():
            assert label in design.labels(factor)


@pytest.mark.slow
def test_what_is_trained_first_is_no_network_of_a_study():
    designs = [StudyDesign.model_validate(one) for one in manifest()["designs"].values() if "slug" in one]
    seeds = {seed for design in designs for seed in design.seeds.numbers}
    assert {FRESH_XOR.seed, TrainFields.model_fields["seed"].default}.isdisjoint(seeds)
    assert FRESH_XOR.seed != TrainFields.model_fields["seed"].default
