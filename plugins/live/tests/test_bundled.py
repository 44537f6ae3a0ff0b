"""Bundled transformers as subjects of ours and as live spaces: the same circuits to the last."""

import re
from pathlib import Path

import numpy as np
import pytest

import pluriscope
from plugins.live.tests.small_models import Bundled
from pluriscope.analysis.discovery.part_names import labels_of
from pluriscope.app import bundled

MODELS = Path(bundled.__file__).parent / "models"


def live_name(name):
    """The name of a unit as live spaces have it, which count layers from 0."""

    def end(one):
        return re.sub(r"\d+", lambda found: str(int(found[0]) - 1), one, count=1)

    return " -> ".join({"x": "e", "logits": "out"}.get(one) or end(one) for one in name.split("-"))


@pytest.mark.parametrize(
    ("name", "rules", "units", "valid"),
    [
        ("majority-5-attention", "qkv", "edges", 12),
        ("majority-5-attention", "heads-mean", "head-edges", 4),
        pytest.param("induction-attention", "heads", "head-edges", 8, marks=pytest.mark.slow),
        pytest.param("indirect-object-2x2", "heads", "head-edges", 9, marks=pytest.mark.release),
        ("indirect-object-2x4", "nodes", "heads", None),
    ],
)
def test_the_same_circuits(name, rules, units, valid):
    path = MODELS / f"{name}.json"
    ours = pluriscope.explain(path, protocol=rules)
    question = ours.question
    subject = question.subject
    ablation = "mean" if rules.endswith("mean") else "zero"
    space = pluriscope.space(
        Bundled(path),
        task=subject.answers.tolist(),
        data=subject.tokens,
        units=units,
        ablation=ablation,
        threshold=0.99,
    )
    names = [live_name(one) for one in labels_of(question)]
    assert set(names) == set(space.units)
    found = pluriscope.explain(space)
    order = [space.units.index(one) for one in names]
    bits = np.array([one.bits for one in found.circuits])[:, order]
    reduced = bits[(question.space.reduce(bits) == bits).all(1)]
    numbers = {question.graph.number(one) for one in reduced}
    assert numbers == {one.number for one in ours.circuits}
    assert valid in (None, len(numbers))
    smallest = {question.graph.number(one) for one in reduced if one.sum() == reduced.sum(1).min()}
    assert smallest == {one.number for one in ours.circuits.smallest}
    some = np.random.default_rng(0).random((40, space.n_units)) < 0.7
    some = question.space.reduce(some)  # what is left of some masks; of means dead heads are another matter
    there = np.zeros_like(some)
    there[:, order] = some
    np.testing.assert_allclose(space.run(there).numpy(), question.space.run(some), atol=1e-12)
