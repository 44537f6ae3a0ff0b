"""Finished parts: bytes that can only make values, and work that goes on behind them with the same result."""

import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.checkpoints import NO_CHECKPOINTS, Checkpoint, PackedCheckpoints, in_parts, once, pack, unpack
from analysis.circuits.search import search_circuits
from analysis.errors import Cancelled, InvalidCheckpoint
from analysis.limits import Limits
from analysis.pipeline import analyse_output
from analysis.protocol import COMPLETE, PAPER
from analysis.question import ask
from analysis.result_file import output_json
from analysis.work import Work
from tests.factories import pretrained_xor

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@pytest.mark.slow
@given(plain)
def test_plain_values_come_back_as_they_were(value):
    again = unpack(pack(value))
    assert repr(again) == repr(value)
    assert type(again) is type(value)


def test_arrays_and_records_come_back_to_the_last_bit():
    file = pretrained_xor()
    found = search_circuits(ask(file.network, task=file.tasks[0]))
    again = unpack(pack({"found": found, "odd": np.float64(np.nan), "big": 10**60, "set": frozenset({3, 1})}))
    for name in ("masks", "outputs", "margins"):
        np.testing.assert_array_equal(getattr(again["found"], name), getattr(found, name))
        assert getattr(again["found"], name).dtype == getattr(found, name).dtype
    assert (again["found"].possible, again["found"].count, again["big"]) == (9625, 197, 10**60)
    assert again["set"] == {1, 3}


@pytest.mark.parametrize(
    "told",
    [
        ["record", "os:path", []],
        ["record", "subprocess:Popen", [["list", ["true"]]]],
        ["record", "analysis.checkpoints:pack", [1]],
        ["record", "analysis.nothing:Here", []],
        ["array", "|O", [1]],
        ["array", "<f8", [10**9]],
        ["surprise", []],
        5.5,
    ],
)
def test_nothing_but_values_can_be_read(told):
    text = json.dumps(told).encode()
    data = zlib.compress(len(text).to_bytes(8, "little") + text + b"\0")
    with pytest.raises(InvalidCheckpoint):
        unpack(data)


@pytest.mark.parametrize("data", [b"", b"nonsense", zlib.compress(b"\xff" * 20)])
def test_spoiled_bytes_are_refused_and_found_again(data):
    with pytest.raises(InvalidCheckpoint):
        unpack(data)
    assert once(PackedCheckpoints({"x": data}, lambda _: None), "x", lambda: 7) == 7


def test_what_cannot_be_told_cannot_be_kept():
    with pytest.raises(InvalidCheckpoint, match="cannot hold a"):
        pack([object()])


class Stopping:
    """Keeps every part that is handed over, and cancels after so many reports."""

    def __init__(self, known: dict[str, bytes], reports: int) -> None:
        self.kept, self.left = dict(known), reports
        self.recalled = PackedCheckpoints(known, self._take)

    def _take(self, checkpoint: Checkpoint) -> None:
        self.kept[checkpoint.key] = checkpoint.data

    def report(self, _progress) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled("test")


def analyse(protocol, checkpoints=NO_CHECKPOINTS, report=lambda _: None, limits=None):
    file = pretrained_xor()
    return analyse_output(
        ask(file.network, task=file.tasks[0], protocol=protocol),
        Work(report=report, checkpoints=checkpoints, limits=limits or Limits()),
    )


@pytest.mark.parametrize(
    "protocol", [pytest.param(COMPLETE, marks=pytest.mark.slow, id="complete"), pytest.param(PAPER, id="paper")]
)
def test_an_analysis_that_is_stopped_again_and_again_ends_as_if_it_never_was(protocol, monkeypatch):
    monkeypatch.setattr("analysis.circuits.last_layer._VALUES_AT_ONCE", 1 << 9)  # many pieces
    monkeypatch.setattr("analysis.interpretations.counting._CIRCUITS_AT_ONCE", 16)
    monkeypatch.setattr("analysis.alignments.search._ALGORITHMS_AT_ONCE", 8)
    whole = output_json(analyse(protocol))
    known: dict[str, bytes] = {}
    patience = 12
    for _ in range(400):
        stopping = Stopping(known, patience + len(known))  # what is recalled reports as well
        try:
            found = analyse(protocol, stopping.recalled, stopping.report)
        except Cancelled:
            if stopping.kept.keys() == known.keys():
                patience *= 2  # what keeps nothing must be done in one go
            known = stopping.kept
        else:
            break
    assert {key.split("/")[0] for key in known} == {"circuits", "interpretations", "alignments"}
    assert len(known) > 5, "nothing was interrupted: the test has proved nothing"
    again = output_json(found)
    assert again == whole


@pytest.mark.slow
@given(st.lists(st.lists(st.booleans(), min_size=9, max_size=9), min_size=1, max_size=4), st.sets(st.integers(0, 9)))
def test_pieces_come_in_order_whatever_was_kept_and_wherever_work_was_stopped(dues, lost):
    n_pieces, known, called = 9, {}, []

    class Kept:
        def __init__(self, due):
            self.due_at = iter(due)

        def recall(self, key):
            return known.get(key)

        def due(self):
            return next(self.due_at)

        def keep(self, key, value):
            if int(key) not in lost:  # as where the database was busy
                known[key] = value

    def piece(number):
        called.append(number)
        return number

    for attempt, due in enumerate(dues):
        until = n_pieces if attempt == len(dues) - 1 else 2 + 3 * attempt
        pieces = ((lambda number=number: piece(number)) for number in range(n_pieces))
        called.clear()
        before = {one for part in known.values() for one in map(int, part)}
        found = [
            int(value)
            for value, _ in zip(in_parts(pieces, Kept(due), written=str, read=int), range(until), strict=False)
        ]
        assert found == list(range(until))
        assert not before & set(called)
