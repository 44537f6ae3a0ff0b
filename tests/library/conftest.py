"""Result, and server that has it: both made once, and never changed by a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

import pluriscope
from pluriscope.app.db.engine import Store
from pluriscope.library.result import Result
from tests.factories import pretrained_xor, temporary_store
from tests.serving import Served, served_xor


@pytest.fixture(scope="session")
def xor() -> Result:
    """The pretrained XOR network, explained in this process."""
    return pluriscope.explain(pretrained_xor())


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    """An empty store."""
    with closing(temporary_store(tmp_path)) as opened:
        yield opened


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[Served]:
    """A server that holds the analysed XOR network."""
    with served_xor(tmp_path_factory.mktemp("served")) as server:
        yield server
