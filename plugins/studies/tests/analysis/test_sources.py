"""Tests of sources: drawn from priors, planted, learning gates that are drawn for each seed."""

from __future__ import annotations

import pytest

from pluriscope.analysis.errors import InvalidStudy
from pluriscope.analysis.questions.tasks import named_task
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.makers import drawing_of
from pluriscope_studies.analysis.reading import design_from_mapping, runnable
from pluriscope_studies.analysis.rows import network_of_row
from pluriscope_studies.analysis.running import run_chunk

GATES = ["AND", "OR", "IMP", "NAND", "NOR", "NIMP", "XOR"]
ALICE, BOB = "!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))"
MOMENTS = {"2": [[0, 1, 0, 1], [0, 1, 0, 1]], "3": [[0, 1, 0, 1], [0, 1, 0.5, 0]]}
BARE = {"slug": "one", "name": "One", "question": "Which?", "measures": ["draws", "circuits-valid"]}
BASES = {
    "drawn": {
        "source": "drawn",
        "tasks": [["OR"]],
        "hidden": [[2], [3]],
        "prior": ["", "normal 1"],
        "loss_target": [0.05],
        "seeds": {"first": 0, "count": 3},
    },
    "gates": {
        "source_options": {"gates": GATES},
        "tasks": [["?"], ["?", "?"], ["?"] * 7],
        "hidden": [[3]],
        "seeds": {"first": 0, "count": 4},
    },
    "planted": {
        "source": "planted",
        "source_options": {"algorithms": [ALICE, BOB], "steps": 40},
        "hidden": [[3, 2]],
        "planting": ["compile, noise=0.1", "iit"],
        "seeds": {"first": 0, "count": 2},
    },
}


def design(base, **changes):
    return design_from_mapping(BARE | BASES[base] | changes)


def run(study):
    return [(cell, run_chunk(study, place, study.seeds.numbers)) for place, cell in enumerate(cells_of(study))]


# --- drawn


@pytest.mark.slow
def test_drawn_networks_stand_beside_trained_ones():
    found = run(design("drawn"))
    assert [cell.name for cell, _ in found] == ["2, trained", "2, normal 1", "3, trained", "3, normal 1"]
    for cell, rows in found:
        drawn = bool(cell.levels["prior"])
        for row in rows:
            if row["state"] != "converged":
                assert (row["state"], drawn) == ("stopped_early", False)
                continue
            assert row["loss"] < 0.05
            assert (row["epochs"] is None) == drawn
            assert row["circuits-valid"] > 0
            assert (row["draws"] is not None) == drawn
            assert network_of_row(design("drawn"), row).network.digest == row["network"]


def test_what_no_prior_reaches_is_an_outcome_with_its_rate():
    study = design("drawn", prior=["normal 1"], loss_target=[1e-9], source_options={"most_draws": 2_000})
    for row in (row for _, rows in run(study) for row in rows):
        assert (row["state"], row.get("network")) == ("none_accepted", None)
        assert "none of 2,000 networks drawn computes OR" in row["message"]
        assert "at most 1.5e-03 (95%)" in row["message"]


def test_a_disguise_of_former_results_is_read_and_not_run():
    for level, named in (("compile, idle, noise=0.1", "'idle'"), ("iit, noise=x", "'noise=x'")):
        with pytest.raises(InvalidStudy, match=f"planting: {named} is unknown; leave them out"):
            runnable(design("planted", planting=[level]))


def matched(**options):
    return {"prior": ["", "matched"], "source_options": options}


def test_each_width_has_moments_of_its_own():
    cells = cells_of(design("drawn", **matched(moments=MOMENTS)))
    first, second = (drawing_of(cell).prior.moments for cell in cells if cell.levels["prior"])
    assert first == ((0, 1, 0, 1), (0, 1, 0, 1))
    assert second == ((0, 1, 0, 1), (0, 1, 0.5, 0))


# --- gates


def test_every_seed_draws_its_own_and_one_task_more_keeps_the_others():
    one, two, all_seven = cells_of(design("gates"))
    assert [cell.name for cell in (one, two, all_seven)] == ["1 drawn", "2 drawn", "7 drawn"]
    for seed in range(50):
        assert two.tasks(seed)[:1] == one.tasks(seed)
        assert all_seven.tasks(seed)[:2] == two.tasks(seed)
        assert sorted(all_seven.tasks(seed)) == sorted(GATES)
        assert two.spec(seed).tasks == two.tasks(seed)


@pytest.mark.slow
def test_networks_are_judged_on_the_tasks_they_learned():
    study = design("gates", tasks=[["?", "?"]])
    ((cell, rows),) = run(study)
    assert sum(row["state"] == "converged" for row in rows) >= 4  # two networks with two outputs
    for row in rows:
        learned = [named_task(name, 2) for name in cell.tasks(row["seed"])]
        assert row["tables"] == ["".join(map(str, task.truth_table)) for task in learned]
        assert [task.label for task in network_of_row(study, row).tasks] == [task.label for task in learned]
        assert row["state"] != "converged" or row["circuits-valid"] > 0


