"""Tensors by name as layers: which are weights, which way round they are, and in which orders they may follow.

A weight is called ``LAYER.weight`` [n_out, n_in], as torch and equinox save it, or ``LAYER.kernel`` [n_in, n_out], as
Flax and Keras do; ``w``, ``W1``, ``coefs_.0`` and the like may be either way round; biases and shapes decide. A
bias is called ``LAYER.bias`` or ``b1``. Where no name says what it is, weights and biases are known by their axes, in
the file's order. Layers whose names differ in numbers alone are taken in the order of these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import AnalysisError, InvalidNetwork
from pluriscope.analysis.network_files.files import MAX_LAYERS, MAX_PARAMETERS
from pluriscope.analysis.network_files.formats.format import LACKING, Tensor, WeightsFound, unread
from pluriscope.analysis.values.strict_json import combined

Array = NDArray[np.float64]
Role = Literal["weight", "bias"]
MOST_ORDERS: Final = 6
"""Orders of layers that are distinguished; more are too many to choose among."""
TURNED: Final = ".T"
"""Behind the name of a layer whose weights are stored [n_in, n_out]."""
_NAMES: Final = "name tensors LAYER.weight, LAYER.kernel or LAYER.bias, or save each weight before its bias"
_OF_HEADS: Final = re.compile(r"(^|[._])(attn|attention|self_attn|[qkv]_proj|in_proj_weight)([._]|$)")
_OTHERWISE: Final = "fold it into the layer before and save that alone, or give the module itself or an ONNX file of it"
MAX_TENSORS: Final = 2 * MAX_LAYERS
_MAX_TRIES: Final = 10_000  # of layers put behind others
_STORED: Final[Mapping[str, tuple[Role, bool | None]]] = {
    **dict.fromkeys(("weight", "weights"), ("weight", False)),
    **dict.fromkeys(("kernel", "kernels", "coef", "coefs", "coefs_"), ("weight", True)),
    **dict.fromkeys(("w", "ws", "matrix"), ("weight", None)),
    **dict.fromkeys(("bias", "biases", "b", "bs", "offset", "offsets"), ("bias", None)),
    **dict.fromkeys(("intercept", "intercepts", "intercepts_"), ("bias", None)),
}
"""What the last word of a name says: the role, and of weights whether they are stored [n_in, n_out], if it does."""
_NAME: Final = re.compile(
    rf"(?:(?P<layer>.{{1,80}}?)[./_])?(?P<word>{'|'.join(sorted(_STORED, key=len, reverse=True))})"
    r"(?:[._/]?(?P<number>\d{1,3}))?(?::0)?",
    re.IGNORECASE,
)


@dataclass
class _Layer:
    """The tensors of a layer as they are stored: whether its weights are [n_in, n_out], and if its name says so."""

    turned: bool = False
    sure: bool = False
    tensors: dict[Role, Array] = field(default_factory=dict)

    def shape(self, turned: bool) -> tuple[int, ...]:
        """[n_out, n_in], the other way round than by its name if turned."""
        shape = self.tensors["weight"].shape
        return shape[::-1] if self.turned != turned else shape


@dataclass(frozen=True)
class Order:
    """An order in which a file's layers can be read.

    Args:
        layers: their names from the first to the last, with ".T" behind those that are transposed though their name
            does not say it.
        weights: ``[n_out, n_in]`` of each layer.
        biases: ``[n_out]`` of each, zeros where the file has none.
    """

    layers: tuple[str, ...]
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]

    @property
    def text(self) -> str:
        """The order as it is declared."""
        plain = ", ".join(self.layers)
        return plain if plain.count(",") == len(self.layers) - 1 else json.dumps(self.layers)


@dataclass(frozen=True)
class Orders:
    """Ways to read a file's layers.

    Args:
        found: those that fit, the likeliest first; at least one.
        more: whether there are more.
        remarks: what is to be said, one sentence each.
    """

    found: tuple[Order, ...]
    more: bool
    remarks: tuple[str, ...]


def orders_of(found: WeightsFound, declared: str = "") -> Orders:
    """The ways in which the layers of a file may follow each other.

    Args:
        found: what the file holds.
        declared: names of the layers in order, with commas between, or as a JSON list; "" where nobody named them.

    Raises:
        InvalidNetwork: tensors that are none of a network of dense layers, or no order that fits.
    """
    layers, remarks = _layers(found)
    without_bias = sum("bias" not in layer.tensors for layer in layers.values())
    if without_bias:
        remarks += (f"{LACKING} in the file: the bias of {without_bias} of {len(layers)} layers; it is 0.",)
    named = _named(declared or found.layers, layers) if declared or found.layers else None
    fixed = named or (sorted(layers, key=_natural) if _numbered(list(layers)) else None)
    answer = bool(declared) or (fixed is not None and all(layer.sure for layer in layers.values()))
    candidates, more = _candidates(layers, found, fixed, certain=answer, declared=bool(declared))
    if not candidates and not named and fixed:
        fixed = None  # Flax counts layers as they are constructed, so that Dense_0 may be the last
        candidates, more = _candidates(layers, found, None, certain=answer, declared=False)
    if not candidates and more:
        cause = f"does not follow from the names of its {len(layers)} layers, and more orders than can be tried may fit"
        cure = "name all from the first to the last, as layers (--layers, layers=)"
        raise InvalidNetwork("order of the layers", cause, cure)
    if not candidates:
        raise _none_fits(layers, named)
    first, alone = candidates[0], len(candidates) == 1 and not more
    if alone and not declared and first.layers[0].endswith(TURNED):
        way = "[n_out, n_in]" if any(layer.turned for layer in layers.values()) else "[n_in, n_out]"
        remarks += (f"Its weights were read as {way}, the only way that fits their shapes.",)
    if alone and fixed is None and len(layers) > 1:
        remarks += (f"Its layers were taken in the only order that fits their shapes: {', '.join(first.layers)}.",)
    return Orders(tuple(candidates[:MOST_ORDERS]), more or len(candidates) > MOST_ORDERS, remarks)


def _layers(found: WeightsFound) -> tuple[dict[str, _Layer], tuple[str, ...]]:
    """The layers in the order of their tensors, and a remark on tensors of no layer."""
    # 1. refuse what is too large or cannot be shown, before anything is made of it
    item, tensors = found.item, found.tensors
    if not tensors or len(tensors) > MAX_TENSORS:
        raise InvalidNetwork(item, f"holds {len(tensors):,} tensors", f"give 1 to {MAX_TENSORS}")
    if sum(prod(tensor.shape) for tensor in tensors.values()) > MAX_PARAMETERS:
        raise InvalidNetwork(item, f"holds more than {MAX_PARAMETERS:,} numbers", "use a smaller network")
    for name in tensors:
        if not f"{name}{tensors[name].type}".isprintable():
            raise InvalidNetwork(f"tensor {name[:60]!r}", "has a name or type with control characters", _NAMES)
    if of_heads := next((name for name in tensors if _OF_HEADS.search(name)), None):
        cause = f"holds attention ({of_heads[:60]}), and which numbers are one head's stands in no file of weights"
        cure = "give the module itself to pluriscope.space; what its explain finds is saved as a file that is read here"
        raise InvalidNetwork(item, cause, cure)
    # 2. names decide which tensor is which; where no name fits, axes do
    roles = {name: _NAME.fullmatch(name) for name in tensors}
    if not any(roles.values()):
        return _by_axes(item, tensors), ()
    # 3. put each tensor into its layer, and note all problems, so that one error names them together
    problems: list[AnalysisError] = []
    layers: dict[str, _Layer] = {}
    unused: list[str] = []
    for name, tensor in tensors.items():
        match = roles[name]
        if name.rpartition(".")[2].startswith(("running_", "num_batches")):
            raise InvalidNetwork(f"tensor {name[:60]!r}", "is of a batch norm, which is no dense layer", _OTHERWISE)
        if match is None and len(tensor.shape) != 2:
            unused.append(name)
            continue
        wrong = None
        if match is None:
            wrong = "is neither a weight nor a bias", _NAMES
        else:
            role, turned = _STORED[match["word"].lower()]
            layer = layers.setdefault(".".join(filter(None, (match["layer"], match["number"]))), _Layer())
            axes = 2 if role == "weight" else 1
            if role in layer.tensors:
                wrong = f"is a second {role} of its layer", "give each layer one"
            elif tensor.numbers is None:
                wrong = f"has the type {tensor.type[:20]}", "save it as float64, float32, float16 or bfloat16"
            elif role == "weight" and len(tensor.shape) == 1:
                wrong = (
                    f"has the shape {list(tensor.shape)}, as of a norm or PReLU, which are no dense layers",
                    _OTHERWISE,
                )
            elif len(tensor.shape) != axes or not prod(tensor.shape):
                shape = "[n_out]" if role == "bias" else "[n_in, n_out]" if turned else "[n_out, n_in]"
                wrong = f"has the shape {str(list(tensor.shape))[:60]}", f"give one of the shape {shape}"
            else:
                layer.tensors[role] = numbers_of(tensor)
                if role == "weight":
                    layer.turned, layer.sure = bool(turned), turned is not None
        if wrong is not None:
            problems.append(InvalidNetwork(f"tensor {name[:60]!r}", *wrong))
    if problems:
        raise combined(problems, item, InvalidNetwork)
    for name, layer in layers.items():
        if "weight" not in layer.tensors:
            raise InvalidNetwork(f"layer {name[:60]!r}", "has a bias and no weight", "give it a weight")
    # 4. a tensor of no layer may be a bias under another name: without it the network would compute something else
    lengths = {n for layer in layers.values() if "bias" not in layer.tensors for n in layer.tensors["weight"].shape}
    for name in unused:
        if tensors[name].shape in {(n,) for n in lengths}:
            cause = "is as long as the bias that a layer lacks, and its name does not say that it is one"
            raise InvalidNetwork(f"tensor {name[:60]!r}", cause, "call it LAYER.bias, or leave it out")
    return layers, unread(unused)


def _by_axes(item: str, tensors: Mapping[str, Tensor]) -> dict[str, _Layer]:
    """Tensors whose names say nothing: each of two axes is a weight, and one of one axis behind it its bias."""
    layers: dict[str, _Layer] = {}
    last: _Layer | None = None
    for name, tensor in tensors.items():
        axes = len(tensor.shape)
        if tensor.numbers is None or not prod(tensor.shape) or axes not in (1, 2) or (axes == 1 and last is None):
            cause = f"holds {name[:60]!r} of the type {tensor.type[:20]} and the shape {str(list(tensor.shape))[:60]}"
            raise InvalidNetwork(item, f"{cause}, and no name in it says which tensors are weights", _NAMES)
        if axes == 1:
            assert last is not None  # noqa: S101
            last.tensors["bias"], last = numbers_of(tensor), None
        else:
            layers[name] = last = _Layer(tensors={"weight": numbers_of(tensor)})
    if len(layers) == 1:
        cause = f"holds one weight, {next(iter(layers))[:60]!r}, and no name in it says that it is one"
        raise InvalidNetwork(item, cause, _NAMES)
    return layers


def numbers_of(tensor: Tensor) -> Array:
    """A tensor's numbers as float64; of one whose type is floats."""
    assert tensor.numbers is not None  # noqa: S101
    with np.errstate(invalid="ignore"):  # of NaN, which is refused with the weights
        return np.array(tensor.numbers(), dtype=np.float64, order="C").reshape(tensor.shape)


