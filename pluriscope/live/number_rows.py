"""A classifier of what was read of a perceptron, with the rows of numbers that it is judged on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork, InvalidTask
from pluriscope.analysis.network_files.files import NetworkFile, network_file_json
from pluriscope.analysis.network_files.original import Rows, apart, check_against, check_alone
from pluriscope.analysis.questions.decision import Decision, DecisionName, fitting, possible
from pluriscope.analysis.subjects.classifier import FORMAT, Classifier, read_classifier
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.arguments import listed, plain, unfit

ROWS: Final = "rows of numbers, such as digits.data / 16; for Boolean inputs a data file"
_LEAST: Final = -30.0  # below the largest output: what softmax makes of less is lost in rounding
_BEFORE: Final = {("sigmoid", "value"): 0.0, ("tanh", "value"): float(np.arctanh(0.5)), ("tanh", "sign"): 0.0}
_BEFORE.update({(one, "value"): 0.5 for one in ("linear", "relu", "leaky_relu")})
_BEFORE.update({("linear", "logit"): 0.0, ("linear", "sign"): 0.0})
"""Where an output decides before its activation, by that and by what it is."""


def live_classifier(
    draft: NetworkFile, data: Any, task: Any, name: str, output_is: DecisionName | None = None
) -> Classifier:
    """A perceptron as a classifier, of which the original computes the same on every row; of one output, which decides
    between two classes, with 0 as the other.

    Args:
        draft: what was read of it.
        data: lists, tuples, arrays or tensors of numbers.
        task: a class for each row; None where each answer is still to be set, 0 until then.
        name: what to call it.
        output_is: what decides, of one output; None where that alone fits.

    Raises:
        AnalysisError: rows or answers that it cannot be given, or the original computes something else.
    """
    network, original = draft.network, draft.original
    try:
        rows = [listed(row) for row in listed(data)]
    except TypeError:
        raise unfit("data", data, ROWS) from None
    classes: list[Any] = [*range(max(2, network.n_outputs))]
    if original:
        classes = [*(original.classes or original.labels or classes)]
    answers = [0] * len(rows)
    if task is not None:
        try:
            answers = [classes.index(plain(one)) for one in listed(task)]
        except (TypeError, ValueError) as problem:
            cause = f"names no class for each row: {problem}" if str(problem) else f"is of type {type(task).__name__}"
            raise InvalidTask("task", cause, f"give for each row one of {', '.join(map(repr, classes))}") from None
    words = "classes of rows"
    if network.n_outputs > 1 and network.output_activation != "linear":
        cause = f"ends with {network.output_activation}, and of rows of one's own the largest of linear outputs decides"
        cure = "give it without that, where the largest decides, or one output, or ask pluriscope.space(model, …)"
        raise InvalidNetwork("network", cause, cure)
    if network.n_outputs == 1:
        draft, words = _two_classes(draft, rows, None if task is None else answers, output_is)
        original = None
    document = {
        **network_file_json(replace(draft, name=name, tasks=(), planted=None, edited=None, training=None)),
        "format": FORMAT,
        "outputs": [str(one) for one in classes],
        "tasks": [{"name": words, "rows": rows, "answers": answers}],
    }
    del document["sizes"]
    classifier = read_classifier(document)
    if original:

        def ahead(outputs: Rows) -> Rows:
            """Outputs, each less the largest of its row."""
            return np.asarray(np.maximum(outputs - outputs.max(axis=1, keepdims=True), _LEAST))

        theirs, ours = ahead(original.run(classifier.data)), ahead(classifier.layers[-1])
        differs = (theirs.argmax(axis=1) != ours.argmax(axis=1)) | apart(theirs, ours, original.tolerance).any(axis=1)
        if differs.any():
            cause = "are not those that its layers as read compute"
            raise InvalidNetwork(f"outputs on data[{int(differs.argmax())}]", cause, original.cure)
        if not original.row_by_row:
            check_alone(lambda rows: ahead(original.run(rows)), classifier.data, theirs, original.tolerance)
    return classifier


def _two_classes(
    draft: NetworkFile, rows: list[list[Any]], answers: list[int] | None, output_is: DecisionName | None
) -> tuple[NetworkFile, str]:
    """A network of one output as one of two, of which the first is 0, and its task in words."""
    network, labels = draft.network, None if answers is None else np.array(answers)[:, None]
    try:
        given = np.array(rows, np.float64).reshape(-1, network.n_inputs)
    except (TypeError, ValueError):
        raise unfit("data", rows, f"{ROWS}, each of {network.n_inputs} numbers") from None
    if draft.original:
        check_against(draft.original, network, given)
    last = network.output_activation
    open_ = [one for one in possible(1) if (last, one) in _BEFORE]
    found = (output_is,) if output_is else fitting(open_, forward(network, given), labels)
    if len(found) != 1 or found[0] not in open_:
        cause = f"is not known of an output behind {last}: {'several fit' if found else 'none fits'} the rows"
        ways = " or ".join(f"output_is={one!r}" for one in open_) or "a linear last layer"
        raise InvalidNetwork("what decides", cause, f"say {ways}")
    weights, biases = [*network.weights], [*network.biases]
    weights[-1] = np.concatenate([np.zeros_like(weights[-1]), weights[-1]])
    biases[-1] = np.array([0.0, biases[-1][0] - _BEFORE[last, found[0]]])
    two = Network.from_arrays(
        weights,
        biases,
        activation=network.activation,
        output_activation="linear",
        negative_slope=network.negative_slope,
    )
    guessed = "" if output_is else " (guessed)"
    return replace(draft, network=two, original=None), f"classes of rows, {Decision(found[0]).words()}{guessed}"
