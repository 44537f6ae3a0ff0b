"""Linear probes of every Boolean function: which labellings of the rows an affine read-out of a layer separates.

Alain and Bengio, "Understanding intermediate layers using linear classifier probes" (2016). Separability is decided by
a linear programme, never by a trained classifier, which misses narrow margins. Random labels as a control: Hewitt and
Liang, "Designing and Interpreting Probes with Control Tasks" (EMNLP 2019). The columns of a layer are scaled to
[0, 1] over the rows. Where there are no more rows than neurons plus one, in general position, everything is decodable.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.explanations.probes import hidden_layers, separation
from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope_methods.lenses.feature_structure import shuffled_model
from pluriscope_methods.lenses.lens import APPLIES, Bar, Fit, Grid, Grids, Lens, SiteLens, Table, run_cost
from pluriscope_methods.lenses.logit_lens import streams
from pluriscope_methods.lenses.null_test import generator
from pluriscope_methods.lenses.on_sites import FOLDS, folds_of, positions, times_two_folds

Array = NDArray[np.float64]
LEAST_MARGIN: Final = 1e-9
MAX_ALL: Final = 3
"""Inputs up to which every labelling is asked: 254 over three."""
_RANK: Final = 1e-10
_RIDGE: Final = 1e-3  # of the mean square of a layer's numbers
_SEED: Final = 0
N_HIDDEN: Final = 64
N_NULL: Final = 10
_MILLISECONDS: Final = 5.0  # of one linear programme, which a labelling and its opposite share


def scaled_layers(question: Question) -> dict[int, Array]:
    """``[rows, n_l]`` each hidden layer's activations with every column scaled to [0, 1]; constant columns are 0."""
    layers = activations(question.network, question.method_rows[0])
    found = {}
    for layer in hidden_layers(question):
        low = layers[layer].min(axis=0)
        span = layers[layer].max(axis=0) - low
        found[layer] = np.where(span > 0.0, (layers[layer] - low) / np.where(span > 0.0, span, 1.0), 0.0)
    return found


def labellings(question: Question) -> list[tuple[int, ...]]:
    """The labellings asked about: all that are not constant up to three inputs, else the task and the single inputs."""
    n_inputs, n_rows = question.network.n_inputs, len(question.method_rows[0])
    if n_inputs <= MAX_ALL:
        return [tuple(number >> row & 1 for row in range(n_rows)) for number in range(1, (1 << n_rows) - 1)]
    rows = range(n_rows)
    singles = [tuple(row >> axis & 1 for row in rows) for axis in range(n_inputs - 1, -1, -1)]
    return [table for table in dict.fromkeys([question.task.truth_table, *singles]) if len(set(table)) == 2]


def margin_of(points: Array, labels: tuple[int, ...]) -> float:
    """The largest τ up to 1 such that s(w·u + c) ≥ τ on every row, with |w| ≤ 1 in each coordinate."""
    plane = separation(points, [1 if label else -1 for label in labels], LEAST_MARGIN)
    return 0.0 if plane is None else min(1.0, plane.margin)


def everything_decodable(points: Array) -> bool:
    """Whether rows are in general position and no more than neurons plus one, so that any labelling is separable."""
    n_rows = len(points)
    if n_rows > points.shape[1] + 1:
        return False
    spread = fixed_order.decomposed(points - fixed_order.mean(points), _RANK)[1]
    return len(spread) == n_rows - 1


def _fit(question: Question, _settings: Settings) -> Fit:
    free = [layer for layer, points in scaled_layers(question).items() if everything_decodable(points)]
    if not free:
        return APPLIES
    n_rows = len(question.method_rows[0])
    where = f"layer{'s' if len(free) > 1 else ''} {' and '.join(map(str, free))}"
    return Fit(
        "degenerate",
        f"On {where} everything is decodable: {n_rows} rows in general position are no more than the neurons plus one, "
        "so every labelling is separable there, whatever the network computes.",
    )


