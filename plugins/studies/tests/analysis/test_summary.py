"""Tests of summaries of made-up rows through their Parquet table."""

import json
import math
import sys

import pytest

from plugins.studies.tests.study_factories import MEASURES, design, rows
from pluriscope.tables.parquet import ParquetTable
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.measures.measure import Measured
from pluriscope_studies.analysis.rows import columns_of, rows_of
from pluriscope_studies.analysis.sources import RowNetwork
from pluriscope_studies.summary import summary_of_table
from pluriscope_studies.table import write_part


@pytest.fixture(scope="module")
def summed(tmp_path_factory):
    """The summary of a study with some rows."""

    def summed(study, found, **columns):
        path = tmp_path_factory.mktemp("table") / "part.parquet"
        write_part(path, found, {**columns_of(study), **columns}, {"digest": study.digest})
        summary = summary_of_table(study, ParquetTable([path]))
        json.dumps(summary, allow_nan=False)
        return summary

    return summed


@pytest.fixture(scope="module")
def summary(summed):
    return summed(design(), rows())


def test_groups_are_of_cells_levels_or_all_and_count_networks_without_a_value(summary):
    assert (summary["networks"], summary["converged"], summary["moments"]) == (8, 6, 1)
    assert [(one["label"], one["levels"]) for one in summary["cells"]] == [
        ("2-2", {"hidden": "2-2"}),
        ("3-3", {"hidden": "3-3"}),
    ]
    assert summary["cells"][0]["states"] == {"converged": 3, "stopped_early": 1}
    narrow, wide = summary["numbers"]["circuits-valid"]["paper"]["cell"]
    assert summary["numbers"]["circuits-valid"]["paper"]["hidden"] == [narrow, wide]
    assert narrow == {
        "label": "2-2",
        "of": 4,
        "failed": 1,
        "silent": 0,
        "n": 3,
        "inexact": 0,
        "least": 0,
        "lower": 0.5,
        "median": 1,
        "upper": 1.5,
        "most": 2,
        "mean": 1,
        "ones": 1,
    }
    assert wide["median"] == 11
    (every,) = summary["numbers"]["circuits-valid"]["complete"]["all"]
    assert (every["label"], every["of"], every["n"], every["median"]) == ("all networks", 8, 6, 6)
    large = summary["numbers"]["interpretations-total"]["complete"]["cell"][1]
    assert (large["median"], large["inexact"]) == (pytest.approx(3.0**50), 1)
    answers = summary["numbers"]["one-minimal-alignment"]["complete"]["cell"][0]
    assert (answers["hits"], answers["share"]) == (2, 2 / 3)
    z = 1.959963984540054  # Wilson's interval by its formula
    centre, half = (2 + z * z / 2) / (3 + z * z), z / (3 + z * z) * math.sqrt(2 / 3 + z * z / 4)
    assert (answers["low"], answers["high"]) == pytest.approx((centre - half, centre + half))
    formulas = summary["numbers"]["irredundant-formulas"]["complete"]["cell"][0]
    assert (formulas["categories"], formulas["others"]) == ([["A ∧ B", 3], ["A ∨ B", 1]], [0, 0])


def test_tests_are_those_declared_with_holms_correction_over_all(summary):
    tests = summary["tests"]
    assert [one["test"] for one in tests] == ["mann-whitney", "mann-whitney", "wilcoxon", "fisher"]
    assert [one["protocol"] for one in tests] == ["complete", "paper", "", "complete"]
    assert tests[0]["levels"] == ["2-2", "3-3"]
    assert (tests[0]["effect"], tests[0]["sizes"]) == (-1, [3, 3])
    ps = [one["p"] for one in tests]
    for one in tests:  # never smaller than that of a smaller p
        smaller = [p for p in ps if p <= one["p"]]
        assert one["p_holm"] == pytest.approx(min(1, max((4 - sum(q < p for q in ps)) * p for p in smaller)))
    assert tests[2]["p"] == 1.0  # both protocols have the same values here
    assert tests[2]["note"] == ""
    assert tests[0]["note"] == "takes the levels as independent samples, though they share seeds"


