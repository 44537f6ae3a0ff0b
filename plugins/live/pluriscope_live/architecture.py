"""Parts of a transformer in a module of torch: blocks, the projections of attention, MLPs, norms, by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from inspect import signature
from typing import Any, Final

from torch import nn

from pluriscope.analysis.errors import InvalidNetwork

_ATTENTION: Final = ("attn", "attention", "self_attn", "self_attention", "layer.0.SelfAttention")
_MLPS: Final = ("mlp", "feed_forward", "ffn", "block_sparse_moe", "ff", *(f"layer.{n}.DenseReluDense" for n in (1, 2)))
_OUT: Final = ("o_proj", "c_proj", "out_proj", "dense", "wo", "o", "proj", "W_O", "Wo", "out_lin")
_DOWN: Final = ("down_proj", "c_proj", "dense_4h_to_h", "fc2", "fc_out", "w2", "out", "proj", "wo", "Wo", "lin2", "w3")
_QKV: Final = ("c_attn", "query_key_value", "qkv_proj", "qkv", "Wqkv", "att_proj")
_EACH: Final = (
    ("q_proj", "k_proj", "v_proj"), ("wq", "wk", "wv"), ("q", "k", "v"), ("query", "key", "value"),
    ("q_lin", "k_lin", "v_lin"),
)  # fmt: skip
_PAIRS: Final = (("fc1", "fc2"), ("linear1", "linear2"), ("ffn", "ffn_output"), ("intermediate", "output.dense"))
"""MLPs without a module of their own, in OPT, torch, ALBERT and BERT."""
_POINTS: Final = {"Q": "hook_q", "K": "hook_k", "V": "hook_v", "O": "hook_z"}
"""Modules of TransformerLens through which what its matrices of heads give or are given passes."""
_HEADS: Final = ("num_attention_heads", "n_head", "n_heads", "num_heads", "heads", "nhead")


@dataclass(frozen=True)
class Matrix:
    """A linear map that a module keeps as a parameter, as those of TransformerLens do.

    Args:
        holder: of the parameter.
        name: "W_Q", "W_K", "W_V", "W_O" ``[heads, in, out]``, "W_out" ``[in, out]``, or with "_" before it.
        at: module through which what it is given passes, of queries, keys and values what it gives.
        dims: last dimensions of that; two have heads apart.
    """

    holder: Any
    name: str
    at: Any
    dims: int = 2

    @property
    def weight(self) -> Any:
        """Matrix ``[out, in]``."""
        held = getattr(self.holder, self.name)
        return held.transpose(-2, -1).flatten(0, 1) if self.name[-1] in "QKV" else held.flatten(0, -2).T

    @property
    def bias(self) -> Any:
        return getattr(self.holder, self.name.replace("W", "b")).flatten()

    @property
    def in_features(self) -> int:
        return int(self.weight.shape[1])


@dataclass(frozen=True)
class Block:
    """A layer of a transformer.

    Args:
        path: of its module.
        module: of torch.
        attention: module of heads, None without one.
        out: projection of what heads mix, None where it is not known.
        n_heads, n_groups: heads of queries, and of keys and values; 0 where their number is not known.
        qkv: the projection of queries, keys and values, or three of them.
        mlp: MLP whose output is written, None without one.
        entry: module whose input the MLP reads.
        down: projection of the MLP's neurons, None where it is not known.
        interleaved: whether one projection makes queries, keys and values head by head.
    """

    path: str
    module: Any
    attention: Any = None
    out: Any = None
    n_heads: int = 0
    n_groups: int = 0
    qkv: tuple[Any, ...] = ()
    mlp: Any = None
    entry: Any = None
    down: Any = None

    interleaved: bool = False

    @property
    def n_neurons(self) -> int:
        """Of its MLP, where the projection of these is known."""
        return 0 if self.down is None else in_features(self.down)

    @property
    def written(self) -> Any:
        """Module that gives what heads write together."""
        return self.attention if isinstance(self.out, Matrix) else self.out

    @property
    def unread(self) -> list[str]:
        """Paths within the layer of matrices that neither its heads nor its MLP are known to have."""
        known = [self.mlp, self.entry, self.down, self.attention if self.n_heads else None]
        read = {id(each) for one in known if isinstance(one, nn.Module) for each in one.parameters()}
        left = [name for name, one in self.module.named_parameters() if one.ndim > 1 and id(one) not in read]
        return [*dict.fromkeys(f"{self.path}.{name.split('.')[0]}" for name in left)]

    @property
    def width(self) -> int:
        """Numbers of one head."""
        return int(in_features(self.out)) // self.n_heads


@dataclass(frozen=True)
class Architecture:
    """A transformer's blocks, and its module.

    Args:
        module: the whole.
        blocks: in their order.
        paths: of each module.
        others: paths of other lists of blocks, such as an encoder's.
    """

    module: Any
    blocks: Sequence[Block]
    paths: Mapping[int, str] = field(repr=False)
    others: Sequence[str] = ()

    def path(self, module: Any) -> str:
        return self.paths[id(module.at if isinstance(module, Matrix) else module)]

    def unread(self, kind: str = "") -> str:
        """What is in the blocks or beside them and was not read as units of a kind, in a clause; "" for nothing."""
        names = [*self.others, *(name for one in self.blocks for name in one.unread)]
        if kind == "neurons":  # experts have some, too
            names += [self.path(one.mlp) for one in self.blocks if one.mlp is not None and not one.n_neurons]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f"not read: {', '.join(names[:3])}{more}" if names else ""


def in_features(module: Any) -> int:
    """Width of what a linear module is given, also of ``Conv1D`` of Hugging Face."""
    return int(module.in_features if hasattr(module, "in_features") else module.weight.shape[0])


def out_features(module: Any) -> int:
    """Width of what a linear module gives."""
    return int(module.out_features if hasattr(module, "out_features") else module.weight.shape[1])


def weight_of(module: Any) -> Any:
    """Matrix ``[out, in]`` of a linear module."""
    return module.weight if hasattr(module, "in_features") else module.weight.T


def is_linear(module: Any) -> bool:
    """Whether a module multiplies by a matrix of its own; those of torch that are quantised show none."""
    matrix = hasattr(module, "in_features") or getattr(getattr(module, "weight", None), "ndim", 0) == 2
    return matrix and not isinstance(module, nn.Embedding)


def names_called(module: Any) -> list[str]:
    """Names of the parts that compute something themselves; a list of modules is called by nobody."""
    parts = [(name, type(one).forward) for name, one in module.named_modules() if name]
    return [name for name, forward in parts if forward is not nn.Module.forward]


def read_architecture(module: Any) -> Architecture:
    """The blocks of a transformer.

    Raises:
        InvalidNetwork: there are none with names that are known.
    """
    every = {id(one): name for name, one in module.named_modules()}
    stacks: dict[str, list[Block]] = {}
    for path, stack in module.named_modules():
        if isinstance(stack, (nn.ModuleList, nn.Sequential)) and len(stack):
            found = [_block(module, f"{path}.{name}", one) for name, one in stack._modules.items()]
            if all(one.out is not None or one.mlp is not None for one in found):
                stacks[path] = found
    if not stacks:
        cause = "has no list of blocks with attention or an MLP under a name that is known"
        cure = "give names of its modules as units, such as " + ", ".join(names_called(module)[:2])
        raise InvalidNetwork(f"model {type(module).__name__}", cause, cure)
    best = max(stacks, key=lambda path: len(stacks[path]))
    others = [one for one in stacks if not f"{one}.".startswith(f"{best}.") and not f"{best}.".startswith(f"{one}.")]
    return Architecture(module, stacks[best], every, others)


def _block(whole: Any, path: str, module: Any) -> Block:
    attention, mlp = _child(module, _ATTENTION), _child(module, _MLPS)
    inner = _child(attention, (*_ATTENTION, "self"))  # GPT-Neo and BERT hold it one deeper
    found: dict[str, Any] = {"attention": attention}
    out = _child(attention if inner is None else inner, _OUT) or _child(attention, ("output.dense",))
    attention = attention if inner is None else inner
    if out is not None and is_linear(out):
        heads = _number((attention, whole), _HEADS) or 0
        heads = 0 if not heads or in_features(out) % heads else heads
        each = next((names for names in _EACH if all(hasattr(attention, name) for name in names)), None)
        one = _child(attention, _QKV)
        qkv = tuple(getattr(attention, name) for name in each) if each else () if one is None else (one,)
        rows, width = [out_features(one) for one in qkv], in_features(out) // max(heads, 1)
        groups = (sum(rows) // width - heads) // 2
        if sum(rows) != (heads + 2 * groups) * width or (each and rows[1:] != 2 * [groups * width]):
            groups, qkv = heads, ()  # of other widths, as with a gate or latents
        found |= {"out": out, "n_heads": heads, "n_groups": groups, "qkv": qkv}
        found["interleaved"] = not each and hasattr(attention, "query_key_value") and groups != 1
    elif getattr(getattr(attention, "W_O", None), "ndim", 0) == 3 and hasattr(attention, "hook_z"):
        joined = not hasattr(attention, "_W_K") or attention.cfg.ungroup_grouped_query_attention
        names = {part: f"W_{part}" if joined or part in "QO" else f"_W_{part}" for part in _POINTS}
        held = [Matrix(attention, names[part], getattr(attention, point)) for part, point in _POINTS.items()]
        found |= {"out": held[-1], "qkv": tuple(held[:-1])}
        found |= {"n_heads": len(attention.W_O), "n_groups": len(getattr(attention, names["K"]))}
    pair = next((both for one in _PAIRS if all(both := [_child(module, [name]) for name in one])), None)
    if mlp is not None and not (pair and is_linear(mlp)):
        linear = [one for one in mlp.modules() if is_linear(one)]
        last = [one for one in mlp if is_linear(one)][-1:] if isinstance(mlp, nn.Sequential) else []
        named = [one for name in _DOWN if (one := _child(mlp, [name])) is not None and is_linear(one)]
        # what is w2 in one package leads in, in another back
        down = next((one for one in (*named, *last) if out_features(one) == in_features(linear[0])), None)
        if down is None and getattr(getattr(mlp, "W_out", None), "ndim", 0) == 2 and hasattr(mlp, "hook_post"):
            down = Matrix(mlp, "W_out", mlp.hook_post, 1)
        adds = down is not None and "residual" in signature(mlp.forward).parameters  # BLOOM's gives the stream
        found |= {"mlp": down if adds else mlp, "entry": mlp, "down": down}
    elif pair is not None:
        entry, down = pair
        found |= {"mlp": down, "entry": entry, "down": down}
    return Block(path, module, **found)


def _child(module: Any, paths: Sequence[str]) -> Any:
    """The first module at one of some paths; None where there is none."""
    found = (reduce(lambda one, name: getattr(one, name, None), path.split("."), module) for path in paths)
    return next((one for one in found if isinstance(one, nn.Module)), None)


def _number(modules: Sequence[Any], names: Sequence[str]) -> int | None:
    """A number that a module or its configuration names."""
    holders = [one for each in modules for one in (each, getattr(each, "config", None), getattr(each, "cfg", None))]
    numbers = (getattr(holder, name, None) for holder in holders for name in names)
    return next((one for one in numbers if isinstance(one, int)), None)
