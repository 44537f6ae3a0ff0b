"""A run of a module of torch, call by call, and parts of it run again with other values; loads torch.

While a :class:`Record` is entered, it is given every call of a function of torch that this thread makes. A module's own
calls are numbered. Those of hooks are not, so that hooks that only look at values change no number; they are run again
with the others.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any, Final

import torch
from torch.overrides import TorchFunctionMode, resolve_name

from pluriscope.analysis.errors import InvalidNetwork

HOOK: Final = -1
"""The number of what a hook calls."""
Key = tuple[int, int]
"""A tensor at one time: its ``id``, and how often it was changed in place before."""


@dataclass(eq=False)
class Call:
    """A call of a function of torch that gives or changes a tensor.

    Args:
        number: among those that the module makes itself, from 0; :data:`HOOK` for those of hooks.
        name: such as ``torch.nn.functional.linear``.
        path: of the innermost module whose forward is running; "" for the outermost.
        grad: whether derivatives were followed.
        in_place: whether it changes its first argument.
        takes: the tensors among its arguments.
        gives: the tensors in its result, or the one that it changes.
        result: what it gave, or what the module was given in its place.
    """

    number: int
    name: str
    path: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    grad: bool
    in_place: bool
    takes: tuple[Key, ...] = ()
    gives: tuple[Key, ...] = ()
    result: Any = None


class Record(TorchFunctionMode):
    """The calls of one run of a module, in order.

    Attention by one function of torch is recorded as the calls that it consists of, softmax among them.

    Args:
        module: the outermost one.

    Attributes:
        calls: all that gave or changed a tensor.
        own: the numbered ones, by number.
    """

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.own: list[Call] = []
        self._paths = {id(part): path for path, part in module.named_modules()}
        self._made, self._kept = set[int](), set[int]()  # ids of tensors; where the numbers of others lie
        self._times: dict[int, int] = {}

    def keys(self, value: Any) -> tuple[Key, ...]:
        """The tensors in a value, as they are now."""
        return tuple((id(one), self._times.get(id(one), 0)) for one in tensors(value))

    def call(self, call: Call) -> Any:
        """Make a call. Returns its result, or a replacement for the module."""
        return call.function(*call.args, **call.kwargs)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _COMPOSED:
            with self:
                return _COMPOSED[func](*args, **kwargs)
        self._kept |= {_memory(one) for one in tensors((args, kwargs)) if id(one) not in self._made}
        name = resolve_name(func) or getattr(func, "__name__", repr(func))
        path, of_hook = self._where(sys._getframe(1))
        in_place = _changes_first(name, func, args, kwargs)
        outside = "out" in kwargs or (in_place and _memory(args[0]) in self._kept)
        if outside and of_hook:  # what a hook keeps for itself
            return func(*args, **kwargs)
        if outside:
            cure = "let it change a copy instead: clone() before it"
            raise InvalidNetwork(located(path), f"changes what it keeps or is given in place, by {name}", cure)
        number = HOOK if of_hook else len(self.own)
        call = Call(number, name, path, func, args, kwargs, torch.is_grad_enabled(), in_place)
        call.takes = self.keys((args, kwargs))
        call.result = func(*args, **kwargs) if of_hook else self.call(call)
        if in_place:
            self._times[id(args[0])] = self._times.get(id(args[0]), 0) + 1
        call.gives = self.keys(args[0] if in_place else call.result)
        if call.gives:
            self._made |= {tensor for tensor, _ in call.gives}
            self.calls.append(call)
            self.own += [] if of_hook else [call]
        return call.result

    def again(self, wanted: Call, given: Mapping[Key, Any]) -> Any:
        """Result of a call when some tensors have other values. Other calls are run again only where they lie between
        these tensors and the call, all of them where one changes something in place.

        Args:
            wanted: one of the calls, or the one that is made just now.
            given: what stands in the place of each tensor; itself where it is to stay as it was.
        """
        calls = self.calls[: self.calls.index(wanted)] if wanted in self.calls else self.calls
        if in_place := any(call.in_place for call in (*calls, wanted)):
            found = {key: value.clone() for key, value in given.items()}
        else:
            found = {key: value for key, value in given.items() if key[0] != id(value)}
            calls = _between(calls, wanted, given)
        result = wanted.result
        for call in (*calls, wanted):
            if call is not wanted and call.gives and all(key in given for key in call.gives):
                continue
            if not in_place and not any(key in found for key in call.takes):
                continue
            args, kwargs = replaced((call.args, call.kwargs), call.takes, found)
            with torch.set_grad_enabled(call.grad):
                result = call.function(*args, **kwargs)
            made = zip(call.gives, tensors(args[0] if call.in_place else result), strict=call is not wanted)
            found |= {key: one for key, one in made if key not in given}
        return result

    def _where(self, frame: Any) -> tuple[str, bool]:
        """The path of the module that makes a call, and whether a hook on it does."""
        while frame is not None:
            if (lines := _FORWARD_LINES.get(frame.f_code)) is not None:
                path = self._paths.get(id(frame.f_locals["self"]))
                if path is not None:
                    return path, frame.f_lineno not in lines
            frame = frame.f_back
        return "", False


def tensors(value: Any) -> list[Any]:
    """All tensors in a value: it, or those in lists, tuples and dictionaries."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [one for part in value for one in tensors(part)] if isinstance(value, (list, tuple)) else []


