"""A format that networks are read from, and what a file of tensors holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidNetwork

if TYPE_CHECKING:
    from pluriscope.analysis.network_files.files import NetworkFile

Array = NDArray[np.float64]
Beside = Callable[[str], bytes]
"""The content of a file beside the network's, by its plain name."""
_HELD_UNDER: Final = ("model_state_dict", "state_dict", "model", "net", "network", "params", "variables")
"""Keys of checkpoints below which the weights are."""
_WRAPPED: Final = ("module.", "_orig_mod.")
"""Before every name: what torch's parallel and compiled modules add."""
_HIDDEN: Final = re.compile(
    "(hidden_?)?(activations?|nonlinearit(y|ies)|act)(_?(function|fn|name))?_?|act_?(func|fn)", re.IGNORECASE
)
_LAST: Final = re.compile(
    "(out|output|last|final)_?(layer_?)?(activation|nonlinearity|act)(_?(function|fn|name))?_?", re.IGNORECASE
)
"""Keys that name an activation: of hidden layers or of each, and of the last one."""
_IDLE: Final = re.compile("optim|opt_state|sched|rng|random|loops|callbacks|history|loss|metric|args|config|hyper|amp")
"""In keys of a checkpoint beside the weights under which numbers change no output."""
_MAX_DEPTH: Final = 16
MAX_PARTS: Final = 20_000
_MAX_OTHERS: Final = 100
LACKING: Final = "Not"
"""With this word remarks begin on what was not read, or is not there."""

CALLING: Final = "Opened elsewhere, the file"
"""So a remark begins on code in a file, which is said before all else."""


@dataclass(frozen=True)
class Tensor:
    """A tensor as a file stores it.

    Args:
        type: of its numbers, as the file calls it.
        shape: of each axis.
        numbers: gives them, in any type of floats; None where the type is none.
    """

    type: str
    shape: tuple[int, ...]
    numbers: Callable[[], NDArray[Any]] | None


def float_tensor(array: NDArray[Any]) -> Tensor:
    """An array as a tensor; one of other numbers than floats has no numbers here."""
    return Tensor(str(array.dtype), array.shape, (lambda: array) if array.dtype.kind == "f" else None)


@dataclass(frozen=True)
class WeightsFound:
    """The tensors of a file by name, and the entries beside them.

    Args:
        item: what the file is called in errors.
        tensors: in the file's order.
        entries: entries of a network file that this file has too: activation, sizes, tasks and so on.
        layers: names of its layers in order, where the file says it.
        in_order: whether the order of the tensors is that in which they were defined.
        library: that wrote the file, as :data:`~pluriscope.analysis.network_files.formats.activation_names.NAMES` calls
            it; "" where nothing says it.
        remarks: what is to be said of how it was read, one sentence each.
    """

    item: str
    tensors: Mapping[str, Tensor]
    entries: Mapping[str, Any] = field(default_factory=dict)
    layers: Sequence[str] = ()
    in_order: bool = True
    remarks: tuple[str, ...] = ()
    library: str = ""


@dataclass(frozen=True)
class FileFormat:
    """A format by which networks come.

    Args:
        key: in addresses and tests.
        label: for people.
        suffixes: of such files.
        begins: whether bytes look like one, of which nothing is read but the beginning and the end.
        read: the network that the file says whole, or the weights that it holds; it raises InvalidNetwork.
        library: that writes such files; "" where several do.
    """

    key: str
    label: str
    suffixes: tuple[str, ...]
    begins: Callable[[bytes], bool]
    read: Callable[[bytes, Beside | None], NetworkFile | WeightsFound]
    library: str = ""


