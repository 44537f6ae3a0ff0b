"""Imports go one way: no circle among modules, and none among rooms, imports inside functions included.

A room is a folder directly below a package, or a module that stands there by itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

from pluriscope.analysis.plugins import entries
from tests.checkout import ROOT

ENGINE, APPLICATION = "pluriscope.analysis", "pluriscope.app"
OF_A_SERVER = {"sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn"}
MOST_FLOORS = 11
"""Folders of the engine that stand on each other, at most: nine, on those of questions and of values."""


def room(module: str) -> str:
    return ".".join(module.split(".")[: 3 if module.startswith((f"{ENGINE}.", f"{APPLICATION}.")) else 2])


def rooms_of(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """Rooms, each with those that it imports from."""
    rooms: dict[str, set[str]] = {}
    for module, imported in imports.items():
        rooms.setdefault(room(module), set()).update(room(one) for one in imported if room(one) != room(module))
    return rooms


@pytest.fixture(scope="module")
def everything() -> dict[str, set[str]]:
    """Modules, each with what it imports, inside functions and of other packages included."""
    graph = grimp.build_graph("pluriscope", include_external_packages=True)
    return {one: graph.find_modules_directly_imported_by(one) for one in graph.modules if one.startswith("pluriscope")}


@pytest.fixture(scope="module")
def imports(everything) -> dict[str, set[str]]:
    """Modules of the engine, the application and the library, each with those of them that it imports."""
    return {one: {other for other in found if other in everything} for one, found in everything.items()}


def floor(module: str) -> int:
    """0 for the engine, 1 for the library, which people import, 2 for the application and ``python -m pluriscope``."""
    return 0 if within(module, ENGINE) else 2 if within(module, APPLICATION) or module.endswith("__main__") else 1


def within(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def test_the_engine_knows_no_library_and_the_library_no_application(everything) -> None:
    floors = {floor(one) for one in everything}
    assert floors == {0, 1, 2}
    for one, imported in everything.items():
        assert not [other for other in imported if within(other, "pluriscope") and floor(other) > floor(one)], one
        assert floor(one) == 2 or not imported & OF_A_SERVER, one


def test_the_core_imports_no_plugin_and_a_plugin_those_that_its_project_names() -> None:
    named = {"pluriscope": {"pluriscope"}}
    for path in ROOT.glob("plugins/*/pyproject.toml"):
        package = f"pluriscope_{path.parent.name}"
        needs = tomllib.loads(path.read_text())["project"]["dependencies"]
        named[package] = {package, *(re.split("[<>=~ ]", one)[0].replace("-", "_") for one in needs)}
    graph = grimp.build_graph(*named)
    imports = {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}
    for one, imported in imports.items():
        assert [other for other in imported if other.split(".")[0] not in named[one.split(".")[0]]] == [], one
    assert set(in_order(imports)) == graph.modules


def test_tests_of_the_core_import_no_plugin() -> None:
    """But by :mod:`tests.of_plugins`, where one is in use; those in a browser visit all that is installed."""
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^\s*(from|import) (plugins\.|pluriscope_)", path.read_text(), re.MULTILINE)
    }
    assert {one for one in found if not one.startswith("tests/browser/")} == set()


RECORDS = (
    "analyses",
    "criteria",
    "edits",
    "explanations",
    "jobs",
    "lenses",
    "lessons",
    "methods",
    "subjects",
    "vocabularies",
)
FIRST = sorted({path.partition(":")[0] for group in RECORDS for _, path in entries(group).values()})


ONE_AFTER_THE_OTHER = """
import os, sys, traceback

def load(module):
    __import__(module)
    from pluriscope.analysis.plugins import brought, failures
    for group in GROUPS:
        brought(group)
    return failures()

for module in sys.argv[1:]:
    load(module)  # and with it all that is not ours
for module in sys.argv[1:]:
    if not os.fork():
        for name in [name for name in sys.modules if name.startswith("pluriscope")]:
            del sys.modules[name]
        try:
            print(module, *load(module), flush=True)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.wait()
"""


@pytest.mark.slow
def test_what_a_plugin_brings_is_there_whichever_module_is_imported_first() -> None:
    """A record is made of what its registry does not have to be there for."""
    program = ONE_AFTER_THE_OTHER.replace("GROUPS", repr(RECORDS))
    done = subprocess.run([sys.executable, "-c", program, *FIRST], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, FIRST, "")


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
    rooms = rooms_of({module: found for module, found in imports.items() if module.startswith(f"{ENGINE}.")})
    below: dict[str, tuple[str, ...]] = {}
    for one in in_order(rooms):
        longest = max((below[other] for other in rooms.get(one, ()) if other in below), key=len, default=())
        below[one] = (
            (*longest, one) if one != ENGINE and any(module.startswith(f"{one}.") for module in imports) else longest
        )
    chain = max(below.values(), key=len)
    assert 1 < len(chain) <= MOST_FLOORS, " < ".join(chain)
