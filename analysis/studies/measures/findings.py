"""What every analysis tells: circuits, interpretations, algorithms and alignments in numbers."""

from __future__ import annotations

from typing import Final

from analysis.alignments.result import AlgorithmResult
from analysis.studies.measures.measure import Measure, Measured
from analysis.studies.subject import Studied

_IRREDUNDANT: Final = "irredundant-literals"


def _circuits_valid(studied: Studied) -> Measured:
    search = studied.analysis.circuits
    if search.interval is not None:
        return Measured(search.n_valid, *search.interval)
    return Measured(search.n_valid, truncated_at=search.truncated_at)


def _circuits_share(studied: Studied) -> Measured:
    search = studied.analysis.circuits
    low, high = (None, None) if search.interval is None else (end / search.possible for end in search.interval)
    return Measured(search.n_valid / search.possible, low, high, search.truncated_at)


def _circuits_edges(studied: Studied) -> Measured:
    sizes = [edges for edges, count in studied.analysis.circuits.distribution.by_edges.items() if count]
    if not sizes:
        return Measured(None, note="no circuit is valid")
    return Measured(int(min(sizes)), truncated_at=studied.analysis.circuits.truncated_at)


def _circuits_margin(studied: Studied) -> Measured:
    margins = studied.analysis.circuits.margins
    if not len(margins):
        return Measured(None, note="no circuit is valid")
    return Measured(float(margins.min()), truncated_at=studied.analysis.circuits.truncated_at)


def _interpretations(studied: Studied, count: int) -> Measured:
    found = studied.analysis.interpretations
    if not found.complete:
        return Measured(count, truncated_at=studied.analysis.circuits.n_listed, note="of the circuits drawn alone")
    return Measured(count, truncated_at=found.truncated_at)


def _per_circuit(studied: Studied) -> Measured:
    counts = studied.analysis.interpretations.by_circuit
    if not counts:
        return Measured(None, note="no circuit is valid")
    return Measured(sum(counts) / len(counts), truncated_at=studied.analysis.interpretations.truncated_at)


def _alignments_truncated(studied: Studied) -> int | None:
    return studied.analysis.algorithms.truncated_at


def _n_free(studied: Studied) -> int:
    """Candidates without variables; each has the empty alignment, which is valid."""
    results = studied.analysis.algorithms.algorithms
    return sum(1 for result in results if result.n_valid and not result.algorithm.responses)


def irredundant_aligned(studied: Studied) -> tuple[AlgorithmResult, ...]:
    """The aligned algorithms that have no redundant literal; none where the protocol does not judge it."""
    results = studied.analysis.algorithms.algorithms
    return tuple(result for result in results if result.n_valid and result.irredundant.get(_IRREDUNDANT))


def _which(studied: Studied) -> Measured:
    formulas = tuple(sorted(result.algorithm.formula for result in irredundant_aligned(studied)))
    return Measured(formulas, truncated_at=_alignments_truncated(studied))


def _count_irredundant(studied: Studied) -> Measured:
    return Measured(len(irredundant_aligned(studied)), truncated_at=_alignments_truncated(studied))


def _minimal_irredundant(studied: Studied) -> Measured:
    return Measured(
        sum(result.n_minimal for result in irredundant_aligned(studied)), truncated_at=_alignments_truncated(studied)
    )


def _one(count: Measured) -> Measured:
    return Measured(count.value == 1, truncated_at=count.truncated_at)


