"""Runs of transformers with everything that they compute, against other ways to the same numbers."""

import numpy as np
import pytest

from pluriscope.analysis.subjects import sites
from pluriscope.analysis.subjects.sites import METRICS, Site, measured, metric_slopes, pairs_of, run
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.analysis.subjects.transformer.runs import edge_names, site_names
from pluriscope.analysis.subjects.transformer.runs import slopes as slopes_of
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.analysis.subjects.transformer.test_attention_blocks import with_blocks

SIZES = (2, 2, 6, 4, 5, 4)
PLAIN = random_attention(3, SIZES, n_rows=200)
WHOLE = read_attention(with_blocks(3, SIZES, biases=True, mlp="gelu_new", norm=True))
MODELS = [pytest.param(PLAIN, id="attention"), pytest.param(WHOLE, id="blocks")]


@pytest.mark.parametrize("model", MODELS)
def test_logits_are_those_of_the_uncut_circuit(model):
    space = model.space(TRANSFORMER.default_rules)
    every = np.ones((1, space.graph.n_bits), dtype=bool)
    assert np.allclose(run(model, model.tokens).logits, space.run(every)[0], atol=1e-9)


@pytest.mark.parametrize(
    ("model", "name"),
    [*((model, name) for model in (PLAIN, WHOLE) for name in site_names(model)), (WHOLE, "2.neurons")],
)
def test_what_is_written_is_what_a_site_is_and_its_derivative_predicts_the_change(model, name):
    plain, random = run(model, model.tokens), np.random.default_rng(5)
    value = plain.values[name]
    assert np.array_equal(run(model, model.tokens, [(Site(name), value)]).logits, plain.logits)
    moved = random.normal(size=value.shape) * 1e-7
    if name.endswith(".a"):
        moved = np.where(value > 0, moved, 0.0)
    for at in (0, value.shape[1] - 1):
        by_logits = random.normal(size=plain.logits.shape)
        predicted = (slopes_of(model, plain.values, by_logits)[name] * moved)[:, at].reshape(len(moved), -1).sum(axis=1)
        patched = run(model, model.tokens, [(Site(name, at), value + moved)])
        found = ((patched.logits - plain.logits) * by_logits).sum(axis=1)
        assert np.allclose(found, predicted, rtol=0.01, atol=1e-3 * np.abs(predicted).max() + 1e-10)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("source", ["x", "1.0", "1.1"])
def test_all_edges_out_of_a_source_together_are_the_source(model, source):
    order = np.roll(np.arange(len(model.tokens)), 1)
    name = "x0" if source == "x" else source
    given = run(model, model.tokens[order]).values[name]
    edges = [(Site(one), given) for one in edge_names(model) if one.startswith(f"{source}-")]
    whole = run(model, model.tokens, [(Site(name), given)])
    assert np.allclose(run(model, model.tokens, edges).logits, whole.logits, atol=1e-9)
    assert not np.allclose(run(model, model.tokens, edges[:1]).logits, whole.logits, atol=1e-6)


def test_some_rows_at_a_time_give_what_all_give(monkeypatch):
    monkeypatch.setattr(sites, "_NUMBERS", 2_000)
    found, all_at_once = sites.on_all_rows(PLAIN, "2.1.q".__eq__), run(PLAIN, PLAIN.tokens).values["2.1.q"]
    assert found.keys() == {"2.1.q"}
    assert np.array_equal(found["2.1.q"], all_at_once)


@pytest.mark.parametrize("metric", METRICS)
def test_derivatives_of_what_is_measured(metric):
    random = np.random.default_rng(1)
    logits, whole = random.normal(size=(2, 3, 4))
    wanted, other, moved = np.array([0, 1, 2]), np.array([1, 3, 0]), random.normal(size=(3, 4)) * 1e-6
    found = measured(metric, logits + moved, whole, wanted, other) - measured(metric, logits, whole, wanted, other)
    assert np.allclose(found, (metric_slopes(metric, logits, whole, wanted, other) * moved).sum(axis=1), atol=1e-9)


def test_partners_have_another_answer_and_differ_least():
    pairs = pairs_of(PLAIN, 3)
    assert len(pairs.clean) == 3
    for clean, corrupt in zip(pairs.clean, pairs.corrupt, strict=True):
        apart = (PLAIN.tokens != PLAIN.tokens[clean]).sum(axis=1)
        others = PLAIN.answers != PLAIN.answers[clean]
        assert others[corrupt]
        assert apart[corrupt] == apart[others].min()
