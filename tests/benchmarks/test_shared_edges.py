"""What all circuits of a transformer share: overlaps, drawn circuits and held-out rows against counts by hand."""

from __future__ import annotations

import json
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from analysis.models.attention import read_attention
from analysis.models.attention_tasks import task_named
from analysis.models.attention_training import AttentionSpec, train_attention
from analysis.models.circuits import minimal_numbers
from benchmarks.findings.shared_edges import DESIGN, RESULTS, drawn, found, held_out, overlaps, pool_of
from tests.checkout import ROOT

WANTED = json.loads(DESIGN.read_text())


@pytest.mark.parametrize(
    ("masks", "expected"),
    [([], (None, None)), ([0b111], (None, None)), ([0b1, 0b10], (0, 0)), ([0b111, 0b110, 0b1100], (0.25, 0.416667))],
)
def test_overlaps_are_those_of_sets(masks, expected):
    sets = [{bit for bit in range(4) if mask >> bit & 1} for mask in masks]
    shares = [len(one & other) / len(one | other) for one, other in combinations(sets, 2)]
    assert overlaps(np.array(masks, dtype=np.uint64)) == expected
    assert not shares or expected == (min(shares), pytest.approx(sum(shares) / len(shares), abs=1e-6))


def test_minimal_masks_are_those_without_a_part_among_the_others():
    masks = np.random.default_rng(1).choice(1 << 10, 200, replace=False).astype(np.uint64)
    by_hand = {int(one) for one in masks if not any(other != one and other & one == other for other in masks)}
    found = minimal_numbers(masks)
    assert set(found.tolist()) == by_hand
    assert (np.diff(np.bitwise_count(found).astype(int)) >= 0).all()


def test_drawn_circuits_have_as_many_edges_and_are_drawn_once():
    pool = {1: np.array([1, 2, 4], dtype=np.uint64), 2: np.array([3], dtype=np.uint64)}
    whole = drawn(pool[1], pool, 5)  # all three, in some order
    assert whole == {"drawn_shared": 0, "drawn_least": 0, "drawn_mean": 0}
    assert list(drawn(np.array([5], dtype=np.uint64), pool, 3).values()) == [2, None, None]
    assert set(drawn(np.array([], dtype=np.uint64), pool, 3).values()) == {None}


def test_the_pool_holds_every_possible_circuit_where_there_are_few():
    pool = pool_of("heads-zero", 2, 2, 1_000)
    assert sum(map(len, pool.values())) == 511
    assert all((np.bitwise_count(some) == size).all() for size, some in pool.items())


def test_rows_are_held_out_where_the_rule_answers_and_the_task_leaves_out():
    models = [
        train_attention(AttentionSpec(task=task_named(task), steps=1)).model for task in ("induction", "sum modulo")
    ]
    held = held_out(models[0])
    rows = {(*(x, y, x, y, x), y) for x, y in product(range(4), repeat=2) if x != y}
    assert {(*row, answer) for row, answer in zip(held.tokens.tolist(), held.answers.tolist(), strict=True)} == rows
    assert not set(map(tuple, held.tokens.tolist())) & set(map(tuple, models[0].tokens.tolist()))
    assert held_out(models[1]) is None


def lines(study: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in RESULTS.with_name(f"{study}.jsonl").read_text().splitlines()]


def test_the_study_before_counted_as_many_circuits_of_the_same_models():
    """By another program, which had the circuits with the fewest edges only where there are more than 100,000."""
    now = {
        (one["task"], one["seed"], one["granularity"].replace("qkv", "")): one
        for one in lines("shared-edges")
        if (one["ablation"], one["rows"]) == ("zero", "trained")
    }
    known = [(one, space) for one in lines("one-induction-circuit") for space in one["spaces"]]
    assert len(now) == len(known) == 300
    for one, space in known:
        again = now[one["task"], one["seed"], space["rules"]]
        assert again["digest"] == one["digest"]
        assert [again[key] for key in ("possible", "valid", "fewest")] == [
            space[key] for key in ("possible", "valid", "fewest")
        ]
        assert again["minimal"] == space["minimal"] or space["listed"] < space["valid"]


@pytest.mark.slow
def test_a_model_of_the_study_is_searched_with_the_same_result():
    """Its weights are kept, since training gives the same ones on machines of one kind only."""
    asked = dict.fromkeys((one["task"], one["seed"]) for one in lines("shared-edges"))
    assert list(asked) == list(product(WANTED["tasks"], WANTED["seeds"]))
    model = read_attention(json.loads((ROOT / "tests/fixtures/sum-modulo-2x2-10.json").read_text()))
    told = {"task": "sum modulo", "seed": 10, "converged": True, "digest": model.digest}
    assert [{**told, **one} for one in found(model, {**WANTED, "ablations": ["zero"]})] == [
        one for one in lines("shared-edges") if (one["digest"], one["ablation"]) == (model.digest, "zero")
    ]
