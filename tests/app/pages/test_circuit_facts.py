"""Spaces of interpretations that pages asked for last: counted once, refused once, and bounded."""

import pytest

from analysis.errors import BeyondLimits
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import Circuit
from analysis.question import ask
from app.pages import circuit_facts
from app.pages.circuit_facts import space_of
from app.recent import Recent
from tests.factories import pretrained_xor


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(circuit_facts, "_RECENT", Recent(1 << 20, circuit_facts._size))


@pytest.fixture
def counted(monkeypatch):
    """How often a space was counted."""
    found, states = [], InterpretationSpace.__dict__["_states"].func

    def counting(self):
        found.append(self)
        return states(self)

    monkeypatch.setattr(InterpretationSpace.__dict__["_states"], "func", counting)
    return found


def whole_circuit():
    file = pretrained_xor()
    question = ask(file.network, task=file.tasks[0])
    return question, Circuit(question.layout, (1 << question.layout.n_edges) - 1)


def test_the_same_question_of_the_same_circuit_is_counted_once(counted):
    (question, circuit), (again, _) = whole_circuit(), whole_circuit()
    space = space_of(question, circuit)
    assert space_of(again, circuit) is space
    assert space.count == InterpretationSpace(question, circuit).count
    assert len(counted) == 2  # one of them for the comparison above
    other = Circuit(circuit.layout, circuit.mask & ~1)
    assert space_of(question, other).circuit == other


def test_a_refusal_is_kept_too_and_says_the_same(counted):
    question, circuit = whole_circuit()
    refusals = []
    for _ in range(2):
        with pytest.raises(BeyondLimits) as refusal:
            space_of(question, circuit, 2)
        refusals.append(str(refusal.value))
    assert refusals[0] == refusals[1]
    assert len(counted) == 1
    assert space_of(question, circuit).count


def test_what_takes_too_much_is_not_kept(counted, monkeypatch):
    monkeypatch.setattr(circuit_facts, "MAX_BYTES", 10)
    question, circuit = whole_circuit()
    space = space_of(question, circuit)
    assert space.n_bytes > 10
    assert space_of(question, circuit) is not space
    assert space.at(3) == space_of(question, circuit).at(3)
