"""What the wheel brings along, so that documents can be run as if nothing else were installed."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement

from tests.checkout import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SITE = """
import os, sys
from importlib.machinery import PathFinder
class Missing(PathFinder):
    names = {*os.environ["TESTS_MISSING"].split()}
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in cls.names else super().find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = Missing
"""
"""For ``sitecustomize.py``, which each process of Python runs first."""


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(requirements: list[str]) -> set[str]:
    """The distributions that pip installs for some, as far as they are here."""
    found, left = set(), list(map(Requirement, requirements))
    while left:
        one = left.pop()
        if plain(one.name) not in found:
            found.add(plain(one.name))
            try:
                inner = map(Requirement, requires(one.name) or [])
            except PackageNotFoundError:
                continue
            extras = one.extras or {""}
            left += [r for r in inner if r.marker is None or any(r.marker.evaluate({"extra": e}) for e in extras)]
    return found


def missing(text: str) -> set[str]:
    """The modules that a reader of a text lacks: all that come neither with the wheel nor with what it says to install.

    It says so by ``pip install NAME``, by an extra in such a line, or by “the extra `NAME`”.
    """
    words = " ".join(re.findall(r"pip install ([^`\n]+)", text))
    extras = [*re.findall(r"\[([\w-]+)\]", words), *re.findall(r"the extra `([\w-]+)`", text)]
    named = {plain(word) for word in re.findall(r"[\w.-]+", words)}
    owners = {module: {*map(plain, names)} for module, names in packages_distributions().items()}
    named &= {name for names in owners.values() for name in names}
    offered = PROJECT["optional-dependencies"]
    there = closure([*PROJECT["dependencies"], *named, *(one for extra in extras for one in offered[extra])])
    return {module for module, names in owners.items() if not names & {*there, "pluriscope"}}


def site(folder: Path) -> Path:
    """A folder for PYTHONPATH in which processes lack what ``TESTS_MISSING`` names."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITE)
    return folder
