"""Tensors by name as layers: which are weights, which way round they are, and in which orders they may follow.

A weight is called ``LAYER.weight`` [n_out, n_in], as torch and equinox save it, or ``LAYER.kernel`` [n_in, n_out], as
Flax and Keras do; ``w``, ``W1``, ``coefs_.0`` and the like may be either way round; biases and shapes decide. A
bias is called ``LAYER.bias`` or ``b1``. Where no name says what it is, weights and biases are known by their axes, in
the file's order. Layers whose names differ in numbers alone are taken in the order of these, others in the order in
which they were defined where the file keeps it, else in the only one that fits their shapes. Where several do the first
is the likeliest, and the order is asked.

A weight that is stored as parts of itself is put together (weight norm, spectral norm, pruning), since that is exact.
What else no layer uses ends the reading, unless it changes nothing: counters, and what is of a loss or an optimiser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from math import prod
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import AnalysisError, InvalidNetwork
from pluriscope.analysis.network_files.files import MAX_LAYERS, MAX_PARAMETERS
from pluriscope.analysis.network_files.formats.activation_names import OURS
from pluriscope.analysis.network_files.formats.format import LACKING, Tensor, WeightsFound, unread
from pluriscope.analysis.network_files.parts import ALL, chosen_part, networks_in
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
_FIRST, _LAST = (
    re.compile(rf"(^|[._/])({words})(_?layer)?([._/]|$)", re.IGNORECASE)
    for words in (
        r"in|inp|input|first|encoder|embed\w*|trunk|body",
        "out|output|last|final|head|decoder|readout|classifier",
    )
)
"""In names of layers that others stand behind, or before."""
_IDLE: Final = re.compile(
    r"(^|[._/])(optim\w*|opt_state|exp_avg(_sq)?|momentum(_buffer)?|criterion|loss(_fn|es)?|(pos|class)_weights?|"
    r"(global_)?steps?|epochs?|lr|learning_rate|weight_decay|(lr_)?schedulers?|rng(_state)?|seed|iterations?|num_batches_tracked)([._/]|$)",
    re.IGNORECASE,
)
"""In names of what changes no output."""
_QUANTISER: Final = re.compile(r"quant|observer|zero_point|fake|_packed_params|weight\._(data|scale)$", re.IGNORECASE)
_ADAPTER: Final = re.compile(r"^base_model\.model\.|lora_(?:A|B|E|up|down|embedding)|(?:hada|lokr)_w\d|ia3_l\b")
"""In names of what is added to layers of another file, or of the layers under it, as peft writes them."""
_NORM: Final = re.compile(
    r"norm|(^|[._/])(bn\d*|ln\d*|batch_stats|running_(mean|var)|moving_(mean|variance)|gamma|beta|mean|var|scale)([._/]|$)",
    re.IGNORECASE,
)
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
        networks: of a file with several, of which the first was read, as parts are named.
    """

    found: tuple[Order, ...]
    more: bool
    remarks: tuple[str, ...]
    networks: tuple[str, ...] = ()


def orders_of(found: WeightsFound, declared: str = "", part: str = "") -> Orders:
    """The ways in which the layers of a file may follow each other.

    Args:
        found: what the file holds.
        declared: names of the layers in order, with commas between, or as a JSON list; "" where nobody named them.
        part: of several networks the one that is meant, as
            :func:`~pluriscope.analysis.network_files.parts.chosen_part` takes it.

    Raises:
        InvalidNetwork: tensors that are none of a network of dense layers, or no order that fits.
    """
    networks = () if part or declared or found.layers else networks_in(_ends(found), found.in_order)
    part = part or next(iter(networks), ALL)
    found = replace(found, tensors={name: found.tensors[name] for name in chosen_part([*found.tensors], part)})
    layers, remarks = _layers(found)
    without_bias = sum("bias" not in layer.tensors for layer in layers.values())
    if without_bias:
        remarks += (f"{LACKING} in the file: the bias of {without_bias} of {len(layers)} layers; it is 0.",)
    named = _named(declared or found.layers, layers) if declared or found.layers else None
    numbered = None if named or not _numbered([*layers]) else sorted(layers, key=_natural)
    fixed = named or numbered or ([*layers] if found.in_order and not _contradicted([*layers]) else None)
    told = numbered or named or found.library not in ("", OURS)
    answer = bool(declared) or (bool(told) and all(layer.sure for layer in layers.values()))
    candidates, more = _candidates(layers, found, fixed, certain=answer, declared=bool(declared))
    by_shape = not candidates and fixed is not None and not named and not (numbered and found.in_order)
    if (
        by_shape
    ):  # Flax counts layers as they are constructed, and modules may be defined in another order than they run
        fixed = None
        candidates, more = _candidates(layers, found, None, certain=answer, declared=False)
    elif fixed and not named and not numbered and len(layers) > 1:
        remarks += (f"Its layers were taken in the order in which the file has them: {', '.join(layers)}.",)
    if not candidates and more:
        cause = f"does not follow from the names of its {len(layers)} layers, and more orders than can be tried may fit"
        cure = "name all from the first to the last, as layers (--layers, layers=)"
        raise InvalidNetwork("order of the layers", cause, cure)
    if not candidates:
        raise _none_fits(layers, named, of_file=bool(numbered and found.in_order))
    first, alone = candidates[0], len(candidates) == 1 and not more
    if alone and not declared and first.layers[0].endswith(TURNED):
        way = "[n_out, n_in]" if any(layer.turned for layer in layers.values()) else "[n_in, n_out]"
        remarks += (f"Its weights were read as {way}, the only way that fits their shapes.",)
    if alone and fixed is None and len(layers) > 1:
        remarks += (f"Its layers were taken in the only order that fits their shapes: {', '.join(first.layers)}.",)
    return Orders(tuple(candidates[:MOST_ORDERS]), more or len(candidates) > MOST_ORDERS, remarks, networks)


