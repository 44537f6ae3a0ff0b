"""Lenses on networks that read numbers, against runs of their own."""

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.sites import Site, pairs_of, run, some_of
from pluriscope.app.bundled import bundled_models
from pluriscope_methods.lenses.registry import LENSES
from pluriscope_methods.lenses.report import find
from pluriscope_methods.steering.report import find as steer
from tests.analysis.subjects.test_classifier import drawn

SUBJECTS = {slug: read_subject(bundled_models()[slug]) for slug in ("parity-3-elman", "bars-4x4-conv")}
SUBJECTS["classifier"] = (COARSER_PERCEPTRON, drawn((3, 4, 3, 2), "tanh"))
KINDS = pytest.mark.parametrize("slug", SUBJECTS)
HIDDEN = {"parity-3-elman": ("h2", 1), "bars-4x4-conv": ("c1", 1), "classifier": ("h1", 2)}


def asked(slug, key, **given):
    kind, subject = SUBJECTS[slug]
    lens = LENSES.of(kind)[key]
    answer = lens.answer(GraphQuestion(kind, subject, kind.default_rules), lens.filled(given))
    assert answer.outcome == "found", answer.notes
    return answer.view


def cell(found, row, column):
    return next(value for grid in found.grids for r, c, value, _ in grid.cells() if (r, c) == (row, column))


def share(subject, pairs, change):
    """How far a change goes from the other rows' runs to those of the rows, by right less other output."""
    right, wrong = (subject.answers[some] for some in (pairs.clean, pairs.corrupt))

    def total(outputs):
        return (outputs[np.arange(len(right)), right] - outputs[np.arange(len(right)), wrong]).sum()

    data = subject.inputs[pairs.corrupt]
    start, end = (total(subject.run_sites(subject.inputs[some], lambda _, values: values))
                  for some in (pairs.corrupt, pairs.clean))  # fmt: skip
    return (total(subject.run_sites(data, change)) - start) / (end - start)


@KINDS
def test_a_patched_unit_goes_that_share_of_the_way(slug):
    _, subject = SUBJECTS[slug]
    (name, unit), pairs = HIDDEN[slug], pairs_of(subject, 4)
    clean = run(subject, subject.inputs[pairs.clean]).values

    def change(site, values):
        values = values.copy()
        if site == name:
            values[..., unit] = clean[site][..., unit]
        return values

    found = asked(slug, "patching-table", pairs=4)
    assert cell(found, name, f"[{unit}]") == pytest.approx(share(subject, pairs, change), abs=1e-9)
    assert cell(found, name, "all") != cell(found, name, f"[{unit}]")
    assert cell(found, found.grids[0].rows[0], "all") != 0.0


@KINDS
def test_slopes_are_those_of_small_steps(slug):
    _, subject = SUBJECTS[slug]
    random, step = np.random.default_rng(0), 1e-6
    data = subject.inputs[:5] + random.normal(size=subject.inputs[:5].shape) / 100  # off the kinks
    clean, weights = run(subject, data).values, random.normal(size=len(subject.outputs))
    found = subject.site_slopes(clean, np.repeat(weights[None], 5, axis=0))
    assert found.keys() == clean.keys()
    for name in clean:
        way = random.normal(size=clean[name].shape)
        ends = [run(subject, data, [(Site(name), clean[name] + by * way)]).logits @ weights for by in (step, -step)]
        slope = (found[name] * way).reshape(5, -1).sum(axis=1)
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(slope, abs=1e-6), name


@KINDS
def test_attribution_predicts_the_patch_of_the_last_units(slug):
    """Outputs are linear in these, so that the first order is all there is."""
    exact, estimate = (asked(slug, key) for key in ("patching-table", "attribution-patching"))
    last = exact.grids[-1].rows[-1]
    for column in ("[0]", "[1]", "all"):
        assert cell(estimate, last, column) == pytest.approx(cell(exact, last, column), abs=1e-9)


