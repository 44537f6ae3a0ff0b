"""Histograms of an analysis, and how often each part is used: computed once, when the analysis is saved."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import CircuitDistribution
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.explaining.explanation import sample_json
from pluriscope.analysis.network_files.result_file import search_parts, smallest_json, stop_json
from pluriscope.analysis.placements.result import AlgorithmSearch, CandidateTotals
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.subjects.graph import Graph

_N_BINS: Final = 24


def distributions_of(analysis: OutputAnalysis) -> dict[str, Any]:
    """Content of ``AnalysisRow.distributions``. Pairs are ``[value, how many]``, values ascending.

    - Of the valid circuits, or of those among the tested ones in an estimate: ``of`` how many, ``edges`` and
      ``neurons`` pairs by size, ``edge_use`` and ``neuron_use`` how many keep each edge, in mask order, and each hidden
      neuron, layer by layer.
    - Of the listed circuits: histograms of ``margin`` and of the base-10 logarithms of ``interpretations`` and
      ``observed`` classes. A histogram has ``edges`` of bins and ``counts``, the last bin closed.
    - Of kept alignments: ``iia``, a histogram of 20 bins over [0, 1].
    - ``alignments_per_algorithm``: pairs, algorithms with none included; ``candidates``: what is known of those that
      are not stored, null if every one is tried; ``alignments_untried``: whether there were too many sets of neurons to
      try any for some algorithm; ``algorithms_truncated``: of how many not every valid alignment is stored.
    - ``drawn``: stored circuits that were drawn, null where all are listed; ``smallest``: the smallest valid circuits,
      as in result files, null where none were looked for; ``backbone``: what was proved of all valid circuits,
      ``bracket``: the counts by hashing, ``stops``: stages that time or memory ended, likewise.
    """
    circuits, results = analysis.circuits, analysis.algorithms.algorithms
    shares = [scored.iia.value for result in results for scored in result.alignments]
    return {
        **_sizes_and_use(circuits.distribution),
        "margin": _histogram(circuits.margins, _N_BINS),
        "interpretations": _histogram(_log10(analysis.interpretations.by_circuit), _N_BINS),
        "observed": _histogram(_log10(analysis.interpretations.observed_by_circuit), _N_BINS),
        "iia": _histogram(np.array(shares), 20, (0.0, 1.0)),
        "alignments_per_algorithm": _per_algorithm(analysis.algorithms),
        "candidates": candidates_json(analysis.algorithms.totals),
        "alignments_untried": any(result.truncated_at == 0 for result in results),
        "algorithms_truncated": sum(1 for result in results if result.truncated_at),
        "drawn": circuits.n_drawn,
        **search_parts(circuits, analysis.question.layout),
        "stops": [stop_json(stop) for stop in analysis.stops],
    }


def distributions_of_bits(found: CircuitSearch | None, graph: Graph) -> dict[str, Any]:
    """Distributions of the circuits of a network of another kind than perceptrons, of which nothing else is known.

    Where they were drawn by size, ``by_size`` holds triples of a size with the fewest and the most valid circuits of
    it, and ``why`` why it is not enough to say, "" where it is.
    """
    spread = CircuitDistribution(0, {}, {}, (), ()) if found is None else found.distribution
    known = _sizes_and_use(spread) | {name: _histogram(np.empty(0), 1) for name in _HISTOGRAMS}
    known |= {"alignments_per_algorithm": [], "candidates": None, "alignments_untried": False}
    known |= {"algorithms_truncated": 0, "drawn": None, "smallest": None, "stops": []}
    if found is not None and found.smallest is not None:
        known |= {"smallest": smallest_json(found.smallest, graph), **sample_json(found)}
    return known


_HISTOGRAMS: Final = ("margin", "interpretations", "observed", "iia")


def _sizes_and_use(spread: CircuitDistribution) -> dict[str, Any]:
    """The distribution as it is stored; :func:`distribution_in` reads it."""
    return {
        "of": spread.of,
        "edges": [list(pair) for pair in spread.by_edges.items()],
        "neurons": [list(pair) for pair in spread.by_neurons.items()],
        "edge_use": list(spread.edge_use),
        "neuron_use": [list(layer) for layer in spread.neuron_use],
    }


def distribution_in(stored: Mapping[str, Any]) -> CircuitDistribution:
    """The distribution that was stored."""
    return CircuitDistribution(
        of=stored["of"],
        by_edges=dict(map(tuple, stored["edges"])),
        by_neurons=dict(map(tuple, stored["neurons"])),
        edge_use=tuple(stored["edge_use"]),
        neuron_use=tuple(map(tuple, stored["neuron_use"])),
    )


def candidates_json(totals: CandidateTotals | None) -> dict[str, Any] | None:
    """Totals of candidates as JSON values."""
    if totals is None:
        return None
    return {
        "aligned": totals.n_aligned,
        "valid": totals.n_valid,
        "minimal": totals.n_minimal,
        "irredundant": dict(totals.irredundant),
        "first": totals.n_first,
    }


def candidates_in(stored: Mapping[str, Any]) -> CandidateTotals | None:
    """The totals that were stored, None if every candidate was tried."""
    known = stored.get("candidates")
    if known is None:
        return None
    return CandidateTotals(known["aligned"], known["valid"], known["minimal"], known["irredundant"], known["first"])


def _per_algorithm(search: AlgorithmSearch) -> list[list[int]]:
    """Valid alignments of an algorithm and how many have so many; candidates that are not listed fail."""
    if search.totals is None:
        return _pairs(result.n_valid for result in search.algorithms)
    aligned = _pairs(result.n_valid for result in search.algorithms if result.n_valid)
    without = search.n_candidates - search.n_aligned
    return [[0, without], *aligned] if without else aligned


def _pairs(values: Iterable[int]) -> list[list[int]]:
    return [[int(value), count] for value, count in sorted(Counter(values).items())]


def _log10(counts: Iterable[int]) -> NDArray[np.float64]:
    """Base-10 logarithms of counts of any size; a circuit without interpretation (count 0) is left out."""
    return np.array([math.log10(count) for count in counts if count > 0])


def _histogram(values: NDArray[np.float64], n_bins: int, span: tuple[float, float] | None = None) -> dict[str, Any]:
    if len(values) == 0:
        return {"edges": [], "counts": []}
    # a hair of width, so that equal values (and values equal up to rounding) still have a bin of positive width
    low, high = span or (float(values.min()), float(values.max()))
    if high - low <= 1e-9 * max(1.0, abs(high)):
        low, high, n_bins = low - 0.5, low + 0.5, 1
    counts, edges = np.histogram(values, bins=n_bins, range=(low, high))
    return {"edges": edges.tolist(), "counts": counts.tolist()}
