"""Processes that begin with what another one has imported, for tests of what they are given and answer."""

import pytest

from plugins.bench.tests.suites import prepare_processes


@pytest.fixture
def prepared(monkeypatch):
    prepare_processes(monkeypatch)