def _look(question: Question, _settings: Settings, work: Work) -> Table:
    asked = labellings(question)
    rows = []
    for layer, points in scaled_layers(question).items():
        margins: dict[tuple[int, ...], float] = {}
        for labels in work.each("methods", asked, f"probes of layer {layer}", every=16):
            opposite = tuple(1 - label for label in labels)  # separated by the same hyperplane
            margins[labels] = margins[opposite] if opposite in margins else margin_of(points, labels)
        rows += [
            {"layer": layer, "truth_table": list(labels), "margin": margin, "separable": margin > LEAST_MARGIN}
            for labels, margin in margins.items()
        ]
    return Table(tuple(rows))


def _bars(seen: Table) -> tuple[Bar, ...]:
    layers = sorted({row["layer"] for row in seen.rows})
    here = {layer: [row["separable"] for row in seen.rows if row["layer"] == layer] for layer in layers}
    return tuple(Bar(f"layer {layer}", sum(found), len(found)) for layer, found in here.items())


def _says(question: Question, seen: Table) -> str:
    """Say how many functions are decodable; where all were asked, that is also the control with random labels."""
    counts = ", ".join(f"{bar.n} of {bar.of} on {bar.label}" for bar in _bars(seen))
    if question.network.n_inputs > MAX_ALL:
        return f"Decodable functions: {counts}."
    most = " and ".join(f"{1 - bar.n / bar.of:.0%} on {bar.label}" for bar in _bars(seen))
    return (
        f"Decodable functions: {counts}. Labels drawn at random are decodable as often, so the selectivity of a probe, "
        f"its accuracy less that on such labels, is at most {most}."
    )


def _milliseconds(question: Question, _settings: Settings) -> float:
    return _MILLISECONDS * len(labellings(question)) * len(hidden_layers(question)) / 2


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


def behind_hidden(points: Array, fitted: NDArray[np.bool_]) -> Array:
    """``[rows, hidden]`` a hidden layer of ReLUs with weights drawn at random, so that a read-out of it is not linear.

    Args:
        points: ``[rows, d]``; those that are fitted set the scale.
        fitted: ``[rows]``.
    """
    moved = points - fixed_order.mean(points[fitted])
    size = fixed_order.length(moved[fitted].ravel()) / np.sqrt(int(fitted.sum()))
    random = generator(0)
    weights, shifts = random.normal(size=(N_HIDDEN, points.shape[1])), random.normal(size=N_HIDDEN)
    return np.asarray(np.maximum(fixed_order.inner(moved / size if size > 0.0 else moved, weights) + shifts, 0.0))


