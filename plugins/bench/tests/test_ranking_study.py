"""Figures about the field's scores, held against plain loops and scipy; and rows of rankings against the suite's."""

import json
import re
from dataclasses import replace
from itertools import pairwise, permutations
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from benchmarks import ranking_rows
from benchmarks.ranking_rows import best_orders, climbed, lines_of, networks_of, outcome, values_of
from benchmarks.ranking_study import FIVE, MARGIN, Answers, Half, answers_of, flip_p, interval, over_parts
from pluriscope.analysis.discovery.landscapes import masked_under
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope_bench.suite_design import secret_digest
from pluriscope_bench.suite_files import bundled_design, read_suite
from tests.checkout import ROOT

METHODS = ("eap", "edge", "mask", "weights")


def answers(seed=0, n=40, levels=6):
    """Drawn ones with many ties."""
    loss, score = np.random.default_rng(seed).integers(0, levels, (2, n, len(METHODS))) / 12
    return Answers(METHODS, loss, score, np.arange(n) % 2)


def half(loss, score):
    group = np.array(["a"] * len(loss))
    return Half(METHODS, group, group, 2 * np.arange(len(loss)), {"regret": loss, "cmd": score})


def test_what_is_chosen_constant_and_leads_is_what_loops_say():
    some = answers()
    for at, part in enumerate(some.half):
        other = [number for number in range(40) if some.half[number] != part]
        best = min(range(4), key=lambda one: round(np.mean(some.loss[other, one]), 9))
        top = [one for one in range(4) if some.score[at, one] == max(some.score[at])]
        assert some.constant[at] == some.loss[at, best]
        assert some.gain[at] == pytest.approx(np.mean(some.loss[at, top]) - some.loss[at, best])
    means = some.loss.mean(axis=0)
    assert some.leader == max(range(4), key=lambda one: some.score[:, one].mean())
    assert some.named == (means[some.leader] == min(means))
    assert some.dominance == pytest.approx(sorted(means)[1] - min(means))


def test_a_score_that_is_the_truth_gains_and_one_that_is_a_constant_method_does_not():
    some = answers()
    assert replace(some, score=-some.loss).chosen.tolist() == some.loss.min(axis=1).tolist()
    worse = replace(some, loss=some.loss + np.array([0.5, 0.5, 0, 0.5]), score=np.tile([0.0, 0, 1, 0], (40, 1)))
    assert not worse.gain.any()
    assert worse.named


@pytest.mark.parametrize(("lacking", "methods", "n"), [(3, 4, 37), (21, 3, 40)])
def test_a_network_or_a_method_that_lacks_numbers_is_left_out(lacking, methods, n):
    some = answers()
    score = some.score.copy()
    score[:lacking, 3] = np.nan
    found = answers_of(half(some.loss, score), np.ones(40, bool), METHODS)
    assert (len(found.methods), len(found.half)) == (methods, n)
    assert found.score[-1, 0] == -score[-1, 0]  # less CMD is better
    assert found.half.tolist() == [number % 2 for number in range(40)][40 - n :]
    assert answers_of(half(some.loss, score), np.arange(40) < 9, METHODS) is None


@pytest.mark.parametrize("n", [9, 60])
@pytest.mark.parametrize(("side", "words"), [(0, "two-sided"), (1, "greater"), (-1, "less")])
def test_p_is_that_of_scipys_sign_flips(n, side, words):
    values = np.random.default_rng(n).normal(0.2, 1, n)
    wanted = stats.permutation_test(
        (values,), np.sum, permutation_type="samples", alternative=words, n_resamples=20_000
    )
    assert flip_p(np.append(values, 0), side) == pytest.approx(wanted.pvalue, abs=0.02 if n > 13 else 1e-9)


def test_intervals_are_those_of_scipys_bootstrap():
    values = np.random.default_rng(1).exponential(size=60)
    wanted = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(2)).confidence_interval
    assert interval(values) == pytest.approx((np.mean(values), *wanted), abs=0.04)
    parts = [values - shift for shift in range(5)]
    fixed, drawn = over_parts(parts), over_parts(parts, drawn=True)
    assert fixed[2] - fixed[1] == pytest.approx((wanted.high - wanted.low) / 5**0.5, rel=0.15)
    assert drawn[2] - drawn[1] == pytest.approx(2 * 1.96 * (2 / 5) ** 0.5, rel=0.15)  # tasks vary by sqrt(2)


