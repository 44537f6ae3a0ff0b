"""Everything on random networks of every admitted shape: no fault, no page that fails, no link that is refused.

Of the 500 kept seeds (tests/fixtures/shapes.json) these tests run the few under "in_ci", which are quick: together they
have every number of inputs, of hidden layers and of outputs, every activation in both roles, constant tasks, and
networks beyond 64 edges. They share one application, started anew on an empty database for each.
``python -m benchmarks.shapes`` runs all 500, each in a process with a time limit, and keeps what came of them in
benchmarks/outcomes/shapes.jsonl; with ``--seed`` it runs others.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from analysis.networks.mlp import forward
from analysis.networks.network import ACTIVATIONS
from analysis.tasks import input_table
from analysis.validity import decide
from benchmarks import shapes
from benchmarks.shapes import in_turn
from tests.shapes import WarmApplication, case_of, kept_seeds, run_case

SEEDS = kept_seeds()


@pytest.fixture(scope="module")
def application(tmp_path_factory) -> WarmApplication:
    return WarmApplication(tmp_path_factory.mktemp("shapes"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS["in_ci"])
def test_the_whole_chain_goes_through(seed: int, application) -> None:
    outcome = run_case(seed, application)
    assert outcome.faults == []
    assert outcome.pages[200] > 30
    assert {"analyse", "directions", "criteria", "common-ground", "pages"} <= set(outcome.seconds)


@pytest.mark.slow
def test_the_seeds_have_every_admitted_shape() -> None:
    assert len(set(SEEDS["all"])) == 500
    assert set(SEEDS["in_ci"]) <= set(SEEDS["all"])
    for seeds in SEEDS.values():
        traits = [case_of(seed).traits for seed in seeds]
        sizes = [tuple(map(int, one["sizes"].split("-"))) for one in traits]
        assert {one[0] for one in sizes} == set(range(2, 7))
        assert {len(one) - 2 for one in sizes} == set(range(1, 5))
        assert {one[-1] for one in sizes} == {1, 2, 3}
        assert {one["activation"] for one in traits} == {one["output_activation"] for one in traits} == set(ACTIVATIONS)
        assert {one["constant"] for one in traits} == {one["edges"] > 64 for one in traits} == {True, False}


@pytest.mark.slow
def test_the_first_seeds_in_turn_are_small_and_differ() -> None:
    order = in_turn(SEEDS["all"])
    assert sorted(order) == SEEDS["all"]
    first, rest = ([case_of(seed).traits for seed in seeds] for seeds in (order[:50], order[50:]))
    assert Counter(one["sizes"][0] for one in first) == dict.fromkeys("23456", 10)
    assert max(one["edges"] for one in first) < np.median([one["edges"] for one in rest])


@pytest.mark.slow
def test_all_seeds_together_have_every_width_pair_and_scale() -> None:
    traits = [case_of(seed).traits for seed in SEEDS["all"]]
    sizes = [tuple(map(int, one["sizes"].split("-"))) for one in traits]
    assert {width for one in sizes for width in one[1:-1]} == set(range(1, 9))
    assert {(one["activation"], one["output_activation"]) for one in traits} == {
        (hidden, output) for hidden in ACTIVATIONS for output in ACTIVATIONS
    }
    assert {one["twins"] for one in traits} == {True, False}
    assert min(one["scale"] for one in traits) < 1 < 15 < max(one["scale"] for one in traits)


def test_a_case_is_its_seed_and_its_tasks_are_what_it_decides() -> None:
    case, again = case_of(17), case_of(17)
    assert case.file.network.digest == again.file.network.digest
    assert (case.file.tasks, case.output, case.traits) == (again.file.tasks, again.output, again.traits)
    n_right = 0
    for seed in range(40):
        case = case_of(seed)
        file = case.file
        assert all(len(task.truth_table) == 2**file.network.n_inputs for task in file.tasks)
        assert case.traits["edges"] == sum(a * b for a, b in pairwise((*file.network.sizes[:-1], 1)))
        outputs = forward(file.network, input_table(file.network.n_inputs))
        assert (decide(outputs, "threshold").T.tolist()) == [list(task.truth_table) for task in file.tasks]
        n_right += bool((decide(outputs, "rounding") == decide(outputs, "threshold")).all())
    assert n_right > 25  # rounding decides too in most of them, so that they have explanations


def test_a_run_for_some_minutes_takes_no_seed_after_them(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Other seeds than the kept ones have no end, so the time must be looked at before each."""
    monkeypatch.setattr("sys.argv", ["shapes", "--seed", "7", "--minutes", "0"])
    monkeypatch.setattr(shapes, "watched", lambda seeds, **_: iter([] if not list(seeds) else [{}]))
    with pytest.raises(SystemExit) as ended:
        shapes.main()
    assert ended.value.code is False
    assert "no cases" in capsys.readouterr().out
