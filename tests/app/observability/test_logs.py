"""Lines of the log: one each, in the form asked for, with the id of what they are about, and none forged."""

from __future__ import annotations

import json
import logging
import threading
from contextvars import copy_context

from app.logs import JsonLines, TextLines, about, subject


def record(message: str, *values: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("pluriscope.test", logging.INFO, __file__, 1, message, values, None)
    vars(made).update(fields)
    return made


def test_a_line_of_json_says_what_it_is_about_and_has_its_own_fields():
    with about(request="r1", page="/networks/x"), about(job="j1"):
        line = json.loads(JsonLines().format(record("took %d", 3, ms=3.5)))
    assert line["message"] == "took 3"
    assert (line["request"], line["page"], line["job"], line["ms"]) == ("r1", "/networks/x", "j1", 3.5)
    assert (line["level"], line["logger"]) == ("info", "pluriscope.test")
    assert line["time"].endswith("Z")
    assert subject() == {}


def test_no_value_can_begin_a_line_of_its_own():
    forged = "a\n2026-01-01T00:00:00.000Z ERROR forged"
    with about(request="r1"):
        assert "\n" not in TextLines().format(record("%s", forged))
        assert "\n" not in JsonLines().format(record("%s", forged))


def test_a_traceback_stays_within_its_object():
    try:
        raise ValueError("x")
    except ValueError as error:
        made = record("failed")
        made.exc_info = (type(error), error, error.__traceback__)
    assert "ValueError: x" in json.loads(JsonLines().format(made))["traceback"]


def test_threads_that_work_for_a_request_know_it():
    seen = []
    with about(request="r1"):
        context = copy_context()
    thread = threading.Thread(target=context.run, args=(lambda: seen.append(subject()["request"]),))
    thread.start()
    thread.join()
    assert seen == ["r1"]
