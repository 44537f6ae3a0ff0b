"""Roles of heads: each score against a plain one, and what thresholds make of them."""

import numpy as np
import pytest

from analysis.circuit_sets.masks import find_masks
from analysis.lenses.roles import ROLES, ROLES_LENS, second_places
from analysis.report import Analysed
from analysis.subjects.enumeration import number_bits
from analysis.subjects.question import GraphQuestion
from analysis.subjects.transformer.head_scores import places_looked_for
from analysis.subjects.transformer.kind import TRANSFORMER
from analysis.subjects.transformer.runs import Site, pairs_of, run
from tests.analysis.subjects.transformer.attention_models import random_attention
from tests.analysis.subjects.transformer.test_judging import by_hand, golden

MODEL = random_attention(4, (2, 2, 5, 3, 4, 4), n_rows=256)


def asked(model, **given):
    settings = ROLES_LENS.filled({"pairs": 256, **given})
    return ROLES_LENS.answer(GraphQuestion(TRANSFORMER, model, TRANSFORMER.default_rules), settings).view


def by_role(grid, head):
    return dict(zip(grid.columns, grid.values[grid.rows.index(head)], strict=True))


def test_where_each_role_looks():
    values, (grid, *_) = run(MODEL, MODEL.tokens).values, asked(MODEL).grids
    for head in ("1.1", "2.0"):
        looks, found = {role: [] for role in ROLES}, by_role(grid, head)
        for row, shares, answer in zip(MODEL.tokens.tolist(), values[f"{head}.a"], MODEL.answers, strict=True):
            for at in range(4):
                looks["previous"] += [shares[at, at - 1]] if at else []
                same = [k for k in range(at) if row[k] == row[at]]
                after = [k + 1 for k in range(at) if row[k] == row[at] and k + 1 < at]
                looks["duplicate"] += [shares[at, same].sum()] if same else []
                looks["induction"] += [shares[at, after].sum()] if after else []
            said = [k for k in range(4) if row[k] == answer]
            looks["name mover"] += [shares[3, said].sum()] if said else []
            again = [k for k in range(3) if row[k] in row[:k]]
            looks["S-inhibition"] += [shares[3, again].sum()] if again else []
        for role, some in looks.items():
            if some:
                assert found[role] == pytest.approx(np.mean(some)), role
    chances = by_role(grid, "chance")
    assert chances["previous"] == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 3)
    assert chances["duplicate"] == pytest.approx(
        np.mean(
            [
                row[:at].count(row[at]) / (at + 1)
                for row in MODEL.tokens.tolist()
                for at in range(4)
                if row[at] in row[:at]
            ]
        )
    )
    assert second_places(np.array([[0, 1, 0, 0]]))[0, 3].tolist() == [False, False, True, False]


def test_what_is_lost_without_a_head_and_whose_queries_it_moves():
    found, pairs = asked(MODEL, pattern=0.0, effect=0.0), pairs_of(MODEL, 256)
    rows, right, wrong = range(256), MODEL.answers[pairs.clean], MODEL.answers[pairs.corrupt]
    every = run(MODEL, MODEL.tokens)
    mean = np.broadcast_to(every.values["2.1"].mean(axis=0), every.values["2.1"].shape)
    ends = [run(MODEL, MODEL.tokens, some).logits for some in ([], [(Site("2.1"), mean)])]
    whole, cut = (float((one[rows, right] - one[rows, wrong]).mean()) for one in ends)
    assert by_role(found.grids[2], "2.1")["lost without it"] == pytest.approx((whole - cut) / abs(whole))
    movers = [head for head in found.grids[1].rows if by_role(found.grids[1], head)["direct"] > 0.0]
    later, source = [head for head in movers if head.startswith("2")], run(MODEL, MODEL.tokens[pairs.corrupt])
    said, moved = MODEL.tokens == right[:, None], [0.0]
    for head in later:
        patched = run(MODEL, MODEL.tokens, [(Site(f"1.0-{head}.q"), source.values["1.0"])])
        looks = [
            np.where(said, one.values[f"{head}.a"][:, 3], 0.0).sum(axis=1)[said.any(axis=1)].mean()
            for one in (every, patched)
        ]
        moved.append(looks[0] - looks[1])
    assert later
    assert by_role(found.grids[2], "1.0")["queries moved"] == pytest.approx(max(moved))


@pytest.mark.parametrize(
    ("row", "query", "places"),
    [  # previous, duplicate, induction
        ([7, 7], 1, ([0], [0], [])),  # what followed the first is the reader itself
        ([7, 7, 3, 7], 3, ([2], [0, 1], [1, 2])),
        ([7, 3, 7], 2, ([1], [0], [1])),
        ([7, 3, 5], 0, ([], [], [])),
    ],
)
def test_what_an_earlier_token_is(row, query, places):
    looked_for = places_looked_for(np.array([row]))
    assert tuple(np.flatnonzero(one[0, query]).tolist() for one in looked_for) == places


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Previous: 1.0; induction: 2.0; name mover: 2.0."),
        ({}, "None of 2 heads plays duplicate (highest attention 0.00, chance 0.25)"),
        ({}, "S-inhibition (no row has such a place)"),
        ({"cause": 1e5}, "None of 2 heads plays previous (highest attention 1.00, chance 0.36, without the effect)"),
        ({"cause": 1e5}, "induction (highest attention 1.00, chance 0.25, without the effect)"),
        ({"pattern": 1.0}, "None of 2 heads plays previous (highest attention "),
        ({"effect": 1e5}, "Previous: 1.0; induction: 2.0. None of 2 heads plays"),
        ({"effect": 1e5}, "name mover (highest attention 1.00, chance 0.25, without the effect)"),
    ],
)
def test_thresholds_say_who_plays_a_role(given, words):
    assert words in asked(by_hand(), **given).says


def test_circuits_are_counted_by_the_roles_that_heads_have_there():
    model, rules = golden("majority_5_2x2_0"), TRANSFORMER.rules("heads")
    space, found = model.space(rules), find_masks(GraphQuestion(TRANSFORMER, model, rules), limit=20)
    masks = number_bits(found.masks, space.graph.n_bits)
    grid, told = ROLES_LENS.in_circuits(Analysed(GraphQuestion(TRANSFORMER, model, rules), found))
    counts = np.array([space.roles(mask[None])[0] for mask in masks]).sum(axis=0)
    assert [[int(text.replace(",", "")) for text in row] for row in grid.texts] == counts.T.tolist()
    assert f"every one of {len(masks)} valid circuits" in told
    assert ROLES_LENS.in_circuits(Analysed(GraphQuestion(TRANSFORMER, model, rules), None)) is None