# --- planted


def test_networks_carry_the_algorithms_by_turns_and_rows_keep_them():
    rows = run_chunk(design("planted"), 0, [4, 5])
    planted = [network_of_row(design("planted"), row).planted for row in rows]
    assert [one.algorithm.text for one in planted] == [ALICE, BOB]
    assert all(row["state"] == "converged" and row["tables"] == ["0110"] for row in rows)
    assert [[made.step for made in one.made] for one in planted] == [["compile", "noise"]] * 2


@pytest.mark.slow
def test_starts_that_do_not_learn_are_outcomes_too():
    rows = run_chunk(design("planted"), 1, [0, 1, 2])
    assert {row["state"] for row in rows} == {"loss_above_target"}
    assert all(network_of_row(design("planted"), row).planted is not None for row in rows)


# --- what is refused


@pytest.mark.parametrize(
    ("base", "changes", "cause"),
    [
        ("drawn", {"prior": ["cauchy 1"]}, "begins with 'cauchy'"),
        ("drawn", {"source": "boolean"}, "prior: source 'boolean' has none"),
        ("drawn", matched(), "moments of 2: are of 0 layers, and there are 2"),
        ("drawn", matched(moments={"2": MOMENTS["2"]}), "moments of 3: are of 0 layers"),
        ("drawn", matched(moments=MOMENTS | {"3": MOMENTS["3"][:1]}), "moments of 3: are of 1 layers"),
        ("drawn", matched(moments=MOMENTS | {"3": [[0, 1, 0, 1], [0, 1, 0]]}), "moments.3.1.3: fill this in"),
        ("drawn", matched(moments=MOMENTS | {"2": [[0, 1, 0, 1], [0, 1, 0, -1]]}), "moments.2.1.3"),
        ("drawn", matched(moments=MOMENTS | {"2": [[0, True, 0, 1], [0, 1, 0, 1]]}), "moments.2.0.1"),
        ("drawn", matched(moments=MOMENTS | {"2": [[0, 1, 0, 1], [0, 101, 0, 1]]}), "moments.2.1.1"),
        ("drawn", {"source_options": {"moments": MOMENTS}}, "no level of prior is 'matched'"),
        ("drawn", {"source_options": {"most_draws": 0}}, "most_draws: Input should be greater"),
        ("drawn", {"source_options": {"most_draws": True}}, "most_draws: Input should be a valid integer"),
        (
            "drawn",
            {"source_options": {"draws": 5}},
            "draws: is unknown; source 'drawn': its options are most_draws, moments",
        ),
        ("drawn", {"comparisons": [{"measure": "draws", "factor": "prior", "test": "mcnemar"}]}, "compares shares"),
        (
            "drawn",
            {"comparisons": [{"measure": "draws", "factor": "prior", "test": "page"}]},
            "needs levels that have an order",
        ),
        ("gates", {"source_options": {}}, "1 are to be drawn of 0 gates"),
        ("gates", {"source_options": {"gates": "XOR"}}, "gates: 'XOR' is no list"),
        ("gates", {"source_options": {"gates": ["XOR", "XOR"]}}, "one is there twice"),
        ("gates", {"source_options": {"gates": ["XOR", "MAYBE"]}, "tasks": [["?"]]}, "MAYBE"),
        ("gates", {"source_options": {"gates": ["XOR"]}, "tasks": [["XOR"]]}, "no level of tasks has"),
        ("gates", {"tasks": [["XOR", "?"]]}, "as a whole or not at all"),
        ("gates", {"source_options": {"gates": ["XOR"]}, "tasks": [["?", "?"]]}, "2 are to be drawn of 1 gates"),
        ("gates", {"source": "drawn", "source_options": {}}, "draws no gates"),
        ("planted", {"planting": ["weave"]}, "begins with 'weave'"),
        ("planted", {"hidden": [[1, 1]]}, "needs hidden layers of 2-1"),
        ("planted", {"activation": ["tanh"]}, "has no gates here"),
        ("planted", {"source_options": {}}, "algorithms: fill this in"),
        ("planted", {"source_options": {"algorithms": ["(A&B)"]}}, "does not compute XOR"),
        ("planted", {"source_options": {"algorithms": [ALICE], "steps": 0}}, "steps: Input should be greater"),
        ("planted", {"source": "boolean", "source_options": {}}, "planting: source 'boolean' has none"),
    ],
)
def test_designs_that_contradict_their_source_are_refused(base, changes, cause):
    with pytest.raises(InvalidStudy, match=cause):
        design(base, **changes)
