"""Several processes count what one counts; they end with whoever started them, and what they cannot count is said."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from analysis.circuits import strategy
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


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_two_processes_count_what_one_counts(question):
    one, two = (count_circuits(question, n_draws=50, processes=n) for n in (1, 2))
    assert (one.count, one.distribution) == (two.count, two.distribution)
    assert np.array_equal(one.draws, two.draws)
    assert not multiprocessing.active_children()


def test_a_small_space_starts_none(question, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(strategy, "ProcessPoolExecutor", None)
    assert count_circuits(question, processes=2).count == 72_005


def test_cancelling_ends_them(question):
    seen = []

    def stop(progress):
        if progress.done:
            seen.extend(multiprocessing.active_children())
            raise Cancelled("circuits")

    with pytest.raises(Cancelled):
        count_circuits(question, Work(report=stop), processes=2)
    assert len(seen) == 2
    assert not multiprocessing.active_children()


def test_what_cannot_be_counted_is_said_as_by_one_process(monkeypatch):
    monkeypatch.setattr(strategy, "_FOR_ONE_PROCESS", 0)
    weights = [np.full((o, i), 1e97) for i, o in pairwise((2, 2, 2, 1))]
    network = Network.from_arrays(weights, [np.zeros(len(matrix)) for matrix in weights])
    for processes in (1, 2):
        with pytest.raises(BeyondLimits, match="adds more than"):
            count_circuits(ask(network), processes=processes)


def test_they_end_when_their_program_is_killed(tmp_path):
    script = """
import time
from analysis.circuits import strategy
from analysis.question import ask
from analysis.work import Work
from tests.golden_files import golden_network


def rest(progress):
    if progress.done:
        print("started", flush=True)
        time.sleep(600)


if __name__ == "__main__":
    strategy._FOR_ONE_PROCESS = 0
    file = golden_network("xor_4-4")
    strategy.count_circuits(ask(file.network, task=file.tasks[0]), Work(report=rest), processes=2)
"""
    (tmp_path / "counting.py").write_text(script)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    program = subprocess.Popen([sys.executable, tmp_path / "counting.py"], env=environment, stdout=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.readline()
    started = [int(pid) for pid in Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()]
    assert len(started) >= 2
    assert all(map(is_alive, started))
    program.kill()
    program.wait()
    program.stdout.close()
    late = time.monotonic() + 60
    while any(map(is_alive, started)) and time.monotonic() < late:
        time.sleep(0.05)
    assert not any(map(is_alive, started))
