"""What every analysis tells: circuits, interpretations, algorithms and alignments in numbers."""

from __future__ import annotations

from typing import Final

from analysis.alignments.result import AlgorithmResult
from analysis.studies.measures.measure import Measured, Need, Value, measure
from analysis.studies.measures.stories import circuits_of
from analysis.studies.subject import Studied

_IRREDUNDANT: Final = "irredundant-literals"
_CIRCUITS: Final[tuple[Need, ...]] = ("circuits",)
_INTERPRETATIONS: Final[tuple[Need, ...]] = ("circuits", "interpretations")
_ALGORITHMS: Final[tuple[Need, ...]] = ("algorithms",)


# --- circuits


@measure("circuits-valid", "valid circuits", "count", "circuits", log=True, needs=_CIRCUITS)
def _circuits_valid(studied: Studied) -> Measured:
    """Circuits whose decisions are right with everything else ablated."""
    search = studied.analysis.circuits
    if search.interval is not None:
        return Measured(search.n_valid, *search.interval)
    return Measured(search.n_valid, truncated_at=search.truncated_at)


@measure("circuits-share", "valid share of circuits", "share", needs=_CIRCUITS)
def _circuits_share(studied: Studied) -> Measured:
    """Valid circuits by structurally possible ones of the protocol's space."""
    search = studied.analysis.circuits
    low, high = (None, None) if search.interval is None else (end / search.possible for end in search.interval)
    return Measured(search.n_valid / search.possible, low, high, search.truncated_at)


@measure("circuits-fewest-edges", "edges of the smallest valid circuit", "count", "edges")
def _circuits_edges(studied: Studied) -> Measured:
    """Fewest edges that a valid circuit has."""
    circuits = studied.analysis.circuits
    if circuits.truncated_at == 0:  # not searched, since no other measure needs more than their number
        circuits = circuits_of(studied)
    sizes = [edges for edges, count in circuits.distribution.by_edges.items() if count]
    if not sizes:
        return Measured(None, note="no circuit is valid")
    return Measured(int(min(sizes)), truncated_at=None if circuits.method == "counted" else circuits.truncated_at)


@measure("circuits-margin", "smallest margin of a valid circuit", "number", log=True, needs=_CIRCUITS)
def _circuits_margin(studied: Studied) -> Measured:
    """Smallest distance of an output of a valid circuit, on the rows it is judged on, from the edge of its decision."""
    margins = studied.analysis.circuits.margins
    if not len(margins):
        return Measured(None, note="no circuit is valid")
    return Measured(float(margins.min()), truncated_at=studied.analysis.circuits.truncated_at)


# --- interpretations


def _interpretations(studied: Studied, count: int) -> Measured:
    found = studied.analysis.interpretations
    if not found.complete:
        return Measured(count, truncated_at=studied.analysis.circuits.n_listed, note="of the circuits drawn alone")
    return Measured(count, truncated_at=found.truncated_at)


@measure("interpretations-total", "interpretations", "count", "interpretations", log=True, needs=_INTERPRETATIONS)
def _interpretations_total(studied: Studied) -> Measured:
    """Interpretations of all valid circuits together, free completions told apart."""
    return _interpretations(studied, studied.analysis.interpretations.total)


@measure("interpretations-observed", "observed classes", "count", "classes", log=True, needs=_INTERPRETATIONS)
def _interpretations_observed(studied: Studied) -> Measured:
    """Classes of interpretations that the inputs can tell apart."""
    return _interpretations(studied, studied.analysis.interpretations.observed)


@measure("interpretations-per-circuit", "interpretations per valid circuit", "number", log=True, needs=_INTERPRETATIONS)
def _per_circuit(studied: Studied) -> Measured:
    """Mean number of interpretations of a valid circuit."""
    counts = studied.analysis.interpretations.by_circuit
    if not counts:
        return Measured(None, note="no circuit is valid")
    return Measured(sum(counts) / len(counts), truncated_at=studied.analysis.interpretations.truncated_at)


# --- algorithms and alignments


def _counted(studied: Studied, value: Value) -> Measured:
    """A number of algorithms or alignments, a lower bound where their search stopped."""
    return Measured(value, truncated_at=studied.analysis.algorithms.truncated_at)


def _n_free(studied: Studied) -> int:
    """Candidates without variables; each has the empty alignment, which is valid."""
    results = studied.analysis.algorithms.algorithms
    return sum(1 for result in results if result.n_valid and not result.algorithm.responses)


def irredundant_aligned(studied: Studied) -> tuple[AlgorithmResult, ...]:
    """The aligned algorithms that have no redundant literal; none where the protocol does not judge it."""
    results = studied.analysis.algorithms.algorithms
    return tuple(result for result in results if result.n_valid and result.irredundant.get(_IRREDUNDANT))


@measure("algorithms-aligned", "aligned algorithms", "count", "algorithms", log=True, needs=_ALGORITHMS)
def _aligned(studied: Studied) -> Measured:
    """Candidate algorithms with at least one valid alignment."""
    return _counted(studied, studied.analysis.algorithms.n_aligned)


@measure("alignments-valid", "valid alignments", "count", "alignments", log=True, needs=_ALGORITHMS)
def _valid(studied: Studied) -> Measured:
    """Valid alignments of all candidate algorithms."""
    return _counted(studied, studied.analysis.algorithms.n_valid_alignments)


@measure("alignments-minimal", "minimal alignments", "count", "alignments", log=True, needs=_ALGORITHMS)
def _minimal(studied: Studied) -> Measured:
    """Valid alignments that contain no other valid one of their algorithm, the empty one of an algorithm without
    variables among them, as the authors' program counts.
    """
    return _counted(studied, studied.analysis.algorithms.n_minimal_alignments)


@measure(
    "alignments-placed", "minimal alignments that place a variable", "count", "alignments", log=True, needs=_ALGORITHMS
)
def _placed(studied: Studied) -> Measured:
    """Minimal alignments without the empty ones of algorithms that have no variables, which are counted apart."""
    return _counted(studied, studied.analysis.algorithms.n_minimal_alignments - _n_free(studied))


@measure("alignments-empty", "empty alignments", "count", "alignments", needs=_ALGORITHMS)
def _empty(studied: Studied) -> int:
    """Algorithms without variables: each has one alignment, the empty one, right by construction."""
    return _n_free(studied)


@measure("irredundant-formulas", "which irredundant algorithms", "set", needs=_ALGORITHMS)
def _which(studied: Studied) -> Measured:
    """The candidates without a redundant literal that have a valid alignment."""
    return _counted(studied, tuple(sorted(result.algorithm.formula for result in irredundant_aligned(studied))))


@measure("one-minimal-alignment", "exactly one minimal alignment", "yes-no", needs=_ALGORITHMS)
def _one_minimal(studied: Studied) -> Measured:
    """Whether all candidate algorithms together have exactly one minimal alignment."""
    return _counted(studied, studied.analysis.algorithms.n_minimal_alignments == 1)
