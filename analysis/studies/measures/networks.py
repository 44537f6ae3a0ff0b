"""Measures of a network: circuits, interpretations, alignments in numbers, and how it was found."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.circuit_sets.backbone import backbone_of, coverage_of
from analysis.circuits.result import CircuitSearch
from analysis.circuits.strategy import find_circuits
from analysis.limits import Limits
from analysis.networks.mlp import forward
from analysis.studies.measures.measure import Measured, Need, Value, measure
from analysis.studies.subject import Studied
from analysis.validity import decide
from analysis.work import Work

_NONE_VALID: Final = Measured(None, note="no circuit is valid")
_NOT_ALL: Final = Measured(None, note="circuits were not all listed or counted")
_ALONE: Final = Limits(max_possible=5_000_000, max_seconds=10.0, n_draws=2_000, n_smallest=0)
"""Circuits without interpretations are listed up to 5 million possible ones; beyond, counted where that takes seconds,
else estimated.
"""
_CIRCUITS: Final[tuple[Need, ...]] = ("circuits",)
_INTERPRETATIONS: Final[tuple[Need, ...]] = ("circuits", "interpretations")
_ALGORITHMS: Final[tuple[Need, ...]] = ("algorithms",)


# --- circuits


def _circuits(studied: Studied) -> CircuitSearch:
    """Those of the analysis; searched alone, since interpretations take long, where no measure needs more."""
    circuits = studied.analysis.circuits
    if circuits.truncated_at != 0:
        return circuits
    return studied.once("circuits", lambda: find_circuits(studied.question, Work(limits=_ALONE)))


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
    circuits = _circuits(studied)
    sizes = [edges for edges, count in circuits.distribution.by_edges.items() if count]
    if not sizes:
        return _NONE_VALID
    return Measured(int(min(sizes)), truncated_at=None if circuits.method == "counted" else circuits.truncated_at)


@measure("backbone-edges", "edges in every valid circuit", "count", "edges")
def _backbone(studied: Studied) -> Measured:
    """Edges that all valid circuits keep."""
    circuits = _circuits(studied)
    backbone = backbone_of(circuits.distribution, coverage_of(circuits.method, circuits.truncated_at))
    if backbone is None:
        return _NONE_VALID
    return Measured(backbone.n_edges) if backbone.exact else _NOT_ALL


@measure("one-circuit", "exactly one valid circuit", "yes-no", needs=_CIRCUITS)
def _one_circuit(studied: Studied) -> Measured:
    """Whether exactly one circuit of the protocol's space is valid."""
    search = studied.analysis.circuits
    if search.interval is not None:
        low, high = search.interval
        known = low > 1 or high < 1
        return Measured(False) if known else Measured(None, note="only estimated")
    return Measured(search.n_valid == 1, truncated_at=search.truncated_at if search.n_valid <= 1 else None)


@measure("circuits-margin", "smallest margin of a valid circuit", "number", log=True, needs=_CIRCUITS)
def _circuits_margin(studied: Studied) -> Measured:
    """Smallest distance of an output of a valid circuit, on the rows it is judged on, from the edge of its decision."""
    margins = studied.analysis.circuits.margins
    if not len(margins):
        return _NONE_VALID
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
        return _NONE_VALID
    return Measured(sum(counts) / len(counts), truncated_at=studied.analysis.interpretations.truncated_at)


@measure("one-interpretation", "exactly one interpretation", "yes-no", needs=_INTERPRETATIONS)
def _one_interpretation(studied: Studied) -> Measured:
    """Whether all valid circuits together have exactly one interpretation."""
    found = studied.analysis.interpretations
    if found.total > 1:
        return Measured(False)  # more of them would not make it one
    if not found.complete or found.truncated_at is not None:
        return Measured(None, note="not all interpretations were counted")
    return Measured(found.total == 1)


# --- algorithms and alignments


def _counted(studied: Studied, value: Value) -> Measured:
    """A number of algorithms or alignments, a lower bound where their search stopped."""
    return Measured(value, truncated_at=studied.analysis.algorithms.truncated_at)


def _n_free(studied: Studied) -> int:
    """Candidates without variables; each has the empty alignment, which is valid."""
    results = studied.analysis.algorithms.algorithms
    return sum(1 for result in results if result.n_valid and not result.algorithm.responses)


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
    """The candidates without a redundant literal that have a valid alignment, where the protocol judges that."""
    aligned = (result for result in studied.analysis.algorithms.algorithms if result.n_valid)
    irredundant = (one.algorithm.formula for one in aligned if one.irredundant.get("irredundant-literals"))
    return _counted(studied, tuple(sorted(irredundant)))


@measure("one-minimal-alignment", "exactly one minimal alignment", "yes-no", needs=_ALGORITHMS)
def _one_minimal(studied: Studied) -> Measured:
    """Whether all candidate algorithms together have exactly one minimal alignment."""
    return _counted(studied, studied.analysis.algorithms.n_minimal_alignments == 1)


# --- the whole network, and how it was found


@measure("decides-right", "the whole network decides right", "yes-no")
def _decides_right(studied: Studied) -> bool:
    """Whether the unablated network decides every row right."""
    rows, labels = studied.question.judged
    decided = decide(forward(studied.question.cut, rows)[:, 0], studied.question.protocol.circuit_decision)
    return bool(np.array_equal(decided, labels))


@measure("draws", "networks drawn", "count", "draws", log=True)
def _draws(studied: Studied) -> Measured:
    """How many networks were drawn from the prior until this one computed the tasks; the acceptance rate is one by the
    mean.
    """
    return Measured(studied.draws, note="" if studied.draws is not None else "trained, not drawn")
