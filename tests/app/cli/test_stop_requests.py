"""A command that reports its progress stops when it is asked to, wherever the signal finds it."""

from __future__ import annotations

import os
import signal
import weakref

import pytest

from analysis.progress import Progress
from app.cli.terminal import progress_bar


class _Anything:
    pass


@pytest.fixture(autouse=True)
def heard():
    """What a shell starts in the background ignores SIGINT, and so would these tests there."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("quiet", [False, True])
def test_a_request_whose_exception_python_discards_stops_at_the_next_report(number, quiet):
    before, steps = signal.getsignal(number), []
    with pytest.raises(KeyboardInterrupt), progress_bar(quiet) as report:  # noqa: PT012
        report(Progress("pages", 0, 2))
        watched = _Anything()
        _watch = weakref.ref(watched, lambda _: os.kill(os.getpid(), number))
        del watched  # the handler's exception is raised in the callback of the weak reference, and discarded there
        steps.append("discarded")
        report(Progress("pages", 1, 2))
        steps.append("never reached")
    assert steps == ["discarded"]
    assert signal.getsignal(number) is before


def test_a_request_stops_at_once_where_nothing_discards_it():
    with pytest.raises(KeyboardInterrupt), progress_bar(quiet=True):
        signal.raise_signal(signal.SIGTERM)


def test_a_request_that_is_ignored_on_purpose_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with progress_bar(quiet=True) as report:
            signal.raise_signal(signal.SIGINT)
            report(Progress("pages", 1, 2))
    finally:
        signal.signal(signal.SIGINT, before)
