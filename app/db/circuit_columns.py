"""How the circuits of an analysis are kept: column by column, in blocks of some thousand values as bytes.

A mask of more than 64 edges stands in further columns, 64 edges each.

A million circuits are about 2,000 rows of 58 bytes a circuit (for two inputs), written in half a second; a list that
sorts and filters reads the columns it needs, some megabytes, and is done in milliseconds whatever the combination, and
its total is exact. A row each with an index for every order took twenty seconds and five times the space, and still
had to count one by one for a filter (docs/decisions/0009-circuits-in-columns.md).

Circuit k of an analysis is its k-th mask in ascending order, and value k of each column. Big integers, as counts of
interpretations are, stand in a second, ascending list of the distinct values; the column holds ranks in that list.

Which circuits keep an edge also stands there as bits, for each edge 64 circuits a word: counting how many of any of the
circuits keep each edge then takes an operation for 64 of them, and reads half as much as the masks. Of more circuits
than there are codes the margins stand there as codes of two bytes too, which an order and a bound read instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.result import CircuitSearch
from analysis.interpretations.result import InterpretationCounts
from analysis.networks.circuit import MAX_EDGES, EdgeLayout, kept_edges
from app.db.columns import sortable
from app.db.distributions import active_neurons

BLOCK: Final = 4_096  # circuits, or distinct values, in a block
WORD: Final = 64  # bits
EDGE_BITS: Final = "edge.bits"
MARGIN_CODES: Final = "margin.codes"  # of more than N_CODES circuits: see margin_codes
MARGIN_RANGES: Final = "margin.ranges"  # all in block 0
N_CODES: Final = 1 << 16
MASK_WORDS: Final = ("mask", "mask.1", "mask.2", "mask.3")  # 64 edges each, as many as are needed
COLUMNS: Final[dict[str, np.dtype[Any]]] = {
    **{word: np.dtype("<u8") for word in MASK_WORDS},
    "edges": np.dtype("u1"),
    "neurons": np.dtype("u1"),
    "margin": np.dtype("<f8"),
    "interpretations": np.dtype("<u4"),
    "observed": np.dtype("<u4"),
    "outputs": np.dtype("<f8"),  # 2^n values for each circuit
    EDGE_BITS: np.dtype("<u8"),  # see edge_bits; a block holds those of its circuits
    MARGIN_CODES: np.dtype("<u2"),
    MARGIN_RANGES: np.dtype("<f8"),  # 2 values for each code
}
RANKED: Final = ("interpretations", "observed")


@dataclass(frozen=True)
class Block:
    """Some thousand values of one column.

    Args:
        name: of the column, or of the list of a ranked column's distinct values.
        number: from 0.
        first: the first value as sorting text, for columns that ascend.
        data: the values.
    """

    name: str
    number: int
    first: str | None
    data: bytes


def values_name(column: str) -> str:
    """Where the distinct values of a ranked column stand."""
    return f"{column}.values"


def blocks_of(circuits: CircuitSearch, counts: InterpretationCounts) -> Iterator[Block]:
    """Everything that is kept of the listed circuits and their numbers of interpretations, in blocks."""
    layout, masks = circuits.layout, circuits.masks
    ranked = {
        name: _ranked(values)
        for name, values in zip(RANKED, (counts.by_circuit, counts.observed_by_circuit), strict=True)
    }
    for name, (values, _) in ranked.items():
        for number, start in enumerate(range(0, len(values), BLOCK)):
            few = values[start : start + BLOCK]
            yield Block(values_name(name), number, sortable(few[0]), values_to_bytes(few))
    codes, ranges = margin_codes(circuits.margins) if len(masks) > N_CODES else (None, None)
    for number, start in enumerate(range(0, len(masks), BLOCK)):
        part = slice(start, start + BLOCK)
        some = masks[part]
        columns: dict[str, NDArray[Any]] = {
            **dict(zip(MASK_WORDS, mask_words(some, layout), strict=False)),
            "edges": np.bitwise_count(some).astype(np.int64),
            "neurons": active_neurons(layout, some).sum(axis=1),
            "margin": circuits.margins[part],
            **{name: ranks[part] for name, (_, ranks) in ranked.items()},
            "outputs": circuits.outputs[part],
            EDGE_BITS: edge_bits(some, layout),
            **({} if codes is None else {MARGIN_CODES: codes[part]}),
        }
        for name, column in columns.items():
            first = layout.to_hex(int(some[0])) if name == "mask" else None
            yield Block(name, number, first, np.ascontiguousarray(column, dtype=COLUMNS[name]).tobytes())
    if ranges is not None:
        yield Block(MARGIN_RANGES, 0, None, ranges.tobytes())


def mask_words(masks: NDArray[Any], layout: EdgeLayout) -> list[NDArray[np.uint64]]:
    """Masks as columns of 64 edges each, the first edges first; one column up to 64 edges."""
    if layout.n_edges <= MAX_EDGES:
        return [masks.astype(np.uint64)]
    starts = range(0, layout.n_edges, MAX_EDGES)
    return [((masks >> start) & (1 << MAX_EDGES) - 1).astype(np.uint64) for start in starts]


def masks_in(words: Sequence[NDArray[np.uint64]]) -> NDArray[Any]:
    """Masks from such columns: uint64 of a single one, else Python integers."""
    if len(words) == 1:
        return words[0]
    masks = words[0].astype(object)
    for number, word in enumerate(words[1:], start=1):
        masks = masks | (word.astype(object) << number * MAX_EDGES)
    return masks


def margin_codes(margins: NDArray[np.float64]) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Margins as codes that ascend with them: a code is of one margin, or of few circuits.

    Codes are given from the smallest margin on, each to as many different margins as have no more than n/(3/8·N_CODES)
    of the n circuits together, or to a single one. Each of the N_CODES/16 smallest and largest margins has a code for
    itself, with which lists begin, and as many hundredths begin a code, which are the bounds that are asked for. Any
    two codes in a row between such beginnings have more circuits than that, so there are at most N_CODES.

    Args:
        margins: ``[circuits]``, at least one.

    Returns:
        ``[circuits]`` codes, and ``[codes, 2]`` the smallest and the largest margin with each.
    """
    values, numbers = np.unique(margins, return_counts=True)
    up_to, most = np.cumsum(numbers), -(-8 * len(margins) // (3 * N_CODES))
    few = min(N_CODES // 16, len(values))
    hundredths = np.searchsorted(values, np.arange(1, N_CODES // 16 + 1) / 100)
    first_of_code = np.unique([few, len(values) - few, *hundredths, len(values)])
    starts, start = [], 0
    while start < len(values):
        starts.append(start)
        enough = up_to[start] - numbers[start] + most
        as_many = start + 1 if not few <= start < len(values) - few else int(np.searchsorted(up_to, enough, "right"))
        following = int(first_of_code[np.searchsorted(first_of_code, start, "right")])
        start = min(max(start + 1, as_many), following)
    smallest, largest = values[starts], values[np.array([*starts[1:], len(values)]) - 1]
    codes = np.searchsorted(smallest, margins, "right") - 1
    return codes.astype(np.uint16), np.stack([smallest, largest], axis=1)


def edge_bits(masks: NDArray[Any], layout: EdgeLayout) -> NDArray[np.uint64]:
    """``[edges, words]``: which circuits keep each edge, 64 of them a word, the first in the lowest bit."""
    return in_words(np.packbits(kept_edges(masks, layout), axis=0, bitorder="little").T)


def in_words(octets: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Bits packed into octets, along the last axis, as words; those beyond the last are 0."""
    n_words = -(-octets.shape[-1] * 8 // WORD)
    filled = np.zeros((*octets.shape[:-1], n_words * 8), dtype=np.uint8)
    filled[..., : octets.shape[-1]] = octets
    return filled.view("<u8")


def edge_bits_in(data: bytes, n_circuits: int, layout: EdgeLayout) -> NDArray[np.uint64]:
    """The same from the blocks of some circuits in a row, of which only the last may be short."""
    stored, n_edges = np.frombuffer(data, COLUMNS[EDGE_BITS]), layout.n_edges
    n_full = n_circuits // BLOCK
    full = stored[: n_full * n_edges * (BLOCK // WORD)].reshape(n_full, n_edges, BLOCK // WORD)
    rest = stored[full.size :].reshape(n_edges, -1)
    return np.hstack([*full, rest])


def masks_at(kept: NDArray[np.uint64], places: NDArray[np.int64]) -> list[int]:
    """The masks of some of the circuits whose edges are kept as bits, see :func:`edge_bits`."""
    bits = kept[:, places // WORD] >> (places % WORD).astype(np.uint64) & np.uint64(1)
    octets = np.packbits(bits.astype(np.bool_), axis=0, bitorder="little").T
    return [int.from_bytes(mask.tobytes(), "little") for mask in octets]


def mask_at(kept: NDArray[np.uint64], place: int) -> int:
    """The mask of one of them."""
    return masks_at(kept, np.array([place]))[0]


def nearest_in(kept: NDArray[np.uint64], mask: int, n_circuits: int) -> tuple[int, int]:
    """The place of the circuit with fewest edges to add or remove, the first of several, and how many these are.

    Args:
        kept: ``[edges, words]``, see :func:`edge_bits`.
        mask: of a circuit, stored or not.
        n_circuits: that the bits are of, at least one.
    """
    left = in_words(np.packbits(np.ones(n_circuits, dtype=np.bool_), bitorder="little"))
    distance = 0
    apart = _digits_of_sums([~row if mask >> edge & 1 else row for edge, row in enumerate(kept)])
    for digit in reversed(range(len(apart))):
        nearer = left & ~apart[digit]
        if nearer.any():
            left = nearer
        else:
            distance |= 1 << digit
    word = int(left.astype(np.bool_).argmax())
    lowest = int(left[word])
    return word * WORD + (lowest & -lowest).bit_length() - 1, distance


def _digits_of_sums(rows: list[NDArray[np.uint64]]) -> list[NDArray[np.uint64]]:
    """The binary digits, lowest first, of how many rows have each bit."""
    digits = []
    while rows:
        carries = []
        while len(rows) > 1:
            one, other = rows.pop(), rows.pop()
            either, both = one ^ other, one & other
            if rows:
                third = rows.pop()
                both |= either & third
                either ^= third
            rows.append(either)
            carries.append(both)
        digits.append(rows[0])
        rows = carries
    return digits


def count_uses(kept: NDArray[np.uint64], layout: EdgeLayout) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many circuits keep each edge, and how many use each hidden neuron, layer by layer.

    Args:
        kept: ``[edges, words]``, see :func:`edge_bits`; of circuits that do not count no bit is set.
        layout: of the edges.
    """
    layers = zip(layout.offsets, layout.sizes, layout.sizes[1:-1], strict=False)
    into = [kept[start : start + n_in * n].reshape(n, n_in, -1) for start, n_in, n in layers]
    used = np.concatenate([np.bitwise_or.reduce(edges, axis=1) for edges in into])  # a neuron is, if an edge into it is
    edges, neurons = (np.bitwise_count(bits).sum(axis=1, dtype=np.int64) for bits in (kept, used))
    return edges, neurons


def values_to_bytes(values: Sequence[int]) -> bytes:
    """Integers of any size as decimal text."""
    return ",".join(map(str, values)).encode()


def values_of(data: bytes) -> list[int]:
    """The integers of a block of distinct values."""
    return list(map(int, data.split(b",")))


def _ranked(values: Sequence[int]) -> tuple[list[int], NDArray[np.uint32]]:
    """The distinct values ascending, and the rank of each value among them."""
    if not values:
        return [], np.empty(0, dtype=np.uint32)
    if max(values) < 2**63:
        distinct, ranks = np.unique(np.array(values, dtype=np.int64), return_inverse=True)
        return distinct.tolist(), ranks.astype(np.uint32)
    ascending = sorted(set(values))
    rank_of = {value: rank for rank, value in enumerate(ascending)}
    return ascending, np.fromiter((rank_of[value] for value in values), dtype=np.uint32, count=len(values))