def _contradicted(layers: Sequence[str]) -> bool:
    """Whether names say otherwise than the order: the first behind another layer, or the last before one."""
    places = [0 if _FIRST.search(one) else 2 if _LAST.search(one) else 1 for one in layers]
    return places != sorted(places)


def _ends(found: WeightsFound) -> dict[str, tuple[int, int]]:
    """What each layer gives and what it reads, by its name, in the order in which those of a group follow."""
    ends = dict[str, tuple[int, int]]()
    for name, tensor in _put_together(found.tensors).items():
        match = _NAME.fullmatch(name)
        if match and len(tensor.shape) == 2 and not changes_nothing(name):
            role, turned = _STORED[match["word"].lower()]
            if role == "weight":
                n_out, n_in = tensor.shape[::-1] if turned or found.library == "paddle" else tensor.shape
                ends[".".join(filter(None, (match["layer"], match["number"])))] = n_out, n_in
    return ends if found.in_order else {name: ends[name] for name in sorted(ends, key=_natural)}


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
    tensors = _put_together(tensors)
    idle = [name for name in tensors if changes_nothing(name) or _is_counter(tensors[name])]
    tensors = {name: tensor for name, tensor in tensors.items() if name not in idle}
    for changed in (_QUANTISER, _ADAPTER):
        if of_it := next(filter(changed.search, tensors), None):
            raise _not_read(of_it)
    roles = {name: _NAME.fullmatch(name) for name in tensors}
    if not any(roles.values()):
        return _by_axes(item, tensors), unread(idle)
    # 3. put each tensor into its layer, and note all problems, so that one error names them together
    problems: list[AnalysisError] = []
    layers: dict[str, _Layer] = {}
    unused: list[str] = []
    for name, tensor in tensors.items():
        match = roles[name]
        if name.rpartition(".")[2].startswith(("running_", "moving_")):
            raise _not_read(name)  # first, as what else is of it looks like a layer
        if match is None and (len(tensor.shape) != 2 or _NORM.search(name)):
            unused.append(name)
            continue
        wrong = None
        if match is None and ".parametrizations." in f".{name}":
            cure = (
                "before it is saved, remove it by torch.nn.utils.parametrize.remove_parametrizations(LAYER, 'weight')"
            )
            wrong = "is of a parametrization, by which a weight is computed", cure
        elif match is None:
            wrong = "is neither a weight nor a bias", _NAMES
        else:
            role, turned = _STORED[match["word"].lower()]
            turned = True if found.library == "paddle" and role == "weight" else turned
            layer = layers.setdefault(".".join(filter(None, (match["layer"], match["number"]))), _Layer())
            axes = 2 if role == "weight" else 1
            if role in layer.tensors:
                wrong = f"is a second {role} of its layer", "give each layer one"
            elif tensor.numbers is None:
                wrong = f"has the type {tensor.type[:60]}", "save it as float64, float32, float16 or bfloat16"
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
        if "weight" not in layer.tensors and _NORM.search(name):
            raise _not_read(f"{name}.bias")
        if "weight" not in layer.tensors:
            raise InvalidNetwork(f"layer {name[:60]!r}", "has a bias and no weight", "give it a weight")
    # 4. a tensor of no layer may be a bias under another name: without it the network would compute something else
    lengths = {n for layer in layers.values() if "bias" not in layer.tensors for n in layer.tensors["weight"].shape}
    for name in unused:
        if tensors[name].shape in {(n,) for n in lengths} and not _NORM.search(name):
            cause = "is as long as the bias that a layer lacks, and its name does not say that it is one"
            problems.append(InvalidNetwork(f"tensor {name[:60]!r}", cause, "call it LAYER.bias, or leave it out"))
        else:
            problems.append(_not_read(name))
    if problems:
        raise combined(problems, item, InvalidNetwork)
    return layers, unread(idle)


