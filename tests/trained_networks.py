"""Trained XOR networks: the first that converged in the study of Alice and Bob, from its bundled results."""

from __future__ import annotations

from functools import lru_cache

from analysis.networks.mlp import Network
from analysis.studies.cells import cells_of
from analysis.studies.outcome import network_of_outcome
from analysis.studies.result_file import read_results
from app.bundled.study_seeding import bundled_results


@lru_cache
def trained_xor(width: int, n: int) -> tuple[Network, ...]:
    """The first ``n`` converged networks 2-k-k-1 in the order of their seeds."""
    results = read_results(bundled_results()["alice-or-bob"])
    (cell,) = [cell for cell in cells_of(results.design) if cell.sizes == (2, width, width, 1)]
    converged = (one for one in results.outcomes if one.cell == cell.key and one.state == "converged")
    networks = (network_of_outcome(cell, outcome) for outcome, _ in zip(converged, range(n), strict=False))
    return tuple(network for network in networks if network is not None)
