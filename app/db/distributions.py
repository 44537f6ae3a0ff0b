"""What the figures of an analysis show, computed once when it is saved: histograms and how often each part is used."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from analysis.alignments.result import AlgorithmSearch, CandidateTotals
from analysis.circuits.distribution import CircuitDistribution, neuron_edges
from analysis.circuits.result import SmallestCircuits
from analysis.networks.circuit import EdgeLayout
from analysis.result import OutputAnalysis
from analysis.result_file import read_smallest, smallest_json

_N_BINS: Final = 24


class Histogram(TypedDict):
    """Counts between bin edges; ``counts[i]`` lies in ``[edges[i], edges[i+1])``, the last bin closed."""

    edges: list[float]
    counts: list[int]


class CandidatesJson(TypedDict):
    """:class:`~analysis.alignments.result.CandidateTotals` as it is stored."""

    aligned: int
    valid: int
    minimal: int
    irredundant: dict[str, int]
    first: int


class Distributions(TypedDict):
    """Content of ``AnalysisRow.distributions``; "pairs" are ``[value, how many]`` ascending by value."""

    of: int  # circuits that the next four are of: the valid ones, or those among the tested ones in an estimate
    edges: list[list[int]]  # pairs: edges of a circuit
    neurons: list[list[int]]  # pairs: active hidden neurons of a circuit
    edge_use: list[int]  # for each edge in mask order: circuits that keep it
    neuron_use: list[list[int]]  # for each hidden layer and neuron: circuits in which it is active
    margin: Histogram  # of listed circuits
    interpretations: Histogram  # log10 of the interpretations of a listed circuit
    observed: Histogram  # log10 of their observed classes
    iia: Histogram  # of kept alignments, 20 bins over [0, 1]
    alignments_per_algorithm: list[list[int]]  # pairs: valid alignments of an algorithm, algorithms with none included
    candidates: CandidatesJson | None  # what is known of candidates that are not stored; None if every one is tried
    alignments_untried: bool  # whether there were too many sets of neurons to try any for some algorithm
    algorithms_truncated: int  # algorithms of which not every valid alignment is stored
    drawn: int | None  # stored circuits that were drawn; None where all are listed, and before it was ever kept
    smallest: dict[str, Any] | None  # the smallest valid circuits, as in result files; None where none were looked for


def distributions_of(analysis: OutputAnalysis) -> Distributions:
    """Everything that the figures of one analysis need."""
    circuits = analysis.circuits
    results = analysis.algorithms.algorithms
    shares = [scored.iia.value for result in results for scored in result.alignments]
    return {
        **spread_json(circuits.distribution),
        "margin": _histogram(circuits.margins, _N_BINS),
        "interpretations": _histogram(_log10(analysis.interpretations.by_circuit), _N_BINS),
        "observed": _histogram(_log10(analysis.interpretations.observed_by_circuit), _N_BINS),
        "iia": _histogram(np.array(shares), 20, (0.0, 1.0)),
        "alignments_per_algorithm": _per_algorithm(analysis.algorithms),
        "candidates": candidates_json(analysis.algorithms.totals),
        "alignments_untried": any(result.truncated_at == 0 for result in results),
        "algorithms_truncated": sum(1 for result in results if result.truncated_at),
        "drawn": circuits.n_drawn,
        "smallest": None if circuits.smallest is None else smallest_json(circuits.smallest, circuits.layout),
    }


class SpreadJson(TypedDict):
    """How circuits spread over sizes, edges and neurons, as it is stored."""

    of: int
    edges: list[list[int]]
    neurons: list[list[int]]
    edge_use: list[int]
    neuron_use: list[list[int]]


def spread_json(distribution: CircuitDistribution) -> SpreadJson:
    """A distribution as JSON values."""
    return {
        "of": distribution.of,
        "edges": [list(pair) for pair in distribution.by_edges.items()],
        "neurons": [list(pair) for pair in distribution.by_neurons.items()],
        "edge_use": list(distribution.edge_use),
        "neuron_use": [list(layer) for layer in distribution.neuron_use],
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


def candidates_json(totals: CandidateTotals | None) -> CandidatesJson | None:
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


def smallest_in(stored: Mapping[str, Any]) -> SmallestCircuits | None:
    """The smallest valid circuits that were stored; None where none were looked for, or before they were ever kept."""
    told = stored.get("smallest")
    return None if told is None else read_smallest(told)


def _per_algorithm(search: AlgorithmSearch) -> list[list[int]]:
    """Valid alignments of an algorithm and how many have so many; candidates that are not listed fail."""
    if search.totals is None:
        return _pairs(result.n_valid for result in search.algorithms)
    aligned = _pairs(result.n_valid for result in search.algorithms if result.n_valid)
    without = search.n_candidates - search.n_aligned
    return [[0, without], *aligned] if without else aligned


def active_neurons(layout: EdgeLayout, masks: NDArray[Any]) -> NDArray[np.bool_]:
    """``[circuit, hidden neuron]`` layer by layer: whether the neuron has an edge in, and so is active."""
    active: NDArray[np.bool_] = (masks[:, None] & neuron_edges(layout)) != 0
    return active


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
