"""Each thing that is wrong with a file: where it is, what was found there, what is expected."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from analysis.errors import AnalysisError
from analysis.network_files.files import NETWORK_FORMAT, examine_network_document, read_document
from analysis.network_files.formats.draft import Format
from analysis.network_files.formats.reading import format_of, read_draft
from analysis.networks.network import ACTIVATIONS
from analysis.strict_json import kind_of
from analysis.tasks import MAX_INPUTS

OPTIONAL: Final = ("name", "sizes", "tasks")
_EXPECTED: Final[dict[Format, str]] = {
    "json": "A small multilayer perceptron and what each of its outputs should compute. Numbers are finite; no key "
    "occurs twice; unknown keys are refused, since a typing error would change what is computed.",
    "safetensors": "LAYER.weight and LAYER.bias of each layer, and metadata with the activation",
    "onnx": "a chain of dense layers and activations",
}
_KEYS: Final[Mapping[str, str]] = {
    "format": f"The text {NETWORK_FORMAT!r}.",
    "name": "One line of 1 to 200 characters, for people; not part of the identity.",
    "sizes": f"Neurons of each layer, inputs first, such as [2, 3, 1]; at most {MAX_INPUTS} inputs.",
    "weights": "One matrix [n_out][n_in] of finite numbers for each layer, as PyTorch keeps them.",
    "biases": "One vector [n_out] of finite numbers for each layer.",
    "activation": f"Hidden activation: {', '.join(ACTIVATIONS)}.",
    "negative_slope": "Slope of leaky_relu below 0, at least 0 and less than 1; 0.01 if left out.",
    "output_activation": "Activation of the last layer; the hidden one if left out.",
    "tasks": "One object {name, truth_table} for each output, the table of 2^n values of 0 or 1 for the inputs counted "
    "in binary, first input most significant.",
    "attribution": "Whose work it is, and under which licence: one line.",
    "planted": "An algorithm that was planted in the network; no part of its identity.",
}
_SHOWN: Final = 60  # characters of a value that was found


class FoundProblem(NamedTuple):
    """One thing that is wrong.

    Args:
        path: JSONPath of the place, $ for the whole file.
        problem: item and cause.
        found: what stands there.
        expected: what should.
        mend: what to do.
    """

    path: str
    problem: str
    found: str
    expected: str
    mend: str


def problems_of(raw: bytes) -> list[FoundProblem]:
    """What is wrong with a file of any accepted format, in the order of the file; nothing if it is sound.

    Of a network file that is everything, of other formats the first thing. ``name``, ``sizes`` and ``tasks`` may be
    missing, for they may be declared.
    """
    kind: Format = "json"
    try:
        kind = format_of(raw)
        if kind != "json":
            read_draft(raw)
            return []
        document = read_document(raw)
    except AnalysisError as error:
        return [FoundProblem("$", f"{error.item} {error.cause}", _beginning(raw), _EXPECTED[kind], error.cure)]
    return [
        FoundProblem(
            _json_path(problem.path),
            f"{problem.error.item} {problem.error.cause}",
            _found_at(document, problem.path),
            _KEYS.get(str(problem.path[0]), _EXPECTED["json"]) if problem.path else _EXPECTED["json"],
            problem.error.cure,
        )
        for problem in examine_network_document(document, optional=OPTIONAL).problems
    ]


def _beginning(raw: bytes) -> str:
    shown = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in raw[:40])
    return f"{len(raw):,} bytes that begin {shown!r}" if raw else "nothing"


def _found_at(document: Any, path: Sequence[str | int]) -> str:
    """What stands at a place of a document, in short."""
    value = document
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return "nothing"
    if isinstance(value, dict) and not path:
        return "an object with the keys " + (", ".join(repr(key[:30]) for key in list(value)[:12]) or "(none)")
    text = json.dumps(value, ensure_ascii=True)[: _SHOWN + 1] if _is_small(value) else "…"
    text = text if len(text) <= _SHOWN else text[:_SHOWN] + " …"
    size = f" of {len(value):,}" if isinstance(value, (list, dict)) else ""
    return f"{kind_of(value)}{size}: {text}"


def _json_path(path: Sequence[str | int]) -> str:
    """A place as JSONPath: ``$.tasks[0].truth_table``."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _is_small(value: Any) -> bool:
    """Whether writing a value out is quick; large ones are named by their kind and size alone."""
    if isinstance(value, (list, dict)):
        inner = list(value.values()) if isinstance(value, dict) else value
        return len(inner) <= 64 and all(
            not isinstance(v, (list, dict)) or (len(v) <= 64 and not any(isinstance(w, (list, dict)) for w in v))
            for v in inner
        )
    return not isinstance(value, str) or len(value) <= 10_000