def _named(names: str | Sequence[str], layers: Mapping[str, _Layer]) -> list[str]:
    """The names of layers in order, as somebody gave them; ".T" turns a layer that no name says to be turned."""
    given: Any = names
    if isinstance(names, str):
        try:
            given = json.loads(names) if names.lstrip().startswith("[") else names.split(",")
        except (ValueError, RecursionError):
            given = None
    cure = f"name {', '.join(layers)[:200]} in order"
    if not isinstance(given, (list, tuple)) or not all(isinstance(name, str) for name in given):
        raise InvalidNetwork("layers", "does not name each layer once", cure)
    stripped = [str(name).strip() for name in given]
    plain = [name if name in layers else name.removesuffix(TURNED) for name in stripped]
    if sorted(plain) != sorted(layers):
        raise InvalidNetwork("layers", "does not name each layer once", cure)
    for name, bare in zip(stripped, plain, strict=True):
        layers[bare].turned ^= name != bare
    return plain


def _candidates(
    layers: Mapping[str, _Layer], found: WeightsFound, fixed: Sequence[str] | None, *, certain: bool, declared: bool
) -> tuple[list[Order], bool]:
    """Orders that fit, and whether there are more; with all weights turned where nobody says which way round they are,
    or where they fit in no other way.
    """
    candidates: list[Order] = []
    more = False
    for turned in (False, True):
        if (turned and certain and candidates) or (turned and declared) or not _biases_fit(layers, turned):
            continue
        shapes = {name: layer.shape(turned) for name, layer in layers.items()}
        ways, many = _fitting(shapes, found.entries, fixed, in_order=found.in_order)
        more |= many
        candidates += [_order(layers, way, turned) for way in ways]
    return candidates, more


