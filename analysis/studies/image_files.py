"""Images of two digits from bytes: the file that comes with Pluriscope, and IDX files as MNIST comes in.

An IDX file is a magic number, its dimensions as big-endian 32-bit integers, then one byte for each pixel or label
(2051: images, rows, columns; 2049: labels), often gzipped. Every size is checked against a bound before memory is
taken, and against the length of the file.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.errors import InvalidData
from analysis.strict_json import read_object

IMAGES_FORMAT: Final = "pluriscope-images/1"
MAX_FILE_BYTES: Final = 100_000_000  # decompressed; MNIST's training images have 47,040,016
MAX_IMAGES: Final = 200_000
MAX_SIDE: Final = 64
_MAGIC_IMAGES: Final = 2051
_MAGIC_LABELS: Final = 2049


@dataclass(frozen=True, eq=False)
class Images:
    """Images of two kinds.

    Args:
        pixels: ``[images, pixels]`` in [0, 1].
        labels: ``[images]`` 0 or 1.
        name: what they are, for people.
    """

    pixels: NDArray[np.float64]
    labels: NDArray[np.int64]
    name: str


def parse_images(raw: bytes) -> Images:
    """Read a file of format :data:`IMAGES_FORMAT`: shape, largest value, labels 0/1, pixels as base64 of bytes.

    Raises:
        InvalidData: it is no such file.
    """
    item, cure = "image file", f"give one JSON object with the format {IMAGES_FORMAT!r}"
    document = read_object(raw, item, InvalidData, MAX_FILE_BYTES, cure)
    try:
        if document["format"] != IMAGES_FORMAT:
            raise InvalidData(item, "has another format", cure)
        height, width = (int(side) for side in document["shape"])
        labels = np.array([int(sign) for sign in document["labels"]], dtype=np.int64)
        pixels = np.frombuffer(base64.b64decode(document["pixels"], validate=True), dtype=np.uint8)
        highest, name = int(document["max_value"]), str(document["name"])
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise InvalidData(item, "lacks a field or holds another kind of value", cure) from None
    if not 0 < highest <= 255 or set(labels.tolist()) != {0, 1} or pixels.size != len(labels) * height * width:
        raise InvalidData(item, f"has {pixels.size} pixels for {len(labels)} images of {height} × {width}", cure)
    return Images(pixels.reshape(len(labels), -1) / highest, labels, name)


def parse_idx(images: bytes, labels: bytes, item: str = "IDX files") -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read a pair of IDX files, gzipped or not.

    Args:
        images: bytes of the file of images.
        labels: bytes of the file of labels.
        item: what to call them in a refusal.

    Returns:
        ``[images, pixels]`` and ``[images]``, bytes as they are.

    Raises:
        InvalidData: another format, sizes beyond the bounds, a file shorter or longer than it says, or not one label
            for each image.
    """
    body, (n, rows, columns) = _idx(images, _MAGIC_IMAGES, 3, f"{item}: images")
    signs, (n_labels,) = _idx(labels, _MAGIC_LABELS, 1, f"{item}: labels")
    if n != n_labels:
        raise InvalidData(item, f"{n} images but {n_labels} labels", "give the two files that belong together")
    return np.frombuffer(body, dtype=np.uint8).reshape(n, rows * columns), np.frombuffer(signs, dtype=np.uint8)


def two_digits(
    pixels: NDArray[np.uint8], labels: NDArray[np.uint8], name: str, *, zero: int = 0, one: int = 1
) -> Images:
    """The images of two digits, labelled 0 and 1, in their order.

    Raises:
        InvalidData: one of them does not occur.
    """
    for digit in (zero, one):
        if not (labels == digit).any():
            raise InvalidData(name, f"holds no image of the digit {digit}", "use a file with both digits")
    chosen = (labels == zero) | (labels == one)
    return Images(pixels[chosen] / 255, (labels[chosen] == one).astype(np.int64), name)


def _idx(raw: bytes, magic: int, n_dimensions: int, item: str) -> tuple[bytes, tuple[int, ...]]:
    cure = "give IDX files as MNIST is distributed, gzipped or not"
    data = _unpacked(raw, item, cure)
    header = 4 * (1 + n_dimensions)
    if len(data) < header or struct.unpack(">i", data[:4])[0] != magic:
        raise InvalidData(item, f"does not begin with the magic number {magic}", cure)
    dimensions = struct.unpack(f">{n_dimensions}i", data[4:header])
    sides_fit = all(0 < side <= MAX_SIDE for side in dimensions[1:])
    if not 0 < dimensions[0] <= MAX_IMAGES or not sides_fit:
        cause = f"says it has {' × '.join(map(str, dimensions))} entries"
        raise InvalidData(item, cause, f"use at most {MAX_IMAGES:,} images of at most {MAX_SIDE} × {MAX_SIDE} pixels")
    expected = int(np.prod(dimensions, dtype=np.int64))
    if len(data) - header != expected:
        raise InvalidData(item, f"has {len(data) - header:,} bytes of content and says {expected:,}", cure)
    return data[header:], tuple(int(n) for n in dimensions)


def _unpacked(raw: bytes, item: str, cure: str) -> bytes:
    """The content, gunzipped if need be, never more than the bound."""
    if not raw.startswith(b"\x1f\x8b"):
        data = raw
    else:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            data = unpacker.decompress(raw, MAX_FILE_BYTES + 1)
        except zlib.error:
            raise InvalidData(item, "cannot be unpacked", cure) from None
    if len(data) > MAX_FILE_BYTES:
        raise InvalidData(item, f"is longer than {MAX_FILE_BYTES:,} bytes", "use a smaller file")
    return data
