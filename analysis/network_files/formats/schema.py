"""The published JSON schema of network files, and what it says of each place in one.

Schemas cannot say everything: that matrices chain, that truth tables have 2^n rows, that activations stay finite. What
they say is checked by :mod:`analysis.network_files.files` too, which is the authority; tests keep both in agreement.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, get_args

from analysis.algorithms.high_level_model import Form
from analysis.network_files.files import MAX_ATTRIBUTION, MAX_LAYERS, MAX_WIDTH, NETWORK_FORMAT
from analysis.network_files.planted_record import MAX_STEPS, MAX_UNITS
from analysis.networks.network import ACTIVATIONS
from analysis.strict_json import MAX_TEXT, kind_of
from analysis.tasks import MAX_INPUTS

_SHOWN: Final = 60  # characters of a value that was found


def network_file_schema() -> dict[str, Any]:
    """The schema, JSON Schema 2020-12."""
    vector = {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": MAX_WIDTH}
    matrix = {"type": "array", "items": vector, "minItems": 1, "maxItems": MAX_WIDTH}
    activation = {"enum": list(ACTIVATIONS)}
    line = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
    literal = {"type": "string", "pattern": "^!?[0-9]{1,4}$"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pluriscope network file",
        "description": "A small multilayer perceptron and what each of its outputs should compute. Numbers are finite; "
        "no key occurs twice; unknown keys are refused, since a typing error would change what is computed. Where a "
        "network is imported by form or with declarations beside it, name, sizes and tasks may be missing.",
        "type": "object",
        "additionalProperties": False,
        "required": ["format", "name", "sizes", "weights", "biases", "activation", "tasks"],
        "properties": {
            "format": {"const": NETWORK_FORMAT, "description": f"The text {NETWORK_FORMAT!r}."},
            "name": {**line, "description": "One line of 1 to 200 characters, for people; not part of the identity."},
            "sizes": {
                "type": "array",
                "items": {"type": "integer", "minimum": 1, "maximum": MAX_WIDTH},
                "minItems": 2,
                "maxItems": MAX_LAYERS,
                "description": f"Neurons of each layer, inputs first, such as [2, 3, 1]; at most {MAX_INPUTS} inputs.",
            },
            "weights": {
                "type": "array",
                "items": matrix,
                "minItems": 1,
                "maxItems": MAX_LAYERS,
                "description": "One matrix [n_out][n_in] of finite numbers for each layer, as PyTorch keeps them.",
            },
            "biases": {
                "type": "array",
                "items": vector,
                "minItems": 1,
                "maxItems": MAX_LAYERS,
                "description": "One vector [n_out] of finite numbers for each layer.",
            },
            "activation": {**activation, "description": f"Hidden activation: {', '.join(ACTIVATIONS)}."},
            "negative_slope": {
                "type": ["number", "null"],
                "minimum": 0,
                "exclusiveMaximum": 1,
                "description": "Slope of leaky_relu below 0, at least 0 and less than 1; 0.01 if left out.",
            },
            "output_activation": {
                "enum": [*ACTIVATIONS, None],
                "description": "Activation of the last layer; the hidden one if left out.",
            },
            "tasks": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["truth_table"],
                    "properties": {
                        "name": {"type": "string", "maxLength": MAX_TEXT, "description": "A label such as XOR."},
                        "truth_table": {
                            "type": "array",
                            "items": {"enum": [0, 1]},
                            "minItems": 2,
                            "maxItems": 2**MAX_INPUTS,
                            "description": "2^n values of 0 or 1, for the inputs counted in binary, first input most "
                            "significant.",
                        },
                    },
                },
                "description": "One object {name, truth_table} for each output.",
            },
            "attribution": {
                "type": "string",
                "maxLength": MAX_ATTRIBUTION,
                "description": "Whose work it is, and under which licence: one line.",
            },
            "planted": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "required": ["algorithm", "form", "units", "output", "made"],
                "properties": {
                    "algorithm": {"type": "string", "description": "The algorithm's identity text."},
                    "form": {"enum": list(get_args(Form)), "description": "How its text is written."},
                    "units": {
                        "type": "array",
                        "maxItems": MAX_UNITS,
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["layer", "neurons", "reads"],
                            "properties": {
                                "layer": {"type": "integer", "minimum": 1},
                                "neurons": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
                                "reads": {"type": "array", "items": literal, "minItems": 1, "maxItems": 2},
                                "path": {"type": ["string", "null"]},
                            },
                        },
                        "description": "The neurons that carry each gate or copy, and the one or two units that it is "
                        "the AND of, with ! for a negation; units are numbered behind the inputs.",
                    },
                    "output": {**literal, "description": "The unit that the output reads, with ! for its negation."},
                    "made": {
                        "type": "array",
                        "maxItems": MAX_STEPS,
                        "items": {"type": "object", "required": ["step"]},
                        "description": "How the network was made, step by step, each with its settings.",
                    },
                },
                "description": "An algorithm that was planted in the network; no part of its identity.",
            },
        },
    }


def expected_at(path: Sequence[str | int]) -> str:
    """What the schema says of a place, as near to it as it says anything."""
    schema: Any = network_file_schema()
    said = str(schema["description"])
    for step in path:
        schema = schema.get("items", {}) if isinstance(step, int) else schema.get("properties", {}).get(step, {})
        said = str(schema.get("description", said))
    return said


def found_at(document: Any, path: Sequence[str | int]) -> str:
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


def json_path(path: Sequence[str | int]) -> str:
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
