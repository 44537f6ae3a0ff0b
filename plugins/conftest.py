"""Tests of plugins have the fixtures of the application's tests."""

from tests.app.cli.conftest import data_folder  # noqa: F401
from tests.app.conftest import (  # noqa: F401
    _a_page_takes_its_time,
    _one_event_loop,
    _reading_writes_nothing,
    _statements_are_compiled_once,
    store,
)
