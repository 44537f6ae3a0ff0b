"""Files that must be refused, each with words of its refusal."""

from __future__ import annotations

import copy
import gzip
import io
import json
import pickle
import zipfile
from typing import Any

_GOOD: dict[str, Any] = {
    "format": "pluriscope-network/1",
    "name": "hand-made XOR",
    "sizes": [2, 2, 1],
    "weights": [[[1.0, 1.0], [1.0, 1.0]], [[1.0, -2.0]]],
    "biases": [[0.0, -1.0], [0.0]],
    "activation": "leaky_relu",
    "negative_slope": 0.01,
    "output_activation": "leaky_relu",
    "tasks": [{"name": "XOR", "truth_table": [0, 1, 1, 0]}],
}


def good_document(**changes: Any) -> dict[str, Any]:
    """A network file's content that is accepted, with changes."""
    return copy.deepcopy(_GOOD) | changes


def changed(**changes: Any) -> bytes:
    return json.dumps(good_document(**changes)).encode()


def without(key: str) -> bytes:
    document = good_document()
    del document[key]
    return json.dumps(document).encode()


def replaced(old: str, new: str) -> bytes:
    text = json.dumps(good_document())
    assert old in text
    return text.replace(old, new, 1).encode()


def zipped() -> bytes:
    blob = io.BytesIO()
    with zipfile.ZipFile(blob, "w") as archive:
        archive.writestr("readme.txt", b"")
    return blob.getvalue()


