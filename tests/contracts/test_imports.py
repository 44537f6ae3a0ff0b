"""Imports go one way: no circle among modules, and none among rooms, imports inside functions included.

A room is a folder directly below a package, or a module that stands there by itself.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

PACKAGES = ("analysis", "app", "pluriscope")
MOST_FLOORS = 9
"""Folders of the engine that stand on each other, at most; modules beside them count with what they import."""


def imports_of(*packages: str) -> dict[str, set[str]]:
    """Each module of some packages with those of them that it imports, inside functions included."""
    graph = grimp.build_graph(*packages)
    return {one: graph.find_modules_directly_imported_by(one) & graph.modules for one in graph.modules}


def room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def rooms_of(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """Each room with those that it imports from."""
    rooms: dict[str, set[str]] = {}
    for module, imported in imports.items():
        rooms.setdefault(room(module), set()).update(room(one) for one in imported if room(one) != room(module))
    return rooms


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


def test_the_engine_has_few_floors(imports) -> None:
    rooms = rooms_of({module: found for module, found in imports.items() if room(module).startswith("analysis.")})
    below: dict[str, tuple[str, ...]] = {}
    for one in in_order(rooms):
        longest = max((below[other] for other in rooms.get(one, ()) if other in below), key=len, default=())
        below[one] = (*longest, one) if any(module.startswith(f"{one}.") for module in imports) else longest
    chain = max(below.values(), key=len)
    assert 1 < len(chain) <= MOST_FLOORS, " < ".join(chain)