def _biases_fit(layers: Mapping[str, _Layer], turned: bool) -> bool:
    pairs = [(layer.tensors["bias"], layer.shape(turned)) for layer in layers.values() if "bias" in layer.tensors]
    return all(len(bias) == shape[0] for bias, shape in pairs)


def _order(layers: Mapping[str, _Layer], way: Sequence[str], turned: bool) -> Order:
    weights, biases = [], []
    for layer in map(layers.__getitem__, way):
        weight = layer.tensors["weight"]
        weights.append(weight.T if layer.turned != turned else weight)
        biases.append(layer.tensors.get("bias", np.zeros(len(weights[-1]))))
    return Order(tuple(f"{name}{TURNED}" if turned else name for name in way), tuple(weights), tuple(biases))


def _fitting(
    shapes: Mapping[str, tuple[int, ...]], entries: Mapping[str, Any], fixed: Sequence[str] | None, *, in_order: bool
) -> tuple[list[tuple[str, ...]], bool]:
    """Orders in which each layer reads what the one before gives, between the sizes that are known; and whether there
    are more. That of the file is the first where it says something.
    """
    sizes, tasks = entries.get("sizes"), entries.get("tasks")
    known: list[Any] = [None] * (len(shapes) + 1)
    if fixed is not None:
        fits = all(shapes[before][0] == shapes[layer][1] for before, layer in pairwise(fixed))
        return ([tuple(fixed)] if fits else []), False
    if isinstance(sizes, list) and len(sizes) == len(known):
        known = sizes
    elif isinstance(tasks, list) and tasks and isinstance(tasks[0], dict):
        table = tasks[0].get("truth_table")
        known[0], known[-1] = len(table).bit_length() - 1 if isinstance(table, list) else None, len(tasks)
    found: list[tuple[str, ...]] = []
    open_orders: list[tuple[str, ...]] = [()]
    candidates = list(shapes) if in_order else sorted(shapes, key=_natural)
    for _ in range(_MAX_TRIES):
        if not open_orders or len(found) > MOST_ORDERS:
            return found[:MOST_ORDERS], len(found) > MOST_ORDERS
        order = open_orders.pop()
        if len(order) == len(shapes):
            found.append(order)
            continue
        reads = shapes[order[-1]][0] if order else known[0]
        gives = known[len(order) + 1]
        for layer in reversed(candidates):
            n_out, n_in = shapes[layer]
            if layer not in order and reads in (None, n_in) and gives in (None, n_out):
                open_orders.append((*order, layer))
    return found, True  # too many to try


