"""The decision tree of a set of circuits, against plain sets."""

import random
from functools import reduce
from operator import and_, or_

import numpy as np
import pytest

from pluriscope.analysis.circuit_sets.splits import Branch, split_circuits


def some(seed: int, n_bits: int, n: int) -> list[int]:
    source = random.Random(seed)
    if n_bits > 20:
        return sorted({source.getrandbits(n_bits) for _ in range(n)})
    return source.sample(range(1 << n_bits), n)


def leaves(branch: Branch, masks: list[int], n_bits: int) -> list[tuple[Branch, list[int]]]:
    """Its leaves, each with its circuits; on the way down what every branch says is held against them."""
    assert branch.n == len(masks) > 0
    assert branch.kept == reduce(and_, masks)
    assert branch.left_out == (1 << n_bits) - 1 & ~reduce(or_, masks)
    if branch.split is None:
        return [(branch, masks)]
    halves = {bit: abs(2 * sum(mask >> bit & 1 for mask in masks) - len(masks)) for bit in range(n_bits)}
    assert branch.split == min(halves, key=lambda bit: (halves[bit], bit))
    sides = [[mask for mask in masks if (mask >> branch.split & 1) == kept] for kept in (1, 0)]
    return [leaf for one, side in zip(branch.branches, sides, strict=True) for leaf in leaves(one, side, n_bits)]


@pytest.mark.parametrize(
    ("n_bits", "n"), [(1, 1), (1, 2), (2, 4), (3, 5), (6, 64), (9, 40), (18, 197), (64, 300), (70, 30)]
)
@pytest.mark.parametrize("seed", range(3))
def test_every_circuit_is_on_one_leaf_and_every_split_is_the_most_even_one(seed, n_bits, n):
    masks = some(seed, n_bits, n)
    array = np.array(masks, np.uint64 if n_bits <= 64 else object)
    tree = split_circuits(array, n_bits)
    found = leaves(tree, masks, n_bits)
    assert sorted(mask for _, inside in found for mask in inside) == sorted(masks)
    assert len(found) <= 8
    assert all(leaf.n == 1 or len(found) > 4 for leaf, _ in found)
    assert split_circuits(array[::-1], n_bits) == tree, "whatever their order"
    assert split_circuits(array.astype(object), n_bits) == tree


@pytest.mark.parametrize("mask", some(1, 18, 197)[::20])
def test_the_branch_of_a_circuit_is_divided_until_it_is_alone(mask):
    masks = np.array(some(1, 18, 197), np.uint64)
    branch, deep = split_circuits(masks, 18, towards=mask), 0
    shallow = split_circuits(masks, 18)
    while branch.split is not None:
        assert deep >= 3 or shallow.split == branch.split
        branch, deep = branch.branches[0 if mask >> branch.split & 1 else 1], deep + 1
        if deep < 3:
            shallow = shallow.branches[0 if mask >> shallow.split & 1 else 1]
    assert (branch.n, branch.kept) == (1, mask)
    assert deep > 3