def replaced(value: Any, keys: tuple[Key, ...], found: Mapping[Key, Any]) -> Any:
    """A value with others in the place of some of its tensors.

    Args:
        keys: of all its tensors, as :func:`tensors` finds them.
    """
    left = iter(keys)

    def one(part: Any) -> Any:
        if isinstance(part, torch.Tensor):
            return found.get(next(left), part)
        if isinstance(part, Mapping):
            return {key: one(held) for key, held in part.items()}
        if isinstance(part, (list, tuple)):
            held = [one(each) for each in part]
            return type(part)(*held) if hasattr(part, "_fields") else held if isinstance(part, list) else tuple(held)
        return part

    return one(value)


def located(path: str) -> str:
    """A module within the outermost one, as errors call it."""
    return f"module {path}" if path else "the module"


def argument(function: Any, args: Any, kwargs: Mapping[str, Any], name: str) -> Any:
    """Value of a function's argument in a call; None where it has no such argument, or its signature is unknown."""
    if name in kwargs or not isinstance(function, FunctionType):
        return kwargs.get(name)
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except ValueError:  # it wraps one that is not written in Python
        return None
    bound.apply_defaults()
    return bound.arguments.get(name)


def _between(calls: list[Call], wanted: Call, given: Collection[Key]) -> list[Call]:
    """The calls that a call depends on, in order, up to the replaced tensors."""
    needed, found = set(wanted.takes), list[Call]()
    for call in reversed(calls):
        if any(key in needed and key not in given for key in call.gives):
            needed.update(call.takes)
            found.append(call)
    return found[::-1]


def _changes_first(name: str, function: Any, args: Any, kwargs: Mapping[str, Any]) -> bool:
    last = name.rpartition(".")[2]
    if last == "__setitem__" or (last.startswith("__i") and last.endswith("__") and last not in _NOT_IN_PLACE):
        return True
    return (last.endswith("_") and not last.endswith("__")) or bool(argument(function, args, kwargs, "inplace"))


def _memory(tensor: Any) -> int:
    """Address of the numbers of a tensor; its id where torch does not give one, as within vmap."""
    try:
        return int(tensor.untyped_storage().data_ptr())
    except (RuntimeError, NotImplementedError):
        return id(tensor)


def _unfolded(function: Any) -> Any:
    """A function of torch in Python that makes its own calls without asking who would take it as one."""
    asks = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
    scope = {**function.__globals__, **dict.fromkeys(asks, lambda *_: False)}
    found = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    found.__kwdefaults__ = function.__kwdefaults__
    return found


def _attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """``scaled_dot_product_attention`` in plain operations, by its documentation."""
    if enable_gqa:
        shared = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(shared, -3), value.repeat_interleave(shared, -3)
    scores = query @ key.transpose(-2, -1) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -math.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    shares = torch.softmax(scores, dim=-1)
    return (torch.nn.functional.dropout(shares, dropout_p) if dropout_p else shares) @ value


def _forward_lines() -> dict[CodeType, Collection[int]]:
    """The lines on which a module calls its forward; on others it calls its hooks."""
    call: Any = torch.nn.Module._call_impl
    lines, start = inspect.getsourcelines(call)
    found = {start + number for number, line in enumerate(lines) if "forward_call(" in line}
    nested = [one for one in call.__code__.co_consts if isinstance(one, CodeType)]
    return dict.fromkeys((call.__code__, *nested), found)


_COMPOSED: Final = {
    torch.nn.functional.multi_head_attention_forward: _unfolded(torch.nn.functional.multi_head_attention_forward),
    torch.nn.functional.scaled_dot_product_attention: _attention,
}
_NOT_IN_PLACE: Final = ("__invert__", "__index__", "__int__")
_FORWARD_LINES: Final = _forward_lines()
