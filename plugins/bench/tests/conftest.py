"""Processes that begin with what this one has imported, for tests of what they are given and answer."""

import pytest

from plugins.bench.tests.suites import begin_here


@pytest.fixture
def forked(monkeypatch):
    begin_here(monkeypatch)
