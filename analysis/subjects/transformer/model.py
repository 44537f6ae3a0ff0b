"""Transformers: layers of attention heads, read out at the last position.

    x_i = E[t_i] + P[i]                    token ids t, positions i from 1; P may be left out
    a_ij = softmax over j ≤ i of q_i · k_j / √d_head,   q, k, v = x W_Q, x W_K, x W_V, each head its own
    x_i ← x_i + Σ_heads (Σ_j a_ij v_j) W_O
    z = x_n U

after Elhage et al., "A Mathematical Framework for Transformer Circuits", 2021. Biases, MLP blocks and LayerNorm may
come with them (:mod:`pluriscope.analysis.subjects.transformer.blocks`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FailFast, Field

from pluriscope.analysis.errors import BeyondLimits, InvalidData, InvalidNetwork, InvalidProtocol
from pluriscope.analysis.subjects.names import MAX_ATTRIBUTION, checked_name
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.planted_edges import read_planted_edges
from pluriscope.analysis.subjects.subject import Change, Rules, Subject
from pluriscope.analysis.subjects.trained import StepRecord
from pluriscope.analysis.subjects.transformer.blocks import BIASES, D_MLP, Blocks
from pluriscope.analysis.subjects.transformer.heads import Array
from pluriscope.analysis.subjects.transformer.runs import run_sites, slopes
from pluriscope.analysis.subjects.transformer.space import AttentionSpace
from pluriscope.analysis.subjects.transformer.tasks import MAX_ROWS, TokenTask
from pluriscope.analysis.subjects.transformer.weights import MATRICES, Transformer
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.analysis.values.strict_json import kind_of, plain_text, validated

FORMAT: Final = "pluriscope-attention/1"
LIMITS: Final = {
    "layers": (1, 3),
    "heads": (1, 8),
    "d_model": (1, 256),
    "d_head": (1, 256),
    "vocabulary": (2, 256),
    "context": (1, 32),
}
_OF_MASKS: Final = ("layers", "heads")
"""Sizes that decide which edges there are."""
MAX_NUMBER: Final = 1e300
MAX_MULTIPLICATIONS: Final = 1 << 30
"""Of the whole model on all rows of its task: a second or two."""
FILE: Final = "model file"
"""What refusals of its reader call it."""
_READ_EDITED: Final = "pluriscope.analysis.edits.registry:read_edited"  # knows the rules, which stand above this room
READ_CURE: Final = "give what docs/machine-interface.md says of model files"


def _size(name: str) -> Any:
    """A size of a model file, in its limits."""
    least, most = LIMITS[name]
    return Field(ge=least, le=most)


@dataclass(frozen=True, eq=False, repr=False)
class AttentionModel(Described, Transformer, Subject):
    """A transformer with its task, as a subject.

    Args:
        remarks: what is to be said of how it was read, one sentence each.
        training: the training that its file says it is a checkpoint of, None for none.
    """

    format: ClassVar[str] = FORMAT
    remarks: tuple[str, ...] = ()
    training: StepRecord | None = None

    @property
    def inputs(self) -> NDArray[np.int64]:
        return self.tokens

    def run_sites(self, data: NDArray[Any], change: Change, read: Callable[[Array, str], Array] | None = None) -> Array:
        """Sites as :mod:`pluriscope.analysis.subjects.transformer.runs` names them."""
        return run_sites(self, data, change, read)

    def site_slopes(self, values: Mapping[str, Array], by_outputs: Array) -> dict[str, Array]:
        return slopes(self, values, by_outputs)

    @property
    def n_multiplications(self) -> int:
        layers = len(self.layers) * (self.n_heads * self.per_row + self.per_mlp)
        return len(self.tokens) * (layers + self.unembedding.size)

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

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The tokens of each row."""
        return tuple(" ".join(self.row_tokens(row)) for row in range(len(self.tokens)))

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The sizes of the model and other facts about it, each with a label."""
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
            *([] if self.planted is None else [("Planted", self.planted.program)]),
        )

    def with_parameters(self, parameters: Mapping[str, Array]) -> Self:
        """The transformer with other numbers, named as in :attr:`parameters`; it is no checkpoint, and what was planted
        is not there any more.

        Raises:
            InvalidNetwork: a number that is not finite, or so large that a sum could pass 1e300.
        """
        if not all(np.isfinite(array).all() for array in parameters.values()):
            raise InvalidNetwork("weights", "hold NaN or infinite values", "give finite numbers only")
        found = replace(super().with_parameters(parameters), planted=None, training=None)
        _check_magnitude(found.embedding, found.positions, found.layers, found.unembedding, found.blocks)
        return found

    def judged_as(self, other: AttentionModel) -> AttentionModel:
        """The transformer with the rows and answers of another one's task.

        Raises:
            InvalidNetwork: their masks mean different edges, or their tasks have other tokens or rows.
        """
        item, apart = "these two networks", []
        sizes = zip(LIMITS, other.sizes.values(), self.sizes.values(), strict=True)
        apart += [f"{name} {one} and {two}" for name, one, two in sizes if one != two and name in _OF_MASKS]
        apart += ["positions in one alone"] if (self.positions is None) != (other.positions is None) else []
        apart += ["MLP blocks in one alone"] if bool(self.blocks.mlps) != bool(other.blocks.mlps) else []
        if apart:
            cause = f"differ in shape ({', '.join(apart)}), so their masks mean different edges"
            raise InvalidNetwork(item, cause, "compare networks of one shape")
        rows = [{tuple(row) for row in one.tokens.tolist()} for one in (other, self)]
        if self.outputs != other.outputs or rows[0] != rows[1]:
            cause = f"have tasks of other {'rows' if self.outputs == other.outputs else 'tokens'}"
            raise InvalidNetwork(item, cause, "compare networks whose tasks have the same rows")
        return replace(self, tokens=other.tokens, answers=other.answers, task=other.task)

    def space(self, rules: Rules) -> AttentionSpace:
        """Return the circuits of the model under some rules.

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


