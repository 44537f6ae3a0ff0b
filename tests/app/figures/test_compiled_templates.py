"""Compiled templates are kept in files and never served stale."""

import sys
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from pluriscope.templating import CompiledTemplates


def environment(folder: Path, keep: Path) -> Environment:
    """An environment as a process that has just started makes it."""
    return Environment(loader=FileSystemLoader(folder), bytecode_cache=CompiledTemplates(keep), autoescape=True)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "page.html").write_text("{{ 1 + 1 }}")
    return tmp_path


def never(*_args, **_options):
    raise AssertionError("it is compiled anew")


def test_what_was_compiled_once_is_not_compiled_again(folder, monkeypatch):
    assert environment(folder, folder).get_template("page.html").render() == "2"
    assert len(list((folder / "__pycache__").iterdir())) == 1
    again = environment(folder, folder)
    monkeypatch.setattr(again, "compile", never)
    assert again.get_template("page.html").render() == "2"


def test_a_changed_template_is_compiled_anew(folder):
    environment(folder, folder).get_template("page.html")
    (folder / "page.html").write_text("{{ 2 + 1 }}")
    assert environment(folder, folder).get_template("page.html").render() == "3"


def test_nothing_is_kept_where_nothing_may_be_written(folder, monkeypatch):
    (folder / "a-file").write_text("")
    assert environment(folder, folder / "a-file").get_template("page.html").render() == "2"
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert environment(folder, folder).get_template("page.html").render() == "2"
    assert not (folder / "__pycache__").exists()
