"""Importing the library costs nothing, and explaining a network loads nothing that it does not need."""

import subprocess
import sys

import pytest

import pluriscope
from pluriscope.analysis.plugins import entries
from tests.checkout import ROOT

HEAVY = ("torch", "sqlalchemy", "fastapi", "uvicorn", "pandas", "onnx")


def loaded_after(*lines: str) -> set[str]:
    """Libraries that a fresh process has loaded after some lines."""
    program = "\n".join([*lines, "import sys", f"print(*(set({(*HEAVY, 'numpy')!r}) & set(sys.modules)))"])
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.slow
def test_importing_loads_nothing():
    assert loaded_after("import pluriscope", "dir(pluriscope)") == set()


@pytest.mark.slow
def test_explaining_and_showing_loads_neither_torch_nor_what_a_server_needs():
    network = '{"sizes": [2, 2, 1], "weights": [[[1, 1], [1, 1]], [[1, -2]]], "biases": [[0, -1], [0]], '
    network += '"activation": "relu", "output_activation": "linear"}'
    lines = ("import json, pluriscope", f"result = pluriscope.explain(json.loads('{network}'))")
    assert loaded_after(*lines, "result._repr_html_()", "pluriscope.fetch, pluriscope.load") == {"numpy"}


def test_every_public_name_is_there_and_described():
    assert set(dir(pluriscope)) == {*pluriscope.__all__, *entries("names")}
    for name in dir(pluriscope):
        assert name == "__version__" or getattr(pluriscope, name).__doc__, name


def test_a_name_that_is_not_there_is_an_attribute_error():
    assert not hasattr(pluriscope, "explains")
