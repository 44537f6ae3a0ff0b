"""Codes by magnitude: whether the state of a recurrent network holds the inputs of several steps along the same
directions, so that their sizes alone show which step an input came in.

After each step, of each pair of steps until then, what the state holds of their inputs is compared as
:func:`pluriscope_methods.lenses.feature_structure.layered` does it (Csordás et al. 2024, arXiv:2408.10920, who call it
an onion), and all of these cosines are tested at once among null networks
(:mod:`pluriscope_methods.lenses.null_test`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.recurrent import Recurrent
from pluriscope.analysis.subjects.sites import Site, added
from pluriscope_methods.lenses.feature_structure import FEWEST, MAGNITUDE, MOST, Structure, label_means, layered
from pluriscope_methods.lenses.lens import APPLIES, Array, Bands, Fit, Lens, Table, not_applicable
from pluriscope_methods.lenses.null_test import Sought, generator, null_runs, shuffled, tested

N_DRAWN: Final = 99
"""Random directions beside those along which is scaled."""


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

    def found_in(one: Recurrent) -> list[Structure]:
        states = [read[:, -subject.n_units :] for read in one.layers[:-1]]
        return [
            layered(label_means(states[after], labels[first]), label_means(states[after], labels[second]))
            for after, first, second in places
        ]

    def numbers(one: Recurrent) -> Array:
        return np.array([found.value for found in found_in(one)])

    every = np.ones(len(places), dtype=np.bool_)
    sought = [Sought[Recurrent](MAGNITUDE, every, lambda one: one.keeping())]
    tests, scores, null = tested(subject, numbers, shuffled_recurrent, sought, work)
    rows = [
        {"after": after, "first": first, "second": second}
        | {"cosine": found.value, "times": found.detail, "null": usual, "deviations": score}
        | _scaled(subject, after, {at: labels[at] for at in (first, second)}, found.detail)
        for (after, first, second), found, usual, score in zip(
            places, found_in(subject), null.tolist(), scores.tolist(), strict=True
        )
    ]
    return Table(tuple(rows), tests=tests)


def _scaled(subject: Recurrent, after: int, labels: Mapping[int, NDArray[np.int64]], times: float) -> dict[str, float]:
    """Scale what the state holds of two steps, so that each is as large as the other was, and as far along random
    directions: on how many rows the answer is then that of exchanged inputs, of those where that is another one.

    Args:
        subject: the network.
        after: the step whose state is changed.
        labels: of both steps, by step.
        times: the size of the second over that of the first.
    """
    given, state = subject.data.copy(), subject.layers[after][:, -subject.n_units :]
    given[:, [at - 1 for at in labels]] = subject.data[:, [at - 1 for at in reversed([*labels])]]
    own, wanted = subject.layers[-1].argmax(axis=1), subject.run_through(given)[-1].argmax(axis=1)
    rows = np.flatnonzero(own != wanted)
    held = [label_means(state, one) for one in labels.values()]
    if not times > 0.0 or not len(rows):
        return {"moved": 0, "rows": len(rows), "random": 0.0, "as_often": N_DRAWN}

    def moved(directions: Sequence[Array]) -> int:
        parts = zip(directions, labels.values(), (times - 1.0, 1.0 / times - 1.0), strict=True)
        more = sum(factor * means[of] for means, of, factor in parts)
        found = subject.run_sites(subject.data, added(Site(f"h{after}"), np.asarray(more)))
        return int((found.argmax(axis=1) == wanted)[rows].sum())

    def drawn(random: np.random.Generator) -> list[Array]:
        one = random.normal(size=held[0].shape)
        unit = one / np.sqrt(np.add.accumulate(one * one, axis=1)[:, -1:])
        return [unit * np.sqrt(np.add.accumulate(means * means, axis=1)[:, -1:]) for means in held]

    count = moved(held)
    others = [moved(drawn(generator(number))) for number in range(N_DRAWN)]
    as_often = sum(one >= count for one in others)
    return {"moved": count, "rows": len(rows), "random": sum(others) / N_DRAWN, "as_often": as_often}


def _milliseconds(question: SubjectQuestion, _settings: Settings) -> float:
    rows, steps, _ = question.subject.data.shape
    return float(null_runs(1) * (1.0 + 4e-6 * rows * steps * question.subject.n_units))


def shuffled_recurrent(subject: Recurrent, number: int) -> Recurrent:
    """Null network: what reads inputs and what reads the state are shuffled apart; biases stay."""
    given, kept = subject.matrices
    found = shuffled(generator(number), [*given, *kept])
    return subject.with_weights(found[: len(given)], found[len(given) :])


def _bands(seen: Table) -> Bands:
    """The cosine of each pair of steps after each step; none before both were read."""
    pairs = list(dict.fromkeys((row["first"], row["second"]) for row in seen.rows))
    after = list(dict.fromkeys(row["after"] for row in seen.rows))
    cosines = {(row["after"], row["first"], row["second"]): row["cosine"] for row in seen.rows}
    values = tuple(tuple(cosines.get((at, *pair)) for pair in pairs) for at in after)
    return Bands(
        tuple(f"steps {one} and {other}" for one, other in pairs), values, tuple(f"after step {at}" for at in after)
    )


def _says(_question: SubjectQuestion, seen: Table) -> str:
    most = max(seen.rows, key=lambda row: row["deviations"])
    return (
        f"After step {most['after']} steps {most['first']} and {most['second']} are held along directions with a "
        f"cosine of {most['cosine']:.2f}, the second {most['times']:.2f} times as large. In null networks the cosine "
        f"is {most['null']:.2f}. {seen.tests[0].words} Each scaled to the other’s size, the answer is that of "
        f"exchanged inputs on {most['moved']} of {most['rows']} rows; along random directions on "
        f"{most['random']:.1f} in the mean, and {most['as_often']} of {N_DRAWN} draws move as many."
    ).replace(" -", " −")


MAGNITUDE_CODES: Final = Lens(
    key="magnitude-codes",
    version=3,
    label="Codes by magnitude",
    definition="Whether the state after a step holds the inputs of two steps along the same directions, so that their "
    "sizes distinguish the steps, beside null networks: with the entries of each matrix shuffled.",
    source="Csordás et al. 2024 (arXiv:2408.10920), who call it an onion",
    needs=("steps",),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="That two steps are held along the same directions is a fact of the state on these rows; that the network "
    "reads the sizes shows where scaling moves answers and random directions do not. Rows in which steps go together "
    "are held alike for that reason. Of networks without "
    "training, whose weights are drawn independently, at most 5% have something found.",
    columns={
        "after": "step after which the state is looked at",
        "first": "step whose inputs are compared",
        "second": "a later one",
        "cosine": "of what the state holds of the one and of the other",
        "times": "size of the second over that of the first",
        "null": "the mean of the cosine in null networks",
        "moved": "rows whose answer is that of exchanged inputs where what is held of each step is scaled to the size "
        "of the other",
        "rows": "those where that is another answer",
        "random": "the mean of that along directions drawn at random, as far",
        "as_often": f"of {N_DRAWN} draws, those that move as many",
        "deviations": "how far the cosine is from that mean, in standard deviations",
    },
    bands=_bands,
    milliseconds=_milliseconds,
)
