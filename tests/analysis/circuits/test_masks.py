"""Sets of circuits as arrays of masks, on either side of the widest integer."""

from __future__ import annotations

import numpy as np
import pytest

from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array, masks_of, one_mask
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices
from tests.analysis.circuits.wide import WIDE


@pytest.mark.parametrize("sizes", [(2, 2, 1), (2, 21, 1), (3, 16, 1), (5, 11, 1), *WIDE])
def test_edges_become_masks_and_masks_edges(sizes: tuple[int, ...]) -> None:
    layout = EdgeLayout(sizes)
    edges = np.random.default_rng(0).random((7, layout.n_edges)) < 0.5
    edges[0], edges[1], edges[2, -1] = True, False, True
    plain = [sum(1 << k for k, kept in enumerate(row) if kept) for row in edges.tolist()]
    masks = masks_of(edges, layout)
    assert [int(mask) for mask in masks] == plain == [int(mask) for mask in mask_array(plain, layout)]
    assert masks.dtype == mask_array([], layout).dtype
    assert (number_bits(masks, layout.n_edges) == edges).all()
    last = one_mask(1 << (layout.n_edges - 1), layout)
    assert ((masks & last) != 0).tolist() == edges[:, -1].tolist()
    assert [int(mask) for mask in masks & ~last] == [mask & ~(1 << (layout.n_edges - 1)) for mask in plain]
    flat = np.concatenate([matrix.reshape(len(masks), -1) for matrix in keep_matrices(masks, layout)], axis=1)
    assert (flat == edges).all()
