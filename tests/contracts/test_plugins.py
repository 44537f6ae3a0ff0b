"""The distributions of this repository: one version, all in the extra `all`, none needed by the core."""

from __future__ import annotations

import re
import tomllib

import pytest

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.plugins import CORE, GROUPS, brought, failures, plugins
from tests.checkout import ROOT

PROJECTS = {path.parent.name: tomllib.loads(path.read_text()) for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))}
OURS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_every_distribution_has_one_version_and_needs_the_others_at_it():
    assert PROJECTS
    assert OURS["version"] == ENGINE_VERSION
    for name, project in PROJECTS.items():
        assert (project["project"]["name"], project["project"]["version"]) == (f"{CORE}-{name}", ENGINE_VERSION)
        ours = [one for one in project["project"]["dependencies"] if one.startswith(CORE)]
        assert f"{CORE}=={ENGINE_VERSION}" in ours
        assert all(one.endswith(f"=={ENGINE_VERSION}") for one in ours)


def test_the_extra_all_is_all_and_the_core_needs_none():
    assert OURS["optional-dependencies"]["all"] == [
        f"{CORE}[onnx,parquet,pdf]",
        *(f"{CORE}-{name}" for name in PROJECTS),
    ]
    assert not [one for one in OURS["dependencies"] if one.startswith(CORE)]


@pytest.mark.parametrize("name", PROJECTS)
def test_each_has_what_a_distribution_has(name):
    folder = ROOT / "plugins" / name
    assert {"CHANGELOG.md", "pyproject.toml", "tests", f"{CORE}_{name}"} <= {path.name for path in folder.iterdir()}
    assert f"| `{CORE}-{name}` |" in (ROOT / "docs" / "adding.md").read_text()


@pytest.mark.slow
def test_each_is_installed_as_its_project_says_and_can_be_loaded():
    """If this fails, ``./run`` has not been called since a project changed."""
    known = {plugin.name: plugin for plugin in plugins()}
    for name, project in PROJECTS.items():
        groups = project["project"].get("entry-points", {})
        plugin = known[f"{CORE}-{name}"]
        assert plugin.brings == {group.removeprefix(f"{CORE}."): entries for group, entries in groups.items()}
    for group in GROUPS:
        brought(group)
    assert failures() == ()


def test_the_document_has_every_group():
    table = (ROOT / "docs" / "adding.md").read_text().split("| Group |")[1].split("\n\n")[0]
    assert {
        name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall("`(.*?)`", row)
    } == {*GROUPS}
