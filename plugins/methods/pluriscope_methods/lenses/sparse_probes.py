"""k-sparse probes: how few neurons of a layer an affine read-out of a function needs, by trying every set of them.

Gurnee et al., "Finding Neurons in a Haystack: Case Studies with Sparse Probing" (2023, arXiv:2305.01610), choose the
neurons by scores; here every subset is tried, the smallest first, so that the number is exact. Whether a set separates
a function is decided by the linear programme of :mod:`pluriscope_methods.lenses.probes`.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.lens import APPLIES, Bar, Fit, Lens, Table, not_applicable
from pluriscope_methods.lenses.probes import LEAST_MARGIN, Array, labellings, margin_of, scaled_layers

MAX_WIDTH: Final = 12
"""Neurons of a layer of which every set is tried."""
_MILLISECONDS: Final = 5.0  # of one linear programme


def fewest_neurons(points: Array, labels: tuple[int, ...]) -> tuple[list[tuple[int, ...]], float]:
    """The smallest sets of neurons that separate a function, and the largest margin of any of them.

    Args:
        points: ``[rows, n_l]`` scaled activations.
        labels: ``[rows]`` 0 or 1, both of them there.

    Returns:
        No sets and 0 where the whole layer does not separate it.
    """
    for k in range(1, points.shape[1] + 1):
        margins = {some: margin_of(points[:, some], labels) for some in combinations(range(points.shape[1]), k)}
        if found := [some for some, margin in margins.items() if margin > LEAST_MARGIN]:
            return found, max(margins[some] for some in found)
    return [], 0.0


def _asked(question: Question) -> list[tuple[int, ...]]:
    """Functions to probe: one of each and its negation, which the same sets separate."""
    return [labels for labels in labellings(question) if not labels[0]] or [question.task.truth_table]


def _fit(question: Question, _settings: Settings) -> Fit:
    widest = max(question.network.hidden_sizes)
    if widest <= MAX_WIDTH:
        return APPLIES
    return not_applicable(f"{widest} neurons have too many sets to try each; the most are {MAX_WIDTH}.")


def _look(question: Question, _settings: Settings, work: Work) -> Table:
    rows: list[dict[str, Any]] = []
    task = question.task.truth_table
    for layer, points in scaled_layers(question).items():
        for labels in work.each("methods", _asked(question), f"sparse probes of layer {layer}"):
            sets, margin = fewest_neurons(points, labels)
            fitted = {
                "neurons": len(sets[0]) if sets else None,
                "sets": len(sets),
                "first": list(sets[0]) if sets else [],
            }
            is_task = labels in (task, tuple(1 - bit for bit in task))
            rows.append({"layer": layer, "truth_table": list(labels), **fitted, "margin": margin, "task": is_task})
    return Table(tuple(rows))


def _bars(seen: Table) -> tuple[Bar, ...]:
    layers = sorted({row["layer"] for row in seen.rows})
    here = {layer: [row["neurons"] == 1 for row in seen.rows if row["layer"] == layer] for layer in layers}
    return tuple(Bar(f"layer {layer}", sum(found), len(found)) for layer, found in here.items())


def _says(_question: Question, seen: Table) -> str:
    counts = ", ".join(f"{bar.n} of {bar.of} on {bar.label}" for bar in _bars(seen))
    of_task = [
        f"{row['neurons']} on layer {row['layer']}" if row["neurons"] else f"none on layer {row['layer']}"
        for row in seen.rows
        if row["task"]
    ]
    needed = ", ".join(of_task) or "not asked"
    return f"Functions read from a single neuron: {counts}. Neurons that the task needs: {needed}."


SPARSE_PROBES: Final = Lens(
    key="sparse-probes",
    label="k-sparse probes",
    definition="Of every Boolean function the fewest neurons of a layer from which some affine read-out separates its "
    "two values; every set of neurons is tried.",
    source="Gurnee et al. 2023 (arXiv:2305.01610), there with chosen neurons",
    needs=("neurons", "boolean-rows"),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="The number is exact. That few neurons are enough says that the function can be read from them, not that "
    "the network reads it there; several sets may do as well.",
    columns={
        "layer": "hidden layer, from 1",
        "truth_table": "the function's value on each row",
        "neurons": "the fewest that separate it; empty where all together do not",
        "sets": "sets of so many that do",
        "first": "one of them, neurons from 0",
        "margin": "the largest of any of them, columns scaled to [0, 1]",
        "task": "whether it is the task or its negation",
    },
    bars=_bars,
    milliseconds=lambda question, _: (
        _MILLISECONDS * len(_asked(question)) * sum(2.0**width for width in question.network.hidden_sizes)
    ),
)
