"""Lines of the log: one each, with the id of what they are about, and none forged."""

from __future__ import annotations

import logging
import sys
import threading
from contextvars import copy_context

import pytest

from pluriscope.app.logs import TextLines, about, subject


def record(message: str, *values: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("pluriscope.test", logging.INFO, __file__, 1, message, values, None)
    vars(made).update(fields)
    return made


def test_no_value_can_begin_a_line_of_its_own():
    forged = "a\n2026-01-01T00:00:00.000Z ERROR forged"
    with about(request="r1"):
        line = TextLines().format(record("%s", forged))
    assert "\n" not in line
    assert line.endswith("forged request=r1")


def test_threads_that_work_for_a_request_know_it():
    seen = []
    with about(request="r1"):
        context = copy_context()
    thread = threading.Thread(target=context.run, args=(lambda: seen.append(subject()["request"]),))
    thread.start()
    thread.join()
    assert seen == ["r1"]


@pytest.mark.parametrize("logger", ["pluriscope.web", "uvicorn.error", "pluriscope.jobs"])
def test_a_traceback_of_a_request_has_no_values(logger):
    """The server's own line comes when the request's id is forgotten; words of a job's error help whoever mends it."""

    def failed(given):
        try:
            raise KeyError(given)
        except KeyError as cause:
            raise ValueError(f"of {given}") from cause

    made, secret = record("failed"), "a value"
    try:
        failed(secret)
    except ValueError:
        made.exc_info, made.name = sys.exc_info(), logger
    about_it = {"request": "r1"} if logger == "pluriscope.web" else {"job": "j1"}
    with about(**about_it):
        written = TextLines().format(made)
    assert "ValueError" in written
    assert 'test_logs.py", line' in written
    assert (secret in written) is (logger == "pluriscope.jobs")