MEASURES: Final = (
    Measure(
        "circuits-valid",
        "valid circuits",
        "Circuits whose decisions are right with everything else ablated.",
        "count",
        _circuits_valid,
        "circuits",
        log=True,
        needs=frozenset({"circuits"}),
    ),
    Measure(
        "circuits-share",
        "valid share of circuits",
        "Valid circuits by structurally possible ones of the protocol's space.",
        "share",
        _circuits_share,
        needs=frozenset({"circuits"}),
    ),
    Measure(
        "circuits-fewest-edges",
        "edges of the smallest valid circuit",
        "Fewest edges that a valid circuit has.",
        "count",
        _circuits_edges,
        "edges",
        needs=frozenset({"circuits"}),
    ),
    Measure(
        "circuits-margin",
        "smallest margin of a valid circuit",
        "Smallest distance of an output of a valid circuit, on the rows it is judged on, from the edge of its "
        "decision.",
        "number",
        _circuits_margin,
        log=True,
        needs=frozenset({"circuits"}),
    ),
    Measure(
        "interpretations-total",
        "interpretations",
        "Interpretations of all valid circuits together, free completions told apart.",
        "count",
        lambda studied: _interpretations(studied, studied.analysis.interpretations.total),
        "interpretations",
        log=True,
        needs=frozenset({"circuits", "interpretations"}),
    ),
    Measure(
        "interpretations-observed",
        "observed classes",
        "Classes of interpretations that the inputs can tell apart.",
        "count",
        lambda studied: _interpretations(studied, studied.analysis.interpretations.observed),
        "classes",
        log=True,
        needs=frozenset({"circuits", "interpretations"}),
    ),
    Measure(
        "interpretations-per-circuit",
        "interpretations per valid circuit",
        "Mean number of interpretations of a valid circuit.",
        "number",
        _per_circuit,
        log=True,
        needs=frozenset({"circuits", "interpretations"}),
    ),
    Measure(
        "algorithms-aligned",
        "aligned algorithms",
        "Candidate algorithms with at least one valid alignment.",
        "count",
        lambda studied: Measured(studied.analysis.algorithms.n_aligned, truncated_at=_alignments_truncated(studied)),
        "algorithms",
        log=True,
        needs=frozenset({"algorithms"}),
    ),
    Measure(
        "alignments-valid",
        "valid alignments",
        "Valid alignments of all candidate algorithms.",
        "count",
        lambda studied: Measured(
            studied.analysis.algorithms.n_valid_alignments, truncated_at=_alignments_truncated(studied)
        ),
        "alignments",
        log=True,
        needs=frozenset({"algorithms"}),
    ),
    Measure(
        "alignments-minimal",
        "minimal alignments",
        "Valid alignments that contain no other valid one of their algorithm, the empty one of an algorithm without "
        "variables among them, as the authors' program counts.",
        "count",
        lambda studied: Measured(
            studied.analysis.algorithms.n_minimal_alignments, truncated_at=_alignments_truncated(studied)
        ),
        "alignments",
        log=True,
        needs=frozenset({"algorithms"}),
    ),
    Measure(
        "alignments-placed",
        "minimal alignments that place a variable",
        "Minimal alignments without the empty ones of algorithms that have no variables, which are counted apart.",
        "count",
        lambda studied: Measured(
            studied.analysis.algorithms.n_minimal_alignments - _n_free(studied),
            truncated_at=_alignments_truncated(studied),
        ),
        "alignments",
        log=True,
        needs=frozenset({"algorithms"}),
    ),
    Measure(
        "alignments-empty",
        "empty alignments",
        "Algorithms without variables: each has one alignment, the empty one, right by construction.",
        "count",
        lambda studied: Measured(_n_free(studied)),
        "alignments",
        needs=frozenset({"algorithms"}),
    ),
    Measure(
        "algorithms-irredundant",
        "aligned algorithms without a redundant literal",
        "Candidates without a redundant literal that have a valid alignment.",
        "count",
        _count_irredundant,
        "algorithms",
        needs=frozenset({"algorithms"}),
    ),
    Measure(
        "alignments-minimal-irredundant",
        "minimal alignments of irredundant algorithms",
        "Minimal alignments of the candidates without a redundant literal.",
        "count",
        _minimal_irredundant,
        "alignments",
        needs=frozenset({"algorithms"}),
    ),
    Measure(
        "irredundant-formulas",
        "which irredundant algorithms",
        "The candidates without a redundant literal that have a valid alignment.",
        "set",
        _which,
        needs=frozenset({"algorithms"}),
    ),
    Measure(
        "one-minimal-alignment",
        "exactly one minimal alignment",
        "Whether all candidate algorithms together have exactly one minimal alignment.",
        "yes-no",
        lambda studied: _one(
            Measured(studied.analysis.algorithms.n_minimal_alignments, truncated_at=_alignments_truncated(studied))
        ),
        needs=frozenset({"algorithms"}),
    ),
    Measure(
        "one-irredundant-algorithm",
        "exactly one irredundant algorithm",
        "Whether exactly one candidate without a redundant literal has a valid alignment.",
        "yes-no",
        lambda studied: _one(_count_irredundant(studied)),
        needs=frozenset({"algorithms"}),
    ),
    Measure(
        "one-irredundant-alignment",
        "exactly one minimal irredundant alignment",
        "Whether the candidates without a redundant literal have exactly one minimal alignment in all.",
        "yes-no",
        lambda studied: _one(_minimal_irredundant(studied)),
        needs=frozenset({"algorithms"}),
    ),
)
