"""Codes by magnitude: whether the state of a recurrent network holds the inputs of several steps along the same
directions, so that their sizes alone show which step an input came in.

After each step, of each pair of steps until then, what the state holds of their inputs is compared as
:func:`pluriscope_methods.lenses.feature_structure.layered` does it (Csordás et al. 2024, arXiv:2408.10920, who call it
an onion), and all of these cosines are tested at once among null networks
(:mod:`pluriscope_methods.lenses.null_test`).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.elman import Elman
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_methods.lenses.feature_structure import FEWEST, MAGNITUDE, MOST, Structure, label_means, layered
from pluriscope_methods.lenses.lens import APPLIES, Array, Bands, Fit, Lens, Table, not_applicable
from pluriscope_methods.lenses.null_test import Sought, generator, null_runs, shuffled, tested


def _labels(question: SubjectQuestion) -> dict[int, NDArray[np.int64]]:
    """Labels of rows by step, from 1, for steps with neither too few nor too many different inputs; inputs are in one
    order.
    """
    steps = question.subject.data.swapaxes(0, 1)
    found = {at: np.unique(given, axis=0, return_inverse=True) for at, given in enumerate(steps, start=1)}
    return {at: numbers.reshape(-1) for at, (inputs, numbers) in found.items() if FEWEST <= len(inputs) <= MOST}


def _pairs(question: SubjectQuestion) -> list[tuple[int, int]]:
    """Steps at which the same inputs are given."""
    data, labels = question.subject.data, _labels(question)
    given = {at: np.unique(data[:, at - 1], axis=0) for at in labels}
    return [(one, other) for one, other in combinations(labels, 2) if np.array_equal(given[one], given[other])]


def _fit(question: SubjectQuestion, _settings: Settings) -> Fit:
    if _pairs(question):
        return APPLIES
    return not_applicable(f"No two steps have the same {FEWEST} to {MOST} different inputs.")


def _look(question: SubjectQuestion, _settings: Settings, work: Work) -> Table:
    subject, labels = question.subject, _labels(question)
    steps = range(1, subject.data.shape[1] + 1)
    places = [(after, *pair) for after in steps for pair in _pairs(question) if pair[1] <= after]

    def found_in(one: Elman) -> list[Structure]:
        states = [read[:, -subject.n_units :] for read in one.layers[:-1]]
        means = {(after, at): label_means(states[after], labels[at]) for after in steps for at in labels if at <= after}
        return [layered(means[after, first], means[after, second]) for after, first, second in places]

    def numbers(one: Elman) -> Array:
        return np.array([found.value for found in found_in(one)])

    every = np.ones(len(places), dtype=np.bool_)
    sought = [Sought(MAGNITUDE, every, _scaling)]
    tests, scores, null = tested(subject, numbers, _null, sought, work)
    rows = [
        {"after": after, "first": first, "second": second}
        | {"cosine": found.value, "times": found.detail, "null": usual, "deviations": score}
        for (after, first, second), found, usual, score in zip(
            places, found_in(subject), null.tolist(), scores.tolist(), strict=True
        )
    ]
    return Table(tuple(rows), tests=tests)


def _milliseconds(question: SubjectQuestion, _settings: Settings) -> float:
    rows, steps, _ = question.subject.data.shape
    return float(null_runs(1) * (1.0 + 4e-6 * rows * steps * question.subject.n_units))


def _null(subject: Elman, number: int) -> Elman:
    """Null network: what reads inputs and what reads the state are shuffled apart; biases stay."""
    weights = subject.network.weights[0]
    return _with(subject, *shuffled(generator(number), np.split(weights, [-subject.n_units], axis=1)))


def _scaling(subject: Elman) -> Elman:
    """Replace the recurrent weights, so that the state is kept as it is but for its size."""
    given, kept = np.split(subject.network.weights[0], [-subject.n_units], axis=1)
    return _with(subject, given, np.eye(len(kept)) * (fixed_order.length(kept.ravel()) / sqrt(len(kept))))


def _with(subject: Elman, given: Array, kept: Array) -> Elman:
    """Replace the weights for the inputs of a step and for the state."""
    weights = np.concatenate([given, kept], axis=1), *subject.network.weights[1:]
    return replace(subject, network=replace(subject.network, weights=weights))


def _bands(seen: Table) -> Bands:
    """The cosine of each pair of steps after each step; 0 before both were read."""
    pairs = list(dict.fromkeys((row["first"], row["second"]) for row in seen.rows))
    after = list(dict.fromkeys(row["after"] for row in seen.rows))
    cosines = {(row["after"], row["first"], row["second"]): row["cosine"] for row in seen.rows}
    values = tuple(tuple(cosines.get((at, *pair), 0.0) for pair in pairs) for at in after)
    return Bands(
        tuple(f"steps {one} and {other}" for one, other in pairs), values, tuple(f"after step {at}" for at in after)
    )


def _says(_question: SubjectQuestion, seen: Table) -> str:
    most = max(seen.rows, key=lambda row: row["deviations"])
    return (
        f"After step {most['after']} steps {most['first']} and {most['second']} are held along directions with a "
        f"cosine of {most['cosine']:.2f}, the second {most['times']:.2f} times as large. In null networks the cosine "
        f"is {most['null']:.2f}. {seen.tests[0].words}"
    ).replace(" -", " −")


MAGNITUDE_CODES: Final = Lens(
    key="magnitude-codes",
    version=2,
    label="Codes by magnitude",
    definition="Whether the state after a step holds the inputs of two steps along the same directions, so that their "
    "sizes distinguish the steps, beside null networks: with the entries of each matrix shuffled.",
    source="Csordás et al. 2024 (arXiv:2408.10920), who call it an onion",
    needs=("steps",),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="That two steps are held along the same directions is a fact of the state on these rows, not of what "
    "the network reads of it. Rows in which steps go together are held alike for that reason. Of networks without "
    "training, whose weights are drawn independently, at most 5% have something found.",
    columns={
        "after": "step after which the state is looked at",
        "first": "step whose inputs are compared",
        "second": "a later one",
        "cosine": "of what the state holds of the one and of the other",
        "times": "size of the second over that of the first",
        "null": "the mean of the cosine in null networks",
        "deviations": "how far the cosine is from that mean, in standard deviations",
    },
    bands=_bands,
    milliseconds=_milliseconds,
)
