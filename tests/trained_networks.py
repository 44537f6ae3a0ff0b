"""Trained XOR networks: the first that converged in the study of Alice and Bob, from its bundled table."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.tables.parquet import ParquetTable
from tests.checkout import ROOT

TABLE = ROOT / "plugins/studies/pluriscope_studies/bundled/studies/alice-or-bob.parquet"
COLUMNS = "weights, activation, output_activation, negative_slope"


@lru_cache
def trained_xor(width: int, n: int) -> tuple[Network, ...]:
    """The first ``n`` converged networks 2-k-k-1 in the order of their seeds."""
    sizes = (2, width, width, 1)
    query = f"SELECT {COLUMNS} FROM {{rows}} WHERE state = 'converged' AND sizes = $1 ORDER BY seed LIMIT $2"  # noqa: S608
    rows = ParquetTable([TABLE]).ask(query, [list(sizes), n])
    return tuple(
        Network.from_flat(np.array(flat), sizes, activation=inner, output_activation=last, negative_slope=slope)
        for flat, inner, last, slope in rows
    )
