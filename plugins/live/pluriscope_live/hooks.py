"""Hooks that run a model as circuits of it: one batch holds every mask with every row, masks first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, Protocol

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.rnn import PackedSequence
from torch.utils._pytree import tree_map_only

from pluriscope.analysis.errors import InvalidData, InvalidNetwork
from pluriscope.errors import InvalidOption
from pluriscope_live.units import Piece, Side, Unit

_ABLATED: Final = -2
_IN_USE: Final = set[int]()  # ids of the modules that run as a circuit


@dataclass
class State:
    """What the hooks of a run look at, set anew for each batch.

    Args:
        gates: ``[masks, units]``, true or a weight where a unit is kept.
        rows: which rows the batch has, for values that differ by row; None for all.
        kept: what ablators keep of the batch from one module to another.
    """

    gates: Any = None
    rows: Any = None
    kept: dict[Any, Any] = field(default_factory=dict)


class Ablator(Protocol):
    """One way to ablate units.

    Attributes:
        absent: what ablated units carry, by the keys of what is watched: ``[rows or 1, …, n]``; zeros for none.
    """

    absent: dict[Any, Any]

    def attach(self, module: Any, state: State) -> Iterator[Any]:
        """Put hooks on a module; gives their handles."""

    def watch(self, module: Any, seen: Callable[[Any, Any], None]) -> Iterator[Any]:
        """Put hooks on a module that pass on, with a key, what ablated units may carry; gives their handles."""

    def names(self, key: Any) -> list[tuple[str, Any]]:
        """Names of units among the values of a key, and where each is in the last dimension."""


@dataclass(frozen=True, eq=False)
class Site:
    """An input or output of a module, and which unit each of its numbers belongs to.

    Args:
        path: of the module.
        side: input or output.
        parts: number of a unit, or −2 for what is always ablated, and which numbers it is; later ones come first.
        dims: last dimensions that its numbers lie in.
        at: path of the module that is hooked, which gives first what this one gives.
    """

    path: str
    side: Side
    parts: tuple[tuple[int, slice], ...]
    dims: int = 1
    at: str = ""

    def units(self, width: int) -> Any:
        """``[width]`` the unit of each number; −1 for what is always kept, −2 for what is always ablated."""
        found = torch.full((width,), -1)
        for number, at in self.parts:
            if (at.stop or 0) > width:
                raise InvalidOption(f"unit of {self.path}", f"goes beyond its {width} numbers", "give some that it has")
            found[at] = number
        return found


def sites_of(units: Sequence[Unit], rest: Sequence[Piece] = ()) -> list[Site]:
    """Sites of units that are numbers of modules.

    Args:
        units: in the order of masks.
        rest: what is no unit and is ablated as well.
    """
    parts: dict[tuple[str, Side, int], list[tuple[int, slice]]] = {}
    every = [(_ABLATED, piece) for piece in rest]
    for number, piece in (*every, *((number, piece) for number, unit in enumerate(units) for piece in unit.pieces)):
        at = slice(piece.start, piece.stop)
        parts.setdefault((piece.path, piece.side, piece.dims), []).append((number, at))
    return [Site(path, side, tuple(some), dims, path) for (path, side, dims), some in parts.items()]


class NodeAblator:
    """Ablates numbers of inputs and outputs of modules.

    Args:
        sites: where.
        units: in the order of masks.

    Attributes:
        second: sites of which the second dimension is the rows, as torch has it by default.
    """

    def __init__(self, sites: Sequence[Site], units: Sequence[Unit]) -> None:
        self.sites, self._units, self.second = sites, units, set[Site]()
        self.absent: dict[Any, Any] = {}

    def names(self, key: Site) -> list[tuple[str, Any]]:
        """Names of units at a site, and of the module for what is ablated beside them, with where each is."""
        return [(key.path if number == _ABLATED else self._units[number].name, at) for number, at in key.parts]

    def watch(self, module: Any, seen: Callable[[Any, Any], None]) -> Iterator[Any]:
        """Put hooks on a module that pass on values of sites; gives their handles."""

        def looked(site: Site, value: Any) -> Any:
            seen(site, value)
            return value

        for site in self.sites:
            yield self._on_site(module, site, partial(looked, site))

    def attach(self, module: Any, state: State) -> Iterator[Any]:
        """Put hooks on a module; gives their handles."""
        for site in self.sites:
            yield self._on_site(module, site, partial(self._gated, state, site))

    def _on_site(self, module: Any, site: Site, function: Callable[[Any], Any]) -> Any:
        """A hook that replaces a site's values, rows first, heads beside each other, and channels last."""
        part = module.get_submodule(site.at)
        channels = 1 if site.side == "out" and isinstance(part, (_ConvNd, _NormBase)) else -1

        def turned(value: Any) -> Any:
            if not isinstance(value, torch.Tensor):
                cause = f"gives a {type(value).__name__} and no tensor of rows"
                raise InvalidNetwork(f"module {site.path}", cause, f"give units without {site.path}")
            rows_first = (value.transpose(0, 1) if site in self.second else value).movedim(channels, -1)
            result = function(joined(rows_first, site.dims)).reshape(rows_first.shape).movedim(-1, channels)
            return result.transpose(0, 1) if site in self.second else result

        return (on_input if site.side == "in" else on_output)(part, turned, first=True)

    def _gated(self, state: State, site: Site, value: Any) -> Any:
        gates, n_masks = state.gates, len(state.gates)
        kept, none = gates.new_ones(n_masks, 1), gates.new_zeros(n_masks, 1)
        columns = site.units(value.shape[-1]).to(value.device)  # −1 is the last one
        gate = torch.cat([gates, none, kept], 1)[:, columns]
        if gate.dtype == torch.bool and bool(gate.all()):
            return value
        shaped = value.view(n_masks, len(value) // n_masks, *value.shape[1:])
        gate = gate.view(n_masks, *[1] * (value.ndim - 1), -1)
        absent = self.absent.get(site)
        absent = None if absent is None else replaced_rows(absent, state, shaped)
        if gate.dtype == torch.bool:
            result = torch.where(gate, shaped, shaped.new_zeros(()) if absent is None else absent)
        else:
            gate = gate.to(value.dtype)
            result = shaped * gate if absent is None else shaped * gate + absent * (1 - gate)
        return result.reshape(value.shape)


def replaced_rows(absent: Any, state: State, value: Any) -> Any:
    """What is carried by the rows of a batch.

    Args:
        absent: ``[rows or 1, …, n]``.
        value: ``[masks, rows, …, n]`` what it replaces.

    Raises:
        InvalidData: the rows are of another length.
    """
    absent = absent if state.rows is None or len(absent) == 1 else absent[state.rows]
    if absent.shape[1:] != value.shape[2:] or len(absent) not in (1, value.shape[1]):
        cause = f"has rows of the shape {tuple(value.shape[1:-1])}, those of ablated units {tuple(absent.shape[:-1])}"
        raise InvalidData("input", cause, "give as many rows, as long, as those of the space")
    return absent


def joined(value: Any, dims: int) -> Any:
    """Values with their last dimensions as one."""
    return value if dims == 1 else value.flatten(-dims)


def on_input(part: Any, function: Callable[[Any], Any], first: bool = False) -> Any:
    """A hook by which a function replaces the first tensor that a module is given.

    Args:
        first: whether before hooks that are there already, so that they are given what replaces it.
    """

    def before(_module: Any, args: Any, kwargs: Any) -> Any:
        if args:
            return (function(args[0]), *args[1:]), kwargs
        name = next((name for name, one in kwargs.items() if isinstance(one, torch.Tensor)), None)
        return (args, kwargs) if name is None else (args, {**kwargs, name: function(kwargs[name])})

    return part.register_forward_pre_hook(before, with_kwargs=True, prepend=first)


def on_output(part: Any, function: Callable[[Any], Any], first: bool = False) -> Any:
    """A hook by which a function replaces what a module gives, or the first of it."""

    def after(_module: Any, _args: Any, result: Any) -> Any:
        if isinstance(result, Mapping):
            name = next(iter(result))
            return type(result)(**{**result, name: function(result[name])})
        if not isinstance(result, tuple) or isinstance(result, PackedSequence):
            return function(result)
        held = function(result[0]), *result[1:]
        return type(result)(*held) if hasattr(result, "_fields") else held

    return part.register_forward_hook(after, prepend=first)


def first_givers(module: Any, paths: Sequence[str], run: Callable[[], object]) -> dict[str, str]:
    """By path of a module, the path of the one within it that gives its output first, and which the others pass on, so
    that all hooks are given what a hook on that one gives.

    Args:
        run: runs the module on a few rows.
    """
    gave, alive = dict[str, list[Any]](), list[Any]()

    def put(path: str, value: Any) -> Any:
        counted = isinstance(value, torch.Tensor) and not value.is_inference()
        alive.append(value)
        gave.setdefault(path, []).append((id(value), value._version if counted else 0))  # it may be changed in place
        return value

    with ExitStack() as stack:
        for path, part in module.named_modules():
            if any(f"{path}.".startswith(f"{one}.") for one in paths):
                stack.enter_context(on_output(part, partial(put, path)))
        run()
    once = [path for path, some in gave.items() if len(some) == 1]
    within = {path: [one for one in once if f"{one}.".startswith(f"{path}.")] for path in paths}
    return {path: next((one for one in some if gave[one] == gave[path]), path) for path, some in within.items()}


def reads_state(part: Any, run: Callable[[], Any]) -> bool:
    """Whether what is run reads the last state that a recurrent part gives, unless it is called once for each step."""
    calls = list[int]()

    def after(_part: Any, _args: Any, result: Any) -> Any:
        calls.append(1)
        return result[0], tree_map_only(torch.Tensor, lambda one: one * torch.nan, result[1])

    with part.register_forward_hook(after, prepend=True):
        return bool(run().isnan().any()) and len(calls) == 1


def _projected(part: Any, *args: Any, **kwargs: Any) -> Any:
    """What a module of attention of torch gives, made by a call of its output projection."""
    weight, bare = part.out_proj.weight, copy(part)
    one = torch.eye(len(weight), dtype=weight.dtype, device=weight.device)
    bare._modules = {"out_proj": SimpleNamespace(weight=one, bias=None)}
    mixed, *rest = nn.MultiheadAttention.forward(bare, *args, **kwargs)
    return (part.out_proj(mixed), *rest)


@contextmanager
def undisturbed(module: Any) -> Iterator[None]:
    """A context in which a module calls all its parts as modules, where torch would use their parameters alone."""
    fast, same = torch.backends.mha.get_fastpath_enabled(), nn.MultiheadAttention.forward
    parts = [one for one in module.modules() if type(one).forward is same and "forward" not in vars(one)]
    with ExitStack() as stack:
        torch.backends.mha.set_fastpath_enabled(fast and not parts)
        stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
        for one in parts:
            vars(one)["forward"] = partial(_projected, one)
            stack.callback(vars(one).pop, "forward")
        yield


@contextmanager
def unhooked(part: Any) -> Iterator[None]:
    """A context in which no hook of a module, or of one within it, is called."""
    held = [(one, one._forward_hooks, one._forward_pre_hooks) for one in part.modules()]
    try:
        for one, *_ in held:
            one._forward_hooks, one._forward_pre_hooks = OrderedDict(), OrderedDict()
        yield
    finally:
        for one, after, before in held:
            one._forward_hooks, one._forward_pre_hooks = after, before


@contextmanager
def attached(module: Any, ablators: Sequence[Ablator], state: State) -> Iterator[None]:
    """A context in which a module runs as circuits of it.

    Raises:
        InvalidNetwork: it runs as one already.
    """
    if id(module) in _IN_USE:
        raise InvalidNetwork(f"model {type(module).__name__}", "runs as a circuit already", "leave that context first")
    with ExitStack() as stack, undisturbed(module):
        _IN_USE.add(id(module))
        stack.callback(_IN_USE.discard, id(module))
        for ablator in ablators:
            for handle in ablator.attach(module, state):
                stack.enter_context(handle)
        yield


@contextmanager
def watched(module: Any, ablators: Sequence[Ablator], seen: Callable[[Ablator, Any, Any], None]) -> Iterator[None]:
    """A context in which what ablated units may carry is passed on as the model runs."""
    with ExitStack() as stack:
        for ablator in ablators:
            for handle in ablator.watch(module, partial(seen, ablator)):
                stack.enter_context(handle)
        yield