def changes_nothing(name: str) -> bool:
    """Whether what is kept under a name changes no output: it is of an optimiser, a loss or a source of chance."""
    return _IDLE.search(name) is not None


def _is_counter(tensor: Tensor) -> bool:
    return tensor.numbers is None and prod(tensor.shape) == 1


def _not_read(name: str) -> InvalidNetwork:
    """Make the error about a tensor that may change outputs and belongs to no dense layer."""
    item = f"tensor {name[:60]!r}"
    if _QUANTISER.search(name):
        cure = "save the weights as they are before or after it, or give the module itself or an ONNX file of it"
        return InvalidNetwork(item, "is of a quantiser, which changes what layers compute", cure)
    if _ADAPTER.search(name):
        cause = "belongs to a layer that has an adapter beside it, which is added to it"
        return InvalidNetwork(item, cause, "save the layers with adapters merged into them (peft: merge_and_unload())")
    if _NORM.search(name):
        return InvalidNetwork(item, "is of a norm, such as a batch norm, which is no dense layer", _OTHERWISE)
    cause = "is neither a weight nor a bias, and what it changes is not known"
    return InvalidNetwork(item, cause, "leave it out if it changes nothing, or give the module itself or an ONNX file")


def _put_together(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors with one weight in place of each that is stored as parts of itself.

    A weight norm keeps lengths of rows and directions, a spectral norm a matrix and its first singular vectors, and
    pruning a matrix and what is kept of it (``torch.nn.utils``, with and without parametrizations).
    """
    kept, made = dict(tensors), dict[str, Tensor]()
    for name in tensors:
        for (first, *others), whole in _PARTS:
            if not name.endswith(first):
                continue
            stem = name.removesuffix(first)
            parts = [kept.get(f"{stem}{one}") for one in (first, *others)]
            if all(part is not None and part.numbers is not None for part in parts):
                array = whole(*(numbers_of(part) for part in parts if part is not None))
                for one in (first, *others):
                    kept.pop(f"{stem}{one}")
                made[name] = Tensor("float64", array.shape, partial(np.asarray, array))
                break
    new = {
        name: (re.sub(r"(parametrizations\.)?weight(_g|_orig|\.original0?)$", "weight", name), made[name])
        for name in made
    }
    return dict(new[name] if name in new else (name, kept[name]) for name in tensors if name in new or name in kept)


def _of_lengths(lengths: Array, directions: Array) -> Array:
    whole = lengths.shape + (0,) * (2 - lengths.ndim)
    along = tuple(axis for axis in (0, 1) if whole[axis] != directions.shape[axis])
    return np.asarray(directions * (lengths / np.sqrt((directions**2).sum(axis=along, keepdims=True))))


def _of_spectral_norm(matrix: Array, left: Array, right: Array) -> Array:
    return np.asarray(matrix / (left @ matrix @ right))


_PARTS: Final[tuple[tuple[tuple[str, ...], Callable[..., Array]], ...]] = (
    (("weight_g", "weight_v"), _of_lengths),
    (("parametrizations.weight.original0", "parametrizations.weight.original1"), _of_lengths),
    (("weight_orig", "weight_u", "weight_v"), _of_spectral_norm),
    (
        ("parametrizations.weight.original", "parametrizations.weight.0._u", "parametrizations.weight.0._v"),
        _of_spectral_norm,
    ),
    (("weight_orig", "weight_mask"), np.multiply),
)
"""Names of the parts of a weight, and how it is made of them."""


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


def _none_fits(layers: Mapping[str, _Layer], named: Sequence[str] | None, *, of_file: bool) -> InvalidNetwork:
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
    if of_file:
        cause = f"is that of the file, in which a layer does not read what the one before gives ({shown})"
    hint = "; the length of a weight norm looks like a layer" * of_file
    return InvalidNetwork(item, cause, f"let each layer read what one before gives{hint}")


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
