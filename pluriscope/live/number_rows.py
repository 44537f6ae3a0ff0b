"""A classifier of what was read of a perceptron, with the rows of numbers that it is judged on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork, InvalidTask
from pluriscope.analysis.network_files.files import NetworkFile, network_file_json
from pluriscope.analysis.network_files.original import Rows, apart, check_alone
from pluriscope.analysis.subjects.classifier import FORMAT, Classifier, read_classifier
from pluriscope.arguments import listed, plain, unfit

ROWS: Final = "rows of numbers, such as digits.data / 16; for Boolean inputs a data file"
_LEAST: Final = -30.0  # below the largest output: what softmax makes of less is lost in rounding


def live_classifier(draft: NetworkFile, data: Any, task: Any, name: str) -> Classifier:
    """A perceptron as a classifier, of which the original computes the same on every row.

    Args:
        draft: what was read of it.
        data: lists, tuples, arrays or tensors of numbers.
        task: a class for each row; None where each answer is still to be set, 0 until then.
        name: what to call it.

    Raises:
        AnalysisError: rows or answers that it cannot be given, or the original computes something else.
    """
    network, original = draft.network, draft.original
    try:
        rows = [listed(row) for row in listed(data)]
    except TypeError:
        raise unfit("data", data, ROWS) from None
    if network.n_outputs == 1:
        cause = "gives one number for each row, and a classifier answers with the largest of two or more"
        cure = "give one with an output for each class; of Boolean inputs leave data out, or give a data file"
        raise InvalidNetwork("network", cause, cure)
    classes = [*original.classes] if original and original.classes else [*range(network.n_outputs)]
    answers = [0] * len(rows)
    if task is not None:
        try:
            answers = [classes.index(plain(one)) for one in listed(task)]
        except (TypeError, ValueError) as problem:
            cause = f"names no class for each row: {problem}" if str(problem) else f"is of type {type(task).__name__}"
            raise InvalidTask("task", cause, f"give for each row one of {', '.join(map(repr, classes))}") from None
    document = {
        **network_file_json(replace(draft, name=name, tasks=(), planted=None, edited=None, training=None)),
        "format": FORMAT,
        "outputs": [str(one) for one in classes],
        "tasks": [{"name": "classes of rows", "rows": rows, "answers": answers}],
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
