"""Parts of a transformer in a module of torch: blocks, the projections of attention, MLPs, norms, by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Final

from torch import nn

from pluriscope.analysis.errors import InvalidNetwork

_ATTENTION: Final = ("attn", "attention", "self_attn", "self_attention")
_MLPS: Final = ("mlp", "feed_forward", "ffn", "block_sparse_moe", "ff")
_OUT: Final = ("o_proj", "c_proj", "out_proj", "dense", "wo", "o", "proj", "W_O")
_DOWN: Final = ("down_proj", "c_proj", "dense_4h_to_h", "fc2", "fc_out", "w2", "out", "proj")
_QKV: Final = ("c_attn", "query_key_value", "qkv_proj", "qkv", "Wqkv", "att_proj")
_EACH: Final = (("q_proj", "k_proj", "v_proj"), ("wq", "wk", "wv"), ("q", "k", "v"))
_HEADS: Final = ("num_attention_heads", "n_head", "n_heads", "num_heads")
_GROUPS: Final = ("num_key_value_heads", "n_kv_heads", "num_kv_heads", "n_key_value_heads")


@dataclass(frozen=True)
class Block:
    """A layer of a transformer.

    Args:
        path: of its module.
        module: of torch.
        out: projection of what heads mix, None without attention.
        n_heads, n_groups: heads of queries, and of keys and values.
        qkv: the projection of queries, keys and values, or three of them.
        mlp: MLP whose output is written, None without one.
        entry: module whose input the MLP reads.
        down: projection of the MLP's neurons, None where it is not known.
        interleaved: whether one projection makes queries, keys and values head by head.
    """

    path: str
    module: Any
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
    """

    module: Any
    blocks: Sequence[Block]
    paths: Mapping[int, str] = field(repr=False)

    def path(self, module: Any) -> str:
        return self.paths[id(module)]


def in_features(module: Any) -> int:
    """Width of what a linear module is given, also of ``Conv1D`` of Hugging Face."""
    return int(module.in_features if hasattr(module, "in_features") else module.weight.shape[0])


def weight_of(module: Any) -> Any:
    """Matrix ``[out, in]`` of a linear module."""
    return module.weight if hasattr(module, "in_features") else module.weight.T


def is_linear(module: Any) -> bool:
    """Whether a module multiplies by a matrix of its own."""
    return hasattr(module, "weight") and module.weight.ndim == 2 and not isinstance(module, nn.Embedding)


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
    best: list[Block] = []
    for path, stack in module.named_modules():
        if isinstance(stack, (nn.ModuleList, nn.Sequential)) and len(stack):
            found = [_block(module, f"{path}.{number}", one) for number, one in enumerate(stack)]
            if all(one.out is not None or one.mlp is not None for one in found) and len(found) > len(best):
                best = found
    if not best:
        cause = "has no list of blocks with attention or an MLP under a name that is known"
        cure = "give names of its modules as units, such as " + ", ".join(names_called(module)[:2])
        raise InvalidNetwork(f"model {type(module).__name__}", cause, cure)
    return Architecture(module, best, every)


def _block(whole: Any, path: str, module: Any) -> Block:
    attention, mlp = _child(module, _ATTENTION), _child(module, _MLPS)
    inner = _child(attention, _ATTENTION)  # GPT-Neo and BERT hold it one deeper
    attention = attention if inner is None else inner
    found: dict[str, Any] = {}
    out = _child(attention, _OUT)
    if out is not None and is_linear(out):
        heads = _number((attention, whole), _HEADS) or 1
        groups = _number((attention, whole), _GROUPS) or heads
        each = next((names for names in _EACH if all(hasattr(attention, name) for name in names)), None)
        one = _child(attention, _QKV)
        qkv = tuple(getattr(attention, name) for name in each) if each else () if one is None else (one,)
        found |= {"out": out, "n_heads": heads, "n_groups": groups, "qkv": qkv}
        found["interleaved"] = not each and hasattr(attention, "query_key_value") and groups != 1
    if mlp is not None:
        down = _child(mlp, _DOWN)
        adds = down is not None and "residual" in signature(mlp.forward).parameters  # BLOOM's gives the stream
        found |= {"mlp": down if adds else mlp, "entry": mlp, "down": down}
    elif hasattr(module, "fc1") and hasattr(module, "fc2"):  # OPT
        found |= {"mlp": module.fc2, "entry": module.fc1, "down": module.fc2}
    return Block(path, module, **found)


def _child(module: Any, names: Sequence[str]) -> Any:
    return next((getattr(module, name) for name in names if isinstance(getattr(module, name, None), nn.Module)), None)


def _number(modules: Sequence[Any], names: Sequence[str]) -> int | None:
    """A number that a module or its configuration names."""
    holders = [one for each in modules for one in (each, getattr(each, "config", None), getattr(each, "cfg", None))]
    numbers = (getattr(holder, name, None) for holder in holders for name in names)
    return next((one for one in numbers if isinstance(one, int)), None)
