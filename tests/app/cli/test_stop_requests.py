"""A command that reports its progress stops when it is asked to."""

from __future__ import annotations

import signal

import pytest

from app.cli.terminal import progress_bar


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_stops_at_once(number):
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)  # as what a shell starts in the background does
    before = signal.getsignal(number)
    try:
        with pytest.raises(KeyboardInterrupt), progress_bar(quiet=True):
            signal.raise_signal(number)
        assert signal.getsignal(number) is before
    finally:
        signal.signal(signal.SIGINT, ignored)
