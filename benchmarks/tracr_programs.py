"""RASP programs compiled by Tracr, as JSON on standard output; run by ``benchmarks.compiled_transformers``.

In its environment nothing of Pluriscope is installed. Every program is compiled for causal attention and read at the
last position of rows of one length, behind the token that stands for a beginning.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from itertools import product

import numpy as np
from tracr.compiler import compiling, lib
from tracr.rasp import rasp

BOS = "^"
LETTERS = ("A", "B", "C")


def followed():
    """Program for the token that followed the earlier occurrence of the same token."""
    same = rasp.Select(lib.shift_by(1, rasp.tokens), rasp.tokens, rasp.Comparison.EQ)
    return rasp.Aggregate(same, rasp.tokens).named("followed")


def last_reversed():
    """Reversed; where to look takes two steps in ``lib.make_reverse``, and so four layers, of which three may be."""
    opposite = rasp.SequenceMap(lambda length, index: length - index - 1, lib.make_length(), rasp.indices)
    return rasp.Aggregate(rasp.Select(rasp.indices, opposite, rasp.Comparison.EQ), rasp.tokens).named("reversed")


THREE, FOUR = ([list(row) for row in product(LETTERS, repeat=length)] for length in (3, 4))
ONCE_BEFORE = [[*row, letter] for row in FOUR for letter in LETTERS if row.count(letter) == 1 and row[-1] != letter]
PROGRAMS = {
    "histogram": (lib.make_hist, FOUR, lambda row: row.count(row[-1])),
    "distinct": (lambda: lib.make_count_less_freq(1), THREE, lambda row: len(set(row))),
    "induction": (followed, ONCE_BEFORE, lambda row: row[row.index(row[-1]) + 1]),
    "reverse": (last_reversed, THREE, lambda row: row[0]),
}
"""Each with its rows and, by plain Python, what should be answered."""


def compiled(name):
    """Compile a program to JSON values: rows, weights, and what Tracr's own model answers on each row."""
    make, rows, meant = PROGRAMS[name]
    program = make()
    model = compiling.compile_rasp_to_model(program, set(LETTERS), len(rows[0]), causal=True, compiler_bos=BOS)
    config, labels, tokens = model.model_config, model.residual_labels, [BOS, *LETTERS]
    encode, basis = model.input_encoder.encoding_map, f"{program.label}:"
    outputs = {label.removeprefix(basis): place for place, label in enumerate(labels) if label.startswith(basis)}
    assert list(outputs) == list(map(str, model.output_encoder.encoding_map))
    out = [model.apply([BOS, *row]) for row in rows]

    def weights(module, part="w"):
        return np.asarray(model.params[f"transformer/{module}"][part], dtype=np.float64)

    def by_head(matrix):
        return matrix.reshape(len(labels), config.num_heads, config.key_size).transpose(1, 0, 2).tolist()

    layers = []
    for number in range(config.num_layers):
        parts = "attn/query", "attn/key", "attn/value", "attn/linear", "mlp/linear_1", "mlp/linear_2"
        names = [f"layer_{number}/{part}" for part in parts]
        assert not any(weights(one, "b").any() for one in names)  # Tracr writes constants as a direction "one"
        query, key, value, output, into, back = map(weights, names)
        output = output.reshape(config.num_heads, config.key_size, len(labels)).tolist()
        layers.append({"heads": [*map(by_head, (query, key, value)), output], "mlp": [into.tolist(), back.tolist()]})
    embedding = np.asarray(model.params["token_embed"]["embeddings"], dtype=np.float64)
    return {
        "program": name,
        "tokens": tokens,
        "rows": rows,
        "meant": [str(meant(row)) for row in rows],
        "answered": [str(one.decoded[-1]) for one in out],
        "read": [np.asarray(one.transformer_output[0, -1], dtype=np.float64).tolist() for one in out],
        "outputs": outputs,
        "labels": labels,
        "token_embedding": embedding[[encode[token] for token in tokens]].tolist(),
        "position_embedding": np.asarray(model.params["pos_embed"]["embeddings"], dtype=np.float64).tolist(),
        "layers": layers,
    }


if __name__ == "__main__":
    json.dump({"tracr": version("tracr-pypi"), "programs": [compiled(name) for name in PROGRAMS]}, sys.stdout)
