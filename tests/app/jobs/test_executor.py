"""A process that took much memory computes nothing else; one that did not is kept."""

from __future__ import annotations

from contextlib import closing
from functools import partial

import pytest

from app.jobs.executor import Finished, ProcessExecutor
from tests.app.jobs.computations import process_after


@pytest.mark.slow
def test_a_process_that_holds_much_ends_with_its_computation():
    with closing(ProcessExecutor()) as executor:
        processes = []
        for n_bytes in (1, 1, 300 << 20, 1):
            executor.start(partial(process_after, n_bytes), lambda _: None)
            while (found := executor.wait(10)) is None:
                pass
            assert isinstance(found, Finished)
            processes.append(found.outcome)
    first, second, third, last = processes
    assert first == second == third != last
