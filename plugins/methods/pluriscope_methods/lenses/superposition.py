"""Superposition: more features than dimensions, each a direction of a linear layer, and how they interfere.

Elhage et al., "Toy Models of Superposition" (2022). A feature is an input; its direction w is what one unit of it adds
to the first hidden layer. Features share dimensions where their directions are not at right angles.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.lens import APPLIES, Array, Bands, Fit, Lens, Table, not_applicable
from pluriscope_methods.lenses.null_test import N_NETWORKS, generator, shuffled


def _fit(question: Question, _settings: Settings) -> Fit:
    network = question.network
    activation = network.function_of(1)
    if activation.below != 1.0:
        return not_applicable(
            f"The first hidden layer is {activation.label}: an input has one direction there only where "
            "it is linear, as in toy models of superposition."
        )
    if network.n_inputs > len(INPUT_NAMES):
        return not_applicable(f"{network.n_inputs} inputs are more than the {len(INPUT_NAMES)} that have letters here.")
    return APPLIES


def _look(question: Question, _settings: Settings, _work: Work) -> Table:
    directions: Array = np.array(question.network.weights[0]).T
    gram = fixed_order.inner(directions, directions)
    each = range(len(gram))
    rows = tuple(beside(gram, a, b) | {"direction": directions[a].tolist()} for a in each for b in each)
    return Table(rows, (_usual(directions),) if len(gram) > 1 else ())


def _usual(directions: Array) -> str:
    """Say what the largest cosine and the dimensionality are where the weights are in random order."""
    found = list[tuple[float, float, float]]()
    for number in range(N_NETWORKS):
        (drawn,) = shuffled(generator(number), [directions])
        gram, each = fixed_order.inner(drawn, drawn), range(len(drawn))
        cosines = [abs(beside(gram, a, b)["cosine"] or 0.0) for a in each for b in each if a < b]
        shares = [beside(gram, a, a)["dimensionality"] or 0.0 for a in each]
        found.append((max(cosines), min(shares), max(shares)))
    cosine, low, high = fixed_order.mean(np.array(found)).tolist()
    return (
        f"In the mean of {N_NETWORKS} layers with these weights shuffled the largest cosine is {cosine:.2f}, of either "
        f"sign. There each feature has {low:.2f} to {high:.2f} of one dimension to itself."
    )


def beside(gram: Array, first: int, second: int) -> dict[str, Any]:
    """Row of one feature beside another; what is of the first alone stands in each of its rows."""
    squared = float(gram[first, first])
    length, other = squared**0.5, float(gram[second, second]) ** 0.5
    shared = fixed_order.dot(gram[first], gram[first])
    return {
        "feature": INPUT_NAMES[first],
        "other": INPUT_NAMES[second],
        "dot": float(gram[first, second]),
        "cosine": float(gram[first, second]) / (length * other) if length and other else None,
        "length": length,
        "interference": (shared - squared * squared) / squared if squared else None,
        "dimensionality": squared * squared / shared if shared else None,
    }


def _bands(seen: Table) -> Bands:
    """The products w·w of all features: the Gram matrix."""
    names = tuple(dict.fromkeys(row["feature"] for row in seen.rows))
    dots = {(row["feature"], row["other"]): row["dot"] for row in seen.rows}
    return Bands(names, tuple(tuple(dots[one, other] for one in names) for other in names), names)


def _says(question: Question, seen: Table) -> str:
    own = {row["feature"]: row for row in seen.rows}
    shares = [row["dimensionality"] for row in own.values() if row["dimensionality"] is not None]
    if not shares:
        return "No input moves the first hidden layer."
    pairs = [row for row in seen.rows if row["feature"] < row["other"] and row["cosine"] is not None]
    width = question.network.hidden_sizes[0]
    sentence = (
        f"{len(own)} features in {width} dimension{'s' if width > 1 else ''}: each has {min(shares):.2f} to "
        f"{max(shares):.2f} of one to itself"
    )
    if not pairs:
        return f"{sentence}."
    most = max(pairs, key=lambda row: abs(row["cosine"]))
    cosine = f"{most['cosine']:.2f}".replace("-", "−")
    return f"{sentence}. {most['feature']} and {most['other']} interfere most, with a cosine of {cosine}."


SUPERPOSITION: Final = Lens(
    key="superposition",
    version=2,
    label="Features in superposition",
    definition="An input's direction is what one unit of it adds to the first hidden layer; inputs whose directions "
    "are not at right angles interfere.",
    source="Elhage et al., Toy Models of Superposition, 2022 (arXiv:2209.10652)",
    needs=("neurons",),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="Directions of inputs in a linear layer are exact. Which outputs read them, and on which inputs "
    "interference changes an answer, they do not say: the valid circuits of each output do.",
    columns={
        "feature": "an input",
        "direction": "its w, what one unit of it adds to the layer",
        "other": "another, or the same",
        "dot": "w·w′, an entry of the Gram matrix",
        "cosine": "of the two directions; empty where one is 0",
        "length": "of w",
        "interference": "Σ (ŵ·w′)² over the other features",
        "dimensionality": "|w|² / Σ (ŵ·w′)² over all features: 1 for a dimension of its own",
    },
    bands=_bands,
    planes=lambda rows: {"": {row["feature"]: row["direction"] for row in rows}},
)
