"""Transformers in safetensors, as state dicts of TransformerLens.

In a state dict (https://github.com/TransformerLensOrg/TransformerLens) tensors are called ``embed.W_E``,
``pos_embed.W_pos`` (left out where there are none), ``blocks.L.attn.W_Q``, ``W_K``, ``W_V``, ``W_O`` and ``b_Q`` to
``b_O`` from layer 0, ``blocks.L.mlp.W_in``, ``b_in``, ``W_out``, ``b_out``, ``blocks.L.ln1.w`` and ``b``, ``ln2``,
``ln_final``, ``unembed.W_U``, ``b_U``. Weights and bias of a LayerNorm are folded into what reads it. Nothing
is said of rows, so a task goes with it.

What has no weights leaves no trace in a state dict: normalisation whose scale was folded into the matrices ("LNPre"),
other positions than learned ones, attention that looks ahead or only nearby, unscaled scores, the activation of an MLP
block. A model with any of these would be read as another one, so its configuration goes with it where there is one, and
must where there are MLP blocks or a LayerNorm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from analysis.errors import InvalidNetwork
from analysis.fixed_order import inner
from analysis.models.attention import FORMAT, LIMITS, MATRICES, AttentionModel, read_attention
from analysis.models.attention_blocks import ACTIVATIONS, BIASES, MLP
from analysis.models.attention_tasks import TokenTask
from analysis.network_files.formats.safetensors_file import looks_like_safetensors
from analysis.strict_json import combined, kind_of, read_object

MAX_BYTES: Final = 40_000_000
_MAX_HEADER: Final = 4_000_000  # the rows of the task stand in it
_LENGTH: Final = 8
_ITEM: Final = "safetensors file"
_CURE: Final = "give a state dict of TransformerLens, or a model file in JSON"

_TYPES: Final = ("F64", "F32", "F16")
_STATE: Final = re.compile(r"blocks\.(\d{1,2})\.(attn\.[Wb]_[QKVO]|mlp\.(?:[Wb]_in|[Wb]_out)|ln[12]\.[wb])")
_OF_LAYER: Final = dict(zip((f"attn.{w}_{of}" for w in "Wb" for of in "QKVO"), (*MATRICES, *BIASES), strict=True))
_OF_MLP: Final = dict(zip(("mlp.W_in", "mlp.b_in", "mlp.W_out", "mlp.b_out"), MLP, strict=True))
_IGNORED: Final = re.compile(r"blocks\.\d{1,2}\.attn\.(mask|IGNORE)")  # the causal mask, which every such model has
_OTHER: Final = (
    (re.compile(r".*\.mlp\..*"), "belongs to an MLP block of another sort"),
    (re.compile(r".*ln(1|2|_final)\..*"), "belongs to a LayerNorm of another sort"),
)
CONFIG: Final[dict[str, object]] = {
    "gated_mlp": False,
    "parallel_attn_mlp": False,
    "positional_embedding_type": "standard",
    "attention_dir": "causal",
    "use_attn_scale": True,
    "use_local_attn": False,
    "n_key_value_heads": None,
    "scale_attn_by_inverse_layer_idx": False,
    "use_qk_norm": False,
    "use_normalization_before_and_after": False,
    "use_attention_sinks": False,
    "use_logn_attn": False,
    "post_embedding_ln": False,
    "clip_qkv": None,
    "attn_scores_soft_cap": -1.0,
    "output_logits_soft_cap": -1.0,
}
"""Settings of ``HookedTransformerConfig`` that decide what is computed, with the value that is read."""
_TELLING: Final = ("normalization_type", "positional_embedding_type", "attn_scale", "d_head")
_MAX_CONFIG: Final = 100_000
_STATE_OTHERS: Final = ("embed.W_E", "pos_embed.W_pos", "unembed.W_U")
_BESIDE: Final = ("unembed.b_U", "ln_final.w", "ln_final.b")


@dataclass(frozen=True)
class Configuration:
    """What a configuration says that no state dict does.

    Args:
        activation: of the MLP blocks; "" without them.
        epsilon: of LayerNorm; None without.
    """

    activation: str = ""
    epsilon: float | None = None


def read_attention_safetensors(
    raw: bytes, task: TokenTask | None = None, name: str = "", configuration: Configuration | None = None
) -> AttentionModel:
    """The transformer in a state dict of TransformerLens.

    Args:
        raw: the file's bytes, at most 40,000,000.
        task: whose rows go with it, which it has none of.
        name: of the model; "" for one that says no more than where it comes from.
        configuration: which must be known where it has MLP blocks or a LayerNorm.

    Raises:
        AnalysisError: naming the first tensor that cannot be read, or what does not fit.
    """
    header = _header(raw)
    header.pop("__metadata__", None)
    _check_names(header)
    try:
        tensors = {key: np.asarray(one, dtype=np.float64) for key, one in load(raw).items() if not _IGNORED.match(key)}
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise InvalidNetwork(_ITEM, f"does not hold together ({str(error)[:120]})", _CURE) from None
    for key, one in tensors.items():
        if not np.isfinite(one).all():
            raise InvalidNetwork(f"tensor {key!r}", "holds NaN or infinite values", "give finite numbers only")
    if task is None:
        raise InvalidNetwork(_ITEM, "is a state dict, which says nothing of rows", "give its task or a table of rows")
    document = {**_task_document(task), **_of_state(tensors, task, configuration)}
    document["name"] = name or "Imported transformer"
    return read_attention({**document, "format": FORMAT, **_sizes(document)})


def check_config(raw: bytes) -> Configuration:
    """What a configuration says, unless it is of a model that is not read.

    Args:
        raw: ``json.dumps(model.cfg.to_dict(), default=str)``, at most 100,000 bytes.

    Raises:
        InvalidNetwork: it is no configuration, or naming every setting that is not read.
    """
    cure = "write json.dumps(model.cfg.to_dict(), default=str) to a file"
    config = read_object(raw, "configuration", InvalidNetwork, _MAX_CONFIG, cure)
    missing = [name for name in _TELLING if name not in config]
    if missing:
        raise InvalidNetwork("configuration", f"does not say {missing[0]}", cure)
    d_head, (low, high) = config["d_head"], LIMITS["d_head"]
    if not isinstance(d_head, int) or not low <= d_head <= high:
        raise InvalidNetwork("configuration 'd_head'", f"is {str(d_head)[:40]}", f"use {low} to {high}")
    activation = "" if config.get("attn_only", True) else config.get("act_fn")
    wanted = {**CONFIG, "attn_scale": sqrt(d_head)}
    problems = [
        InvalidNetwork(f"configuration {name!r}", f"is {str(config[name])[:40]}", f"only {value} is read")
        for name, value in wanted.items()
        if name in config and config[name] != value
    ]
    norm = config["normalization_type"]
    for name, given, known in (
        ("normalization_type", norm, (None, "LN", "LNPre")),
        ("act_fn", activation, ("", *ACTIVATIONS)),
    ):
        if given not in known:
            cure = f"only {' or '.join(map(str, known[1:]))} is read"
            problems.append(InvalidNetwork(f"configuration {name!r}", f"is {str(given)[:40]}", cure))
    if problems:
        raise combined(problems, "configuration", InvalidNetwork)
    return Configuration(str(activation), None if norm is None else config.get("eps", 1e-5))


def _header(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_BYTES:
        raise InvalidNetwork(_ITEM, f"is larger than the limit of {MAX_BYTES:,} bytes", _CURE)
    if not looks_like_safetensors(raw):
        raise InvalidNetwork(_ITEM, "is none: it does not begin with the length of a header and a JSON object", _CURE)
    length = int.from_bytes(raw[:_LENGTH], "little")
    if length > min(len(raw) - _LENGTH, _MAX_HEADER):
        raise InvalidNetwork(_ITEM, f"is cut off: it has {len(raw):,} bytes and its header wants more", _CURE)
    return read_object(raw[_LENGTH : _LENGTH + length], "safetensors header", InvalidNetwork, _MAX_HEADER, _CURE)


def _check_names(header: dict[str, Any]) -> None:
    """Refuse the first tensor that no transformer has which is read, before any is read."""
    if not header:
        raise InvalidNetwork(_ITEM, "holds no tensor", _CURE)
    for name, tensor in header.items():
        item = f"tensor {name[:60]!r}"
        if _IGNORED.fullmatch(name):
            continue
        if name not in (*_STATE_OTHERS, *_BESIDE) and not _STATE.fullmatch(name):
            for pattern, cause in _OTHER:
                if pattern.fullmatch(name):
                    raise InvalidNetwork(
                        item, cause, "only those that TransformerLens calls W_in, W_out, w, b are read"
                    )
            raise InvalidNetwork(item, "is unknown", _CURE)
        if not isinstance(tensor, dict) or tensor.get("dtype") not in _TYPES:
            given = tensor.get("dtype") if isinstance(tensor, dict) else kind_of(tensor)
            raise InvalidNetwork(item, f"has the type {str(given)[:20]!r}", f"save it as one of {', '.join(_TYPES)}")


def _task_document(task: TokenTask) -> dict[str, Any]:
    rows, answers = [list(row) for row in task.rows], list(task.answers)
    return {"tokens": list(task.outputs), "tasks": [{"name": task.name, "rows": rows, "answers": answers}]}


def _tensor(tensors: dict[str, NDArray[np.float64]], name: str) -> NDArray[np.float64]:
    if name not in tensors:
        raise InvalidNetwork(f"tensor {name!r}", "is missing", "save the whole state dict")
    return tensors[name]


def _of_state(
    tensors: dict[str, NDArray[np.float64]], task: TokenTask, configuration: Configuration | None
) -> dict[str, Any]:
    """The arrays of a state dict, its positions cut to those that the rows have and every LayerNorm folded."""
    block = next((name for name in tensors if ".mlp." in name or name.startswith("ln_final") or ".ln" in name), "")
    if block and configuration is None:
        cause = "is of an MLP block or a LayerNorm, whose activation or epsilon no state dict says"
        raise InvalidNetwork(f"tensor {block!r}", cause, "give its configuration (--config)")
    told = configuration or Configuration()
    if any(".mlp." in name for name in tensors) != bool(told.activation):
        cause = f"says {'MLP blocks' if told.activation else 'attention alone'}, the tensors do not"
        raise InvalidNetwork("configuration 'attn_only'", cause, "give the configuration of this model")
    if any(name.startswith("ln_final") for name in tensors) and told.epsilon is None:
        cause = "is None, and the tensors are of a model with a LayerNorm"
        raise InvalidNetwork("configuration 'normalization_type'", cause, "give the configuration of this model")
    tensors = _folded(tensors)
    layers: dict[int, dict[str, Any]] = {}
    mlps: dict[int, dict[str, Any]] = {}
    for name, one in tensors.items():
        match = _STATE.fullmatch(name)
        if match and match[2] in _OF_LAYER:
            layers.setdefault(int(match[1]), {})[_OF_LAYER[match[2]]] = one.tolist()
        elif match and match[2] in _OF_MLP:
            mlps.setdefault(int(match[1]), {})[_OF_MLP[match[2]]] = one.tolist()
    context, positions = len(task.rows[0]), tensors.get("pos_embed.W_pos")
    if positions is not None:
        if len(positions) < context:
            cause = f"has {len(positions)} positions, the rows have {context} tokens"
            raise InvalidNetwork("tensor 'pos_embed.W_pos'", cause, "give rows that fit")
        tensors = {**tensors, "pos_embed.W_pos": positions[:context]}
    found = _arrays(tensors, layers)
    if mlps:
        found |= {"mlp": [mlps.get(number, {}) for number in range(len(layers))], "activation": told.activation}
    if told.epsilon is not None:
        found["layer_norm_epsilon"] = told.epsilon
    if "unembed.b_U" in tensors:
        found["unembedding_bias"] = tensors["unembed.b_U"].tolist()
    return found


def _folded(tensors: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """The tensors with the weights and bias of every LayerNorm in the matrices and biases that read it, as ``fold_ln``
    of TransformerLens puts them.
    """
    found = dict(tensors)
    readers: dict[str, list[str]] = {"ln_final": ["unembed.{}_U"]}
    for layer in {match[1] for match in map(_STATE.fullmatch, tensors) if match}:
        readers[f"blocks.{layer}.ln1"] = [f"blocks.{layer}.attn.{{}}_{of}" for of in "QKV"]
        readers[f"blocks.{layer}.ln2"] = [f"blocks.{layer}.mlp.{{}}_in"]
    for norm, read in readers.items():
        given = [(what, found.pop(f"{norm}.{what}")) for what in "wb" if f"{norm}.{what}" in found]
        for name in read if given else ():
            matrix = _tensor(found, name.format("W"))
            n_inputs = matrix.shape[-2] if matrix.ndim > 1 else 0
            for what, one in given:
                if one.shape != (n_inputs,):
                    cause = f"has the shape {' × '.join(map(str, one.shape))}, its reader has {n_inputs} inputs"
                    raise InvalidNetwork(f"tensor '{norm}.{what}'", cause, "save the whole state dict")
                if what == "w":
                    found[name.format("W")] = matrix * one[:, None]
                    continue
                added = inner(one[None], np.swapaxes(matrix, -1, -2).reshape(-1, n_inputs))
                added = added.reshape(*matrix.shape[:-2], matrix.shape[-1])
                before = found.get(name.format("b"), np.zeros_like(added))
                if before.shape != added.shape:
                    cause = f"has the shape {' × '.join(map(str, before.shape))}"
                    raise InvalidNetwork(f"tensor {name.format('b')!r}", cause, "save the whole state dict")
                found[name.format("b")] = before + added
    return found


def _arrays(tensors: dict[str, NDArray[np.float64]], layers: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """The arrays of a model file but those of blocks."""
    token, position, unembedding = _STATE_OTHERS
    for name in (token, unembedding):
        if name not in tensors:
            raise InvalidNetwork(f"tensor {name!r}", "is missing", _CURE)
    if sorted(layers) != list(range(len(layers))) or not layers:
        raise InvalidNetwork("attention", f"has the layers {sorted(layers)}", "number them from 0, without gaps")
    return {
        "token_embedding": tensors[token].tolist(),
        "position_embedding": tensors[position].tolist() if position in tensors else None,
        "attention": [layers[number] for number in range(len(layers))],
        "unembedding": tensors[unembedding].tolist(),
    }


def _sizes(document: dict[str, Any]) -> dict[str, Any]:
    """The sizes as arrays and rows have them; what does not fit is refused by the reader of model files."""
    embedding, query = document["token_embedding"], document["attention"][0].get("query")
    shape: tuple[int, ...] = np.shape(query) if query is not None else ()
    rows = document["tasks"][0].get("rows") if isinstance(document["tasks"], list) and document["tasks"] else None
    context = len(rows[0]) if isinstance(rows, list) and rows and isinstance(rows[0], list) else 1
    heads, _, d_head = shape if len(shape) == 3 else (1, 1, 1)
    width = len(embedding[0]) if np.ndim(embedding) == 2 else 1
    sizes = (len(document["attention"]), heads, width, d_head, len(embedding) if np.ndim(embedding) else 1, context)
    return dict(zip(LIMITS, sizes, strict=True))
