"""Several processes count what one counts; they end with whoever started them, and what they cannot count is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from analysis.checkpoints import PackedCheckpoints
from analysis.circuits import strategy
from analysis.circuits.counting_processes import CountingProcesses
from analysis.circuits.layered_states import CountableSpace
from analysis.circuits.strategy import count_circuits
from analysis.errors import BeyondLimits, Cancelled
from analysis.networks.network import Network
from analysis.question import ask
from analysis.work import Work
from tests.golden_files import golden_network

pytestmark = pytest.mark.slow


@pytest.fixture
def question(monkeypatch):
    """Of a network whose circuits are counted in a tenth of a second, for which others are started all the same."""
    monkeypatch.setattr(strategy, "_FOR_ONE_PROCESS", 0)
    file = golden_network("xor_4-4")
    return ask(file.network, task=file.tasks[0])


def children() -> set[int]:
    """Processes that this one has started and that have not ended."""
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_two_processes_count_what_one_counts(question):
    before = children()
    one, two = (count_circuits(question, n_draws=50, processes=n) for n in (1, 2))
    assert (one.count, one.distribution) == (two.count, two.distribution)
    assert np.array_equal(one.draws, two.draws)
    assert children() == before


def test_a_small_space_starts_none(question, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(strategy, "CountingProcesses", None)
    assert count_circuits(question, processes=2).count == 72_005


def test_cancelling_ends_them(question):
    before, seen = children(), set()

    def stop(progress):
        seen.update(children() - before)
        if progress.done:
            raise Cancelled("circuits")

    with pytest.raises(Cancelled):
        count_circuits(question, Work(report=stop), processes=2)
    assert len(seen) == 2
    assert children() == before


@pytest.mark.parametrize(("first", "then"), [(2, 1), (1, 2)])
def test_a_count_that_was_stopped_goes_on_with_another_number_of_processes(question, first, then):
    whole, known = count_circuits(question, n_draws=50), {}

    def stop(progress):
        if progress.done > whole.possible // 2:
            raise Cancelled("circuits")

    def work(**told):
        return Work(
            checkpoints=PackedCheckpoints(dict(known), lambda part: known.update({part.key: part.data})), **told
        )

    with pytest.raises(Cancelled):
        count_circuits(question, work(report=stop), processes=first)
    assert known, "nothing was kept"
    found = count_circuits(question, work(), n_draws=50, processes=then)
    assert (found.count, found.distribution) == (whole.count, whole.distribution)
    assert np.array_equal(found.draws, whole.draws)


def test_what_cannot_be_counted_is_said_as_by_one_process(monkeypatch):
    monkeypatch.setattr(strategy, "_FOR_ONE_PROCESS", 0)
    weights = [np.full((o, i), 1e97) for i, o in pairwise((2, 2, 2, 1))]
    network = Network.from_arrays(weights, [np.zeros(len(matrix)) for matrix in weights])
    for processes in (1, 2):
        with pytest.raises(BeyondLimits, match="adds more than"):
            count_circuits(ask(network), processes=processes)


def test_one_that_is_killed_is_no_silent_loss(question):
    before = children()
    with CountingProcesses(question, 2) as counting:
        for pid in children() - before:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(ChildProcessError, match=r"ended too early, with status -9"):
            counting.begin_tallying([states for states, _ in CountableSpace.of(question).pieces()])()
    assert children() == before


def test_they_end_when_their_program_is_killed():
    script = """
import time
from analysis.circuits.counting_processes import CountingProcesses
from analysis.question import ask
from tests.golden_files import golden_network

file = golden_network("xor_4-4")
with CountingProcesses(ask(file.network, task=file.tasks[0]), 2):
    print("started", flush=True)
    time.sleep(600)
"""
    program = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.readline()
    started = [int(pid) for pid in Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()]
    assert len(started) == 2
    assert all(map(is_alive, started))
    program.kill()
    program.wait()
    program.stdout.close()
    late = time.monotonic() + 60
    while any(map(is_alive, started)) and time.monotonic() < late:
        time.sleep(0.05)
    assert not any(map(is_alive, started))