def _look_at_stream(model: AttentionModel, settings: Settings, work: Work) -> Grids:
    found, folds = streams(model), folds_of(len(model.tokens), settings)
    random = np.random.default_rng(_SEED).permutation(len(model.outputs))  # an order of the tokens
    _, labels = np.unique(model.answers, return_inverse=True)
    n_labels, places, columns = int(labels.max()) + 1, range(model.tokens.shape[1]), positions(model)
    # tokens at a position take labels in turn, so that two have two: a control task wherever tokens differ
    others = [np.unique(random[model.tokens[:, at]], return_inverse=True)[1] % n_labels for at in places]
    alike = [len(set(one.tolist())) == 1 for one in others]  # what any read-out gives

    def accuracy(points: Array, asked: NDArray[np.int64], linear: bool) -> float:
        """The share of rows whose label is given by what was fitted without them."""
        right = 0
        for fitted in folds:
            here = points if linear else behind_hidden(points, fitted)
            right += round(read_out_accuracy(here, asked, fitted) * int((~fitted).sum()))
        return right / len(points)

    def accuracies(of: AttentionModel, *, linear: bool, controls: bool = False) -> list[tuple[float | None, ...]]:
        """``[sites][positions]`` of the answer, or of the control task."""
        found = list[tuple[float | None, ...]]()
        for stream in streams(of).values():
            asked = others if controls else [labels] * len(places)
            found.append(
                tuple(None if controls and alike[at] else accuracy(stream[:, at], asked[at], linear) for at in places)
            )
        return found

    right, control = accuracies(model, linear=True), accuracies(model, linear=True, controls=True)
    selective = tuple(
        tuple(None if b is None else (a or 0.0) - b for a, b in zip(*rows, strict=True))
        for rows in zip(right, control, strict=True)
    )
    bent, bent_control = accuracies(model, linear=False), accuracies(model, linear=False, controls=True)
    null = fixed_order.mean(
        np.array(
            [
                accuracies(shuffled_model(model, number), linear=False)
                for number in work.each("lenses", range(N_NULL), "probes of shuffled networks")
            ],
            dtype=np.float64,
        )
    )
    names = tuple(found)
    grids = tuple(
        Grid(title, names, columns, tuple(values), (), (), 1.0)
        for title, values in (
            ("Accuracy of the answer on held-out rows", right),
            ("The same of the control task", control),
            ("Selectivity: the first less the second", selective),
            ("Accuracy of a probe that is not linear, behind a hidden layer", bent),
            ("The same of the control task, not linear", bent_control),
            ("The same of the answer in the mean of networks with matrices shuffled", map(tuple, null.tolist())),
        )
    )
    best, name, at = max((value, name, column) for name, column, value, _ in grids[0].cells())
    most = max((labels == label).mean() for label in range(n_labels))
    sentence = f"The answer is read best from {name} at position {at}, on {best:.0%} of the held-out rows"
    sentence = sentence if best else "The answer is read nowhere on any of the held-out rows"
    n, d = int(folds[0].sum()), len(model.unembedding) + 1
    notes = [f"A read-out has {d} parameters an answer and {n} rows to fit: it fits anything."] if n <= d else []
    if some := [columns[at] for at in places if alike[at]]:
        where = f"position{'s' if len(some) > 1 else ''} {', '.join(some)}"
        notes.append(f"No control is possible at {where}, where every row has one control label: no selectivity.")
    more, row, column = max(
        ((bent[one][k] or 0.0) - (right[one][k] or 0.0), one, k) for one in range(len(names)) for k in places
    )
    sentence += f"; the commonest answer is right on {most:.0%}. A probe that is not linear adds most at "
    sentence += f"{names[row]}, position {columns[column]}: {more:.0%}, to {bent[row][column]:.0%}. In shuffled "
    sentence += f"networks it reads {null[row, column]:.0%} there."
    return Grids(grids, sentence, tuple(notes))


def few_rows(model: AttentionModel, _settings: Settings) -> str:
    """Reason why nothing can be fitted and held out; "" where it can."""
    return "" if len(model.tokens) > 3 else f"The task has {len(model.tokens)} rows, and some of them are held out."


PROBES: Final = Lens(
    key="probes",
    label="Linear probes",
    definition="Of every Boolean function whether some affine read-out of a layer separates its two values, by a "
    "linear programme.",
    source="Alain & Bengio 2016 (arXiv:1610.01644); scikit-learn 1.9.1 never separates what is called "
    "inseparable here; on xor-pretrained its logistic regression separates all 28 labellings that are separable with "
    "C=1e12, and 4 by default",
    needs=("neurons", "boolean-rows"),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="That a function is decodable says that it can be read, not that the network reads it. Whether it is "
    "used shows when the direction is interchanged, and whether it is carried by a valid placement is known here.",
    columns={
        "layer": "hidden layer, from 1",
        "truth_table": "the function's value on each row",
        "margin": "least distance to the best hyperplane, columns scaled to [0, 1]; 0 where there is none",
        "separable": "whether the margin is above 10⁻⁹",
    },
    bars=_bars,
    milliseconds=_milliseconds,
    on_sites=partial(
        SiteLens,
        version=3,
        definition="A linear read-out of the residual stream of each layer and position is fitted to the answers by "
        "ridge regression on all folds of the rows but one, and judged on that; so is one to a control task: answers "
        "dealt in turn to the tokens of that position, in a random order. Both also behind a hidden layer of ReLUs "
        "drawn at random, so that the read-out is not linear, beside networks with matrices shuffled.",
        source="Hewitt & Liang, EMNLP 2019 (arXiv:1909.03368), whose selectivity is the difference of both accuracies",
        can_know="That the answer can be read from a place says not that the model reads it there. Where the control "
        "task is read as well, the read-out may have learned it by itself.",
        look=_look_at_stream,
        own=FOLDS,
        multiplications=lambda model, settings: (
            (N_NULL + 2.0) * (run_cost(model) + len(model.layers) * 8e6 * times_two_folds(settings))
        ),
        refuses=few_rows,
    ),
)