def _none_fits(layers: Mapping[str, _Layer], named: Sequence[str] | None) -> InvalidNetwork:
    """Make the error that says why no order fits."""
    shapes = {name: layer.shape(False) for name, layer in layers.items()}
    item, names = "order of the layers", ", ".join(layers)[:200]
    for name, layer in layers.items():
        n = len(layer.tensors.get("bias", ()))
        if n and n not in shapes[name]:
            cause = f"has {n} numbers beside a weight of the shape {list(layer.tensors['weight'].shape)}"
            return InvalidNetwork(f"bias of {name[:60]}", cause, "give each layer one bias for each neuron")
    for before, after in pairwise(named or ()):
        if shapes[before][0] != shapes[after][1]:
            cause = "as they were named does not fit: "
            cause += f"{after[:60]} reads {shapes[after][1]} and {before[:60]} before it gives"
            cure = f"name {names} from the first to the last, as layers (--layers, layers=)"
            return InvalidNetwork(item, f"{cause} {shapes[before][0]}", cure)
    shown = ", ".join(f"{name[:40]} {list(shape)}" for name, shape in shapes.items())[:400]
    cause = f"does not follow from their names, and none fits their shapes ({shown})"
    no_bias = all("bias" not in layer.tensors for layer in layers.values())
    if no_bias and all(shapes[before][0] + 1 == shapes[after][1] for before, after in pairwise(layers)):
        cause = f"does not fit: each layer reads one number more than the one before gives ({shown}), as with the bias"
        return InvalidNetwork(item, f"{cause} as a column of each weight", "save that column by itself, as LAYER.bias")
    return InvalidNetwork(item, cause, "let each layer read what one before gives")


def _numbered(layers: list[str]) -> bool:
    """Whether names differ in numbers alone."""
    if len({re.sub(r"_\d+(?=[/.]|$)", "", layer) for layer in layers}) == 1:
        return True  # dense, dense_1
    patterns = {re.sub(r"\d+", "#", layer) for layer in layers}
    alike = len(patterns) == 1 and (len(layers) == 1 or "#" in patterns.pop())
    return alike or all(re.fullmatch(r"[\d.]+", layer) for layer in layers)


def _natural(layer: str) -> list[tuple[int, str]]:
    """A key that sorts 10 behind 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,9})", layer)]
