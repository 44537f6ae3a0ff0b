"""Plain wheel: what it brings along, so that documents can be run as if nothing else were installed."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement

SITE = """
import os, sys
from importlib.machinery import PathFinder
class Missing(PathFinder):
    names, finders = {*os.environ["TESTS_MISSING"].split()}, [*sys.meta_path]
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] not in cls.names:
            return next((spec for one in cls.finders if (spec := one.find_spec(name, path, target))), None)
    @classmethod
    def find_distributions(cls, *arguments, **options):
        every = super().find_distributions(*arguments, **options)
        return (one for one in every if one.name.replace("-", "_") not in cls.names)
sys.meta_path[:] = [Missing]
"""
"""For ``sitecustomize.py``, which each process of Python runs first."""


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(requirements: list[str]) -> set[str]:
    """The distributions that pip installs for some, as far as they are here."""
    found, left = set(), [(plain(one.name), frozenset(one.extras)) for one in map(Requirement, requirements)]
    while left:
        name, extras = one = left.pop()
        if one in found:
            continue
        found.add(one)
        try:
            inner = [*map(Requirement, requires(name) or [])]
        except PackageNotFoundError:
            continue
        wanted = [r for r in inner if r.marker is None or any(r.marker.evaluate({"extra": e}) for e in extras or {""})]
        left += [(plain(r.name), frozenset(r.extras)) for r in wanted]
    return {name for name, _ in found}


def missing(text: str) -> set[str]:
    """The modules that a reader of a text lacks: all that come neither with the core nor with what it says to install.

    It says so by ``pip install NAME``, perhaps with extras, by a wheel's file, or by “the extra `NAME`”, of the core.
    """
    words = " ".join(re.findall(r"pip install ([^`\n#]+)", text))
    named = re.findall(r"(?<![\w/.-])([A-Za-z][\w.-]*?)(?:-\d[\w.-]*\.whl)?(?:\[([\w,-]+)\])?(?![\w.-])", words)
    named += [("pluriscope", extra) for extra in re.findall(r"the extra `([\w-]+)`", text)]
    owners = {module: {*map(plain, names)} for module, names in packages_distributions().items()}
    known = {name for names in owners.values() for name in names}
    there = closure(["pluriscope", *(f"{name}[{extras}]" for name, extras in named if plain(name) in known)])
    return {module for module, names in owners.items() if not names & there}


def site(folder: Path) -> Path:
    """A folder for PYTHONPATH in which processes lack what ``TESTS_MISSING`` names."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITE)
    return folder
