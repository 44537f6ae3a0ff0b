"""Counts of interpretations where a limit or the end of the time stops one criterion among several."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from pluriscope.analysis.criteria.interpretation_tallies import COSTLY, CountingReadings
from pluriscope.analysis.criteria.steps import parse_steps
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.checkout import ROOT

LIMIT = BeyondLimits("circuit", "the limit is 64", "take another")


@pytest.mark.parametrize(("stop", "note"), [(OutOfTime("criteria"), ""), (LIMIT, "Not tried: the limit is 64.")])
def test_where_one_criterion_stops_the_circuit_is_undecided_for_all(
    monkeypatch: pytest.MonkeyPatch, stop: Exception, note: str
) -> None:
    file = parse_network_file(Path(ROOT, "tests/fixtures/faults/shape_2-8-6-6-1.json").read_bytes())
    question = ask(file.network.for_output(0), task=file.tasks[0])
    masks = mask_array([0x120040001400000000800804080] * 2, question.layout)
    counts = CountingReadings(question, masks, [0, 0], [0, 0], parse_steps(COSTLY))
    interchanged = counts._interchanged

    def late(looked, key):
        if key == COSTLY[1]:
            raise stop
        return interchanged(looked, key)

    monkeypatch.setattr(counts, "_interchanged", late)
    with nullcontext() if note else pytest.raises(OutOfTime):
        counts.advance(Work())
    assert counts.note == note
    for found in counts.found().values():
        assert len(found) == 2
        assert all(one.undecided == one.total for one in found)
