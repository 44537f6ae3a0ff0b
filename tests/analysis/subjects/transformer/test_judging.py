"""Tests of criteria and roles on circuits of models, against plain runs of every circuit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets import judged_masks as judging
from pluriscope.analysis.circuit_sets.judged_masks import asked_of
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.analysis.subjects.transformer.space import ROLES
from tests.analysis.subjects.transformer.attention_models import plain_run
from tests.analysis.subjects.transformer.mlp_model import DOCUMENT, TOY, judged_each, listed, mask_bits, read_perceptron
from tests.analysis.subjects.transformer.test_attention_report import by_hand

GOLDEN = Path(__file__).parents[3] / "golden" / "attention"


def golden(name):
    return read_attention(json.loads((GOLDEN / f"{name}.json").read_text())["network"])


def judged(model, text):
    question = GraphQuestion(TRANSFORMER, model, TRANSFORMER.rules(text))
    return find_masks(question), judged_each(question, find_masks(question))


def patched(space, model, mask, source):
    """A plain run of one circuit, where cut edges carry what their sources are on a row of the task, or "zero" or
    "mean".
    """
    graph, kept = space.graph, space.graph.kept_edges(mask[None])[0]

    def run(tokens, keep, absent):
        x = model.embedding[tokens] + (0 if model.positions is None else model.positions)

        def carried(place, values):
            source = graph.edges[place].source
            return values[source] if keep[place] else np.broadcast_to(absent[source], x.shape)

        return plain_run(model, graph, [x], carried)

    rows = model.tokens if isinstance(source, str) else model.tokens[source : source + 1]
    _, whole = run(rows, np.ones(len(kept), bool), [0.0] * len(graph.nodes))
    return run(model.tokens, kept, [0.0 * one[0] if source == "zero" else one.mean(axis=0) for one in whole])[0]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "text"), [("majority_5_1x2_0", ""), ("own_2x1_0", ""), ("majority_5_2x2_0", "heads")])
def test_criteria_agree_with_plain_runs(name, text):
    model = golden(name)
    space, (found, circuits) = model.space(TRANSFORMER.rules(text)), judged(model, text)
    valid = {one.mask for one in circuits}
    assert valid
    for one in circuits[:12]:
        mask = mask_bits(space, one.mask)
        right = [
            CLASSES.margins(patched(space, model, mask, row)[None], model.answers)[0] > 0
            for row in range(len(model.rows))
        ]
        assert one.outcomes["resample-ablation"] == ("passed" if np.all(right) else "failed")
        for ablation in ("zero", "mean"):
            right = CLASSES.margins(patched(space, model, mask, ablation)[None], model.answers)[0] > 0
            assert one.outcomes[f"{ablation}-ablation"] == ("passed" if right.mean() > 0.99 else "failed")
        apart = np.abs(patched(space, model, mask, "zero") - patched(space, model, mask | True, "zero")).max()
        assert one.outcomes["output-faithfulness"] == ("passed" if apart <= 0.1 else "failed")
        complement = space.graph.write(space.reduce(~mask[None])[0])
        assert one.outcomes["necessity"] == ("failed" if complement in valid else "passed")
        smaller = [np.where(np.arange(len(mask)) == bit, False, mask) for bit in np.flatnonzero(mask)]
        masks = {space.graph.write(space.reduce(less[None])[0]) for less in smaller}
        assert one.outcomes["minimal-local"] == ("failed" if masks & valid else "passed")
        assert one.outcomes["minimal-quasi"] == ("passed" if masks - valid else "failed")
        fewest = min(found.distribution.by_edges)
        assert one.outcomes["minimal-cardinal"] == ("passed" if one.edges == fewest else "failed")
        assert one.outcomes["minimal-subset"] == "failed" or one.outcomes["minimal-local"] == "passed"


def test_the_heads_of_an_induction_circuit_have_their_roles():
    model = by_hand()
    _, circuits = judged(model, "")
    assert circuits
    keys = [role.key for role in ROLES]
    assert keys == ["previous", "duplicate", "induction", "copying", "name_mover", "negative_name_mover"]
    for one in circuits:
        answer = [one.roles[key] for key in keys]
        assert answer[2:] == ["2.0", "2.0", "2.0", "none"]
        # some see what came before through head 2.0 alone: with its key cut it attends to the token before
        assert (answer[:4] == ["1.0", "none", "2.0", "2.0"]) == (one.outcomes["role-agreement"] == "passed")
    assert max(circuits, key=lambda one: one.edges).outcomes["role-agreement"] == "passed"
    assert {one.outcomes["minimal-cardinal"] for one in circuits} == {"passed", "failed"}


@pytest.mark.parametrize("text", ["heads", "mean-nodes", pytest.param("", marks=pytest.mark.slow)])
def test_roles_are_those_of_each_circuits_own_scores(text):
    model = golden("majority_5_2x2_0")
    rules = TRANSFORMER.rules(text)
    space, (_, circuits) = model.space(rules), listed(TRANSFORMER, model, rules, limit=12)
    for one in circuits:
        mask = mask_bits(space, one.mask)
        heads = space.inside(mask)[0]
        roles = space.roles(mask[None])[0]
        for number, (_, *scores) in enumerate(heads.rows):
            for role, score in zip(roles[:3, number], scores[:3], strict=True):
                assert role == (score is not None and score > 0.5)
    many = space.roles(np.array([mask_bits(space, one.mask) for one in circuits]))
    for at, one in enumerate(circuits):
        assert np.array_equal(many[at], space.roles(mask_bits(space, one.mask)[None])[0])


@pytest.mark.slow
def test_what_takes_more_runs_than_there_are_is_undecided(monkeypatch):
    model = golden("majority_5_1x2_0")
    space = model.space(TRANSFORMER.default_rules)
    monkeypatch.setattr(judging, "MAX_MILLISECONDS", 40 * space.run_milliseconds)
    question = GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules)
    found = find_masks(question)
    for one in judged(model, "")[1]:
        assert one.outcomes["necessity"] in ("passed", "failed")  # looked up, not run
    answer = judged_each(question, found)
    outcomes = [one.outcomes["resample-ablation"] for one in sorted(answer, key=lambda one: one.edges)]
    assert outcomes[-1] == "undecided"
    assert set(outcomes) - {"undecided"}
    incomplete = replace(found, masks=found.masks[:-1], truncated_at=found.n_valid - 1)
    answer = judged_each(question, incomplete)
    by_size = [one.outcomes["minimal-local"] for one in sorted(answer, key=lambda one: one.edges)]
    assert by_size[-1] == "undecided"
    assert by_size[0] != "undecided"


def test_a_kind_without_roles_or_rows_to_patch_is_judged_by_the_rest():
    question = GraphQuestion(TOY, read_perceptron(DOCUMENT), TOY.default_rules)
    found = judged_each(question, find_masks(question))
    names = [*(role.key for role in TOY.roles), *(one.key for one in asked_of(TOY))]
    assert "role-agreement" not in names
    assert "previous" not in names
    for key in ("knockout-completeness", "minimal-wang", "all-ablations"):
        assert {one.outcomes[key] for one in found} == {"not_applicable"}
    for key, outcome in {"resample": "not_applicable", "mean": "not_applicable", "zero": "passed"}.items():
        assert {one.outcomes[f"{key}-ablation"] for one in found} == {outcome}
    assert {one.outcomes["minimal-cardinal"] for one in found} == {"passed", "failed"}
