"""Outputs of circuits and the rows that they decide right: shared by the criteria for circuits.

Two sets of rows occur. *Judged rows* carry labels; validity is about them
(:attr:`~pluriscope.analysis.subjects.perceptron.question.Question.judged`). *Clean rows* are one per Boolean input
(:attr:`~pluriscope.analysis.subjects.perceptron.question.Question.clean_rows`); ablations take their values there, and
comparisons with the full network are made there. With the default data they are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.search import decide_right as decide_right_under_all
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.questions.decisions import decided_right
from pluriscope.analysis.subjects.perceptron.mlp import Ablation, batch_activations, keep_matrices
from pluriscope.analysis.subjects.perceptron.question import Question

VALUES_AT_ONCE: Final = 1 << 21  # float64 values in one array (16 MiB)


def outputs(
    population: Population, part: slice, rows: NDArray[np.float64], absent: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Outputs ``[circuits of the part, rows]`` if absent edges carry these values."""
    masks, layout = population.items, population.question.layout
    if len(range(*part.indices(len(masks)))) == len(masks):
        keep = population.once("edges kept", lambda: keep_matrices(masks, layout))
    else:
        keep = keep_matrices(masks[part], layout)
    # networks with huge weights overflow to inf, which is decided as neither 0 nor 1
    with np.errstate(over="ignore", invalid="ignore"):
        return batch_activations(population.question.network, keep, rows, absent)[-1][:, 0]


def parts(population: Population, stage: str, n_rows: int) -> Iterator[slice]:
    """Slices of the circuits so that arrays over so many rows stay small; reports between two of them."""
    step = max(1, VALUES_AT_ONCE // (4 * max(population.question.network.sizes) * max(n_rows, 1)))
    for start in range(0, len(population), step):
        population.work.report_step("criteria", start, len(population), stage)
        yield slice(start, min(start + step, len(population)))


def clean_outputs(population: Population) -> NDArray[np.float64]:
    """Run each circuit on the clean rows, under the protocol's ablation; its outputs, ``[circuits, 2^n]``."""
    rows, absent = population.question.clean_rows, population.question.absent
    some = [outputs(population, part, rows, absent) for part in parts(population, "outputs", len(rows))]
    return np.concatenate([np.empty((0, len(rows))), *some])


def count_right(decided: NDArray[np.float64], question: Question) -> NDArray[np.int64]:
    """Count the outputs ``[circuits, judged rows]`` that are decided as their row's label, ``[circuits]``."""
    right = decided_right(decided, question.judged[1], question.protocol.circuit_decision)
    found: NDArray[np.int64] = right.sum(axis=1)
    return found


def enough(population: Population, right: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Decide which numbers of right judged rows make a circuit valid."""
    question = population.question
    above: NDArray[np.bool_] = right / len(question.judged[1]) > question.protocol.accuracy_threshold
    return above


def n_right(population: Population, ablation: Ablation) -> NDArray[np.int64]:
    """Count the judged rows that each circuit decides right under an ablation, ``[circuits]``."""
    question = population.question
    rows, _ = question.judged

    def count() -> NDArray[np.int64]:
        right = [
            count_right(outputs(population, part, rows, question.carried(ablation)), question)
            for part in parts(population, f"{ablation} ablation", len(rows))
        ]
        return np.concatenate([np.empty(0, dtype=np.int64), *right])

    return population.once(("right", ablation), count)


def n_right_by_source(population: Population) -> NDArray[np.int64]:
    """Count the judged rows decided right if absent edges carry what the network has on each source, ``[circuits,
    2^n]``.
    """
    question = population.question
    rows, n_sources = question.judged[0], len(question.clean_rows)

    def count() -> NDArray[np.int64]:
        counts = np.empty((len(population), n_sources), dtype=np.int64)
        carried = tuple(np.repeat(layer.T, len(rows), axis=1) for layer in question.clean_activations[:-1])
        for part in parts(population, "resample ablation", len(rows) * n_sources):
            found = outputs(population, part, np.tile(rows, (n_sources, 1)), carried)
            for source, decided in enumerate(np.split(found, n_sources, axis=1)):
                population.work.check()
                counts[part, source] = count_right(decided, question)
        return counts

    return population.once("right by source", count)


def decide_right(population: Population) -> NDArray[np.bool_]:
    """Decide which circuits decide right under the ablation, or any of those, that the protocol sets,
    ``[circuits]``.
    """
    protocol = population.question.protocol
    if protocol.circuit_family == "own":
        return enough(population, n_right(population, protocol.ablation))
    return decide_right_under_all(population.question, population.items)
