"""Facts of a bundled transformer: exchanged and edited, against a plain program; and what is refused."""

import numpy as np
import pytest

from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.sites import run
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.app.bundled import bundled_models
from pluriscope_methods.lenses.facts import FACTS, edited, facts_of, least_moving
from pluriscope_stories.story import own_networks


def question():
    return question_in(own_networks()["sixteen-facts"])


def test_a_fact_is_located_where_an_edit_changes_it_and_keeps_the_others():
    asked = question()
    view = FACTS.answer(asked, FACTS.filled({})).view
    exchanged, changed, paraphrases, others, random = (np.array(grid.values) for grid in view.grids)
    assert exchanged.shape == (2, 4)
    assert np.unravel_index(exchanged.argmax(), exchanged.shape) == (1, 3)  # the last block, at the end
    assert (exchanged[1, 3] >= 0.9, changed[1, 3] >= 0.9) == (True, True)
    assert np.delete(changed.ravel(), 7).max() <= 0.5
    assert others[1, 3] >= 0.95
    assert random[1, 3] <= 0.75
    assert 0.0 < paraphrases[1, 3] < changed[1, 3]  # not every paraphrase follows
    assert "What 2.mlp adds at position 4 decides" in view.says


def test_rows_are_facts_with_their_paraphrases():
    model = question().subject
    facts = facts_of(model, 48)
    assert len(facts) == 48
    for fact in facts:
        row, other = model.tokens[fact.row], model.tokens[fact.other]
        assert (row != other).sum() == 1
        assert model.answers[fact.row] != model.answers[fact.other]
        said = {tuple(model.tokens[one]) for one in fact.paraphrases}
        assert len(said) == 2
        assert {tuple(sorted(one)) for one in said} == {tuple(sorted(row))}
        assert (model.answers[fact.paraphrases] == model.answers[fact.row]).all()
    few = [fact.row for fact in facts_of(model, 4)]
    assert few == sorted({*few}) == [fact.row for fact in facts_of(model, 4)]
    assert len(few) == 4


def test_an_edit_by_hand_is_the_published_formula_and_does_what_the_exchange_does():
    model = question().subject
    values, fact = run(model, model.tokens).values, facts_of(model, 48)[5]
    keys = values["2.neurons"].reshape(-1, 32)
    key = values["2.neurons"][fact.row, 3]
    products = keys.T @ keys / len(keys)
    products += 1e-4 * np.trace(products) / 32 * np.eye(32)
    towards = np.linalg.solve(products, key)
    reads = least_moving(keys, key)
    assert reads == pytest.approx(towards / (towards @ key))
    more = values["2.mlp"][fact.other, 3] - values["2.mlp"][fact.row, 3]
    changed = edited(model, 2, reads, more)
    adds = run(changed, model.tokens).values["2.mlp"]
    assert adds[fact.row, 3] == pytest.approx(values["2.mlp"][fact.other, 3])
    # no other change that is as exact moves less in the mean square over all keys
    drawn = np.random.default_rng(0).normal(size=(100, 32))
    drawn /= (drawn @ key)[:, None]
    moved = [one @ products @ one for one in (reads, *drawn)]
    assert min(moved) == moved[0]


def test_networks_without_mlp_blocks_or_paraphrases_are_refused():
    asked = question_in(bundled_models()["induction-attention"])
    assert FACTS.fit(asked, FACTS.filled({})).reason == "The model has no MLP blocks, in which facts would be."
    asked = question()
    mute = asked.subject.with_parameters(
        {**asked.subject.parameters, "unembedding": 0.0 * asked.subject.parameters["unembedding"]}
    )
    refused = FACTS.fit(GraphQuestion(TRANSFORMER, mute, TRANSFORMER.default_rules), FACTS.filled({}))
    assert refused.reason.startswith("No row that is right")