def test_published_values_stand_beside_ours(summary):
    (reference,) = summary["references"]
    assert (reference["ours"], reference["of"], reference["protocol"]) == ({"median": 11}, 3, "paper")
    assert reference["says"] == "85 circuits"


def test_measures_bring_their_words(summary):
    assert list(summary["measures"]) == MEASURES
    words = summary["measures"]["circuits-valid"]
    assert (words["kind"], words["label"], words["measure"], words["method"]) == (
        "count",
        "valid circuits",
        "circuits-valid",
        "",
    )


def test_measures_that_are_unknown_here_are_summed_up_by_their_type(summed):
    declared = {"measure": "kindness", "factor": "hidden", "test": "mann-whitney"}
    study = design(measures=["kindness", "warmth", "absent"], comparisons=[declared], ladders=[], references=[])
    values = [{"kindness": Measured(word), "warmth": Measured(number)} for word, number in (("much", 1), ("some", 2.5))]
    found = [
        row
        for cell in cells_of(study)
        for seed, value in enumerate(values)
        for row in rows_of(cell, {"seed": seed, "state": "converged"}, RowNetwork(None), {"paper": [value]})
    ]
    summary = summed(study, found, kindness="VARCHAR", warmth="DOUBLE")
    assert summary["numbers"]["kindness"]["paper"]["all"][0]["categories"] == [["much", 2], ["some", 2]]
    assert summary["numbers"]["warmth"]["paper"]["all"][0]["mean"] == 1.75
    assert "absent" not in summary["numbers"]
    assert {one["note"] for one in summary["tests"]} == {"too few networks with a value", "the values are no numbers"}


@pytest.mark.parametrize(("how", "value", "inexact"), [("mean", 3, 1), ("sum", 6, 1), ("first", 2, 0)])
def test_several_outputs_of_a_network_become_one_value_as_the_design_says(summed, how, value, inexact):
    study = design(across_outputs=how, measures=MEASURES[:1], comparisons=[], ladders=[], references=[])
    outputs = [{"circuits-valid": Measured(2)}, {"circuits-valid": Measured(4, truncated_at=4)}]
    cell = cells_of(study)[0]
    found = [*rows_of(cell, {"seed": 0, "state": "converged"}, RowNetwork(None), {"complete": outputs})]
    found += rows_of(cell, {"seed": 1, "state": "converged"}, RowNetwork(None), {})
    group = summed(study, found)["numbers"]["circuits-valid"]["complete"]["cell"][0]
    assert (group["median"], group["inexact"], group["silent"]) == (value, inexact, 1)


def test_a_study_without_rows_has_a_summary():
    summary = summary_of_table(design(), ParquetTable([]))
    assert (summary["networks"], summary["numbers"]) == (0, {})
    assert [one["p"] for one in summary["tests"]] == [None] * 4


def test_a_test_of_former_results_is_named_and_not_made(summed):
    declared = {"measure": "one-minimal-alignment", "factor": "hidden", "test": "cochran-mantel-haenszel"}
    study = design(comparisons=[declared])
    (one, _) = summed(study, rows(study))["tests"]
    assert (one["test"], one["p"], one["sizes"], one["note"]) == (declared["test"], None, [3, 3], "is made no more")


@pytest.mark.parametrize("how", ["mean", "sum", "first"])
@pytest.mark.parametrize("count", [2**53 + 1, 10**38, 10**400])
def test_figures_are_finite_however_large_counts_are(summed, how, count):
    study = design(across_outputs=how, measures=MEASURES[:3])
    found = rows(study, failing=9)
    words = json.dumps({"circuits-valid": {"value": str(count)}})
    more = [{**row, "circuits-valid": None, "inexact": words, "output": output} for row in found for output in (0, 1)]
    (every,) = summed(study, more)["numbers"]["circuits-valid"]["paper"]["all"]
    assert every["mean"] == float(min(count * (2 if how == "sum" else 1), sys.float_info.max))


def test_a_statistic_without_bound_is_none(summed):
    study = design()
    summary = summed(study, [{**row, "one-minimal-alignment": row["hidden"] == "3-3"} for row in rows(study)])
    fisher = summary["tests"][-1]
    assert (fisher["statistic"], fisher["p"] < 1, fisher["effect"]) == (None, True, 1)
