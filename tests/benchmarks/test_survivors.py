"""The study of survivors: its tables are those of its files, its statistics are right, its figures can be had again."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from analysis.circuits.search import search_circuits
from analysis.criteria.population import Population
from analysis.criteria.registry import criteria_for
from analysis.data import clean_data
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import Circuit
from analysis.networks.training_spec import TrainingSpec
from analysis.protocol import COMPLETE
from analysis.question import ask
from benchmarks.survivors import prototype
from benchmarks.survivors.document import tight_of, verdict_on, with_tables
from benchmarks.survivors.funnel import funnel
from benchmarks.survivors.prototype import CLAIMS, Claim
from benchmarks.survivors.rows import Sample, read_rows, write_rows
from benchmarks.survivors.spread import quantile, range_of_another, value_of
from benchmarks.survivors.study import CIRCUIT_CRITERIA, Row, run_study
from tests.golden_files import golden_network

DOCS = Path(__file__).resolve().parents[2] / "docs"


def samples() -> tuple[Sample, Sample]:
    return read_rows(DOCS / "survivors.csv"), tight_of(DOCS)


@pytest.mark.slow
def test_the_document_is_what_the_files_and_the_engine_say() -> None:
    text = (DOCS / "survivors.md").read_text()
    assert text == with_tables(text, *samples()), "write it anew: python -m benchmarks.survivors --tables"
    assert len(re.findall(r"<!-- table: ", text)) == len(re.findall(r"<!-- end -->", text)) == 7


def test_no_seed_is_left_out_and_who_did_not_converge_has_no_figures() -> None:
    for sample in samples():
        first = sample.rows[0].seed
        assert [row.seed for row in sample.rows] == list(range(first, first + len(sample.rows)))
        assert len(sample.rows) >= 100
        assert {row.state for row in sample.rows if row.figures} == {"converged"}
        assert "converged" not in {row.state for row in sample.rows if not row.figures}


def test_figures_keep_the_order_of_strictness() -> None:
    for sample in samples():
        for row in sample.converged:
            told = row.figures
            for family in ("paper", "complete"):
                for strict, weak in (
                    ("all-ablations", "resample-ablation"),
                    ("patching-robust", "resample-ablation"),
                    ("minimal-cardinal", "minimal-subset"),
                    ("minimal-subset", "minimal-local"),
                    ("minimal-local", "minimal-quasi"),
                    ("input-robust", "grid"),
                    ("interchange-joint", "interchange"),
                    *((criterion.key, "valid") for criterion in CIRCUIT_CRITERIA),
                ):
                    assert told[f"{family} {strict}"] <= told[f"{family} {weak}"], (row.seed, family, strict)
            for scope in ("few", "every"):
                assert told[f"{scope} ordered alignments"] <= told[f"{scope} one_direction alignments"]
            assert all(told[f"paper {key}"] <= told[f"complete {key}"] for key in ("valid", "grid", "observed-class"))


def test_every_claim_is_about_a_figure_that_was_counted() -> None:
    counted = set(samples()[0].converged[0].figures)
    for claim in CLAIMS:
        assert claim.figure in counted or (not claim.figure and claim.apart)
    numbers = {claim.test for claim in CLAIMS}
    assert numbers == {"", *map(str, range(1, 12))}
    assert "test 12" in (prototype.__doc__ or "") + Path(prototype.__file__).read_text()


def test_quantiles_shares_and_ranges() -> None:
    counts = [3, 0, 1, 1, 10**20]
    assert [quantile(counts, share) for share in (0, 0.25, 0.5, 0.75, 1)] == [0, 1, 1, 3, 10**20]
    assert quantile([1, 2], 0.5) == 1.5
    assert value_of(counts, "share of 1") == 0.4
    assert value_of([1, 2, 6], "mean") == 3
    many = list(range(1000))
    near, far = (range_of_another(many, "median", n) for n in (10_000, 20))
    assert far[0] < near[0] < 499.5 < near[1] < far[1]
    low, high = range_of_another([0] * 50 + [1] * 50, "share of 0", 100)
    assert low < 0.37 < 0.63 < high
    low, high = range_of_another([0, 1] * 50, "mean", 100)
    assert 0.5 - low == pytest.approx(1.96 * 2**0.5 * 0.0503, rel=0.01)


@pytest.mark.parametrize(("value", "verdict"), [(5.0, "reproduced"), (9.0, "**corrected**")])
def test_a_claim_is_reproduced_or_corrected(value: float, verdict: str) -> None:
    rows = tuple(Row(seed, "converged", 1, "", {"f": 5 + seed % 3 - 1}) for seed in range(90))
    assert verdict_on(Claim("1", "it", "f", "median", value), Sample({}, rows)) == verdict
    assert verdict_on(Claim("1", "it", "f", "median", value, apart="why"), Sample({}, rows)) == "not of one kind"


def test_files_are_read_as_they_were_written(tmp_path: Path) -> None:
    sample = Sample(
        {"training": "a: b, c", "seconds": "3"},
        (Row(4, "converged", 7, "abc", {"x y": 10**30, "z": 0}), Row(5, "stopped_early", 3, "", {})),
    )
    write_rows(tmp_path / "rows.csv", sample)
    assert read_rows(tmp_path / "rows.csv") == sample
    bare = [line for line in (tmp_path / "rows.csv").read_text().splitlines() if not line.startswith("#")]
    assert next(csv.reader(io.StringIO(bare[1])))[-1] == "0"


@pytest.mark.slow
def test_networks_trained_again_have_the_same_figures() -> None:
    known = samples()[0].rows[:3]
    again = run_study([TrainingSpec(seed=row.seed) for row in known], lambda _: None)
    same = [(old, new) for old, new in zip(known, again, strict=True) if old.digest == new.digest]
    for old, new in same:
        assert old == new
    if not same:
        pytest.skip("training on this machine rounds otherwise, so that no network is the same")


@pytest.mark.slow
def test_the_funnel_counts_interpretations_as_judging_each_does() -> None:
    file = golden_network("xor_2-2")
    network, task = file.network.for_output(0), file.tasks[0]
    question = ask(network, task=task)
    told = {
        step.key: step.alone for step in funnel(network, task, COMPLETE, clean_data(2)) if step.kind == "interpretation"
    }
    spaces = [
        InterpretationSpace(question, Circuit(question.layout, m)) for m in search_circuits(question).masks.tolist()
    ]
    every = tuple(space.at(index) for space in spaces for index in range(space.count))
    context = Population("interpretation", question, every)
    for criterion in criteria_for("interpretation"):
        assert told[criterion.key].passed == criterion.judge(context).tally.passed, criterion.key
    assert 0 < told["causal-scrubbing"].passed < len(every)
