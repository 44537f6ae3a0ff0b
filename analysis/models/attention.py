"""Transformers: layers of attention heads, read out at the last position.

    x_i = E[t_i] + P[i]                    token ids t, positions i from 1; P may be left out
    a_ij = softmax over j ≤ i of q_i · k_j / √d_head,   q, k, v = x W_Q, x W_K, x W_V, each head its own
    x_i ← x_i + Σ_heads (Σ_j a_ij v_j) W_O
    z = x_n U

after Elhage et al., "A Mathematical Framework for Transformer Circuits", 2021. Biases, MLP blocks and LayerNorm may
come with them (:mod:`analysis.models.attention_blocks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.digest import canonical_json, sha256_hex
from analysis.errors import AnalysisError, BeyondLimits, InvalidData, InvalidNetwork, InvalidProtocol
from analysis.models.attention_blocks import BIASES, BLOCK_KEYS, Blocks, finite_array, read_blocks
from analysis.models.attention_heads import Array
from analysis.models.attention_report import composition_table, copying_table
from analysis.models.attention_space import ROLES, AttentionSpace
from analysis.models.attention_weights import Transformer
from analysis.models.model import ModelKind, Rules, Table
from analysis.network_files.files import MAX_ATTRIBUTION, checked_name
from analysis.strict_json import check_keys, combined, kind_of, plain_text

FORMAT: Final = "pluriscope-attention/1"
LIMITS: Final = {
    "layers": (1, 3),
    "heads": (1, 8),
    "d_model": (1, 256),
    "d_head": (1, 256),
    "vocabulary": (2, 256),
    "context": (1, 32),
}
MAX_ROWS: Final = 4_096
MAX_NUMBER: Final = 1e300
MAX_MULTIPLICATIONS: Final = 1 << 30
"""Of the whole model on all rows of its task: a second or two."""
_REQUIRED: Final = (
    "format",
    "name",
    *LIMITS,
    "token_embedding",
    "position_embedding",
    "attention",
    "unembedding",
    "tasks",
)
MATRICES: Final = ("query", "key", "value", "output")
"""Of each layer, in the order of a model's layers."""
_FILE: Final = "model file"


