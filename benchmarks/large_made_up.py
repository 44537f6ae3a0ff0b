"""A made-up analysis of a million explanations, saved as jobs save."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.alignment import IIA, Alignment, ScoredAlignment
from analysis.alignments.result import AlgorithmResult, AlgorithmSearch
from analysis.circuits.result import CircuitSearch
from analysis.interpretations.result import InterpretationCounts
from analysis.interventions.neuron_set import NeuronSet
from analysis.network_files.files import NetworkFile
from analysis.networks.circuit import EdgeLayout
from analysis.networks.network import Network
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.result import OutputAnalysis
from analysis.tasks import Task, named_task
from app.db.engine import Store
from app.db.prepared import PreparedAnalysis, prepare_analysis
from app.db.staging import Staging
from app.db.writes import save_network

SIZES: Final = (2, 5, 5, 1)
SLUG: Final = "large"
CORE: Final = ("A-n1.0", "B-n1.0", "A-n1.1", "B-n1.1", "n1.0-n2.0", "n1.1-n2.0", "n2.0-y")
"""Edges that the made-up network needs; every circuit that keeps them is valid."""


@dataclass(frozen=True)
class Saving:
    """What saving took.

    Args:
        circuits: how many.
        alignments: how many.
        prepare_seconds: making it ready, in the process that computes.
        insert_seconds: all transactions together.
        longest_seconds: of one transaction: what others wait at most.
        megabytes: the database afterwards.
    """

    circuits: int
    alignments: int
    prepare_seconds: float
    insert_seconds: float
    longest_seconds: float
    megabytes: float

    @property
    def per_second(self) -> float:
        """Explanations inserted a second, indexes included."""
        return (self.circuits + self.alignments) / self.insert_seconds


def made_up_analysis(n_circuits: int, n_algorithms: int, *, seed: int = 0) -> tuple[NetworkFile, OutputAnalysis]:
    """An analysis of a 2-5-5-1 network with as many circuits and algorithms as wanted, none of them true.

    Args:
        n_circuits: distinct masks.
        n_algorithms: real candidates for three inputs and more, each with a few made-up alignments.
        seed: of everything drawn.
    """
    random = np.random.default_rng(seed)
    task = named_task("XOR", 2)
    network = xor_network(random)
    layout = EdgeLayout(SIZES)
    masks = possible_masks(n_circuits, layout, random)
    # like real ones: products of small numbers, a few thousand distinct ones, some beyond 64 bits
    exponents = random.integers(0, 40, size=(n_circuits, 2))
    pairs, inverse = np.unique(exponents, axis=0, return_inverse=True)
    distinct = [2 ** int(a) * 3 ** int(b) for a, b in pairs]
    totals = tuple(map(distinct.__getitem__, inverse.tolist()))
    observed = tuple(random.integers(1, 5_000, size=n_circuits).tolist())
    circuits = CircuitSearch(
        layout,
        7_271_931_361,
        masks,
        random.normal(size=(n_circuits, 4)),
        np.abs(random.normal(scale=0.2, size=n_circuits)),
    )
    analysis = OutputAnalysis(
        question=ask(network, task=task),
        circuits=circuits,
        interpretations=InterpretationCounts(totals, observed),
        algorithms=_algorithms(n_algorithms, random),
        criteria={},
        seconds={},
    )
    return NetworkFile("Large, made up", network, (task,)), analysis


def xor_network(random: np.random.Generator) -> Network:
    """A network that computes XOR by the edges of `CORE`, all other weights too small to matter.

    One circuit in 128 keeps those, so that some thousands of the made-up ones are valid indeed, and pages that look at
    one circuit have what they look at in earnest: gates, interpretations, verdicts.
    """
    first, second, last = (0.02 * random.normal(size=shape) for shape in zip(SIZES[1:], SIZES, strict=False))
    biases = [0.01 * random.normal(size=size) for size in SIZES[1:]]
    first[:2] = 1.0  # A + B, and A + B − 1
    biases[0][:2] = 0.0, -1.0
    second[0, :2] = 1.0, -2.0
    last[0, 0] = 1.0
    return Network.from_arrays([first, second, last], biases)


def possible_masks(n: int, layout: EdgeLayout, random: np.random.Generator) -> NDArray[np.uint64]:
    """So many distinct structurally possible circuits of a network with two hidden layers, ascending."""
    n_inputs, first, second, _ = layout.sizes
    drawn: list[NDArray[np.uint64]] = []
    while sum(map(len, drawn)) < n:
        into_first = random.random((200_000, first, n_inputs)) < 0.5
        into_second = random.random((200_000, second, first)) < 0.5
        active = into_first.any(axis=2)
        fits = (active == into_second.any(axis=1)).all(axis=1) & into_first.any(axis=1).all(axis=1)
        edges = np.concatenate(
            [into_first.reshape(200_000, -1), into_second.reshape(200_000, -1), into_second.any(axis=2)], axis=1
        )[fits]
        powers = np.uint64(1) << np.arange(layout.n_edges, dtype=np.uint64)
        drawn.append((edges * powers).sum(axis=1, dtype=np.uint64))
        if sum(map(len, drawn)) >= n:
            drawn = [np.unique(np.concatenate(drawn))]
    return np.sort(random.choice(drawn[0], size=n, replace=False))


def _algorithms(n: int, random: np.random.Generator) -> AlgorithmSearch:
    """Candidates of two-input tasks, as many as there are up to n, with made-up alignments."""
    trees = []
    for function in range(1, 15):
        task = Task(tuple((function >> row) & 1 for row in range(4)))
        trees += candidate_algorithms(task, COMPLETE, 2, max_candidates=n).algorithms
    results = []
    for tree in trees[:n]:
        scored = []
        for rank in range(int(random.integers(0, 8))):
            places = {v.path: NeuronSet(1 + rank % 2, (i % 5,)) for i, v in enumerate(tree.variables)}
            alignment = Alignment.of(tree.text, places)
            if any(alignment.id == other.alignment.id for other in scored):
                continue
            of = 12 * len(tree.variables)
            agreed = of if not scored and rank == 0 else int(random.integers(0, of + 1))
            scored.append(ScoredAlignment(alignment, IIA(agreed, of), agreed == of and not scored, 0.1))
        n_valid = sum(one.valid for one in scored)
        verdicts = dict(
            zip(
                ("irredundant-gates", "irredundant-functions", "irredundant-literals"),
                random.integers(0, 2, size=3).astype(bool).tolist(),
                strict=True,
            )
        )
        results.append(AlgorithmResult(tree, tuple(scored), n_valid, min(n_valid, 1), None, verdicts))
    return AlgorithmSearch(tuple(results), len(results))


def save(store: Store, file: NetworkFile, analysis: OutputAnalysis) -> Saving:
    """Save as a job does: prepare, stage in small transactions, publish."""
    with store.write() as session:
        save_network(session, file, slug=SLUG)
    start = time.perf_counter()
    prepared: PreparedAnalysis = prepare_analysis(analysis)
    ready = time.perf_counter()
    staging = Staging(prepared, "benchmark")
    longest = 0.0
    for step in staging.steps():
        longest = max(longest, _transaction(store, step))
    longest = max(longest, _transaction(store, staging.publish))
    done = time.perf_counter()
    size = Path(store.url.removeprefix("sqlite:///")).stat().st_size / 1e6
    alignments = sum(len(result.alignments) for result in analysis.algorithms.algorithms)
    return Saving(len(analysis.circuits.masks), alignments, ready - start, done - ready, longest, size)


def _transaction(store: Store, step: Callable[[Any], Any]) -> float:
    start = time.perf_counter()
    with store.write() as session:
        step(session)
    return time.perf_counter() - start
