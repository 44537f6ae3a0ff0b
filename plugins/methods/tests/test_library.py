"""A library of parts, against listing every interpretation."""

from math import comb, log2

import numpy as np
import pytest

from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope_methods.simplicity.library import learn, library_of, nothing_used, parts, readings, shortest
from tests.analysis.criteria.circuit_contexts import all_circuits, xor_context


@pytest.fixture(scope="module")
def every():
    population = xor_context()
    return readings(population.question, population.items, 200_000)


def test_tables_that_differ_by_the_order_of_parents_are_one_part():
    assert [len(set(parts(n).tolist())) for n in (1, 2, 3)] == [4, 12, 80]
    assert parts(2)[0b0010] == parts(2)[0b0100]


def test_all_interpretations_are_looked_at(every):
    n = sum(
        int(np.prod([gate.allowed.sum(axis=1, dtype=object)[gate.which] for gate in one.gates], axis=0).sum())
        for one in every
    )
    population = xor_context()
    assert n == count_interpretations(population.question, population.items).total == 147_899_020


@pytest.mark.parametrize(
    ("seed", "sizes", "activation"),
    [(1, (2, 2, 2, 1), "leaky_relu"), (5, (2, 2, 2, 1), "tanh"), (3, (2, 2, 1, 1), "relu"), (4, (2, 3, 1), "sigmoid")],
)
def test_the_shortest_are_those_of_a_list_of_all(seed, sizes, activation):
    population = all_circuits(seed, sizes, activation)
    question, n = population.question, population.question.layout.n_edges
    draws = np.random.default_rng(seed)
    uses = {n_parents: draws.integers(0, 9, len(one)) + 0.0 for n_parents, one in nothing_used().items()}
    listed = []
    for mask in population.items.tolist():
        space = InterpretationSpace(question, Circuit(question.layout, mask))
        for index in range(space.count):
            k = mask.bit_count()
            bits = log2((n + 1) * comb(n, k))
            for gate in space.at(index).gates:
                of = parts(len(gate.parents))
                part = of[sum(bit << row for row, bit in enumerate(gate.table))]
                counts = uses[len(gate.parents)] + 0.5
                bits += log2((of == part).sum()) - log2(counts[part] / counts.sum())
            listed.append(bits)
    found = shortest(readings(question, population.items, 200_000), library_of(uses))
    assert found.bits == pytest.approx(min(listed))
    assert found.n == sum(one < min(listed) + 1e-9 for one in listed)


def test_what_is_learned_makes_what_it_was_learned_of_shorter(every):
    before, after = (shortest(every, one) for one in (library_of(nothing_used()), learn([every], 3)))
    assert after.bits < before.bits - 1
    assert after.uses[2].sum() >= 2
