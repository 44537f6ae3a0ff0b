"""Tests that each threat names what stops it and tests that exist."""

import ast
import re

import pytest

from pluriscope.analysis.network_files.formats.registry import FORMATS
from tests.checkout import ROOT

TEXT = (ROOT / "docs/self-hosting.md").read_text().partition("\n## Threat model\n")[2]


def named_in(path):
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.slow
def test_every_threat_names_tests_that_exist():
    table = TEXT.split("|---|---|---|\n")[1].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    assert len(rows) > 20
    for threat, stops, tests in rows:
        assert stops, threat
        named = re.findall(r"`((?:plugins/\w+/)?tests/[\w/.]+\.py)(?:::(\w+))?`", tests)
        assert named, threat
        for path, test in named:
            assert (ROOT / path).is_file(), path
            assert not test or (test.startswith("test_") and test in named_in(path)), f"{path}::{test}"


def test_the_audit_in_the_documents_is_the_one_that_runs():
    command = "pip-audit --requirement constraints.txt --no-deps --disable-pip"
    assert command in TEXT
    assert command in (ROOT / ".github/workflows/audit.yml").read_text()


def test_the_files_that_are_read_are_the_ones_that_are_named():
    (row,) = (line for line in TEXT.splitlines() if line.startswith("| A file runs something"))
    assert {*re.findall(r"`(\.\w+)`", row)} == {suffix for one in FORMATS for suffix in one.suffixes}
