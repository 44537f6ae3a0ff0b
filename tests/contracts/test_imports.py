"""Imports go one way: no circle among modules, and none among rooms, imports inside functions included.

A room is a folder directly below a package, or a module that stands there by itself.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest

from tests.folders import PACKAGES, imports_of, layers, rooms_of, written_layers


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Each module of the engine, the application and the library with those that it imports."""
    return imports_of(*PACKAGES)


def in_order(imports: dict[str, set[str]]) -> list[str]:
    try:
        return list(TopologicalSorter(imports).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


def test_no_module_imports_itself_through_others(imports) -> None:
    assert set(in_order(imports)) == set(imports)


def test_no_room_imports_itself_through_others(imports) -> None:
    rooms = rooms_of(imports)
    assert len(in_order(rooms)) == len(rooms) > 40


def test_the_layers_of_the_engine_are_the_code() -> None:
    assert written_layers() == layers(), "write them anew: python -m tests.folders"
