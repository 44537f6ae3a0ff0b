"""Plugins are found by their entry points; whatever is wrong with one is named, and the rest is used."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from pluriscope.analysis import plugins
from tests.plugin_files import look_again, write_plugin

ONE = """
class Lens:
    def __init__(self, key):
        self.key = key

ONE = Lens('one')
TWO = (ONE, Lens('two'))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of packages, the only one in which plugins are looked for."""
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    monkeypatch.delenv(plugins.VARIABLE, raising=False)
    monkeypatch.setattr(plugins, "_failures", {})
    look_again()
    yield tmp_path
    look_again()


def keys(group, *own):
    return [one.key for one in plugins.joined(group, own, lambda one: one.key)]


def test_a_registry_has_its_own_first_then_what_plugins_bring_by_their_names(folder):
    write_plugin(folder, "of-b", {"lenses": {"more": "tests_b:TWO"}}, {"tests_b.py": ONE})
    write_plugin(folder, "of-a", {"lenses": {"x": "tests_a:ONE"}}, {"tests_a.py": ONE.replace("'one'", "'first'")})
    assert keys("lenses", SimpleNamespace(key="ours")) == ["ours", "first", "one", "two"]
    assert [(one.name, one.version, one.summary, one.refused) for one in plugins.plugins()] == [
        ("of-a", "1.0", "Of a stranger", ""),
        ("of-b", "1.0", "Of a stranger", ""),
    ]
    assert keys("criteria") == []
    assert plugins.failures() == ()


@pytest.mark.parametrize(
    ("chosen", "used"), [("", ["of-a", "of-b"]), ("none", []), ("of-b", ["of-b"]), ("of-b, of-a", ["of-a", "of-b"])]
)
def test_the_environment_chooses(folder, monkeypatch, chosen, used):
    for name in ("of-a", "of-b"):
        write_plugin(folder, name, {"lenses": {name: "nowhere:ONE"}}, {})
    monkeypatch.setenv(plugins.VARIABLE, chosen)
    assert [one.name for one in plugins.plugins()] == used


@pytest.mark.parametrize(
    ("brings", "files", "needs", "cause"),
    [
        ({"lenses": {"x": "tests_bad:ONE"}}, {"tests_bad.py": "1 / 0"}, "pluriscope", "ZeroDivisionError"),
        ({"lenses": {"x": "tests_none:ONE"}}, {}, "pluriscope", "ModuleNotFoundError"),
        ({"lenses": {"x": "tests_odd:ONE"}}, {"tests_odd.py": "ONE = 1"}, "pluriscope", "int where a Lens is taken"),
        ({"lenses": {"x": "tests_key:ONE"}}, {"tests_key.py": "class Lens: 0\nONE = Lens()"}, "pluriscope", "'key'"),
        ({"lenses": {"x": "tests_exit:ONE"}}, {"tests_exit.py": "raise SystemExit"}, "pluriscope", "SystemExit"),
        (
            {"lenses": {"x": "tests_list:ONE"}},
            {"tests_list.py": ONE.replace("'one'", "[]")},
            "pluriscope",
            "unhashable",
        ),
        ({"lenses": {"x": "tests_ours:ONE"}}, {"tests_ours.py": ONE.replace("one", "ours")}, "pluriscope", "'ours'"),
        ({"lenses": {"x": "tests_old:ONE"}}, {"tests_old.py": ONE}, "pluriscope==0.1.0", "needs pluriscope==0.1.0"),
        ({"lanses": {"x": "tests_what:ONE"}}, {"tests_what.py": ONE}, "pluriscope", "unknown"),
    ],
)
def test_what_cannot_be_used_is_named_and_the_rest_is_used(folder, caplog, brings, files, needs, cause):
    write_plugin(folder, "of-bad", brings, files, needs)
    write_plugin(folder, "of-good", {"lenses": {"y": "tests_good:ONE"}}, {"tests_good.py": ONE.replace("one", "good")})
    with caplog.at_level(logging.WARNING, "pluriscope.plugins"):
        for _ in range(2):
            assert keys("lenses", SimpleNamespace(key="ours")) == ["ours", "good"]
    (failure,) = plugins.failures()
    assert failure.plugin == "of-bad"
    assert cause in failure.cause
    assert [record.getMessage() for record in caplog.records] == [f"left out of plugin {failure}"]


@pytest.mark.parametrize("group", plugins.GROUPS)
def test_what_no_group_takes_is_left_out(folder, group):
    write_plugin(folder, "of-bad", {group: {"x": "tests_object:ONE"}}, {"tests_object.py": "ONE = object()"})
    assert plugins.brought(group) == {}
    (failure,) = plugins.failures()
    assert "it has object where a " in failure.cause


def test_a_distribution_without_a_name_is_named_so(folder):
    write_plugin(folder, "of-bad", {"lenses": {"x": "nowhere:ONE"}}, {})
    (folder / "of_bad-1.0.dist-info" / "METADATA").write_text("")
    assert keys("lenses") == []
    assert [one.plugin for one in plugins.failures()] == ["a plugin whose metadata have no name"]


def test_of_two_that_bring_the_same_name_the_first_has_it(folder):
    for name in ("of-a", "of-b"):
        write_plugin(folder, name, {"commands": {"greet": f"{name}:ONE"}}, {})
    assert plugins.entries("commands") == {"greet": ("of-a", "of-a:ONE")}
    assert [str(one) for one in plugins.failures()] == ["of-b: commands 'greet' has the name of what of-a brings"]


def test_a_plugin_that_is_chosen_and_not_there_is_named(folder, monkeypatch):
    monkeypatch.setenv(plugins.VARIABLE, "of-nobody")
    assert plugins.plugins() == ()
    assert "not installed" in plugins.failures()[0].cause
