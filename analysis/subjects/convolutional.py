"""Small convolutional networks on black and white images, as a kind of subject.

One or two convolutions, each with the activation after it, then the mean of each channel over its positions, of which
the outputs are linear; the answer is the largest. What is cut are channels, or edges between channels: an edge is the
whole slice of a kernel by which one channel reads another. What is absent carries 0, or its mean over the rows at each
position; the biases of channels that take part stay. Outputs are there in every circuit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Annotated, Any, ClassVar, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pluriscope.analysis.errors import InvalidData, InvalidNetwork
from pluriscope.analysis.numerics.fixed_order import inner, mean
from pluriscope.analysis.subjects.classifier import Array, Classifier, changed, classifier_document, read_as
from pluriscope.analysis.subjects.graph import Masks
from pluriscope.analysis.subjects.layered import LayeredSpace
from pluriscope.analysis.subjects.perceptron.activations import Activation, activation_of
from pluriscope.analysis.subjects.perceptron.mlp import (
    activation_bound,
    next_circuit_layer,
    next_layer,
    pre_activations,
)
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.subject import Change, Rules, Slope, SubjectKind
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.strict_json import validated

FORMAT: Final = "pluriscope-convolutional/1"
MAX_SIDE: Final = 8
"""Pixels of an image."""
MAX_CHANNELS: Final = 8
"""Of a layer."""
_AT_ONCE: Final = 1 << 17  # numbers in one array, so that it stays in the processor's cache
_CURE: Final = "give what docs/machine-interface.md says of convolutional networks"
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]


class Convolution(BaseModel):
    """A layer of channels, as files have it.

    Args:
        kernels: ``[channels, channels before, height, width]``.
        biases: ``[channels]``.
        stride: pixels from one position to the next.
        padding: zeros on each side of what is read.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    kernels: list[list[list[list[_Number]]]] = Field(min_length=1, max_length=MAX_CHANNELS)
    biases: list[_Number]
    stride: _Side = 1
    padding: int = Field(0, ge=0, lt=MAX_SIDE)

    @cached_property
    def weights(self) -> Array:
        return np.array(self.kernels)

    @model_validator(mode="after")
    def _regular(self) -> Convolution:
        try:
            regular = self.weights.size > 0 and len(self.biases) == len(self.kernels)
        except ValueError:
            regular = False
        if not regular or max(self.weights.shape[2:]) > MAX_SIDE:
            raise ValueError(f"needs a bias for each kernel, and kernels of one size, up to {MAX_SIDE} × {MAX_SIDE}")
        return self

    def slices(self, maps: Array) -> Array:
        """Convolve each channel before with its slice of each kernel, ``[channels, channels before, height, width,
        rows]``, summed in the order of the kernel's pixels.

        Args:
            maps: ``[channels before, height, width, rows]``.
        """
        maps = np.pad(maps, ((0, 0), *[(self.padding, self.padding)] * 2, (0, 0)))
        kernel, step = self.weights.shape[2:], self.stride
        down, across = ((size - side) // step * step + 1 for size, side in zip(maps.shape[1:3], kernel, strict=True))
        total = np.zeros(())
        for y, x in np.ndindex(*kernel):
            read = maps[:, y : y + down : step, x : x + across : step]
            total = total + self.weights[:, :, y, x, None, None, None] * read
        return total

    def sums(self, maps: Array) -> Array:
        """Compute the pre-activations, ``[channels, height, width, rows]``; arguments as of :meth:`slices`."""
        total = np.array(self.biases)[:, None, None, None]
        for one in self.slices(maps).swapaxes(0, 1):
            total = total + one
        return total

    def slopes(self, by_sums: Array, maps: Array) -> Array:
        """Derivatives by what is read, ``[channels before, height, width, rows]``, from those by :meth:`sums`."""
        edges = ((0, 0), *[(self.padding, self.padding)] * 2, (0, 0))
        total, (_, down, across, _) = np.zeros_like(np.pad(maps, edges)), by_sums.shape
        for y, x in np.ndindex(*self.weights.shape[2:]):
            by_read = inner(np.moveaxis(by_sums, 0, -1), np.ascontiguousarray(self.weights[:, :, y, x].T))
            where = slice(y, y + down * self.stride, self.stride), slice(x, x + across * self.stride, self.stride)
            total[:, *where] += np.moveaxis(by_read, -1, 0)
        return total[:, self.padding : total.shape[1] - self.padding, self.padding : total.shape[2] - self.padding]


def pooled(maps: Array) -> Array:
    """The mean of each channel over its positions, ``[…, rows]`` of ``[…, height, width, rows]``."""
    return mean(np.moveaxis(maps.reshape(*maps.shape[:-3], -1, maps.shape[-1]), -2, 0))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Convolutional(Classifier):
    """A convolutional network with images.

    Args:
        network: the outputs, which read the means of channels; its activation is that of the convolutions.
        data: ``[rows, height, width]``, 0 or 1.
        convolutions: one or two, from the image on.
    """

    format: ClassVar[str] = FORMAT
    convolutions: tuple[Convolution, ...]

    @cached_property
    def digest(self) -> str:
        shown = [self.data.shape[1:], [one.model_dump() for one in self.convolutions]]
        return sha256_hex(self.format.encode(), b"\n", canonical_json(shown), self.network.digest.encode())

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The lines of each."""
        return tuple(map(image_text, self.data))

    @property
    def task_document(self) -> dict[str, Any]:
        return super().task_document | {"rows": [*self.rows]}

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        layers = (
            f"{len(one.kernels)} channels by {_size(one.weights.shape[2:])}, stride {one.stride}, padding {one.padding}"
            for one in self.convolutions
        )
        own = {"Image": _size(self.data.shape[1:]), "Convolutions": "; ".join(layers), "Pooling": "mean"}
        return *own.items(), ("Activation", self.activation.text), *super().facts[2:]

    @property
    def activation(self) -> Activation:
        return activation_of(self.network.activation, self.network.negative_slope)

    def maps_of(self, images: Array) -> list[tuple[Array, Array]]:
        """Compute the pre-activations and the channels of each convolution, ``[channels, height, width, rows]``.

        Args:
            images: ``[1, height, width, rows]``.
        """
        found = list[tuple[Array, Array]]()
        for one in self.convolutions:
            sums = one.sums(found[-1][1] if found else images)
            found.append((sums, self.activation.value(sums)))
        return found

    def run_sites(self, data: Array, change: Change) -> Array:
        """Sites: ``im`` the image, ``c1`` and ``c2`` the channels of each convolution, with a position for each pixel;
        ``m`` their means.
        """
        maps = np.moveaxis(data, 0, -1)[None]
        for layer in range(len(self.convolutions) + 1):
            maps = maps if layer == 0 else self.activation.value(self.convolutions[layer - 1].sums(maps))
            by_position = np.moveaxis(maps.reshape(len(maps), -1, maps.shape[-1]), (0, 2), (2, 0))
            changed = change(f"c{layer}" if layer else "im", by_position)
            maps = np.moveaxis(changed, (2, 0), (0, 2)).reshape(maps.shape)
        return next_layer(self.network, 1, change("m", pooled(maps).T[:, None])[:, 0])

    def site_slopes(self, values: Mapping[str, Array], by_outputs: Array) -> dict[str, Array]:
        found = {"m": inner(by_outputs, np.ascontiguousarray(self.network.weights[0].T))[:, None]}
        names = ["im", *(f"c{layer}" for layer in range(1, len(self.convolutions) + 1))]
        maps = [
            np.moveaxis(values[name], (2, 0), (0, 2)).reshape((*one.shape[:3], -1))
            for name, one in zip(names, self.maps, strict=True)
        ]
        later = np.broadcast_to(found["m"][:, 0].T[:, None, None] / maps[-1][0, ..., 0].size, maps[-1].shape)
        for layer in range(len(self.convolutions), -1, -1):
            by_position = later.reshape(len(later), -1, later.shape[-1])
            found[names[layer]] = np.moveaxis(by_position, (0, 2), (2, 0))
            if layer:
                one, below = self.convolutions[layer - 1], maps[layer - 1]
                later = one.slopes(later * self.activation.slope(one.sums(below), maps[layer]), below)
        return found

    @cached_property
    def maps(self) -> tuple[Array, ...]:
        """The images and the channels of each layer, ``[channels, height, width, rows]``."""
        images = np.moveaxis(self.data, 0, -1)[None]
        return images, *(channels for _, channels in self.maps_of(images))

    @cached_property
    def layers(self) -> tuple[Array, ...]:
        """The means of channels that outputs read, and these."""
        read = pooled(self.maps[-1]).T
        return read, pre_activations(self.network, 1, read)

    @property
    def bound(self) -> float:
        """The largest absolute value, bounded one convolution after the other, each as a perceptron that reads a part
        of the image.
        """
        bound, text = 1.0, self.network.activation
        for one in self.convolutions:
            flat = one.weights.reshape(len(one.kernels), -1)
            layer = Network((flat,), (np.array(one.biases),), text, text, self.network.negative_slope)
            bound = activation_bound(layer, bound)
        return activation_bound(self.network, bound)

    @property
    def n_multiplications(self) -> int:
        return sum(
            one.weights[0].size * found.size for one, found in zip(self.convolutions, self.maps[1:], strict=True)
        )

    @staticmethod
    def data_of(rows: list[Any], _network: Network) -> Array:
        return np.array(rows, dtype=np.float64)

    def judged_as(self, other: Classifier) -> Any:
        if _geometry(self) != _geometry(other):
            cause = "differ in kernels, stride or padding, so their masks mean different edges"
            raise InvalidNetwork("these two networks", cause, "compare networks of one shape")
        return super().judged_as(other)

    def space(self, rules: Rules) -> ConvolutionalSpace:
        return ConvolutionalSpace(self, rules["granularity"] == "channels", rules["ablation"] == "mean")


def _geometry(one: Any) -> list[tuple[int, ...]]:
    return [(*layer.weights.shape, layer.stride, layer.padding) for layer in one.convolutions]


def _size(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def image_text(pixels: Array) -> str:
    """The lines of an image ``[height, width]``, such as "010 010 010"."""
    return " ".join("".join(f"{pixel:g}" for pixel in line) for line in pixels.tolist())


class ConvolutionalSpace(LayeredSpace):
    """The circuits of a convolutional network.

    Args:
        subject: the network.
        nodes: whether masks name channels, otherwise edges.
        means: whether what is absent carries its mean, otherwise 0.
    """

    _subject: Convolutional

    def __init__(self, subject: Convolutional, nodes: bool, means: bool) -> None:
        sizes = enumerate((len(one.kernels) for one in subject.convolutions), start=1)
        channels = [[f"c{layer}.{k}" for k in range(size)] for layer, size in sizes]
        super().__init__(subject, [["x"], []][: len(channels)], channels, nodes=nodes, means=means)
        self._n_edges *= prod(subject.maps[-1].shape[1:3])

    @property
    def carried(self) -> list[Array]:
        """Images and the channels of each layer, ``[rows, channels, height, width, 1]``."""
        return [np.moveaxis(one, -1, 0)[..., None] for one in self._subject.maps]

    def outputs(self, masks: Masks, absent: Any, data: Array | None = None, change: Change | None = None) -> Array:
        """Run the last channels alone: those before read the image alone, so they are there as in the whole network or
        absent. As nodes these are vectors of pixels, and the last ones their means.
        """
        subject, last, each = self._subject, self._subject.convolutions[-1], (..., None, None, None)
        n_rows, (*first, names) = len(subject.data if data is None else data), self._names[1]
        if data is None:
            read = subject.maps[-2]
        else:
            images = np.moveaxis(data, 0, -1)[None]
            read = subject.maps_of(images)[0][1] if first else images
        read = changed(change, first[0], read[None])[0] if first else read
        full, without = last.slices(read), last.slices(absent[-2])
        resting = pooled(absent[-1])[:, 0]
        found = np.empty((len(masks), n_rows, len(subject.outputs)))
        at_once = max(1, _AT_ONCE // (subject.maps[-1][..., 0].size * n_rows))
        for start in range(0, len(masks), at_once):
            edges = self.graph.kept_edges(masks[start : start + at_once])
            *before, into = (edges[:, one] for one in self._into)
            reads = into & before[0].swapaxes(1, 2) if before else into
            total = np.array(last.biases)[each]
            for source in range(full.shape[1]):
                total = total + np.where(reads[:, :, source][each], full[:, source], without[:, source])
            maps = np.where(np.any(into, axis=2)[each], subject.activation.value(total), absent[-1])
            channels = changed(change, names, pooled(maps))
            outputs = next_circuit_layer(subject.network, 1, edges[:, self._out], channels, (resting,))
            found[start : start + at_once] = outputs.swapaxes(1, 2)
        return found

    def effects(self, slope: Slope, at: float) -> Array:
        """Compute effects from what each cut changes in the channels that outputs read, to first order."""
        subject, absent, readout = self._subject, self.absent, self._subject.network.weights[0]
        n_rows, images = len(subject.data), subject.maps[0]
        found = subject.maps_of(absent[0] + at * (images - absent[0]))
        slopes = [subject.activation.slope(*one)[:, None] for one in found]
        above = slope(pre_activations(subject.network, 1, pooled(found[-1][1]).T), slice(None))  # [rows, outputs]
        weighed = inner(above, np.ascontiguousarray(readout.T)).T[:, None] / n_rows

        def answer(changes: Array) -> Array:
            """Compute the changes of the outputs, ``[last channels, causes]``, from changes ``[last channels, causes,
            height, width, rows]``.
            """
            return np.add.accumulate(pooled(changes) * weighed, axis=-1)[..., -1]

        lost = [carried - whole for carried, whole in zip(absent, subject.maps, strict=True)]
        each = [inner(np.ascontiguousarray(above.T), pooled(lost[-1])) * readout / n_rows]
        layers = zip(subject.convolutions, lost, slopes, strict=False)
        *before, last = (one.slices(gone) * steep for one, gone, steep in layers)
        each.insert(0, answer(last))
        if before:
            onward = answer(subject.convolutions[1].slices(before[0][:, 0]) * slopes[1])
            each.insert(0, np.add.accumulate(onward)[-1][:, None])
        return self.effects_of_bits(each)


class _Task(BaseModel):
    rows: list[str]


class _Own(BaseModel):
    """The keys that are not as in files of classifiers."""

    model_config = ConfigDict(strict=True)

    image: list[_Side] = Field(min_length=2, max_length=2)
    convolutions: list[Convolution] = Field(min_length=1, max_length=2)
    tasks: list[_Task]


def read_convolutional(document: dict[str, Any]) -> Convolutional:
    """The network in a file of the format ``pluriscope-convolutional/1``.

    Args:
        document: the JSON object.

    Raises:
        AnalysisError: naming every key at fault, or else the first thing that does not fit another.
    """
    own = validated(_Own, document, "model file", InvalidNetwork, _CURE)
    shape = 1, *own.image
    for at, one in enumerate(own.convolutions):
        channels, before, *kernel = one.weights.shape
        room = [size + 2 * one.padding - side for size, side in zip(shape[1:], kernel, strict=True)]
        if before != shape[0] or min(room) < 0 or 2 * one.padding > min(kernel):
            cause = f"reads {before} channels by {_size(kernel)} with padding {one.padding}, and gets {_size(shape)}"
            cure = "give kernels that fit what they read, and at most half a kernel of padding"
            raise InvalidNetwork(f"convolutions[{at}]", cause, cure)
        shape = channels, *(size // one.stride + 1 for size in room)
    tasks = [
        {**raw, "rows": [_pixels(row, f"rows[{at}]", own.image) for at, row in enumerate(task.rows)]}
        for raw, task in zip(document["tasks"], own.tasks, strict=True)
    ]
    shared = {key: value for key, value in document.items() if key not in _Own.model_fields} | {"tasks": tasks}
    found = read_as(Convolutional, shared, convolutions=tuple(own.convolutions))
    if found.network.sizes[:-1] != shape[:1]:
        cause = f"are {'-'.join(map(str, found.network.sizes))}, and there are {shape[0]} channels to read"
        raise InvalidNetwork("weights", cause, "give one matrix [outputs][channels of the last convolution]")
    ConvolutionalSpace(found, nodes=False, means=False)  # refuses too many edges
    return found


def _pixels(text: str, item: str, image: Sequence[int]) -> list[list[int]]:
    lines = text.split(" ")
    if [*map(len, lines)] != [image[1]] * image[0] or not {*text} <= {*"01 "}:
        cause = f"is {text[:80]!r}, and the network reads images of {_size(image)} pixels"
        cure = f"give {image[0]} lines of {image[1]} pixels, each 0 or 1, with a space between lines"
        raise InvalidData(item, cause, cure)
    return [[*map(int, line)] for line in lines]


def convolutional_document(one: Convolutional) -> dict[str, Any]:
    """A network as the JSON object of a file, from which the very same numbers are read."""
    own = {"image": [*one.data.shape[1:]], "convolutions": [layer.model_dump() for layer in one.convolutions]}
    return classifier_document(one) | own


CONVOLUTIONAL: Final = SubjectKind(
    key="convolutional",
    noun="convolutional network",
    plural="convolutional networks",
    definition="A network of one or two convolutions that reads black and white images and answers with the largest of "
    "several outputs, which read the mean of each channel. Its circuits are sets of edges between channels, or of "
    "channels.",
    format=FORMAT,
    settings={"granularity": ("edges", "channels"), "ablation": ("zero", "mean")},
    read=read_convolutional,
    write=convolutional_document,
    traits=frozenset({"boxes", "channels", "play", "readings", "sites"}),
    inputs="im",
)
