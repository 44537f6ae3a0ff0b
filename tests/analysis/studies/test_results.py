import gzip
import json

import pytest

from analysis.errors import InvalidStudy
from analysis.studies.cells import cells_of
from analysis.studies.measures.measure import Measured
from analysis.studies.outcome import network_of_outcome
from analysis.studies.result_file import StudyResults, read_results, result_bytes
from analysis.studies.summary import Record, StudySummary
from tests.study_factories import design, results


def summary_of(known: StudyResults) -> StudySummary:
    position = {cell.key: place for place, cell in enumerate(cells_of(known.design))}
    records = [Record(position[o.cell], o.seed, o.state, o.network, o.figures) for o in known.outcomes]
    return StudySummary(known.design, records)


def test_a_result_file_comes_back_as_it_was_written():
    known = results()
    raw = result_bytes(known)
    again = read_results(raw)
    assert again.design == known.design
    assert again.content == known.content
    assert again.complete
    assert result_bytes(again) == raw
    cells = {cell.key: cell for cell in cells_of(known.design)}
    for outcome in again.outcomes:
        assert network_of_outcome(cells[outcome.cell], outcome).digest == outcome.network


def test_a_file_whose_writer_was_stopped_is_read_up_to_there():
    text = gzip.decompress(result_bytes(results()))
    cut = read_results(text[:-30])
    assert len(cut.outcomes) == 7
    assert not cut.complete
    packed = result_bytes(results())
    assert len(read_results(packed + gzip.compress(b"{")[:-6]).outcomes) == 8


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [],
        lambda lines: [b"{}\n", *lines[1:]],
        lambda lines: [lines[0], b"[]\n"],
        lambda lines: [lines[0], lines[1].replace(b'"seed":0', b'"seed":99')],
        lambda lines: [lines[0], lines[1].replace(b'"cell":"', b'"cell":"x')],
        lambda lines: [lines[0], lines[1].replace(b'"complete":[{', b'"complete":[[],{')],
        lambda lines: [lines[0], lines[1].replace(b'"complete":[{', b'"complete":0,"paper":[{')],
        lambda lines: [lines[0].replace(b'"digest":"', b'"digest":"0'), *lines[1:]],
        lambda lines: [lines[0].replace(b'"loss_target":[0.01]', b'"loss_target":[-1]')],
    ],
)
def test_a_file_that_is_none_is_refused(damage):
    lines = gzip.decompress(result_bytes(results())).splitlines(keepends=True)
    with pytest.raises(InvalidStudy):
        read_results(b"".join(damage(lines)))


def test_values_keep_what_is_said_of_them():
    for told in (
        Measured(3),
        Measured(True),
        Measured(None, note="none"),
        Measured(2.5, 1.0, 4.0),
        Measured(("a", "b")),
    ):
        assert Measured.from_json(json.loads(json.dumps(told.as_json()))) == told
    assert Measured(7).as_json() == 7
    assert not Measured(7, truncated_at=7).exact


def test_failed_networks_are_counted_and_have_no_value():
    summary = summary_of(results(failing=2))
    for group in summary.groups("circuits-valid", "complete"):
        assert (group.of, group.failed, len(group.points)) == (4, 2, 2)
        assert group.spread.n == 2
    answers = summary.groups("one-minimal-alignment", "complete")[0]
    assert (answers.yes.hits, answers.yes.of) == (2, 2)


def test_groups_ladders_and_tests_of_a_study():
    summary = summary_of(results())
    narrow, wide = summary.groups("circuits-valid", "paper")
    assert [narrow.numbers, wide.numbers] == [[0, 1, 2], [10, 11, 12]]
    assert summary.groups("circuits-valid", "paper", where={"hidden": "3-3"})[0].numbers == [10, 11, 12]
    assert summary.groups("interpretations-total", "complete")[1].bounded == 1
    assert summary.groups("irredundant-formulas", "complete")[0].categories == {"A ∧ B": 3, "A ∨ B": 1}
    tests = summary.tests()
    assert [result.test for _, _, result in tests] == ["mann-whitney", "mann-whitney", "wilcoxon", "fisher"]
    assert tests[0][2].effect == -1
    assert tests[2][2].p == 1.0  # both protocols have the same values here


def test_several_outputs_of_a_network_become_one_value_as_the_design_says():
    def told(how):
        study = design(across_outputs=how)
        figures = {"complete": [{"circuits-valid": 2}, {"circuits-valid": {"value": 4, "truncated_at": 4}}]}
        summary = StudySummary(study, [Record(0, 0, "converged", "ab", figures), Record(0, 1, "converged", "cd", {})])
        return summary.groups("circuits-valid", "complete")[0]

    assert [told(how).points[0].value for how in ("mean", "sum", "first")] == [3, 6, 2]
    assert not told("mean").points[0].exact
    assert told("first").points[0].exact
    assert told("mean").silent == 1
