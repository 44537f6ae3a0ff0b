"""Every stated limit on what comes in: at the limit it is accepted, one beyond it is refused before work starts.

A refusal names the limit and says what to do instead. Limits on how far searches go are no refusals: the analysis then
counts, estimates or says where it stopped (tests/analysis/circuits/test_strategy.py, tests/app/jobs/test_limits.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from pluriscope.analysis.algorithms.boolean_formulas import MAX_FORMULA, MAX_NESTING, task_from_formula
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.explaining.preflight import preflight
from pluriscope.analysis.network_files.declared_tasks import MAX_TEXT, declared_tasks
from pluriscope.analysis.network_files.files import (
    MAX_LAYERS,
    MAX_NETWORK_BYTES,
    MAX_PARTS,
    MAX_WIDTH,
    parse_network_file,
)
from pluriscope.analysis.network_files.formats.safetensors_file import MAX_HEADER
from pluriscope.analysis.network_files.intake import read_any
from pluriscope.analysis.questions.data import MAX_DATA_BYTES, clean_data, data_file_json, parse_data_file
from pluriscope.analysis.questions.protocol import COMPLETE, MAX_NAME, protocol_from_mapping
from pluriscope.analysis.questions.tasks import MAX_INPUTS, Task
from pluriscope.analysis.subjects.names import MAX_ATTRIBUTION
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.values.strict_json import MAX_TEXT as MAX_LINE


def document(sizes: tuple[int, ...], **changes: Any) -> dict[str, Any]:
    """A network file of these sizes, all weights 0."""
    return {
        "format": "pluriscope-network/1",
        "name": "at the limit",
        "sizes": list(sizes),
        "weights": [[[0] * n_in for _ in range(n_out)] for n_in, n_out in pairwise(sizes)],
        "biases": [[0] * n for n in sizes[1:]],
        "activation": "relu",
        "tasks": [{"truth_table": [0] * 2 ** sizes[0]} for _ in range(sizes[-1])],
        **changes,
    }


def reads(*sizes: int, **changes: Any) -> Any:
    return parse_network_file(json.dumps(document(sizes, **changes)).encode())


def padded(content: dict[str, Any], n_bytes: int) -> bytes:
    return json.dumps(content).encode().ljust(n_bytes)


def bound(weight: float) -> dict[str, Any]:
    """Weights of which the first layer's sum reaches a number."""
    return {"weights": [[[weight]], [[1]]], "biases": [[0], [0]]}


def edges(*sizes: int) -> None:
    """The checks before an analysis."""
    network = Network.from_arrays([np.zeros((b, a)) for a, b in pairwise(sizes)], [np.zeros(n) for n in sizes[1:]])
    problems = preflight(ask(network, task=Task((0,) * 2 ** sizes[0])))
    if problems:
        raise problems[0]


def tensors(*sizes: int, metadata: dict[str, str] | None = None) -> Any:
    arrays = {}
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        arrays[f"{layer}.weight"] = np.zeros((n_out, n_in), dtype=np.float32)
        arrays[f"{layer}.bias"] = np.zeros(n_out, dtype=np.float32)
    return read_any(save(arrays, metadata={"activation": "relu", **(metadata or {})}))


def rules(**settings: Any) -> Any:
    return protocol_from_mapping({**COMPLETE.model_dump(mode="json"), "name": "mine", **settings})


def nested(depth: int) -> Any:
    return task_from_formula("(" * depth + "A" + ")" * depth, 2)


def texts(length: int) -> Any:
    network = Network.from_arrays([[[1, 1]], [[1]]], [[0], [0]])
    return declared_tasks("table", "0110".ljust(length), network, clean_data(2), None)


