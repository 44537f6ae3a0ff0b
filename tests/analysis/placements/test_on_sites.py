"""Interchange of causal models on sites gives what a brute force of its own found, to the last pair of rows."""

import json

import numpy as np
import pytest

from pluriscope.analysis.algorithms.causal_model import Inputs, read_causal_model
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.placements.interchange import AskedModel, Interchange
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import bundled_models
from tests.golden_files import FOLDER

GOLDEN = json.loads((FOLDER / "sites" / "interchange.json").read_text())
NAMES = {"elman": "x", "convolutional": "im", "attention": "t"}


def interchange(slug):
    kind, model = read_subject(bundled_models()[slug])
    return Interchange(model, Inputs(NAMES[kind.key], model.inputs.astype(np.int64)))


def single(there, model, places):
    """The score of each variable of a model on the same places."""
    asked, table = AskedModel(model, there.inputs), there.table(places)
    return {name: asked.score(name, table) for name in model.variables}


def read(there, texts):
    return tuple(map(there.read, texts))


LONG = {"induction-attention": [pytest.mark.release]}


@pytest.mark.slow
@pytest.mark.parametrize("slug", [pytest.param(slug, marks=LONG.get(slug, ())) for slug in GOLDEN])
def test_every_score_is_the_golden_one(slug):
    there, known = interchange(slug), GOLDEN[slug]
    models = {name: read_causal_model(text) for name, text in known["algorithms"].items()}
    scores = {}
    for name, variable, sites, *score in known["single"]:
        if (key := (name, *sites)) not in scores:
            scores[key] = single(there, models[name], read(there, sites))
        assert [*scores[key][variable].model_dump().values()] == score, (name, variable, sites)
    for name, placing, agreed, of, undefined in known["joint"]:
        found = there.joint(models[name], {variable: read(there, sites) for variable, sites in placing.items()})
        assert (found.agreed, found.of, found.undefined) == (agreed, of, undefined), (name, placing)


def test_exchanging_nothing_is_the_run_itself_and_of_the_row_itself_too():
    there = interchange("parity-3-elman")
    itself = there.decisions([])
    places = read(there, ["h1", "h2"])
    sources, which = there.values(places)
    exchanged = there.decisions([(places, sources)])
    assert itself.shape == (8, 1)
    assert (exchanged[range(8), which] == itself[:, 0]).all()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("h9", "is no site of this network"),
        ("h1[2]", "1 positions of 2 coordinates"),
        ("h1~2", "1 positions of 2 coordinates"),
        ("h1[", "cannot be read"),
    ],
)
def test_a_site_that_is_not_there_is_refused(text, says):
    with pytest.raises(InvalidIntervention, match=says):
        interchange("parity-3-elman").read(text)


@pytest.mark.parametrize("text", ["h2=1,0", "h2~1=0.5,-1e-7/1,0.25", "h1=1,0_0,1"])
def test_directions_are_read_as_they_are_written(text):
    place = interchange("parity-3-elman").read(text)
    assert str(place) == text
    assert place.directions is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("h2=1", "has 1 numbers for 2 neurons"),
        ("h2=1,--1", "are not decimal numbers"),
        ("h2=1,0/0,1", "cannot be set along"),  # which leaves the read-out as it is
        ("h2=1,0_2,0", "cannot be set along"),
        ("h2[0]=1,0", "cannot be read"),
    ],
)
def test_directions_that_are_none_are_refused(text, says):
    with pytest.raises(InvalidIntervention, match=says):
        interchange("parity-3-elman").read(text)


def test_a_projector_onto_a_unit_is_the_exchange_of_the_unit_and_an_oblique_one_is_its_matrix():
    there = interchange("parity-3-elman")
    unit, along = there.read("h2=0,1"), there.read("h2=1,2/3,-1")
    assert there.table((unit,)).digest == there.table(read(there, ["h2[1]"])).digest
    values, source = there.clean["h2"], there.clean["h2"][::-1]
    matrix = np.outer([3, -1], [1, 2]) / (3 - 2)
    assert along.exchanged(values, source) == pytest.approx(values + (source - values) @ matrix.T, abs=1e-12)
    stretched = np.linalg.norm(matrix, 2)
    assert along.condition == pytest.approx(stretched + np.sqrt(stretched**2 - 1))
    assert unit.condition == 1