XOR = {"name": "XOR", "truth_table": [0, 1, 1, 0]}
BAD_NETWORK_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\t ", "is empty"),
    "not JSON": (b"weights = [1, 2]", "is not JSON"),
    "cut off": (changed()[:-20], "is not JSON"),
    "trailing text": (changed() + b" {}", "is not JSON"),
    "not UTF-8": (b'{"name": "\xff"}', "is not UTF-8"),
    "UTF-16": (changed().decode().encode("utf-16"), "is not UTF-8"),
    "a list": (b"[]", "holds a list"),
    "a number": (b"1", "holds a number"),
    "null": (b"null", "holds null"),
    "pickle": (pickle.dumps(good_document()), "is a pickle"),
    "old pickle": (pickle.dumps(good_document(), 0), "is not JSON"),
    "zip archive": (zipped(), "is a zip archive"),
    "gzip": (gzip.compress(changed()), "is compressed"),
    "NumPy file": (b"\x93NUMPY\x01\x00", "is a NumPy file"),
    "ONNX that is cut off": (b"\x08\x09:\xff\x01\x0a", "begins as an ONNX file and cannot be read"),
    "megabytes of zeros": (b"0" * 5_000_000, "larger than the limit of 4,000,000 bytes"),
    "megabytes of null bytes": (b"\0" * 5_000_000, "larger than the limit"),
    "null bytes": (b"\0" * 50, "is not JSON"),
    "deep nesting": (b'{"format":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    "deep objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    "no format": (without("format"), "has no format"),
    "wrong format": (changed(format="pluriscope-network/2"), "not the format 'pluriscope-network/1'"),
    "format of another type": (changed(format=[1]), "not the format"),
    "duplicate key": (replaced('"sizes"', '"sizes": [2, 2, 1], "sizes"'), "has the key 'sizes' twice"),
    "duplicate key inside": (replaced('"truth_table"', '"name": "OR", "truth_table"'), "'name' twice"),
    "NaN literal": (replaced("-2.0", "NaN"), "holds NaN"),
    "Infinity literal": (replaced("-2.0", "Infinity"), "holds Infinity"),
    "overflowing float": (replaced("-2.0", "1e999"), "too large for float64"),
    "huge integer": (replaced("-2.0", "1" + "0" * 400), "too large for float64"),
    "integer of thousands of digits": (replaced("-2.0", "1" * 5_000), "too many digits"),
    "unknown key": (changed(negative_slop=0.1), "unknown keys: 'negative_slop'"),
    **{f"no {key}": (without(key), f"lacks {key}") for key in ("name", "sizes", "weights", "biases", "activation")},
    "no tasks": (without("tasks"), "lacks tasks"),
    "unknown activation": (changed(activation="mish"), "'mish': is not a known activation"),
    "activation of another type": (changed(activation=["relu"]), "is not a known activation"),
    "unknown output activation": (changed(output_activation="softmax"), "'softmax': is not a known activation"),
    "slope above 1": (changed(negative_slope=1.5), "outside [0, 1)"),
    "slope as text": (changed(negative_slope="0.01"), "outside [0, 1)"),
    "sizes as text": (changed(sizes="2-2-1"), "are not layer sizes"),
    "sizes with a fraction": (changed(sizes=[2, 2.5, 1]), "are not layer sizes"),
    "sizes with true": (changed(sizes=[2, True, 1]), "are not layer sizes"),
    "sizes with zero": (changed(sizes=[2, 0, 1]), "are not layer sizes"),
    "one size": (changed(sizes=[2]), "are not layer sizes"),
    "sizes that disagree": (changed(sizes=[2, 3, 1]), "the weights are those of a 2-2-1 network"),
    "seven inputs": (
        changed(sizes=[7, 1], weights=[[[1.0] * 7]], biases=[[0.0]], tasks=[{"truth_table": [0] * 128}]),
        "7 inputs",
    ),
    "weights as object": (changed(weights={}), "is not a list with one entry for each layer"),
    "weights empty": (changed(weights=[]), "is not a list with one entry for each layer"),
    "weights too flat": (changed(weights=[[1.0, 1.0], [1.0]]), "weights[0]"),
    "weights too deep": (changed(weights=[[[[1.0]]], [[1.0, -2.0]]]), "holds a list where a number belongs"),
    "weights ragged": (changed(weights=[[[1.0, 1.0], [1.0]], [[1.0, -2.0]]]), "rows of different lengths"),
    "weights as text": (changed(weights=[[["1", "1"], ["1", "1"]], [[1.0, -2.0]]]), "holds a text"),
    "weights with null": (changed(weights=[[[1.0, None], [1.0, 1.0]], [[1.0, -2.0]]]), "holds null"),
    "weights with true": (changed(weights=[[[1.0, True], [1.0, 1.0]], [[1.0, -2.0]]]), "holds true or false"),
    "weights with an empty layer": (changed(weights=[[], [[1.0, -2.0]]]), "weights[0]: is empty"),
    "weights that do not chain": (changed(weights=[[[1.0, 1.0], [1.0, 1.0]], [[1.0]]]), "reads 1 neurons"),
    "weights that overflow": (changed(weights=[[[1e308, 1e308], [1.0, 1.0]], [[1.0, -2.0]]]), "may exceed float64"),
    "a layer missing": (changed(weights=[[[1.0, 1.0], [1.0, 1.0]]]), "1 weight matrices against 2 bias vectors"),
    "biases too short": (changed(biases=[[0.0], [0.0]]), "has 1 values for 2 neurons"),
    "biases as a number": (changed(biases=[0.0, 0.0]), "biases[0]"),
    "tasks as object": (changed(tasks=XOR), "are not a list of objects"),
    "no task": (changed(tasks=[]), "are 0 for 1 outputs"),
    "two tasks for one output": (changed(tasks=[XOR, XOR]), "are 2 for 1 outputs"),
    "task without truth table": (changed(tasks=[{"name": "XOR"}]), "tasks[0]: lacks truth_table"),
    "task with another key": (changed(tasks=[XOR | {"output": 0}]), "unknown keys: 'output'"),
    "short truth table": (changed(tasks=[{"truth_table": [0, 1]}]), "must be 4 values of 0 or 1"),
    "truth table of 2": (changed(tasks=[{"truth_table": [0, 1, 2, 0]}]), "must be 4 values of 0 or 1"),
    "truth table of booleans": (changed(tasks=[{"truth_table": [False, True, True, False]}]), "0 or 1"),
    "a name of another function": (
        changed(tasks=[{"name": "and", "truth_table": [0, 1, 1, 0]}]),
        "another truth table",
    ),
    "truth table as text": (changed(tasks=[{"truth_table": "0110"}]), "truth_table that is no list"),
    "name empty": (changed(name="  "), "name: is empty"),
    "name of another type": (changed(name=5), "name: is a number"),
    "name too long": (changed(name="x" * 201), "has 201 characters"),
    "name with a line feed": (changed(name="a\nb"), "U+000A"),
    "name with an escape": (changed(name="a\x1b[31mb"), "U+001B"),
    "name with a null": (changed(name="a\0b"), "U+0000"),
    "name that turns the text around": (changed(name="a\u202eb"), "U+202E"),
    "name with half a character": (changed(name="a\ud800b"), "U+D800"),
    "name that is a path": (changed(name="../../etc/passwd"), "reads as the path of a file"),
    "name that is a path of another system": (changed(name="C:\\Windows\\x"), "reads as the path of a file"),
    "name with piled marks": (changed(name="Z" + "\u0301" * 60), "piles more than 4 marks"),
    "YAML that runs code": (
        b"format: pluriscope-network/1\nweights: !!python/object/apply:os.system ['true']\n",
        "JSON",
    ),
    "HTML": (b"<html><script>alert(1)</script></html>", "is not JSON"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(200), "is an HDF5 file"),
    "task name with a tab": (changed(tasks=[XOR | {"name": "X\tOR"}]), "U+0009"),
    "attribution of another type": (changed(attribution=[]), "attribution: is a list"),
}
