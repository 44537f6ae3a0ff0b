"""Models of packages, as those packages run them; the packages themselves are run by ``benchmarks.other_packages``."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

import pluriscope
from pluriscope.analysis.errors import AnalysisError
from pluriscope.library.models import read_model

torch = pytest.importorskip("torch")
nn = torch.nn
pytestmark = pytest.mark.slow


class Wrapped:
    """Wrapper of a model as nnsight 0.8.1 has it: edits are made in a trace of it, and in no call of its module."""

    def __init__(self, module, *edits):
        self._module, self._edits = module, list(edits)

    def trace(self, rows):
        self.answer = self._module(rows)
        for edit in self._edits:
            self.answer = edit(self.answer)
        return self

    def __enter__(self):
        self.output = SimpleNamespace(save=lambda: self.answer)

    def __exit__(self, *_):
        del self.output


Wrapped.__module__ = "nnsight.modeling.base"


@pytest.fixture
def xor(monkeypatch):
    monkeypatch.setitem(sys.modules, "nnsight", ModuleType("nnsight"))
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    for parameter, value in zip(net.parameters(), ([[1, 1], [1, 1]], [0, -1], [[1, -2]], [0]), strict=True):
        parameter.data = torch.tensor(value, dtype=torch.float32)
    return net


def test_a_model_of_nnsight_is_read_with_its_edits(xor):
    assert read_model(Wrapped(xor)).file.tasks[0].name == "XOR"
    edited = Wrapped(xor, lambda answer: 1 - answer)
    assert pluriscope.from_nnsight(edited).file.tasks[0].name == "XNOR"
    with pytest.raises(AnalysisError, match=r"calls square"):
        read_model(Wrapped(xor, lambda answer: answer.square()))
    without = Wrapped(xor, lambda answer: 1 - answer)
    del without._edits  # another version may keep them elsewhere
    without.trace = edited.trace
    assert read_model(edited).file.tasks[0].name == "XNOR"


def test_edits_are_not_lost_in_a_module_that_runs_as_a_circuit(xor):
    edited = Wrapped(xor, lambda answer: 1 - answer)
    circuit = pluriscope.explain(edited).circuits[0]
    with pytest.raises(AnalysisError, match="has edits, which are not made in its module"), circuit.hooks(edited):
        pass
    with pluriscope.explain(Wrapped(xor)).circuits[0].hooks(Wrapped(xor)):
        pass
