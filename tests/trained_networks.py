"""Trained XOR networks: the first that converged in the study of Alice and Bob, from its bundled table."""

from __future__ import annotations

import json
from functools import lru_cache

from pluriscope.analysis.subjects.perceptron.mlp import Network
from pluriscope.tables.parquet import ParquetTable
from pluriscope_studies.analysis.reading import design_from_mapping
from pluriscope_studies.analysis.rows import network_of_row
from pluriscope_studies.pages.findings import FOLDER
from pluriscope_studies.table import read_part


@lru_cache
def trained_xor(width: int, n: int) -> tuple[Network, ...]:
    """The first ``n`` converged networks 2-k-k-1 in the order of their seeds."""
    path = FOLDER.parent / "studies" / "alice-or-bob.parquet"
    design = design_from_mapping(json.loads(read_part(path).metadata["design"]))
    table, query = (
        ParquetTable([path]),
        "SELECT * FROM {rows} WHERE state = 'converged' AND sizes = $1 ORDER BY seed LIMIT $2",
    )
    rows = (dict(zip(table.columns, row, strict=True)) for row in table.ask(query, [[2, width, width, 1], n]))
    networks = (network_of_row(design, row).network for row in rows)
    return tuple(network for network in networks if network is not None)
