"""Circuits that are right on samples of rows, beside a loop over samples and circuits."""

from itertools import combinations

import numpy as np
import pytest

from pluriscope_studies.analysis.row_samples import on_every_sample, on_first_rows, shuffled, valid_if_tested

ROWS = 6


@pytest.fixture
def circuits():
    chance = np.random.default_rng(1)
    right = chance.random((100, ROWS)) < 0.7
    right[:5] = True
    return right, chance.integers(1, 8, 100) + right.all(axis=1)


def plain(right, sizes, rows):
    """Shares valid and wrong of all and of the smallest circuits that are right on some rows, and their size."""
    passed = [c for c in range(len(right)) if all(right[c][row] for row in rows)]
    least = min(sizes[c] for c in passed)
    unseen = [row for row in range(ROWS) if row not in rows]
    for some in (passed, [c for c in passed if sizes[c] == least]):
        yield sum(all(right[c]) for c in some) / len(some)
        yield sum(not right[c][row] for c in some for row in unseen) / len(some) / max(1, len(unseen))
    yield least
    smaller = least < min(size for one, size in zip(right, sizes, strict=True) if all(one))
    yield smaller
    yield 0 if smaller else sum(all(right[c]) for c in passed) / len(passed)


def test_survivors_of_every_sample_are_those_of_a_loop(circuits):
    found = on_every_sample(*circuits)
    columns = [*found.of_all(), *found.of_smallest(), found.smallest, *found.smaller_than_valid()]
    assert {*columns[5][found.seen == ROWS - 1].tolist()} == {False, True}
    for m in range(ROWS + 1):
        for rows in combinations(range(ROWS), m):
            sample = sum(1 << row for row in rows)
            assert found.seen[sample] == m
            assert [one[sample] for one in columns] == pytest.approx([*plain(*circuits, rows)])


def test_survivors_of_an_order_are_those_of_its_first_rows(circuits):
    every, order = on_every_sample(*circuits), np.array([3, 0, 5, 1, 4, 2])
    found = on_first_rows(*circuits, order)
    for m in range(ROWS + 1):
        sample = sum(1 << row for row in order[:m].tolist())
        assert found.circuits[:, m].tolist() == every.circuits[:, sample].tolist()
        assert found.errors[:, m].tolist() == every.errors[:, sample].tolist()


def test_a_circuit_that_passed_a_test_is_as_often_valid_as_over_all_samples(circuits):
    found = on_every_sample(*circuits)
    for m, share in enumerate(valid_if_tested(circuits[0])):
        passed = found.circuits[:, found.seen == m].sum(axis=0)
        assert share == pytest.approx(found.circuits[:, -1].sum() / passed.mean())
        assert share <= found.of_all()[0][found.seen == m].mean() + 1e-12


def test_shuffled_errors_leave_each_row_as_difficult_and_valid_circuits_valid(circuits):
    right, sizes = circuits
    found = shuffled(right, sizes, np.random.default_rng(0))
    assert found[right.all(axis=1)].all()
    assert (found != right).any()
    for size in np.unique(sizes):
        assert found[sizes == size].sum(axis=0).tolist() == right[sizes == size].sum(axis=0).tolist()