@KINDS
def test_integrated_gradients_add_up(slug):
    _, subject = SUBJECTS[slug]
    scores = np.array(asked(slug, "integrated-gradients", rows=3).grids[1].values)
    pairs = pairs_of(subject, 3)
    ends = [run(subject, subject.inputs[some]).logits for some in (pairs.corrupt, pairs.clean)]
    right, wrong = subject.answers[pairs.clean], subject.answers[pairs.corrupt]
    low, high = (one[range(3), right] - one[range(3), wrong] for one in ends)
    assert scores.shape == (3, subject.inputs[0].size)
    assert np.allclose(scores.sum(axis=1), high - low, rtol=0, atol=1e-9)


@pytest.mark.parametrize("slug", ["parity-3-elman", "classifier"])
def test_shapley_values_add_up(slug):
    _, subject = SUBJECTS[slug]
    n_outputs = len(subject.outputs)
    scores = np.array(asked(slug, "shapley", rows=2, backgrounds=1).grids[1].values)
    rows, before = (some_of(len(subject.inputs), most) for most in (2, 1))
    logits, right = run(subject, subject.inputs).logits, subject.answers[rows]

    def apart(of):
        own = logits[of, right]
        return own - (logits[of].sum(axis=1) - own) / (n_outputs - 1)

    assert np.allclose(scores.sum(axis=1), apart(rows) - apart(before.repeat(2)), rtol=0, atol=1e-9)


@KINDS
def test_every_lens_answers_or_says_why(slug, monkeypatch):
    monkeypatch.setattr("pluriscope_methods.lenses.autoencoder.STEPS", 20)
    kind, subject = SUBJECTS[slug]
    question = GraphQuestion(kind, subject, kind.default_rules)
    found = find(Analysed(question, find_masks(question)), Settings(thorough=True))
    known = LENSES.of(kind)
    for one in found.lenses:
        assert (one.outcome == "found") <= (one.lens in known), one.lens
        assert one.says or one.notes or one.bars
        for grid in one.grids:
            assert {len(row) for row in grid.values} == {len(grid.columns)}
    assert {"patching-table", "attribution-patching", "integrated-gradients", "sae", "das"} <= {
        one.lens for one in found.lenses if one.outcome == "found"
    }
    if slug != "classifier":  # whose circuits name neurons in their own way
        assert "valid circuit" in next(one.stands for one in found.lenses if one.lens == "patching-table")


@KINDS
def test_steering_adds_to_a_site_at_a_position(slug):
    (kind, subject), name = SUBJECTS[slug], "h3" if slug == "parity-3-elman" else HIDDEN[slug][0]
    question = GraphQuestion(kind, subject, kind.default_rules)
    steered = steer(Analysed(question, None), {"at": name, "steps": 2}).steered
    values = run(subject, subject.inputs).values[name]
    one, other = (values[subject.answers == answer, -1].mean(axis=0) for answer in (1, 0))
    way = one - other if steered.rows[list(subject.answers).index(1)].of_class == 1 else other - one
    assert np.allclose(steered.direction, way)
    given = values.copy()
    given[:, -1] += 2.0 * way
    outputs = run(subject, subject.inputs, [(Site(name), given)]).logits
    found = [row.measured[-1] for row in steered.rows]
    assert found == pytest.approx(CLASSES.margins(outputs[None], subject.answers)[0], abs=1e-9)
    assert steered.site == (f"{name}~{values.shape[1]}" if values.shape[1] > 1 else name)


@pytest.mark.parametrize(
    ("site", "why"),
    [
        ("x1", "carries no vector"),
        ("h2[0]", "carries no vector"),
        ("h2=1,0", "carries no vector"),
        ("h9", "is no site"),
        ("1", "is no site"),
        ("h2~2", "beyond its 1 positions"),
        ("h2~x", "cannot be read"),
    ],
)
def test_a_site_that_carries_no_vector_is_refused(site, why):
    kind, subject = SUBJECTS["parity-3-elman"]
    with pytest.raises(InvalidIntervention, match=why):
        steer(Analysed(GraphQuestion(kind, subject, kind.default_rules), None), {"at": site})