@dataclass(frozen=True, eq=False)
class AttentionModel(Transformer):
    """A transformer with its task, as a model."""

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes as files have them."""
        vocabulary, d_model = self.embedding.shape
        d_head, context = self.layers[0][0].shape[2], self.tokens.shape[1]
        return dict(zip(LIMITS, (len(self.layers), self.n_heads, d_model, d_head, vocabulary, context), strict=True))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of sizes and weights."""
        sizes = {**self.sizes, "format": FORMAT, "positions": self.positions is not None, **self.blocks.sizes}
        arrays = [self.embedding, *([] if self.positions is None else [self.positions])]
        arrays += [matrix for layer in self.layers for matrix in layer]
        arrays += [self.unembedding, *self.blocks.arrays]
        return sha256_hex(canonical_json(sizes), b"\n", *((array + 0.0).astype("<f8").tobytes() for array in arrays))

    @property
    def task_document(self) -> dict[str, Any]:
        """Its name, rows and answers."""
        return {"name": self.task, "rows": self.tokens.tolist(), "answers": self.answers.tolist()}

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The tokens of each row."""
        return tuple(" ".join(self.row_tokens(row)) for row in range(len(self.tokens)))

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Its sizes."""
        vocabulary, d_model = self.embedding.shape
        d_head = self.layers[0][0].shape[2]
        return (
            ("Layers", str(len(self.layers))),
            ("Heads in each layer", str(self.n_heads)),
            ("Dimensions", f"{d_model}, {d_head} in each head"),
            ("Vocabulary", f"{vocabulary} tokens: {' '.join(self.outputs)}"),
            ("Context", f"{self.tokens.shape[1]} tokens"),
            ("Positions", "none" if self.positions is None else "learned"),
            *self.blocks.facts,
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """Which heads copy, and which compose."""
        copying = copying_table(self.by_head, self.embedding, self.unembedding)
        return (copying,) if len(self.layers) == 1 else (copying, composition_table(self.by_head))

    def space(self, rules: Rules) -> AttentionSpace:
        """Its circuits under some rules.

        Raises:
            InvalidProtocol: "split" without positions, with means or with nodes.
        """
        if rules["embedding"] == "split":
            if self.positions is None:
                raise InvalidProtocol("embedding", "the model has no positions to set apart", "use joined")
            if rules["ablation"] == "mean":
                raise InvalidProtocol(
                    "embedding", "a position's mean is itself, so kept and cut edges would carry the same", "use joined"
                )
            if rules["granularity"] == "nodes":
                raise InvalidProtocol("embedding", "nodes are heads, which read all of the embedding", "use joined")
        return AttentionSpace(self, rules["granularity"], rules["ablation"] == "mean", rules["embedding"] == "split")


def read_attention(document: dict[str, Any]) -> AttentionModel:
    """The transformer in a file of the format ``pluriscope-attention/1``.

    Raises:
        AnalysisError: naming every problem of the first step that has one: keys and sizes, then weights, then rows.
    """
    problems = check_keys(document, _REQUIRED, ("tokens", "attribution", *BLOCK_KEYS), _FILE, InvalidNetwork)
    for size, (least, most) in LIMITS.items():
        given = document.get(size, least)
        if not isinstance(given, int) or isinstance(given, bool):
            problems.append(InvalidNetwork(size, f"is {kind_of(given)}, not a whole number", f"use {least} to {most}"))
        elif not least <= given <= most:
            problems.append(InvalidNetwork(size, f"is {given:,}", f"use {least} to {most}"))
    if problems:
        raise combined(problems, _FILE, InvalidNetwork)
    name = checked_name(document["name"])
    attribution = plain_text(
        document.get("attribution", ""), "attribution", InvalidNetwork, empty=True, limit=MAX_ATTRIBUTION
    )
    heads, d, k, v, n = (document[size] for size in ("heads", "d_model", "d_head", "vocabulary", "context"))
    embedding = finite_array(document["token_embedding"], "token_embedding", (v, d))
    given = document["position_embedding"]
    positions = None if given is None else finite_array(given, "position_embedding", (n, d))
    layers = _layers(document["attention"], document["layers"], (heads, d, k))
    unembedding = finite_array(document["unembedding"], "unembedding", (d, v))
    blocks = read_blocks(document, {size: document[size] for size in LIMITS})
    _check_magnitude(embedding, positions, layers, unembedding, blocks)
    tokens, task, rows, answers = read_tokens_and_task(document.get("tokens"), document["tasks"], v, n)
    model = AttentionModel(
        name, attribution, tokens, embedding, positions, layers, unembedding, task, rows, answers, blocks
    )
    needed = len(rows) * (len(layers) * (heads * model.per_row + model.per_mlp) + d * v)
    if needed > MAX_MULTIPLICATIONS:
        cause = f"running it on its {len(rows):,} rows takes {needed:,} multiplications; the most are "
        raise BeyondLimits("model", f"{cause}{MAX_MULTIPLICATIONS:,}", "use smaller sizes or fewer rows")
    return model


def read_tokens_and_task(
    tokens: Any, tasks: Any, vocabulary: int, context: int
) -> tuple[tuple[str, ...], str, NDArray[np.int64], NDArray[np.int64]]:
    """The texts of tokens, and the name, rows ``[rows, context]`` and answers ``[rows]`` of the task.

    Args:
        tokens: as a file has them; None for their numbers.
        tasks: likewise, a list of one.
        vocabulary: how many tokens there are.
        context: tokens of a row.

    Raises:
        AnalysisError: naming the first text, row or answer that is none.
    """
    return _token_texts(tokens, vocabulary), *_task(tasks, vocabulary, context)


def _layers(given: Any, n_layers: int, sizes: tuple[int, int, int]) -> tuple[tuple[Array, Array, Array, Array], ...]:
    heads, d, k = sizes
    if not isinstance(given, list) or len(given) != n_layers:
        cause = f"has {len(given)} layers" if isinstance(given, list) else f"is {kind_of(given)}"
        raise InvalidNetwork("attention", f"{cause}, the sizes say {n_layers}", "give a list with one object per layer")
    layers = []
    for number, layer in enumerate(given):
        item = f"attention[{number}]"
        if not isinstance(layer, dict):
            raise InvalidNetwork(item, f"is {kind_of(layer)}", f"give an object with {', '.join(MATRICES)}")
        problems = check_keys(layer, MATRICES, BIASES, item, InvalidNetwork)
        if problems:
            raise combined(problems, item, InvalidNetwork)
        shapes = ((heads, d, k), (heads, d, k), (heads, d, k), (heads, k, d))
        query, key, value, output = (
            finite_array(layer[name], f"{item}.{name}", shape) for name, shape in zip(MATRICES, shapes, strict=True)
        )
        layers.append((query, key, value, output))
    return tuple(layers)


def _check_magnitude(
    embedding: Array, positions: Array | None, layers: Any, unembedding: Array, blocks: Blocks
) -> None:
    """Refuse weights with which a sum could pass 1e300: bounds on the largest entry, layer by layer."""
    most = max((float(np.abs(bias).max()) for bias in blocks.arrays), default=0.0)  # of any bias, and of more
    d_model = len(unembedding)

    def times(bound: float, matrix: Array) -> float:
        """Largest entry of a product with ``[…, in, out]``, and a bias."""
        return bound * float(np.abs(matrix).sum(axis=-2).max()) + most

    def seen(bound: float) -> float:
        """Of what a reader makes of numbers up to a bound."""
        return bound if blocks.epsilon is None else float(d_model)

    with np.errstate(over="ignore", invalid="ignore"):
        bound = float(np.abs(embedding).max()) + (0.0 if positions is None else float(np.abs(positions).max()))
        largest = bound
        for number, (query, key, value, output) in enumerate(layers):
            scores = times(seen(bound), query) * times(seen(bound), key) * query.shape[2]
            bound += times(times(seen(bound), value), output) * len(query)
            largest = max(largest, scores, bound)
            if blocks.mlps:
                hidden = times(seen(bound), blocks.mlps[number][0])
                bound += times(hidden, blocks.mlps[number][2])
                largest = max(largest, hidden * hidden * hidden, bound)
        if blocks.epsilon is not None:
            largest = max(largest, bound * bound * d_model)
        largest = max(largest, times(seen(bound), unembedding))
    if not largest < MAX_NUMBER:
        raise InvalidNetwork("weights", "scores could pass 1e300, too large for float64", "scale them down")


def _token_texts(given: Any, vocabulary: int) -> tuple[str, ...]:
    if given is None:
        return tuple(map(str, range(vocabulary)))
    cure = f"give {vocabulary} different texts of one line"
    if not isinstance(given, list):
        raise InvalidNetwork("tokens", f"is {kind_of(given)}", cure)
    texts = tuple(
        plain_text(one, f"tokens[{number}]", InvalidNetwork, limit=40) for number, one in enumerate(given[:257])
    )
    if len(given) != vocabulary or len(set(texts)) != len(texts):
        cause = f"has {len(given):,} texts" if len(given) != vocabulary else "has a text twice"
        raise InvalidNetwork("tokens", cause, cure)
    return texts


def _task(given: Any, vocabulary: int, context: int) -> tuple[str, NDArray[np.int64], NDArray[np.int64]]:
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], dict):
        cause = f"has {len(given)}, a transformer has one" if isinstance(given, list) else f"is {kind_of(given)}"
        raise InvalidData("tasks", cause, "give a list with one object: name, rows and answers")
    problems = check_keys(given[0], ("name", "rows", "answers"), (), "tasks[0]", InvalidData)
    if problems:
        raise combined(problems, "tasks[0]", InvalidData)
    name = plain_text(given[0]["name"], "tasks[0].name", InvalidData, empty=True)
    rows, answers = given[0]["rows"], given[0]["answers"]
    for item, value in (("rows", rows), ("answers", answers)):
        if not isinstance(value, list):
            raise InvalidData(item, f"is {kind_of(value)}", "give a list")
    if not 1 <= len(rows) <= MAX_ROWS:
        raise InvalidData("rows", f"has {len(rows):,}, the most is {MAX_ROWS:,}", "give one row or more, none twice")
    seen: dict[tuple[int, ...], int] = {}
    for number, row in enumerate(rows):
        item = f"rows[{number}]"
        if not isinstance(row, list) or len(row) != context:
            cause = f"has {len(row)} tokens" if isinstance(row, list) else f"is {kind_of(row)}"
            raise InvalidData(item, f"{cause}, the context is {context}", f"give {context} token ids")
        for position, token in enumerate(row):
            _check_token(token, f"{item}[{position}]", vocabulary)
        if tuple(row) in seen:
            raise InvalidData(item, f"is rows[{seen[tuple(row)]}] again", "give each row once")
        seen[tuple(row)] = number
    if len(answers) != len(rows):
        raise InvalidData("answers", f"has {len(answers)} for {len(rows)} rows", "give one token id for each row")
    for number, answer in enumerate(answers):
        _check_token(answer, f"answers[{number}]", vocabulary)
    return name, np.array(rows, dtype=np.int64), np.array(answers, dtype=np.int64)


def _check_token(token: Any, item: str, vocabulary: int) -> None:
    error: AnalysisError | None = None
    if isinstance(token, bool) or not isinstance(token, int):
        error = InvalidData(item, f"is {kind_of(token)}, not a whole number", f"use 0 to {vocabulary - 1}")
    elif not 0 <= token < vocabulary:
        error = InvalidData(item, f"is {token}, the vocabulary has {vocabulary}", f"use 0 to {vocabulary - 1}")
    if error:
        raise error


ATTENTION: Final = ModelKind(
    key="attention",
    noun="transformer",
    plural="transformers",
    definition="A transformer of attention heads, perhaps with biases, MLP blocks and LayerNorm, read out at the last "
    "position. Its edges are what each head reads as query, key and value, what each MLP block reads, and what the "
    "logits read.",
    format=FORMAT,
    settings={
        "granularity": ("qkv", "heads", "nodes"),
        "ablation": ("zero", "mean"),
        "embedding": ("joined", "split"),
    },
    read=read_attention,
    roles=ROLES,
)
