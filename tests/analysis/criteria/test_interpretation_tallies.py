"""Counts of interpretations where a limit or the end of the time stops one criterion among several."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.criteria.interpretation_tallies import COSTLY, CountingReadings
from analysis.criteria.steps import parse_steps
from analysis.network_files.files import parse_network_file
from analysis.networks.circuit import mask_array
from analysis.progress import OutOfTime
from analysis.question import ask
from analysis.work import DEFAULT_WORK, Work
from tests.checkout import ROOT

CASES = {  # a random network of an admitted shape, the output, a circuit on which one criterion stops at a limit
    "shape_2-8-6-6-1": (0, 0x120040001400000000800804080),
    "shape_3-1-7-7-5-3": (1, 0x7D00DC1A46C0CE0104801BB7F),
}


def counting(name: str) -> CountingReadings:
    output, mask = CASES[name]
    file = parse_network_file(Path(ROOT, "tests/fixtures/faults", f"{name}.json").read_bytes())
    question = ask(file.network.for_output(output), task=file.tasks[output])
    masks = mask_array([mask, mask], question.layout)
    return CountingReadings(question, masks, [0, 0], [0, 0], parse_steps(COSTLY))


@pytest.mark.parametrize("name", CASES)
def test_a_limit_of_one_criterion_leaves_as_many_cells_for_all(name: str) -> None:
    counts = counting(name)
    counts.advance(DEFAULT_WORK)
    assert "the limit is 64" in counts.note
    for found in counts.found().values():
        assert len(found) == 2
        assert all(one.undecided == one.total > 0 for one in found)


def test_where_the_time_ends_amid_the_criteria_the_circuit_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = counting("shape_2-8-6-6-1")
    representatives = counts._representatives

    def late(reading, key):
        if key == COSTLY[1]:
            raise OutOfTime("criteria")
        return representatives(reading, key)

    monkeypatch.setattr(counts, "_representatives", late)
    with pytest.raises(OutOfTime):
        counts.advance(Work())
    for found in counts.found().values():
        assert len(found) == 2
        assert all(one.undecided == one.total for one in found)
