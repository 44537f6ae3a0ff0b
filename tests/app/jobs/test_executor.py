"""A process that took much memory computes nothing else; one that did not is kept; one that is lost is told of."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from subprocess import Popen

import pytest

from pluriscope.analysis.errors import BeyondLimits
from pluriscope.processes import executor as executing
from pluriscope.processes.executor import Lost, ProcessExecutor
from pluriscope.processes.memory import LEAST, held
from tests.app.jobs.computations import count_up, process_after


def outcome_of(executor, compute):
    executor.start(compute, lambda _: None)
    while (found := executor.wait(10)) is None:
        pass
    return found.outcome


@pytest.mark.slow
def test_a_process_that_holds_much_ends_with_its_computation():
    with closing(ProcessExecutor(LEAST)) as executor:
        sizes = (1, 1, 300 << 20, 1)
        first, second, third, last = [outcome_of(executor, partial(process_after, n_bytes)) for n_bytes in sizes]
    assert first == second == third != last


@pytest.mark.slow
@pytest.mark.parametrize(("rises", "answer"), [(False, Lost), (True, BeyondLimits)])
def test_a_process_that_the_system_ended_for_want_of_memory_was_not_lost_by_chance(
    tmp_path, monkeypatch, rises, answer
):
    numbers = count(step=int(rises))
    monkeypatch.setattr(executing, "ended_by_system", lambda: next(numbers))
    marker = tmp_path / "deaths"
    marker.touch()
    with closing(ProcessExecutor(LEAST)) as executor, pytest.raises(answer):
        outcome_of(executor, partial(count_up, {"steps": 2, "marker": str(marker), "deaths": 1}))


def test_a_process_that_ends_while_its_memory_is_read_holds_nothing(monkeypatch):
    process = Popen(["sleep", "60"])

    def read_text(path: Path) -> str:
        with path.open() as file:
            process.kill()
            process.wait()
            return file.read()

    monkeypatch.setattr(Path, "read_text", read_text)
    assert held(process.pid) == 0
    assert process.poll() is not None
