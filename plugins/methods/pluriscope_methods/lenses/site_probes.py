"""Linear probes of a transformer's residual stream, beside a control task."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.transformer.weights import Transformer
from pluriscope_methods.lenses.lens import Grid, Grids
from pluriscope_methods.lenses.logit_lens import streams
from pluriscope_methods.lenses.on_sites import positions
from pluriscope_methods.lenses.probes import PROBES
from pluriscope_methods.lenses.site_lens import SiteLens, run_cost

Array = NDArray[np.float64]
_RIDGE: Final = 1e-3  # of the mean square of a layer's numbers


_SEED: Final = 0


def read_out_accuracy(points: Array, labels: NDArray[np.int64], fitted: NDArray[np.bool_]) -> float:
    """The share of held-out rows whose label a linear read-out gives, fitted by ridge regression on one number a label.

    Args:
        points: ``[rows, d]``.
        labels: ``[rows]`` from 0.
        fitted: ``[rows]`` which rows it is fitted on.
    """
    centre = fixed_order.mean(points[fitted])
    moved = np.concatenate([points - centre, np.ones((len(points), 1))], axis=1)
    wanted = (labels[:, None] == np.arange(labels.max() + 1)).astype(np.float64)
    products = fixed_order.inner(moved[fitted].T, moved[fitted].T)
    ridge = _RIDGE * float(np.trace(products)) / len(products)
    sides = fixed_order.inner(moved[fitted].T, wanted[fitted].T)
    weights = fixed_order.solved(products + ridge * np.eye(len(products)), sides)
    given = fixed_order.inner(moved[~fitted], weights.T).argmax(axis=1)
    return float((given == labels[~fitted]).mean())


def _look_at_stream(model: Transformer, _settings: Settings, _work: Work) -> Grids:
    found, fitted = streams(model), np.arange(len(model.tokens)) % 2 == 0
    random = np.random.default_rng(_SEED).permutation(len(model.outputs))  # an order of the tokens
    _, labels = np.unique(model.answers, return_inverse=True)
    n_labels, places, columns = int(labels.max()) + 1, range(model.tokens.shape[1]), positions(model)
    # tokens at a position take labels in turn, so that two have two: a control task wherever tokens differ
    others = [np.unique(random[model.tokens[:, at]], return_inverse=True)[1] % n_labels for at in places]
    alike = [len(set(one.tolist())) == 1 for one in others]  # what any read-out gives
    right, control = list[tuple[float, ...]](), list[tuple[float | None, ...]]()
    for stream in found.values():
        right.append(tuple(read_out_accuracy(stream[:, at], labels, fitted) for at in places))
        control.append(
            tuple(None if alike[at] else read_out_accuracy(stream[:, at], others[at], fitted) for at in places)
        )
    selective = tuple(
        tuple(None if b is None else a - b for a, b in zip(*rows, strict=True))
        for rows in zip(right, control, strict=True)
    )
    names = tuple(found)
    grids = (
        Grid("Accuracy of the answer on held-out rows", names, columns, tuple(right), (), (), 1.0),
        Grid("The same of the control task", names, columns, tuple(control), (), (), 1.0),
        Grid("Selectivity: the first less the second", names, columns, selective, (), (), 1.0),
    )
    best, name, at = max((value, name, column) for name, column, value, _ in grids[0].cells())
    most = max((labels == label).mean() for label in range(n_labels))
    sentence = f"The answer is read best from {name} at position {at}, on {best:.0%} of the held-out rows"
    sentence = sentence if best else "The answer is read nowhere on any of the held-out rows"
    n, d = int(fitted.sum()), len(model.unembedding) + 1
    notes = [f"A read-out has {d} parameters an answer and {n} rows to fit: it fits anything."] if n <= d else []
    if some := [columns[at] for at in places if alike[at]]:
        where = f"position{'s' if len(some) > 1 else ''} {', '.join(some)}"
        notes.append(f"No control is possible at {where}, where every row has one control label: no selectivity.")
    return Grids(grids, f"{sentence}; the commonest answer is right on {most:.0%}.", tuple(notes))


def few_rows(model: Transformer, _settings: Settings) -> str:
    """Reason why nothing can be fitted and held out; "" where it can."""
    return "" if len(model.tokens) > 3 else f"The task has {len(model.tokens)} rows, and half of them are held out."


PROBES_ON_SITES: Final = SiteLens(
    key=PROBES.key,
    label=PROBES.label,
    definition=(
        "A linear read-out of the residual stream of each layer and position is fitted to the answers by ridge "
        "regression on every other row, and judged on the others; so is one to a control task: answers dealt in turn "
        "to the tokens of that position, in a random order."
    ),
    source="Hewitt & Liang, EMNLP 2019 (arXiv:1909.03368), whose selectivity is the difference of both accuracies",
    can_know=(
        "That the answer can be read from a place says not that the model reads it there. Where the control "
        "task is read as well, the read-out may have learned it by itself."
    ),
    look=_look_at_stream,
    multiplications=lambda model, _: 2.0 * run_cost(model) + len(model.layers) * len(model.unembedding) ** 3,
    refuses=few_rows,
)