class _Given(BaseModel):
    """A part of a model file: what it may have, and of which type."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


Nested = list[Any]
"""Lists of numbers in lists, whose shape :func:`_array` looks at."""
Ids = Annotated[list[int], FailFast()]


class _Layer(_Given):
    query: Nested
    key: Nested
    value: Nested
    output: Nested
    query_bias: Nested | None = None
    key_bias: Nested | None = None
    value_bias: Nested | None = None
    output_bias: Nested | None = None


class _Mlp(_Given):
    into: Nested = Field(alias="in")
    in_bias: Nested | None = None
    out: Nested
    out_bias: Nested | None = None


class _Task(_Given):
    name: str
    rows: Annotated[list[Ids], FailFast()] = Field(min_length=1, max_length=MAX_ROWS)
    answers: Ids


class _Rows(_Given):
    tokens: list[str] | None = Field(None, max_length=LIMITS["vocabulary"][1])
    tasks: list[_Task] = Field(min_length=1, max_length=1)


class _File(_Rows):
    format: str
    name: str
    attribution: str = ""
    layers: int = _size("layers")
    heads: int = _size("heads")
    d_model: int = _size("d_model")
    d_head: int = _size("d_head")
    vocabulary: int = _size("vocabulary")
    context: int = _size("context")
    token_embedding: Nested
    position_embedding: Nested | None
    attention: list[_Layer] = Field(max_length=LIMITS["layers"][1])
    unembedding: Nested
    unembedding_bias: Nested | None = None
    mlp: list[_Mlp] | None = Field(None, max_length=LIMITS["layers"][1])
    activation: str = ""
    layer_norm_epsilon: float | None = Field(None, ge=1e-12, le=1.0)
    planted: dict[str, Any] | None = None
    edited: dict[str, Any] | None = None
    training: StepRecord | None = None


def read_attention(document: dict[str, Any]) -> AttentionModel:
    """The transformer in a file of the format ``pluriscope-attention/1``.

    Raises:
        AnalysisError: naming every problem of the first step that has one: its schema, then weights, then rows.
    """
    # 1. the schema, then all arrays of weights in the shapes that the sizes ask for
    file = validated(_File, document, FILE, InvalidNetwork, READ_CURE)
    attribution = plain_text(file.attribution, "attribution", InvalidNetwork, empty=True, limit=MAX_ATTRIBUTION)
    heads, d, k, v, n = file.heads, file.d_model, file.d_head, file.vocabulary, file.context
    embedding = _array(file.token_embedding, "token_embedding", (v, d))
    given = file.position_embedding
    positions = None if given is None else _array(given, "position_embedding", (n, d))
    if len(file.attention) != file.layers or (file.mlp is not None and len(file.mlp) != file.layers):
        cause = f"the sizes say {file.layers} layers, attention or mlp has another number"
        raise InvalidNetwork(FILE, cause, "give an object for each layer")
    shapes = ((heads, d, k), (heads, d, k), (heads, d, k), (heads, k, d))
    layers, biases = [], []
    for number, layer in enumerate(file.attention):
        item = f"attention[{number}]"
        parts = zip(MATRICES, shapes, strict=True)
        layers.append(tuple(_array(getattr(layer, name), f"{item}.{name}", shape) for name, shape in parts))
        with_biases = zip(BIASES, ((heads, k), (heads, k), (heads, k), (d,)), strict=True)
        biases.append(tuple(_array(getattr(layer, name), f"{item}.{name}", shape) for name, shape in with_biases))
    unembedding = _array(file.unembedding, "unembedding", (d, v))
    unembedding_bias = _array(file.unembedding_bias, "unembedding_bias", (v,))
    # 2. what a model has beside attention; biases that are all 0 are left out, so that files alike have one digest
    if bool(file.activation) != (file.mlp is not None):
        cause = "is missing beside mlp" if file.mlp is not None else f"is {file.activation!r} without mlp"
        raise InvalidNetwork("activation", cause, "give one with MLP blocks, and none without")
    blocks = Blocks(
        biases=cast(Any, tuple(biases) if any(one.any() for layer in biases for one in layer) else ()),
        unembedding_bias=unembedding_bias if unembedding_bias.any() else None,
        mlps=_mlps(file.mlp or [], d),
        activation=activation_of(file.activation).text if file.activation else "",
        epsilon=file.layer_norm_epsilon,
    )
    # 3. sums must not overflow, whatever is cut; rows come last, since they need the sizes checked
    of_layers: Any = tuple(layers)
    _check_magnitude(embedding, positions, of_layers, unembedding, blocks)
    task = _token_task(file, v, n)
    model = AttentionModel(
        name=checked_name(file.name),
        attribution=attribution,
        outputs=task.outputs,
        embedding=embedding,
        positions=positions,
        layers=of_layers,
        unembedding=unembedding,
        task=task.name,
        tokens=np.array(task.rows, dtype=np.int64),
        answers=np.array(task.answers, dtype=np.int64),
        blocks=blocks,
        edited=None if file.edited is None else function_at(_READ_EDITED)(file.edited, "attention", (1,)),
        training=file.training,
    )
    # 4. refuse what takes too long to run; planted edges are read in the finest graph, which has every edge
    needed = len(task.rows) * (len(layers) * (heads * model.per_row + model.per_mlp) + d * v)
    if needed > MAX_MULTIPLICATIONS:
        cause = f"running it on its {len(task.rows):,} rows takes {needed:,} multiplications; the most are "
        raise BeyondLimits("model", f"{cause}{MAX_MULTIPLICATIONS:,}", "use smaller sizes or fewer rows")
    if file.planted is None:
        return model
    finest = AttentionSpace(model, "qkv", means=False, split=positions is not None)
    names = (
        f"x{layer}{end}"
        for layer in range(len(layers) + 1)
        for end in ("", *([".mid"] if blocks.mlps and layer else []))
    )
    return replace(
        model, planted=read_planted_edges(file.planted, finest.graph, finest.reduce, dict.fromkeys(names, d))
    )


def _array(given: Nested | None, item: str, shape: tuple[int, ...]) -> Array:
    """Nested lists of finite numbers of one shape; zeros where a bias is left out."""
    if given is None:
        return np.zeros(shape)
    cure = f"give {' × '.join(map(str, shape))} finite numbers"
    level: list[Any] = [given]
    for _ in shape:
        for one in level:
            if not isinstance(one, list):
                raise InvalidNetwork(item, f"holds {kind_of(one)} where a list belongs", cure)
        level = [value for one in level for value in one]
    for value in level:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidNetwork(item, f"holds {kind_of(value)} where a number belongs", cure)
    try:
        array = np.array(given, dtype=np.float64)
    except ValueError:
        raise InvalidNetwork(item, "has lists of different lengths", cure) from None
    except OverflowError:
        array = np.full(shape, np.inf)
    if array.shape != shape:
        was = " × ".join(map(str, array.shape))
        raise InvalidNetwork(item, f"has the shape {was}, the sizes say {' × '.join(map(str, shape))}", cure)
    if not np.isfinite(array).all():
        raise InvalidNetwork(item, "holds a number too large for float64", cure)
    return array


def _mlps(given: Sequence[_Mlp], d: int) -> tuple[tuple[Array, Array, Array, Array], ...]:
    first = given[0].into[0] if given and given[0].into else [0.0]
    width = len(first) if isinstance(first, list) else D_MLP[0]
    if not D_MLP[0] <= width <= D_MLP[1]:
        raise InvalidNetwork("mlp[0].in", f"has {width:,} neurons", f"use {D_MLP[0]} to {D_MLP[1]:,}")
    return tuple(
        (
            _array(block.into, f"mlp[{number}].in", (d, width)),
            _array(block.in_bias, f"mlp[{number}].in_bias", (width,)),
            _array(block.out, f"mlp[{number}].out", (width, d)),
            _array(block.out_bias, f"mlp[{number}].out_bias", (d,)),
        )
        for number, block in enumerate(given)
    )


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
        """Bound what a reader makes of numbers up to a bound."""
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
                bound += times(blocks.function.largest(hidden), blocks.mlps[number][2])
                largest = max(largest, hidden * hidden * hidden, bound)
        if blocks.epsilon is not None:
            largest = max(largest, bound * bound * d_model)
        largest = max(largest, times(seen(bound), unembedding))
    if not largest < MAX_NUMBER:
        raise InvalidNetwork("weights", "scores could pass 1e300, too large for float64", "scale them down")


def read_rows(value: Mapping[str, Any], vocabulary: int, context: int) -> TokenTask:
    """The texts of tokens and the rows of a task, from what a file says under "tokens" and "tasks".

    Args:
        value: of these two keys.
        vocabulary: how many tokens there are.
        context: tokens of a row.

    Raises:
        AnalysisError: naming the first text, row or answer that is none.
    """
    return _token_task(
        validated(_Rows, value, "rows", InvalidData, "give rows and answers as token ids"), vocabulary, context
    )


def _token_task(given: _Rows, vocabulary: int, context: int) -> TokenTask:
    texts = given.tokens
    if texts is None:
        texts = list(map(str, range(vocabulary)))
    for number, text in enumerate(texts):
        plain_text(text, f"tokens[{number}]", InvalidNetwork, limit=40)
    if len(texts) != vocabulary or len(set(texts)) != vocabulary:
        cause = f"has {len(texts):,} texts" if len(texts) != vocabulary else "has a text twice"
        raise InvalidNetwork("tokens", cause, f"give {vocabulary} different texts of one line")
    [task] = given.tasks
    name = plain_text(task.name, "tasks[0].name", InvalidData, empty=True)
    seen: dict[tuple[int, ...], int] = {}
    for number, row in enumerate(task.rows):
        if len(row) != context:
            cause = f"has {len(row)} tokens, the context is {context}"
            raise InvalidData(f"rows[{number}]", cause, f"give {context} token ids")
        if seen.setdefault(tuple(row), number) != number:
            raise InvalidData(f"rows[{number}]", f"is rows[{seen[tuple(row)]}] again", "give each row once")
    if len(task.answers) != len(task.rows):
        cause = f"has {len(task.answers)} for {len(task.rows)} rows"
        raise InvalidData("answers", cause, "give one token id for each row")
    for item, ids in (*((f"rows[{n}]", row) for n, row in enumerate(task.rows)), ("answers", task.answers)):
        for position, token in enumerate(ids):
            if not 0 <= token < vocabulary:
                cause = f"is {token}, the vocabulary has {vocabulary}"
                raise InvalidData(f"{item}[{position}]", cause, f"use 0 to {vocabulary - 1}")
    return TokenTask(name, tuple(texts), tuple(map(tuple, task.rows)), tuple(task.answers))
