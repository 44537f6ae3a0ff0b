"""Fitted perceptrons of scikit-learn, alone, behind linear steps of a pipeline, or found by a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.chain import Activated, Affine, Dense, Step, file_of_steps
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.network_files.original import DOUBLE, SINGLE, Original, Rows, apart
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.live.running import running

_SKLEARN: Final = {one.sklearn: one.name for one in FAMILIES.values() if one.sklearn}


def perceptron_of(model: Any) -> tuple[Any, list[tuple[str, Any]]]:
    """The last step of a pipeline, or of the one that a search found, and the steps before it."""
    model = getattr(model, "best_estimator_", model)
    if not hasattr(model, "steps"):
        return model, []
    last, before = perceptron_of(model.steps[-1][1])
    return last, [*model.steps[:-1], *before]


def perceptron_file(model: Any, last: Any, before: Sequence[tuple[str, Any]] = ()) -> NetworkFile:
    """The network that a fitted perceptron computes, with the linear steps before it in its first layer.

    Args:
        model: what is asked for answers.
        last: the perceptron in it.
        before: names of steps, and what they are.
    """
    item = f"model {type(model).__name__}"
    if not hasattr(last, "coefs_"):
        raise InvalidNetwork(item, "is not fitted", "call fit first")
    steps: list[Step] = []
    whole, mixed = "", None
    if before:
        n_inputs = getattr(model, "n_features_in_", last.n_features_in_)  # not every first step knows its own
        made = _transformed(before, np.vstack((np.zeros(n_inputs), np.eye(n_inputs), np.ones(n_inputs))), item)
        zero, columns = made[0], made[1:-1] - made[0]
        try:
            halves = _transformed(before, np.full((1, n_inputs), 0.5), item)[0]
        except InvalidNetwork:  # of steps that take the numbers that they were fitted on alone
            whole, halves = "int64", zero + columns.sum(axis=0) / 2.0
        expected = np.array([columns.sum(axis=0) + zero, columns.sum(axis=0) / 2.0 + zero])
        if apart(np.array([made[-1], halves]), expected, SINGLE).any():
            cause = f"has a step that is not linear among {', '.join(name for name, _ in before)}"
            raise InvalidNetwork(item, cause, "train it behind scalers, PCA, or other linear steps alone")
        if columns.shape[0] == columns.shape[1] and not (columns - np.diag(np.diag(columns))).any():
            steps.append(Affine(np.diag(columns), zero))
        else:
            mixed = Dense(columns.T, zero)
    with running(item):
        weights, biases = ([np.asarray(one) for one in values] for values in (last.coefs_, last.intercepts_))
    double = all(weight.dtype == np.float64 for weight in weights)
    for weight, bias in zip(weights, biases, strict=True):
        layer = Dense(weight.T.astype(np.float64), bias.astype(np.float64))
        steps += [layer if mixed is None else layer.behind(mixed), Activated(_SKLEARN[last.activation])]
        mixed = None
    of_classes = last.out_activation_ == "softmax"  # of the outputs of more than two classes
    steps[-1] = Activated("linear" if of_classes else _SKLEARN[last.out_activation_])
    probable = getattr(model, "predict_proba", None)
    second = [*last.classes_.tolist(), 1][1] if probable is not None and last.n_outputs_ == 1 else None

    def run(rows: Rows) -> Rows:
        with running(item):
            predicted = np.asarray(model.predict(rows)).reshape(len(rows), -1)
            if probable is None:
                return predicted.astype(np.float64)
            outputs = np.asarray(probable(rows), dtype=np.float64).reshape(len(rows), -1)[:, second is not None :]
            if of_classes:
                with np.errstate(divide="ignore"):
                    return np.log(outputs)
        decided = predicted.astype(bool) if second is None else predicted == second
        for row, k in np.argwhere(decided != (outputs > 0.5))[:1]:
            on = f"is {outputs[row, k]:.4g} on row {row}, inputs {', '.join(f'{value:.4g}' for value in rows[row])}"
            raise InvalidNetwork(f"output {k}", f"{on}, and predict gives {predicted[row, k]}", Original.cure)
        return outputs

    labels = () if second is None else tuple(last.classes_.tolist())
    classes = tuple(last.classes_.tolist()) if of_classes else ()
    original = Original(run, DOUBLE if double else SINGLE, whole, classes=classes, labels=labels)
    file = replace(file_of_steps(steps, item), original=original)
    if labels in ((), (0, 1)):
        return file
    return replace(file, remarks=(*file.remarks, f"The output is the probability of {second!r}."))


def _transformed(before: Sequence[tuple[str, Any]], rows: Rows, item: str) -> Rows:
    """Rows after the steps before the perceptron, made one by one: a pipeline fails if one does not report that it is
    fitted.
    """
    made: Any = rows
    with running(item):
        for _, step in before:
            made = step.transform(made) if hasattr(step, "transform") else made
        return np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)