def bfloat16(raw: bytes) -> NDArray[np.float32]:
    """Convert numbers of bfloat16, the upper halves of float32, to floats."""
    return (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")


def tensors_in(
    tree: Any, item: str, made: Callable[[Any], Any] = lambda value: value
) -> tuple[dict[str, Tensor], list[str], dict[str, str]]:
    """The tensors of nested maps and lists by their path, with dots; the keys of what else there is; and the
    activations that it names, as keys of a network file.

    Args:
        tree: maps and lists; the weights of a checkpoint may be below one of its keys.
        item: what the file is called in errors.
        made: the tensor that a value stands for, or the value.

    Raises:
        InvalidNetwork: it holds too much beside, or names several activations of hidden layers.
    """
    beside: list[str] = []
    named: list[tuple[str, str, Any]] = []
    while isinstance(tree, Mapping) and not any(isinstance(made(value), Tensor) for value in tree.values()):
        held = next((key for key in _HELD_UNDER if isinstance(tree.get(key), (Mapping, list)) and tree[key]), None)
        if held is None or len(beside) > MAX_PARTS:
            break
        others = {str(key): value for key, value in tree.items() if key != held}
        for pair in islice(others.items(), _MAX_OTHERS):
            named += _named_in(*pair)
        more = [key for key, value in others.items() if not _IDLE.search(key) and _holds_tensors(value, made)]
        beside += [key for key in others if not _names(key) and key not in more]
        if more:
            tree = {key: tree[key] for key in (*more, held)}
            break
        tree = tree[held]
    found: dict[str, Tensor] = {}
    waiting: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    for _ in range(MAX_PARTS):
        if not waiting:
            n_layers = sum(len(tensor.shape) == 2 for tensor in found.values())
            return unwrapped(found), beside, _activations(named, n_layers) if found else {}
        path, value = waiting.pop()
        value = made(value)
        if isinstance(value, Tensor):
            found[".".join(path)] = value
        elif isinstance(value, (Mapping, list, tuple)) and len(path) < _MAX_DEPTH:
            pairs = list(value.items() if isinstance(value, Mapping) else enumerate(value))
            waiting += [((*path, str(key)), one) for key, one in reversed(pairs[:MAX_PARTS])]
        elif path and path[0] != "_metadata":
            key = next((part for part in reversed(path) if not part.isdecimal()), "")
            if _names(key) and isinstance(value, (str, NoneType)):
                named.append((key, ".".join(path), value))
            else:
                beside.append(".".join(path))
    raise InvalidNetwork(item, f"holds more than {MAX_PARTS:,} values beside tensors", "save the weights alone")


def _holds_tensors(value: Any, made: Callable[[Any], Any]) -> bool:
    """Whether there are tensors of floats of one axis or more in maps and lists."""
    waiting = [value]
    for _ in range(MAX_PARTS):
        if not waiting:
            return False
        one = made(waiting.pop())
        if isinstance(one, Tensor) and one.shape and one.numbers is not None:
            return True
        waiting += one.values() if isinstance(one, Mapping) else one if isinstance(one, (list, tuple)) else ()
    return False


def _names(key: str) -> bool:
    return bool(_HIDDEN.fullmatch(key) or _LAST.fullmatch(key))


def _named_in(key: str, value: Any) -> Iterator[tuple[str, str, Any]]:
    """Activations that something beside the weights names: a text, texts, or a map with such."""
    pairs = islice(value.items(), _MAX_OTHERS) if isinstance(value, Mapping) else [(key, value)]
    for name, several in pairs:
        for n, one in enumerate(several[:_MAX_OTHERS] if isinstance(several, list) else [several]):
            if _names(str(name)) and isinstance(one, (str, NoneType)):
                yield str(name), str(n), one


def _activations(named: Sequence[tuple[str, str, Any]], n_layers: int) -> dict[str, str]:
    """Return the activations that are named, as keys of a network file.

    Args:
        named: keys, where they stand, and values.

    Raises:
        InvalidNetwork: hidden layers have different ones.
    """
    last = [one for key, _, one in named if not _HIDDEN.fullmatch(key)]
    hidden = [one for key, _, one in named if _HIDDEN.fullmatch(key)]
    places = {place for key, place, _ in named if _HIDDEN.fullmatch(key)}
    if len(places) == len(hidden) == n_layers > 1:  # each layer names its own
        last, hidden = last or hidden[-1:], hidden[:-1]
    elif hidden == [None]:
        hidden = []
    if len({re.sub(r"[_\s]|^.*\.|\(\)$", "", str(one)).lower() for one in hidden}) > 1:
        cause = f"are named as {', '.join(repr(one)[:30] for one in hidden[:8])}, and all hidden layers need the same"
        raise InvalidNetwork("activations", cause, "give a network whose hidden layers have one activation")
    both = (("activation", hidden), ("output_activation", last))
    return {key: given[0] or "linear" for key, given in both if given}


def unwrapped(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors without what wrappers of torch put before all names."""
    names = list(tensors)
    while names and (before := next((one for one in _WRAPPED if all(name.startswith(one) for name in names)), "")):
        names = [name.removeprefix(before) for name in names]
    return dict(zip(names, tensors.values(), strict=True))


def unread(keys: Sequence[str]) -> tuple[str, ...]:
    """A remark on what was not read of a file."""
    shown = ", ".join(repr(key[:40]) for key in keys[:6]) + (f" and {len(keys) - 6} more" if len(keys) > 6 else "")
    return (f"{LACKING} read of the file, as no layer uses it: {shown}.",) if keys else ()
