"""The exact counts of the finding on training, and its measures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.over_training import valid_masks
from plugins.edits.tests.test_progress_measures import planted
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.subjects.classifier import CLASSIFIER
from pluriscope.analysis.subjects.question import GraphQuestion


@pytest.mark.parametrize("ablation", ["zero", "mean"])
@pytest.mark.parametrize("rows", [6, 20])
def test_valid_circuits_are_those_of_the_engine(ablation, rows):
    model = planted(7, (1, 2), seed=rows)
    own = model.layers[-1].argmax(axis=1)
    asked = replace(model, data=model.data[:rows], answers=own[:rows])
    question = GraphQuestion(CLASSIFIER, asked, {"granularity": "neurons", "ablation": ablation})
    found, masks = find_masks(question), valid_masks(question)
    assert found.complete
    assert 1 < len(masks) == found.n_valid
    assert {*(masks @ (1 << np.arange(masks.shape[1])))} == {*map(int, found.masks)}
