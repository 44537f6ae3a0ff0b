"""What the figures of an analysis show, computed once when it is saved: histograms and how often each part is used."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.circuit import EdgeLayout
from analysis.result import CircuitMethod, OutputAnalysis

MAX_ALGORITHMS: Final = 500  # aligned algorithms listed by name; the histogram has them all
_N_BINS: Final = 24


class Histogram(TypedDict):
    """Counts between bin edges; ``counts[i]`` lies in ``[edges[i], edges[i+1])``, the last bin closed."""

    edges: list[float]
    counts: list[int]


class CircuitNumbers(TypedDict):
    """How the number of valid circuits was found, as :class:`~analysis.result.CircuitSearch` has it.

    ``of`` is the number of circuits that edges, neurons, edge_use and neuron_use are about: the valid ones, or in an
    estimate the valid ones of the sample.
    """

    method: CircuitMethod
    interval: list[int] | None
    confidence: float | None
    tested: int | None
    of: int


class Distributions(TypedDict):
    """Content of ``AnalysisRow.distributions``; "pairs" are ``[value, how many]`` ascending by value."""

    edges: list[list[int]]  # pairs: edges of a valid circuit
    neurons: list[list[int]]  # pairs: active hidden neurons of a valid circuit
    margin: Histogram  # of valid circuits
    interpretations: Histogram  # log10 of the interpretations of a valid circuit
    observed: Histogram  # log10 of their observed classes
    edge_use: list[int]  # for each edge in mask order: valid circuits that keep it
    neuron_use: list[list[int]]  # for each hidden layer and neuron: valid circuits in which it is active
    iia: Histogram  # of kept alignments, 20 bins over [0, 1]
    alignments: list[list[str | int]]  # [algorithm id, valid, minimal] of aligned algorithms, most valid first
    circuits: CircuitNumbers  # missing in databases older than it; circuits were listed then
    alignments_per_algorithm: list[list[int]]  # pairs: valid alignments of an algorithm, algorithms with none included


def distributions_of(analysis: OutputAnalysis) -> Distributions:
    """Everything that the figures of one analysis need."""
    circuits, spread = analysis.circuits, analysis.circuits.distribution
    results = analysis.algorithms.algorithms
    aligned = sorted((r for r in results if r.n_valid), key=lambda r: (-r.n_valid, r.algorithm.id))
    shares = [scored.iia.value for result in results for scored in result.alignments]
    return {
        "edges": [[n_edges, number] for n_edges, number in spread.by_edges.items()],
        "neurons": [[n_neurons, number] for n_neurons, number in spread.by_neurons.items()],
        "margin": _histogram(analysis.circuits.margins, _N_BINS),
        "interpretations": _histogram(_log10(analysis.interpretations.by_circuit), _N_BINS),
        "observed": _histogram(_log10(analysis.interpretations.observed_by_circuit), _N_BINS),
        "edge_use": list(spread.edge_use),
        "neuron_use": [list(layer) for layer in spread.neuron_use],
        "iia": _histogram(np.array(shares), 20, (0.0, 1.0)),
        "alignments": [[r.algorithm.id, r.n_valid, r.n_minimal] for r in aligned[:MAX_ALGORITHMS]],
        "circuits": {
            "method": circuits.method,
            "interval": None if circuits.interval is None else list(circuits.interval),
            "confidence": circuits.confidence,
            "tested": circuits.n_tested,
            "of": spread.of,
        },
        "alignments_per_algorithm": _pairs(r.n_valid for r in results),
    }


def kept_edges(layout: EdgeLayout, masks: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """``[circuit, edge]``: whether each circuit keeps each edge."""
    shifts = np.arange(layout.n_edges, dtype=np.uint64)
    kept: NDArray[np.bool_] = ((masks[:, None] >> shifts) & np.uint64(1)).astype(bool)
    return kept


def active_neurons(layout: EdgeLayout, masks: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """``[circuit, hidden neuron]`` layer by layer: whether the neuron has an edge in, and so is active."""
    columns = []
    for layer in range(1, len(layout.sizes) - 1):
        width, start = layout.sizes[layer - 1], layout.offsets[layer - 1]
        for neuron in range(layout.sizes[layer]):
            edges_in = np.uint64(((1 << width) - 1) << (start + neuron * width))
            columns.append((masks & edges_in) != 0)
    return np.stack(columns, axis=1) if columns else np.zeros((len(masks), 0), dtype=bool)


def _pairs(values: Iterable[int]) -> list[list[int]]:
    return [[int(value), count] for value, count in sorted(Counter(values).items())]


def _log10(counts: Iterable[int]) -> NDArray[np.float64]:
    """Base-10 logarithms of counts of any size; a circuit without interpretation (count 0) is left out."""
    return np.array([math.log10(count) for count in counts if count > 0])


def _histogram(values: NDArray[np.float64], n_bins: int, span: tuple[float, float] | None = None) -> Histogram:
    if len(values) == 0:
        return {"edges": [], "counts": []}
    # a hair of width, so that equal values (and values equal up to rounding) still have a bin of positive width
    low, high = span or (float(values.min()), float(values.max()))
    if high - low <= 1e-9 * max(1.0, abs(high)):
        low, high, n_bins = low - 0.5, low + 0.5, 1
    counts, edges = np.histogram(values, bins=n_bins, range=(low, high))
    return {"edges": edges.tolist(), "counts": counts.tolist()}