@pytest.mark.parametrize("seed", range(4))
def test_best_orders_are_those_of_all_orders(seed):
    draw = np.random.default_rng(seed)
    cost, sizes = draw.integers(0, 3, 32) / 4, np.where(draw.random(32) < 0.5, draw.integers(0, 6, 32), -1)
    sizes[[0, -1]] = -1, 5
    found = []
    for order in permutations(range(5)):
        masks = np.cumsum([0, *(1 << bit for bit in order)])
        found.append((cost[masks].sum(), next(size for size in sizes[masks] if size >= 0)))
    least = min(found)[0]
    ends = [size for total, size in found if total == least]
    assert best_orders(cost, sizes) == (least, (min(ends), max(ends)))
    steps = list(climbed(cost, np.arange(5), draw))
    assert [done for done, _ in steps] == [*ranking_rows.PROPOSALS]
    assert all(cost[after].sum() <= cost[before].sum() for (_, before), (_, after) in pairwise(steps))
    assert cost[steps[-1][1]].sum() >= least
    assert [int(one).bit_count() for one in steps[-1][1]] == [*range(6)]


def masked(network, ablation="zero"):
    subject = masked_under(network.question, ablation)
    return SimpleNamespace(subject=subject, kind=network.question.kind, ablation=ablation)


@pytest.mark.parametrize("ablation", ["zero", "mean"])
def test_relevance_of_piecewise_linear_units_is_attribution_and_conductance_adds_up(ablation):
    for name in ("xor-3-leaky-relu-0", "xor-3-tanh-0"):
        one = masked(read_suite().by_name[name], ablation)
        found, question, rows = values_of(one), one.subject.question, one.subject.rows
        assert np.allclose(found["relevance"], found["eap"]) == (name != "xor-3-tanh-0")
        ends = [activations(question.network, some)[-1][:, 0] for some in (rows.inputs, rows.absent[0].T)]
        change = ((2.0 * rows.labels - 1) * (ends[1] - ends[0])).mean()
        last = found["conductance"][question.layout.offsets[-2] :]
        assert last.sum() == pytest.approx(change, abs=0.1)  # a sum over five steps
        reads = (
            np.abs(question.network.weights[0]).ravel()
            * np.abs(rows.absent[0] - rows.inputs.T).mean(axis=1)[[0, 1] * 3]
        )
        assert np.abs(found["weight-activation"][:6]) == pytest.approx(reads)


def test_rows_of_the_five_are_the_answers_of_the_suite():
    suite = read_suite()
    columns = {
        "regret": "regret",
        "while_valid": "regret_while_valid",
        "valid": "valid",
        "auc": "auc",
        "cpr": "cpr",
        "cmd": "cmd",
    }
    for name in ("xor-3-tanh-0", "heads-first-token-0"):
        known = {(row["condition"], row["method"]): row for row in suite.answers if row["network"] == name}
        rows = outcome(suite.by_name[name])
        compared = 0
        for row in rows:
            other = known.get((f"{row['ablation']}-threshold-strict", row["method"]))
            if other and row["method"] in FIVE:
                assert [row[one] for one in columns] == pytest.approx(
                    [other[one] for one in columns.values()], abs=1e-6
                )
                compared += 1
        assert compared == (10 if name.startswith("xor") else 8)
        assert all(0 <= row["regret"] <= 1 for row in rows)


def test_the_program_has_the_numbers_of_its_design():
    assert ranking_rows.DESIGN["margin"] == MARGIN
    assert ranking_rows.DESIGN["minutes"] == 70


@pytest.mark.parametrize(
    ("change", "words"),
    [({"design": "0"}, "another design"), ({"suite": "0"}, "another version"), ({"half": "secret"}, "other half")],
)
def test_rows_of_another_design_version_or_half_are_refused(tmp_path, change, words):
    design, path = bundled_design(), tmp_path / "rows.jsonl"
    line = {"design": ranking_rows.DIGEST, "half": "public", "suite": design.digest("public"), "rows": []}
    path.write_text(json.dumps(line) + "\n")
    assert lines_of(path, "public") == [line]
    older = design.model_copy(update={"version": "1"}).digest("public")
    changed = line | change | ({"suite": older} if "suite" in change else {})
    changed |= {"suite": design.digest(changed["half"])} if "half" in change else {}
    with path.open("a") as file:
        file.write(json.dumps(changed) + "\n")
    with pytest.raises(SystemExit, match=words):
        lines_of(path, "public")


def test_the_secret_that_is_published_is_that_of_the_design_and_another_is_refused():
    (secret,) = re.findall("`([0-9a-f]{64})`", (ROOT / "plugins" / "bench" / "docs" / "suite.md").read_text())
    assert secret_digest(secret) == bundled_design().secret_sha256
    with pytest.raises(SystemExit, match="not that of the design"):
        next(networks_of("0" * 64, set()))
