"""Codes by magnitude: whether the state of a recurrent network holds the inputs of several steps along the same
directions, so that their sizes alone tell which step an input came in.

After each step, of each pair of steps until then, what the state holds of their inputs is compared as
:func:`analysis.lenses.feature_structure.layered` does it (Csordás et al. 2024, arXiv:2408.10920, who call it an onion).
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.lenses.feature_structure import FEWEST, MOST, label_means, layered
from analysis.lenses.lens import APPLIES, Bands, Fit, Lens, Table, not_applicable
from analysis.method_settings import Settings
from analysis.work import Work


def _labels(question: Any) -> dict[int, NDArray[np.int64]]:
    """Of each step, from 1, with neither too few nor too many different inputs, which of them every row has; inputs
    are in one order.
    """
    steps = question.subject.data.swapaxes(0, 1)
    found = {at: np.unique(given, axis=0, return_inverse=True) for at, given in enumerate(steps, start=1)}
    return {at: numbers.reshape(-1) for at, (inputs, numbers) in found.items() if FEWEST <= len(inputs) <= MOST}


def _pairs(question: Any) -> list[tuple[int, int]]:
    """Steps at which the same inputs are given."""
    data, labels = question.subject.data, _labels(question)
    given = {at: np.unique(data[:, at - 1], axis=0) for at in labels}
    return [(one, other) for one, other in combinations(labels, 2) if np.array_equal(given[one], given[other])]


def _fit(question: Any, _settings: Settings) -> Fit:
    if _pairs(question):
        return APPLIES
    return not_applicable(
        f"No two steps have the same {FEWEST} to {MOST} different inputs, whose order could be drawn."
    )


def _look(question: Any, _settings: Settings, work: Work) -> Table:
    subject, labels, rows = question.subject, _labels(question), list[dict[str, Any]]()
    pairs = _pairs(question)
    for after in work.each("methods", range(1, subject.data.shape[1] + 1), "states"):
        state = subject.layers[after][:, -subject.n_units :]
        for one, other in pairs:
            if other <= after:
                found = layered(*(label_means(state, labels[at]) for at in (one, other)))
                told = {"cosine": found.value, "times": found.detail, "p": found.p}
                rows.append({"after": after, "first": one, "second": other, **told})
    return Table(tuple(rows))


def _bands(seen: Table) -> Bands:
    """The cosine of each pair of steps after each step; 0 before both were read."""
    pairs = list(dict.fromkeys((row["first"], row["second"]) for row in seen.rows))
    after = list(dict.fromkeys(row["after"] for row in seen.rows))
    cosines = {(row["after"], row["first"], row["second"]): row["cosine"] for row in seen.rows}
    values = tuple(tuple(cosines.get((at, *pair), 0.0) for pair in pairs) for at in after)
    return Bands(
        tuple(f"steps {one} and {other}" for one, other in pairs), values, tuple(f"after step {at}" for at in after)
    )


def _says(_question: Any, seen: Table) -> str:
    most = max(seen.rows, key=lambda row: row["cosine"])
    return (
        f"After step {most['after']} steps {most['first']} and {most['second']} are held along directions with a "
        f"cosine of {most['cosine']:.2f}, the second {most['times']:.2f} times as large (p = {most['p']:.3f})."
    ).replace(" -", " −")


MAGNITUDE_CODES: Final = Lens(
    key="magnitude-codes",
    version=2,
    label="Codes by magnitude",
    definition="Whether the state after a step holds the inputs of two steps along the same directions, so that their "
    "sizes tell the steps apart, beside orders of the inputs drawn at random.",
    source="Csordás et al. 2024 (arXiv:2408.10920), who call it an onion",
    needs=("steps",),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="That two steps are held along the same directions is a fact of the state on these rows, not of what "
    "the network reads of it. Rows in which steps go together are held alike for that reason.",
    columns={
        "after": "step after which the state is looked at",
        "first": "step whose inputs are compared",
        "second": "a later one",
        "cosine": "of what the state holds of the one and of the other",
        "times": "size of the second over that of the first",
        "p": "share of orders of the inputs, drawn at random, with as large a cosine",
    },
    bands=_bands,
)
