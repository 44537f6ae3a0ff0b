"""Models and weights that Keras saved: ``.keras`` (a zip archive with a configuration and HDF5), ``.h5``.

The configuration of a model says which layers follow each other, with their activations; nothing of it is built. It
stands in a ``.keras`` file, and in an ``.h5`` file of a whole model; where there are weights alone, activations are
asked.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.chain import Activated, Affine, Dense, Step, TwoClasses, file_of_steps
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.network_files.formats.activation_names import meanings
from pluriscope.analysis.network_files.formats.archive import Archive, members
from pluriscope.analysis.network_files.formats.format import Array, Beside, FileFormat, Tensor, WeightsFound
from pluriscope.analysis.network_files.formats.hdf5 import SIGNATURE, Hdf5
from pluriscope.analysis.network_files.layers import numbers_of
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.values.strict_json import read_object

_ITEM: Final = "Keras file"
_WEIGHTS: Final = "model.weights.h5"
_CONFIG: Final = "config.json"
_MODEL: Final = "model_config"
_NORMED: Final = ("kernel", "gamma", "bias", "beta", "moving_mean", "moving_variance")
"""Arrays of a layer in the order in which Keras keeps them."""
_Arrays = Callable[[str, str], list[Array]]
_CURE: Final = "give a chain of Dense layers and activations, or an ONNX file of the model"
_UNCHANGED: Final = ("InputLayer", "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Flatten", "Reshape")
_PARAMETERS: Final = {"LeakyReLU": ("negative_slope", "leaky_relu"), "ELU": ("alpha", "elu")}


def read_keras(raw: bytes, _beside: Beside | None = None) -> NetworkFile:
    """The network of a ``.keras`` file.

    Raises:
        InvalidNetwork: it is damaged, or has layers that no such network has, by name.
    """
    archive = Archive(raw, _ITEM)
    weights = Hdf5(archive.read(_WEIGHTS)).arrays
    used: Counter[str] = Counter()

    def arrays(kind: str, _name: str) -> list[Array]:
        key = re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)).lower()
        used[key] += 1
        folder = f"layers/{key}_{used[key] - 1}" if used[key] > 1 else f"layers/{key}"
        there = [weights[path] for n in range(4) if (path := f"{folder}/vars/{n}") in weights]
        return [_numbers(one) for one in there if one.shape]  # a number alone counts steps

    return _built(archive.read(_CONFIG), arrays)


def read_hdf5(raw: bytes, _beside: Beside | None = None) -> NetworkFile | WeightsFound:
    """The network of an HDF5 file of a whole model, or the weights of another.

    Raises:
        InvalidNetwork: as of :class:`pluriscope.analysis.network_files.formats.hdf5.Hdf5` and :func:`read_keras`.
    """
    file = Hdf5(raw)
    if _MODEL in file.texts:
        of_layer: dict[str, dict[str, Tensor]] = defaultdict(dict)
        for path, tensor in file.arrays.items():
            if path.startswith("model_weights/"):
                of_layer[path.split("/")[1]][path.rpartition("/")[2].partition(":")[0]] = tensor

        def arrays(_kind: str, name: str) -> list[Array]:
            return [_numbers(of_layer[name][key]) for key in _NORMED if key in of_layer[name]]

        return _built(file.texts[_MODEL], arrays)
    found: dict[str, Tensor] = {}
    for path, tensor in file.arrays.items():
        if path.startswith(("optimizer", "top_level")) or not tensor.shape:
            continue
        layer, _, number = path.removeprefix("layers/").partition("/vars/")
        role = {"0": "kernel", "1": "bias"}.get(number)
        found[f"{layer}/{role}" if role else path] = tensor
    return WeightsFound("HDF5 file", found, in_order=False)


def _numbers(tensor: Tensor) -> Array:
    if tensor.numbers is None:
        raise InvalidNetwork(_ITEM, "has weights that are no floats", "save it with weights of float32")
    return numbers_of(tensor)


def _built(configuration: bytes, arrays_of: _Arrays) -> NetworkFile:
    """Build the network file of a configuration and its arrays."""
    try:
        return file_of_steps(_steps(_layers(configuration), arrays_of), _ITEM)
    except (TypeError, ValueError, KeyError):
        raise InvalidNetwork(_ITEM, "has a layer with settings that are none", "save the model again") from None


def _layers(raw: bytes) -> list[tuple[str, Mapping[str, Any]]]:
    """Class and settings of each layer from the first to the last, out of a configuration."""
    answer = read_object(raw, "Keras configuration", InvalidNetwork, 1_000_000, _CURE)
    config = answer.get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    if answer.get("class_name") not in ("Sequential", "Functional") or not isinstance(layers, list):
        name = str(answer.get("class_name"))[:40]
        raise InvalidNetwork(_ITEM, f"is of the class {name}, whose layers are not in its configuration", _CURE)
    before, found = "", list[tuple[str, Mapping[str, Any]]]()
    for one in layers[:200]:
        settings = one.get("config") if isinstance(one, dict) else None
        if not isinstance(settings, dict):
            raise InvalidNetwork(_ITEM, "has a layer without settings", "save it again")
        reads = re.findall(r"\['([^']*)', \d+, \d+", str(one.get("inbound_nodes") or ""))
        if reads and reads != [before]:
            cause = f"reads {' and '.join(reads)[:60]}, not the one layer before it"
            raise InvalidNetwork(f"layer {str(one.get('name'))[:40]!r}", cause, _CURE)
        before = str(one.get("name", before))
        found.append((str(one.get("class_name")), settings))
    return found


def _steps(layers: list[tuple[str, Mapping[str, Any]]], arrays_of: _Arrays) -> Iterator[Step]:
    """Yield the steps that the layers compute; the arrays of each are found by its class and name."""
    for kind, settings in layers:
        arrays = arrays_of(kind, str(settings.get("name")))
        name = str(settings.get("name"))[:40]
        if kind == "Dense":
            if len(arrays) != 1 + bool(settings.get("use_bias", True)) or arrays[0].ndim != 2:
                raise InvalidNetwork(f"layer {name!r}", "lacks its weights, or has others", "save the model again")
            yield Dense(arrays[0].T, arrays[1] if arrays[1:] else None)
            yield from _activation(settings.get("activation"), name)
        elif kind == "BatchNormalization":
            yield _normed(arrays, settings, name)
        elif kind in ("Activation", "Softmax"):
            yield from _activation(settings.get("activation", "softmax"), name)
        elif kind in _PARAMETERS:
            parameter, family = _PARAMETERS[kind]
            slope = settings.get(parameter, settings.get("alpha", 0.3))  # of Keras 2
            yield Activated(activation_of(f"{family}({parameter}={float(slope)!r})").text)
        elif kind == "ReLU" and not settings.get("threshold"):
            slope, most = float(settings.get("negative_slope") or 0.0), settings.get("max_value")
            if most is not None and slope:
                raise InvalidNetwork(f"layer {name!r}", "is clipped above and has a slope below 0", _CURE)
            clipped = most is not None and f"hardtanh(min=0, max={float(most)!r})"
            yield Activated(clipped or (f"leaky_relu(negative_slope={slope!r})" if slope else "relu"))
        elif kind == "Normalization" and not settings.get("invert"):
            mean, variance = arrays[:2]
            rate = 1 / np.maximum(np.sqrt(variance.ravel()), 1e-7)
            yield Affine(rate, -mean.ravel() * rate)
        elif kind == "Rescaling":
            yield Affine(float(settings["scale"]), float(settings["offset"]))
        elif kind not in _UNCHANGED:
            runs = ", which is code of its own" if kind == "Lambda" else ""
            raise InvalidNetwork(f"layer {name!r}", f"is of the kind {kind[:40]}{runs}", _CURE)


def _activation(answer: Any, layer: str) -> Iterator[Step]:
    name = answer.get("config") if isinstance(answer, dict) else answer
    if name in (None, "linear"):
        return
    if name == "softmax":
        yield TwoClasses("softmax")
        return
    try:
        known = meanings(name, "keras")
    except InvalidNetwork as problem:
        raise InvalidNetwork(f"{problem.item} of layer {layer!r}", problem.cause, problem.cure) from None
    if not known:
        raise InvalidNetwork(f"activation {str(name)[:60]!r} of layer {layer!r}", "is not in Keras", _CURE)
    yield Activated(known[0])


def _normed(arrays: list[Array], settings: Mapping[str, Any], name: str) -> Affine:
    """Convert a batch norm, as it is in evaluation, to an affine step."""
    scale, center = settings.get("scale", True), settings.get("center", True)
    if len(arrays) != 2 + bool(scale) + bool(center) or len({array.shape for array in arrays}) > 1:
        raise InvalidNetwork(f"layer {name!r}", "lacks its weights, or has others", "save the model again")
    mean, variance = arrays[-2:]
    gamma = arrays[0] if scale else np.ones_like(mean)
    rate = gamma / np.sqrt(variance + float(settings.get("epsilon", 1e-3)))
    return Affine(rate, (arrays[len(arrays) - 3] if center else 0.0) - mean * rate)


def _is_keras(raw: bytes) -> bool:
    return {_CONFIG, _WEIGHTS} <= members(raw)


KERAS: Final = FileFormat("keras", "a model of Keras 3", (".keras",), _is_keras, read_keras, "keras")
HDF5: Final = FileFormat(
    "hdf5", "a model or weights of Keras", (".h5",), lambda raw: raw.startswith(SIGNATURE), read_hdf5, "keras"
)
