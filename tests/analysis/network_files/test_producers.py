"""Small files that packages wrote, held against what these answer; ``benchmarks.producers --keep`` makes them."""

import json
import re

import numpy as np
import pytest

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.intake import read_any, take_in
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from tests.checkout import ROOT

FOLDER = ROOT / "tests" / "fixtures" / "producers"
ROWS = {row["name"]: row for row in json.loads((FOLDER / "rows.json").read_text())}
READ = (
    "equinox-gelu-2-3-2",
    "leaky-text-2-2-1",
    "lightning-2-2-1",
    "mlx-2-3-2",
    "named-leaky-2-3-2",
    "named-relu6-2-2-1",
    "nnet-normal-2-3-2",
    "onnx-half-other-2-3-2",
    "paddle-2-2-2",
    "pruned-2-3-2",
    "tinygrad-2-3-2",
    "weight-norm-2-3-2",
)
ASKED = ("actor-critic-2-3-2", "backwards-2-3-2", "ensemble-2-3-2", "nnx-2-3-2", "sb3-policy-2-3-2")
REFUSED = (
    "batch-stats-2-2-1",
    "brain-leaky-2-3-2",
    "equinox-norm-2-3-2",
    "gguf-2-2-1",
    "linen-stats-2-3-2",
    "whole-2-2-1",
    "dynamic-2-2-1",
    "quanto-2-2-1",
)


def file_of(row, **more):
    """The network file that comes of a fixture, with what its user would say of it."""
    declared = Declaration(**({"encoding": "0, 1"} | row["given"] | more))
    return take_in(read_any((FOLDER / row["file"]).read_bytes(), declared=declared), declared).file()


def expected(row):
    """What the package answers; behind logits a sigmoid, of two classes the chance of the second."""
    answers, output_is = np.array(row["answers"]), row["given"].get("output_is")
    answers = np.diff(answers) if output_is == "classes" else answers
    return 1 / (1 + np.exp(-answers)) if output_is else answers


@pytest.mark.parametrize("name", READ + ASKED)
def test_a_file_computes_what_its_package_answers(name):
    more = ROWS[name]["asked"] if name in ASKED else {}
    file, wanted = file_of(ROWS[name], **more), expected(ROWS[name])
    np.testing.assert_allclose(forward(file.network, input_table(2)), wanted, atol=1e-5, rtol=0)
    assert [task.truth_table for task in file.tasks] == [tuple(column) for column in (wanted.T > 0.5).astype(int)]


@pytest.mark.parametrize("name", ASKED)
def test_what_a_file_leaves_open_is_asked_by_name(name):
    for field in ROWS[name]["asked"]:
        with pytest.raises(AnalysisError, match=rf"(?i)say {field}\b"):
            file_of(ROWS[name])


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_read_is_named(name):
    with pytest.raises(AnalysisError, match=f"(?i){re.escape(ROWS[name]['named'])}"):
        file_of(ROWS[name])