DATA = data_file_json(clean_data(2))
LIMITS: dict[str, tuple[Callable[[], Any], Callable[[], Any], str]] = {
    "inputs": (lambda: reads(MAX_INPUTS, 1, 1), lambda: reads(MAX_INPUTS + 1, 1, 1), "6 is the most"),
    "hidden layers": (lambda: edges(2, 1, 1), lambda: edges(2, 1), "at least one hidden layer"),
    "layers": (
        lambda: reads(*[1] * MAX_LAYERS),
        lambda: reads(*[1] * (MAX_LAYERS + 1)),
        "33 layers with the inputs; 32 are the most",
    ),
    "neurons of a layer": (
        lambda: reads(1, MAX_WIDTH, 1),
        lambda: reads(1, MAX_WIDTH + 1, 1),
        "4,097 neurons; 4,096 are the most",
    ),
    "edges, one hidden layer": (lambda: edges(3, 825, 1), lambda: edges(1, 1, 1650, 1), "the limit is 3,300 edges"),
    "activations": (lambda: reads(1, 1, 1, **bound(9e299)), lambda: reads(1, 1, 1, **bound(1.1e300)), "float64"),
    "slope": (
        lambda: reads(1, 1, 1, activation="leaky_relu", negative_slope=np.nextafter(1.0, 0.0)),
        lambda: reads(1, 1, 1, activation="leaky_relu", negative_slope=1.0),
        "slope",
    ),
    "bytes of a network file": (
        lambda: parse_network_file(padded(document((2, 1, 1)), MAX_NETWORK_BYTES)),
        lambda: parse_network_file(padded(document((2, 1, 1)), MAX_NETWORK_BYTES + 1)),
        "4,000,000 bytes",
    ),
    "parts of a network file": (
        lambda: reads(1, *[MAX_WIDTH, 1] * 15, 1),
        lambda: parse_network_file(b"[" * (MAX_PARTS + 1)),
        "150,000 lists",
    ),
    "name of a network": (
        lambda: reads(1, 1, 1, name="n" * MAX_LINE),
        lambda: reads(1, 1, 1, name="n" * (MAX_LINE + 1)),
        "200 characters",
    ),
    "attribution": (
        lambda: reads(1, 1, 1, attribution="a" * MAX_ATTRIBUTION),
        lambda: reads(1, 1, 1, attribution="a" * (MAX_ATTRIBUTION + 1)),
        "2000 characters",
    ),
    "bytes of a data file": (
        lambda: parse_data_file(padded(DATA, MAX_DATA_BYTES), 2, 1),
        lambda: parse_data_file(padded(DATA, MAX_DATA_BYTES + 1), 2, 1),
        "8,000,000 bytes",
    ),
    "parameters of a safetensors file": (
        lambda: tensors(6, 4096, 54, 1),  # 249,965 numbers
        lambda: tensors(6, 4096, 55, 1),
        "250,000 numbers",
    ),
    "header of a safetensors file": (
        lambda: tensors(2, 1, 1),
        lambda: tensors(2, 1, 1, metadata={"attribution": "a" * MAX_HEADER}),
        "100,000 are the most",
    ),
    "bytes of a file of any format": (
        lambda: None,  # tests/analysis/subjects/perceptron/test_formats.py reads sound ones
        lambda: read_any(b"\x08" * (MAX_NETWORK_BYTES + 1)),
        "4,000,000 bytes",
    ),
    "characters of a formula": (
        lambda: task_from_formula("A".ljust(MAX_FORMULA), 2),
        lambda: task_from_formula("A" + " OR A" * (MAX_FORMULA // 5), 2),
        "500",
    ),
    "nesting of a formula": (lambda: nested(MAX_NESTING), lambda: nested(MAX_NESTING + 1), "40"),
    "text of declared tasks": (lambda: texts(MAX_TEXT), lambda: texts(MAX_TEXT + 1), "4,000"),
    "depth of algorithms": (lambda: rules(max_depth=3), lambda: rules(max_depth=4), "3"),
    "near misses": (lambda: rules(n_near_misses=100), lambda: rules(n_near_misses=101), "100"),
    "kept alignments": (lambda: rules(max_alignments=10**6), lambda: rules(max_alignments=10**6 + 1), "1000000"),
    "name of a protocol": (lambda: rules(name="p" * MAX_NAME), lambda: rules(name="p" * (MAX_NAME + 1)), "64"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_what_is_at_a_limit_is_accepted_and_what_is_beyond_is_refused_with_number_and_cure(limit: str) -> None:
    at, beyond, named = LIMITS[limit]
    at()
    with pytest.raises(AnalysisError) as refused:
        beyond()
    assert named.lower() in str(refused.value).lower()
    assert refused.value.item
    assert refused.value.cause
    assert refused.value.cure
