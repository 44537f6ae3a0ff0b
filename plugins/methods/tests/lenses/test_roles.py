"""Roles of heads: each score against a plain one, and what thresholds make of them."""

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.methods.report import Analysed
from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.sites import Site, pairs_of, run
from pluriscope.analysis.subjects.transformer.head_scores import positions_looked_for
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.tasks import task_named
from pluriscope.analysis.subjects.transformer.training import train_attention
from pluriscope.analysis.subjects.transformer.training_spec import AttentionSpec
from pluriscope_methods.lenses.roles import ROLES, ROLES_LENS, second_positions
from pluriscope_stories.story import own_networks
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
            for at in range(4) if head < "2" else [3]:  # behind the last layer only the last position is read
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
    assert second_positions(np.array([[0, 1, 0, 0]]))[0, 3].tolist() == [False, False, True, False]


def test_what_is_lost_without_that_attention_and_whose_queries_it_moves():
    found, pairs = asked(MODEL, pattern=0.0, cause=0.0), pairs_of(MODEL, 256)
    rows, right, wrong = range(256), MODEL.answers[pairs.clean], MODEL.answers[pairs.corrupt]
    every = run(MODEL, MODEL.tokens)

    def without(head, places):
        """Run the model where a head can see none of some positions, the others taking their share."""
        kept = np.where(places, 0.0, every.values[f"{head}.a"])
        total = kept.sum(axis=2, keepdims=True)
        return run(MODEL, MODEL.tokens, [(Site(f"{head}.a"), kept / np.where(total, total, 1.0))])

    tokens, at = MODEL.tokens, np.arange(4)
    places = {
        "previous": np.broadcast_to(at[:, None] - 1 == at, (256, 4, 4)),
        "duplicate": (tokens[:, :, None] == tokens[:, None, :]) & (at < at[:, None]),
    }
    for head in ("1.0", "2.1"):
        for role, some in places.items():
            read = some & (at[:, None] == 3) if head == "2.1" else some
            having = read.any(axis=(1, 2))
            before, after = (
                (one[rows, right] - one[rows, wrong])[having].sum()
                for one in (every.logits, without(head, read).logits)
            )
            expected = (before - after) / before if before > 0 else 0.0
            assert by_role(found.grids[2], head)[role] == pytest.approx(expected), (head, role)
    movers = [head for head in found.grids[1].rows if by_role(found.grids[1], head)["direct"] > 0.0]
    looks = {head: by_role(found.grids[0], head)["name mover"] for head in movers}
    chance = dict(zip(found.grids[0].columns, found.grids[0].values[-1], strict=True))["name mover"]
    later = [head for head in movers if head.startswith("2") and looks[head] > chance]
    said, moved, source = tokens == right[:, None], [0.0], without("1.0", second_positions(tokens))
    for head in later:
        patched = run(MODEL, tokens, [(Site(f"1.0-{head}.q"), source.values["1.0"])])
        looked = [
            np.where(said, one.values[f"{head}.a"][:, 3], 0.0).sum(axis=1)[said.any(axis=1)].mean()
            for one in (every, patched)
        ]
        moved.append(looked[0] - looked[1])
    assert by_role(found.grids[2], "1.0")["queries moved"] == pytest.approx(max(moved))


def test_what_nobody_reads_is_no_role():
    model = random_attention(4, (1, 2, 5, 3, 4, 4), n_rows=256)
    found = asked(model, pattern=0.0, cause=0.0)
    noisy = run(model, model.tokens, [(Site("1.0", at), np.full((256, 4, 5), 1e6)) for at in range(3)])
    assert np.array_equal(noisy.logits, run(model, model.tokens).logits)
    shares = run(model, model.tokens).values["1.0.a"]
    assert by_role(found.grids[0], "1.0")["previous"] == pytest.approx(shares[:, 3, 2].mean())
    assert found.grids[0].rows == ("1.0", "1.1", "chance, last layer")


@pytest.mark.release
def test_untrained_transformers_have_roles_no_more_often_than_chance():
    """18 of 200 is the 99% bound of a test of 5%."""
    found = 0
    for number, task in enumerate(("induction", "other name", "sum modulo", "majority") * 50):
        spec = AttentionSpec(
            task=task_named(task), layers=1 + number // 4 % 2, seed=9_000_000 + number, steps=1, learning_rate=1e-9
        )
        found += " yes" in str(asked(train_attention(spec).model, pairs=32).grids[0].texts)
    assert found <= 18


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
    looked_for = positions_looked_for(np.array([row]))
    assert tuple(np.flatnonzero(one[0, query]).tolist() for one in looked_for) == places


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Previous: 1.0; induction: 2.0; name mover: 2.0."),
        ({}, "None of 2 heads plays duplicate (highest attention 0.00, chance 0.25)"),
        ({}, "S-inhibition (no row has such a place that is read)"),
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
    grid, reply = ROLES_LENS.in_circuits(Analysed(GraphQuestion(TRANSFORMER, model, rules), found))
    counts = np.array([space.roles(mask[None])[0] for mask in masks]).sum(axis=0)
    assert [[int(text.replace(",", "")) for text in row] for row in grid.texts] == counts.T.tolist()
    assert f"every one of {len(masks)} valid circuits" in reply
    assert ROLES_LENS.in_circuits(Analysed(GraphQuestion(TRANSFORMER, model, rules), None)) is None


def test_a_backup_shows_once_the_name_mover_looks_elsewhere():
    model = question_in(own_networks()["other-name-backup"]).subject
    view = asked(model)
    looks, effects, _ = view.grids
    assert "Name mover: 2.0; S-inhibition: 1.0; backup: 3.0." in view.says
    assert looks.texts[2][-1] == "1.00 yes"
    assert dict(zip(effects.rows, effects.values, strict=True))["3.0"] == pytest.approx((0.0, 1.0), abs=1e-4)

    def right(*without):
        outputs = model.run_sites(model.inputs, lambda site, values: values * (site not in without))
        apart = np.sort(outputs, axis=1)
        return int(((outputs.argmax(axis=1) == model.answers) & (apart[:, -1] > apart[:, -2] + 1e-9)).sum())

    assert [right(), right("2.0"), right("3.0"), right("2.0", "3.0")] == [40, 40, 40, 0]


def test_a_second_name_mover_is_no_backup():
    model = question_in(own_networks()["other-name-backup"]).subject
    key = model.parameters["3.0.key"].copy()
    key[:, -1] = 0.0  # by which it looks away once there is an answer
    view = asked(model.with_parameters({**model.parameters, "3.0.key": key}))
    assert view.says.startswith("Name mover: 2.0, 3.0; S-inhibition: 1.0.")
    assert "backup (highest attention" in view.says
    stages = asked(question_in(own_networks()["other-name-stages"]).subject)
    assert "backup (highest attention" in stages.says
