"""Fitted perceptrons of scikit-learn, alone or behind scalers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from analysis.errors import InvalidNetwork
from analysis.network_files.chain import Activated, Affine, Dense, Step, file_of_steps
from analysis.network_files.files import NetworkFile
from analysis.network_files.original import DOUBLE, SINGLE, Original, Rows
from analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.live.running import running

_SKLEARN: Final = {one.sklearn: one.name for one in FAMILIES.values() if one.sklearn}


def perceptron_file(model: Any, last: Any) -> NetworkFile:
    """The network that a fitted perceptron computes, behind the scalers of its pipeline if it has some."""
    item = f"model {type(model).__name__}"
    if not hasattr(last, "coefs_"):
        raise InvalidNetwork(item, "is not fitted", "call fit first")
    steps: list[Step] = []
    if model is not last:  # a scaler is known by what it makes of 0 and 1; what is none differs on other rows
        n_inputs = getattr(model, "n_features_in_", last.n_features_in_)  # not every first step knows its own
        with running(item):
            made = np.array([[0.0], [1.0]]).repeat(n_inputs, axis=1)
            for _, step in model.steps[:-1]:  # one by one: together they fail if one does not tell that it is fitted
                made = step.transform(made) if hasattr(step, "transform") else made
            zero, one = np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)
        if len(zero) != n_inputs:
            cause = f"turns {n_inputs} inputs into {len(zero)} before the perceptron"
            raise InvalidNetwork(item, cause, "use scalers alone, which take each input by itself")
        steps.append(Affine(one - zero, zero))
    with running(item):
        weights, biases = ([np.asarray(one) for one in values] for values in (last.coefs_, last.intercepts_))
    for weight, bias in zip(weights, biases, strict=True):
        hidden = Activated(_SKLEARN[last.activation])
        steps += [Dense(weight.T.astype(np.float64), bias.astype(np.float64)), hidden]
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

    double = all(weight.dtype == np.float64 for weight in weights)
    classes = tuple(last.classes_.tolist()) if of_classes else ()
    file = replace(file_of_steps(steps, item), original=Original(run, DOUBLE if double else SINGLE, classes=classes))
    if second is None or last.classes_.tolist() == [0, 1]:
        return file
    return replace(file, remarks=(*file.remarks, f"The output is the probability of {second!r}."))
