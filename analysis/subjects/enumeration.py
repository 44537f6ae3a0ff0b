"""The circuits of a space: what finds the valid ones, which masks are circuits, and masks as numbers.

A circuit is a mask that :meth:`~pluriscope.analysis.subjects.subject.Space.reduce` leaves as it is. Valid ones are
found by the engine of the space; where it has none, every mask that the branches span is tried, a few thousand at a
time. Spaces that would take many minutes are refused with their size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import BeyondLimits, InvalidMask
from pluriscope.analysis.numerics.large_numbers import in_words
from pluriscope.analysis.subjects.graph import Masks
from pluriscope.analysis.subjects.subject import Engine, Numbers, SearchPart, Space

MAX_BITS: Final = 64
"""Bits of the masks that are searched: as many as an unsigned integer has."""
MAX_MASKS: Final = 1 << 22
"""Masks that a search tries one by one."""
MAX_MILLISECONDS: Final = 600_000.0
"""What a search may be expected to take; seconds are usual."""


class _EveryMask:
    """The engine of a space of which nothing more is known: it runs every mask that the branches span."""

    def __init__(self, space: Space) -> None:
        self._space = space

    @property
    def milliseconds(self) -> float:
        return self._space.milliseconds

    @property
    def n_parts(self) -> int:
        return -(-self._space.n_combinations // self._space.batch)

    def parts(self, max_wrong: int) -> Iterator[Callable[[], SearchPart]]:
        for masks in _combinations(self._space.branches(), self._space.batch):
            yield partial(self._part, masks, max_wrong)

    def _part(self, masks: Masks, max_wrong: int) -> SearchPart:
        circuits = masks[are_circuits(self._space, masks)]
        if not len(circuits):
            return SearchPart(mask_numbers(circuits), 0)
        wrong = (self._space.margins(self._space.run(circuits)) <= 0).sum(axis=1)
        return SearchPart(mask_numbers(circuits[wrong <= max_wrong]), len(circuits))


def engine_of(space: Space) -> Engine:
    """Return the engine that finds the valid circuits of a space."""
    return space.engine() or _EveryMask(space)


def refuse_if_too_large(name: str, space: Space) -> None:
    """Refuse a space that is not searched.

    Args:
        name: of the network.
        space: its circuits.

    Raises:
        BeyondLimits: it has too many masks.
    """
    item, cure = f"circuits of {name}", "use coarser rules or a smaller model"
    n, bits = space.n_combinations, space.graph.n_bits
    if (bits > MAX_BITS or space.engine() is None) and (n > MAX_MASKS or bits > MAX_BITS):
        cause = f"there are {in_words(space.possible)} of them, which takes {in_words(n)} masks of {bits} bits to try"
        raise BeyondLimits(item, f"{cause}; the most are {MAX_MASKS:,} of {MAX_BITS} bits", cure)
    milliseconds = engine_of(space).milliseconds
    if milliseconds > MAX_MILLISECONDS:
        cause = f"there are {in_words(space.possible)} of them, which takes about {milliseconds / 1_000:,.0f} seconds"
        raise BeyondLimits(item, f"{cause} on this many rows; the most are {MAX_MILLISECONDS / 1_000:,.0f}", cure)


def read_mask(space: Space, text: str) -> str:
    """The circuit that a mask means, as it is written: the mask without what carries nothing.

    Raises:
        InvalidMask: no hexadecimal digits, bits beyond the last, or nothing is left of it.
    """
    graph = space.graph
    item = f"mask {text[:40]!r}"
    if len(text) > max(graph.n_hex_digits, 256) or not re.fullmatch(r"[0-9a-f]+", text, re.ASCII):
        raise InvalidMask(item, "is not hexadecimal", f"write {graph.n_hex_digits} of the digits 0 to 9 and a to f")
    number = int(text, 16)
    if number >> graph.n_bits:
        raise InvalidMask(item, f"has bits beyond the {graph.n_bits} {graph.cut}", f"write {graph.n_hex_digits} digits")
    masks = space.reduce(graph.bits([number]))
    if graph.cut == "edges" and not masks.any():
        raise InvalidMask(item, "keeps no path to the output", "keep one from what the model is given to its outputs")
    return graph.write(masks[0])


def _combinations(branches: Sequence[Masks], batch: int) -> Iterator[Masks]:
    """All unions of one mask of each branch, the last branch changing fastest, some at a time.

    Args:
        branches: masks ``[choices, bits]``.
        batch: how many at a time.
    """
    total = prod(len(one) for one in branches)
    for start in range(0, total, batch):
        index = np.arange(start, min(start + batch, total))
        masks = np.zeros((len(index), branches[0].shape[1]), dtype=np.bool_)
        for branch in reversed(branches):
            masks |= branch[index % len(branch)]
            index //= len(branch)
        yield masks


def are_circuits(space: Space, masks: Masks) -> NDArray[np.bool_]:
    """Decide which masks ``[masks, bits]`` are circuits, ``[masks]``."""
    same: NDArray[np.bool_] = (space.reduce(masks) == masks).all(axis=1)
    return same if space.graph.cut == "nodes" else same & masks.any(axis=1)


def mask_numbers(masks: Masks) -> Numbers:
    """Masks of at most 64 bits as numbers."""
    wide = np.zeros((len(masks), MAX_BITS), dtype=np.bool_)
    wide[:, : masks.shape[1]] = masks
    return np.packbits(wide, axis=1, bitorder="little").view("<u8")[:, 0]


def number_bits(numbers: NDArray[Any], n_bits: int) -> Masks:
    """Return the bits ``[masks, bits]`` of masks as numbers, Python integers beyond 64 bits."""
    if n_bits > MAX_BITS:
        bytes_of = [number.to_bytes(-(-n_bits // 8), "little") for number in numbers.tolist()]
        packed = np.frombuffer(b"".join(bytes_of), np.uint8).reshape(len(numbers), -(-n_bits // 8))
        return np.unpackbits(packed, axis=1, count=n_bits, bitorder="little").astype(np.bool_)
    eighths = numbers.astype("<u8").view(np.uint8).reshape(-1, 8)
    return np.unpackbits(eighths, axis=1, count=n_bits, bitorder="little").astype(np.bool_)
