"""Measures of a network: circuits, interpretations, alignments in numbers, and how it was found."""

from __future__ import annotations

from typing import Final

import numpy as np

from pluriscope.analysis.circuits.result import CircuitSearch, edge_use_of
from pluriscope.analysis.circuits.strategy import find_circuits
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope_studies.analysis.measures.measure import Measure, Measured, Need, Studied, Value

_NONE_VALID: Final = Measured(None, note="no circuit is valid")
_ALONE: Final = Limits(max_possible=5_000_000, max_seconds=10.0, n_draws=2_000, n_smallest=0)
"""Circuits without interpretations are listed up to 5 million possible ones; beyond, counted where that takes seconds,
else sampled.
"""


# --- circuits


def _valid(studied: Studied) -> Measured:
    search = studied.analysis.circuits
    if search.interval is not None:
        return Measured(search.n_valid, *search.interval)
    return Measured(search.n_valid, truncated_at=search.truncated_at)


def _share(studied: Studied) -> Measured:
    search = studied.analysis.circuits
    low, high = (None, None) if search.interval is None else (end / search.possible for end in search.interval)
    return Measured(search.n_valid / search.possible, low, high, search.truncated_at)


def _circuits(studied: Studied) -> CircuitSearch:
    """Circuits of the analysis; searched alone, since interpretations take long, where no measure needs more."""
    circuits = studied.analysis.circuits
    if circuits.truncated_at != 0:
        return circuits
    return studied.once("circuits", lambda: find_circuits(studied.question, Work(limits=_ALONE)))


def _fewest_edges(studied: Studied) -> Measured:
    circuits = _circuits(studied)
    sizes = [edges for edges, count in circuits.distribution.by_edges.items() if count]
    if not sizes:
        return _NONE_VALID
    return Measured(int(min(sizes)), truncated_at=None if circuits.method == "counted" else circuits.truncated_at)


def _backbone(studied: Studied) -> Measured:
    circuits = _circuits(studied)
    backbone = edge_use_of(circuits.distribution, exact=circuits.counted)
    if backbone is None:
        return _NONE_VALID
    if not backbone.exact:
        return Measured(None, note="circuits were not all listed or counted")
    return Measured(backbone.always.bit_count())


def _one_circuit(studied: Studied) -> Measured:
    search = studied.analysis.circuits
    if search.interval is not None:
        low, high = search.interval
        known = low > 1 or high < 1
        return Measured(False) if known else Measured(None, note="known only within an interval")
    return Measured(search.n_valid == 1, truncated_at=search.truncated_at if search.n_valid <= 1 else None)


def _margin(studied: Studied) -> Measured:
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


def _per_circuit(studied: Studied) -> Measured:
    counts = studied.analysis.interpretations.by_circuit
    if not counts:
        return _NONE_VALID
    return Measured(sum(counts) / len(counts), truncated_at=studied.analysis.interpretations.truncated_at)


def _one_interpretation(studied: Studied) -> Measured:
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


def _irredundant(studied: Studied) -> Measured:
    aligned = (result for result in studied.analysis.algorithms.algorithms if result.n_valid)
    irredundant = (one.algorithm.formula for one in aligned if one.irredundant.get("irredundant-literals"))
    return _counted(studied, tuple(sorted(irredundant)))


# --- the whole network


def _decides_right(studied: Studied) -> bool:
    rows, labels = studied.question.judged
    decided = decide(forward(studied.question.network, rows)[:, 0], studied.question.protocol.circuit_decision)
    return bool(np.array_equal(decided, labels))


_CIRCUITS: Final[tuple[Need, ...]] = ("circuits",)
_READ: Final[tuple[Need, ...]] = ("circuits", "interpretations")
_ALIGNED: Final[tuple[Need, ...]] = ("algorithms",)

MEASURES: Final = (
    Measure("circuits-valid", "valid circuits", "count", _valid,
            "Circuits whose decisions are right with everything else ablated.", True, _CIRCUITS),
    Measure("circuits-share", "valid share of circuits", "share", _share,
            "Valid circuits by structurally possible ones of the protocol's space.", needs=_CIRCUITS),
    Measure("circuits-fewest-edges", "edges of the smallest valid circuit", "count", _fewest_edges,
            "Fewest edges that a valid circuit has."),
    Measure("backbone-edges", "edges in every valid circuit", "count", _backbone,
            "Edges that all valid circuits keep."),
    Measure("one-circuit", "exactly one valid circuit", "yes-no", _one_circuit,
            "Whether exactly one circuit of the protocol's space is valid.", needs=_CIRCUITS),
    Measure("circuits-margin", "smallest margin of a valid circuit", "number", _margin,
            "Smallest distance of an output of a valid circuit, on the rows it is judged on, from the edge of its "
            "decision.", log=True, needs=_CIRCUITS),
    Measure("interpretations-total", "interpretations", "count",
            lambda of: _interpretations(of, of.analysis.interpretations.total),
            "Interpretations of all valid circuits together, free completions told apart.", True, _READ),
    Measure("interpretations-observed", "observed classes", "count",
            lambda of: _interpretations(of, of.analysis.interpretations.observed),
            "Classes of interpretations that the inputs can tell apart.", True, _READ),
    Measure("interpretations-per-circuit", "interpretations per valid circuit", "number", _per_circuit,
            "Mean number of interpretations of a valid circuit.", log=True, needs=_READ),
    Measure("one-interpretation", "exactly one interpretation", "yes-no", _one_interpretation,
            "Whether all valid circuits together have exactly one interpretation.", needs=_READ),
    Measure("algorithms-aligned", "placed algorithms", "count",
            lambda of: _counted(of, of.analysis.algorithms.n_aligned),
            "Candidate algorithms with at least one valid placement.", True, _ALIGNED),
    Measure("alignments-valid", "valid placements", "count",
            lambda of: _counted(of, of.analysis.algorithms.n_valid_placements),
            "Valid placements of all candidate algorithms.", True, _ALIGNED),
    Measure("alignments-minimal", "minimal placements", "count",
            lambda of: _counted(of, of.analysis.algorithms.n_minimal_placements),
            "Valid placements that contain no other valid one of their algorithm, the empty one of an algorithm "
            "without variables among them, as the authors' program counts.", True, _ALIGNED),
    Measure("alignments-placed", "minimal placements that place a variable", "count",
            lambda of: _counted(of, of.analysis.algorithms.n_minimal_placements - _n_free(of)),
            "Minimal placements without the empty ones of algorithms that have no variables, which are counted "
            "apart.", True, _ALIGNED),
    Measure("alignments-empty", "empty placements", "count", _n_free,
            "Algorithms without variables: each has one placement, the empty one, right by construction.",
            needs=_ALIGNED),
    Measure("irredundant-formulas", "which irredundant algorithms", "set", _irredundant,
            "The candidates without a redundant literal that have a valid placement, where the protocol judges that.",
            needs=_ALIGNED),
    Measure("one-minimal-alignment", "exactly one minimal placement", "yes-no",
            lambda of: _counted(of, of.analysis.algorithms.n_minimal_placements == 1),
            "Whether all candidate algorithms together have exactly one minimal placement.", needs=_ALIGNED),
    Measure("decides-right", "the whole network decides right", "yes-no", _decides_right,
            "Whether the unablated network decides every row right."),
    Measure("draws", "networks drawn", "count",
            lambda of: Measured(of.draws, note="" if of.draws is not None else "trained, not drawn"),
            "How many networks were drawn from the prior until this one computed the tasks; the acceptance rate is "
            "one by the mean.", True),
)  # fmt: skip
