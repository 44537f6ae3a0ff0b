"""Discovery methods on models: scores and places against plain runs of every circuit."""

from __future__ import annotations

from itertools import count, product

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.discovery.audit import audit
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.masked_subject import MaskedSpace
from pluriscope.analysis.discovery.registry import METHODS, default_methods
from pluriscope.analysis.discovery.sweep import sweep
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.own_circuits.answer import LATE, location
from tests.analysis.subjects.transformer.test_judging import golden

EXACT = METHODS.of(TRANSFORMER)["exact-edge"]


def log_probabilities(logits):
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def plain_loss(model, logits, whole, loss):
    given, rows = log_probabilities(logits), np.arange(len(model.answers))
    if loss == "cross-entropy":
        return -given[rows, model.answers].mean()
    wanted = log_probabilities(whole)
    return (np.exp(wanted) * (wanted - given)).sum(axis=-1).mean()


def test_scores_and_shares_are_of_plain_runs():
    model = golden("other_name_2x2_0")
    space = model.space(TRANSFORMER.default_rules)
    cut, n = MaskedSpace(model, space), space.graph.n_bits
    run = {mask: space.run(space.reduce(space.graph.bits([mask])))[0] for mask in (0, (1 << n) - 1, (1 << n) - 2, 77)}
    whole = run[(1 << n) - 1]
    answer = EXACT.answer(cut, EXACT.defaults)
    assert answer.scores[0] == pytest.approx(-plain_loss(model, run[(1 << n) - 2], whole, "kl"))
    losses = [plain_loss(model, run[mask], whole, "kl") for mask in (77, 0)]
    assert cut.shares([77], {"loss": "kl"}) == pytest.approx([1 - losses[0] / losses[1]])
    assert cut.right(77) == (CLASSES.margins(run[77][None], model.answers) > 0).sum()
    fewer = EXACT.answer(cut, EXACT.filled({"k": answer.raw_mask.bit_count() - 1})).raw_mask
    assert fewer & answer.raw_mask == fewer
    assert cut.shares([fewer], {"loss": "kl"})[0] < 0.95 <= answer.faithfulness
    with pytest.raises(InvalidMethod, match="There are 29 edges"):
        EXACT.answer(cut, EXACT.filled({"k": 30}))


def test_criteria_that_are_late_are_undecided_and_the_rest_stands():
    question = GraphQuestion(TRANSFORMER, golden("other_name_2x2_0"), TRANSFORMER.default_rules)
    whole, steps = (1 << question.graph.n_bits) - 1, count()
    at_once, late = (landscape_of(question, None, work=Work(stopped=over)) for over in (bool, lambda: next(steps) > 3))
    known, left = (one.locate(whole, None).criteria for one in (at_once, late))
    assert known.keys() == left.keys()
    assert 0 < sum(one != "undecided" for one in left.values()) < sum(one != "undecided" for one in known.values())
    assert all(left[key] in (known[key], "undecided") for key in known)
    assert location(late, whole, None)["late"] == LATE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"), [("majority_5_1x2_0", "mean"), ("own_2x1_0", ""), ("sum_mod_5_2x2_0", "heads")]
)
def test_places_are_those_among_all_masks(name, text):
    model = golden(name)
    rules = TRANSFORMER.rules(text)
    space = model.space(rules)
    every = np.array(list(product((False, True), repeat=space.graph.n_bits)))
    every = every[(space.reduce(every) == every).all(axis=1) & every.any(axis=1)]
    right = np.concatenate([CLASSES.margins(space.run(some[None]), model.answers)[0][None] > 0 for some in every]).sum(
        axis=1
    )
    valid = every[right / len(model.rows) > 0.99]
    question = GraphQuestion(TRANSFORMER, model, rules)
    landscape = landscape_of(question, find_masks(question))
    methods = METHODS.of(TRANSFORMER)
    asked = sweep(methods.values(), ["mean"])
    asked = [one for one in asked if one[1].get("ablation", "rules") in landscape.masked]
    asked += [(one, one.filled({"steps": 60, "loss": "cross-entropy"})) for one in methods.values() if one.learns]
    found = audit(landscape, asked)
    assert {one.method for one in found} == methods.keys()
    outcomes = set()
    for one in found:
        place = one.location
        if place is None:
            assert one.answer.outcome == "degenerate"
            continue
        [mask] = space.reduce(space.graph.bits([one.answer.raw_mask]))
        size = mask.sum()
        outcomes.add(place.valid)
        assert place.closed.mask == space.graph.number(mask)
        assert place.valid == bool((valid == mask).all(axis=1).any())
        assert place.under[rules["ablation"]] == place.raw_valid
        chance = (0, 0) if place.chance is None else (place.chance.low, place.chance.possible)
        assert chance == ((valid.sum(axis=1) == size).sum(), (every.sum(axis=1) == size).sum())
        sizes = valid.sum(axis=1)
        assert (place.rank.smaller, place.rank.larger) == ((sizes < size).sum(), (sizes > size).sum())
        assert place.recall == ((valid.all(axis=0) & mask).sum(), valid.all(axis=0).sum())
        apart = (valid != mask).sum(axis=1)
        nearest = min(space.graph.number(one) for one in valid[apart == apart.min()])
        assert place.nearest == nearest
        if not place.valid:
            assert (place.excess, place.criteria) == (None, None)
            continue
        below = (valid <= mask).all(axis=1).sum() > 1
        assert place.criteria["minimal-subset"] == ("failed" if below else "passed")
        assert place.criteria["minimal-cardinal"] == ("failed" if place.excess else "passed")
        assert place.under["resample"] == (place.criteria["resample-ablation"] == "passed")
    assert True in outcomes


@pytest.mark.slow
def test_a_space_that_is_not_searched_has_no_places_but_verdicts():
    model = golden("other_name_1x4_0")
    rules = TRANSFORMER.rules("mean")
    landscape = landscape_of(GraphQuestion(TRANSFORMER, model, rules), None)
    for one in audit(landscape, [(one, given) for one, given in default_methods(TRANSFORMER) if not one.learns]):
        place = one.location
        assert place.valid == landscape.masked["rules"].is_right(one.answer.raw_mask)
        assert (place.nearest is None, place.rank.exact, place.chance.exact) == (not place.valid, False, False)
        assert place.recall is None
