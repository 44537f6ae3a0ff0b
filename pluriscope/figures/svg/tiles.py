"""Truth tiles and hues: a variable's square shows its truth table, and a hue belongs to a table and its negation.

Two inputs: five hues, one for each pair of a non-trivial function and its negation. More inputs: the five variables
most frequent in a network take the five hues in frequency order (ties: the smaller truth table); all others are grey
and live by tile and label. Inputs, their negations and constants are given by the task, so they are always grey.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from markupsafe import Markup

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, input_pattern
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.figures.svg.elements import drawing, esc, num, rect, stroke

Bits = tuple[int, ...]
TableLike = str | Sequence[int]
NEUTRAL: Final = "in"
HUES: Final = ("and", "or", "xor", "anb", "nab")

# canonical tables (value 0 on the first row) of two inputs A, B → hue, and readable names of all sixteen functions
_TWO_INPUT_HUES: Final = {"0001": "and", "0111": "or", "0110": "xor", "0010": "anb", "0100": "nab"}
_NAMES: Final = {
    "0000": "0",
    "0001": "A ∧ B",
    "0010": "A ∧ ¬B",
    "0011": "A",
    "0100": "¬A ∧ B",
    "0101": "B",
    "0110": "A ⊕ B",
    "0111": "A ∨ B",
    "1000": "¬(A ∨ B)",
    "1001": "¬(A ⊕ B)",
    "1010": "¬B",
    "1011": "A ∨ ¬B",
    "1100": "¬A",
    "1101": "¬A ∨ B",
    "1110": "¬(A ∧ B)",
    "1111": "1",
}


def bits_of(function: int | str, n_inputs: int) -> Bits:
    """Truth table of a function from its integer (or decimal string): bit i is the value on input row i."""
    value = int(function)
    return tuple((value >> row) & 1 for row in range(1 << n_inputs))


def as_bits(table: TableLike) -> Bits:
    """Truth table from ``"0110"`` or a sequence of 0/1.

    Raises:
        ValueError: not 2^n values of 0 and 1.
    """
    return _bits_of(table if isinstance(table, str) else tuple(table))


@lru_cache(maxsize=8_192)  # a list says the same few tables thousands of times
def _bits_of(table: str | tuple[int, ...]) -> Bits:
    bits = tuple(int(v) for v in table)
    if len(bits) < 2 or len(bits) & (len(bits) - 1) or any(b not in (0, 1) for b in bits):
        raise ValueError(f"truth table {table!r} is not 2^n values of 0 and 1: list one value for each input row")
    return bits


def table_text(table: TableLike) -> str:
    """The table as a string of 0 and 1 in row order."""
    return "".join(map(str, as_bits(table)))


def table_name(table: TableLike) -> str:
    """A readable name: a formula for one or two inputs, the table itself for more."""
    bits = as_bits(table)
    if len(bits) == 2:
        return {(0, 0): "0", (0, 1): "A", (1, 0): "¬A", (1, 1): "1"}[bits]
    digits = "".join(map(str, bits))
    return _NAMES.get(digits, f"table {digits}" if len(bits) > 4 else "")


def canonical(table: TableLike) -> Bits:
    """The table or its negation, whichever is 0 on the first row."""
    return _canonical(as_bits(table))


@lru_cache(maxsize=8_192)
def _canonical(bits: Bits) -> Bits:
    return tuple(1 - b for b in bits) if bits[0] else bits


@dataclass(frozen=True)
class Hues:
    """Assignment of hues to truth tables in one network.

    Args:
        assigned: canonical table → hue, for more than two inputs.
    """

    assigned: Mapping[Bits, str]

    def of(self, table: TableLike) -> str:
        """The hue's key ("and", "or", "xor", "anb", "nab"), or "in" for grey."""
        bits = canonical(table)
        if len(bits) <= 4:
            return _TWO_INPUT_HUES.get("".join(map(str, bits)), NEUTRAL)
        return self.assigned.get(bits, NEUTRAL)


PLAIN_HUES: Final = Hues({})


def hues_by_frequency(tables: Iterable[TableLike]) -> Hues:
    """The hue rule for more than two inputs, from every occurrence of a variable in a network's explanations."""
    counts = Counter(canonical(table) for table in tables)
    trivial = {b for bits in counts for b in _given_tables(len(bits).bit_length() - 1)}
    ranked = sorted((bits for bits in counts if bits not in trivial), key=lambda bits: (-counts[bits], bits))
    return Hues(dict(zip(ranked, HUES, strict=False)))


def hues_among(tables: Iterable[Bits]) -> Hues:
    """The hues of truth tables over more than two inputs, by how often they occur; those of two are fixed."""
    listed = list(tables)
    return hues_by_frequency(listed) if listed and len(listed[0]) > 4 else PLAIN_HUES


def _given_tables(n_inputs: int) -> list[Bits]:
    """Canonical tables of the constants and of the inputs."""
    inputs = [canonical(bits_of(input_pattern(i, n_inputs), n_inputs)) for i in range(n_inputs)]
    return [(0,) * (1 << n_inputs), *inputs]


@dataclass(frozen=True)
class Tile:
    """A variable read off one neuron.

    Args:
        layer: 1 for the first hidden layer.
        neuron: index in the layer.
        table: truth table over the Boolean inputs.
        label: formula shown beside it, or "".
    """

    layer: int
    neuron: int
    table: Bits
    label: str = ""


def gate_tiles(gates: Iterable[Any], n_inputs: int) -> tuple[Tile, ...]:
    """Tiles of an interpretation's gates.

    Args:
        gates: anything with ``layer``, ``neuron`` and ``function`` (integer, bit i = row i) or ``truth_table``, and
            perhaps ``formula``.
        n_inputs: number of Boolean inputs.
    """
    tiles = []
    for gate in gates:
        table = getattr(gate, "truth_table", None)
        bits = bits_of(gate.function, n_inputs) if table is None else as_bits(table)
        short = table_name(bits) if len(bits) <= 4 else ""  # the tiles of more inputs speak for them
        tiles.append(Tile(gate.layer, gate.neuron, bits, getattr(gate, "formula", "") or short))
    return tuple(tiles)


def placement_tiles(algorithm: HighLevelModel, alignment: NeuronPlacement) -> tuple[Tile, ...]:
    """Tiles of an alignment: each variable's tile on every neuron that carries it."""
    variables = {variable.path: variable for variable in algorithm.variables}
    return tuple(
        Tile(site.layer, neuron, bits_of(variables[path].function, algorithm.n_inputs), variables[path].shown)
        for path, site in alignment.places
        for neuron in site.neurons
    )


def tile_shape(table: TableLike) -> tuple[int, int]:
    """Rows and columns of a tile: the first half of the inputs indexes rows, the rest columns."""
    n_inputs = len(as_bits(table)).bit_length() - 1
    return 2 ** (n_inputs // 2), 2 ** (n_inputs - n_inputs // 2)


def tile_size(table: TableLike, side: float, max_width: float | None = None) -> tuple[float, float]:
    """Width and height of a tile ``side`` high; wide ones (3 or 5 inputs) shrink to ``max_width``."""
    rows, columns = tile_shape(table)
    width, height = (side, side) if rows == columns or rows == 1 else (2 * side, side)
    if max_width is not None and width > max_width:
        width, height = max_width, max_width * height / width
    return width, height


def tile_group(
    x: float, y: float, side: float, table: TableLike, hue: str = NEUTRAL, max_width: float | None = None
) -> str:
    """A tile centred at (x, y), to be put inside a drawing."""
    return _tile(x, y, side, as_bits(table), hue, max_width)


@lru_cache(maxsize=8_192)
def _tile(x: float, y: float, side: float, bits: Bits, hue: str, max_width: float | None) -> str:
    rows, columns = tile_shape(bits)
    width, height = tile_size(bits, side, max_width)
    left, top, dx, dy = x - width / 2, y - height / 2, width / columns, height / rows
    frame = 1.0 if height < 14 else 1.3
    body = rect(left, top, width, height, "fr", f'stroke-width="{frame}"')
    for row in range(len(bits)):
        if bits[row]:
            cell_x, cell_y = left + dx * (row % columns), top + dy * (row // columns)
            size = max(dx - frame / 2, 0.4), max(dy - frame / 2, 0.4)
            body += rect(cell_x + frame / 2, cell_y + frame / 2, *size, "on")
    if height >= 14:
        grid = "".join(f"M{num(left + dx * i)} {num(top)}v{num(height)}" for i in range(1, columns))
        grid += "".join(f"M{num(left)} {num(top + dy * i)}h{num(width)}" for i in range(1, rows))
        body += stroke(grid, "gr", 'fill="none" stroke-width=".8"') if grid else ""
    return f'<g class="tile v-{hue}">{body}</g>'


def truth_tile(bits: Bits, hue: str = NEUTRAL) -> Markup:
    """A tile on its own, of a fixed size that leaves every cell at least 3.5 px."""
    side = max(15.0, tile_shape(bits)[0] * 4.0)
    width, height = tile_size(bits, side)
    return drawing(
        width + 2,
        height + 2,
        tile_group(width / 2 + 1, height / 2 + 1, side, bits, hue),
        sentence=f"truth table {table_text(bits)}",
        css_class="tile",
        sizing="exact",
    )


def variable(table: TableLike, label: str = "", *, neutral: bool = False, hues: Hues = PLAIN_HUES) -> Markup:
    """Tile and formula in one line."""
    bits = as_bits(table)
    return _variable(bits, label, NEUTRAL if neutral else hues.of(bits))


@lru_cache(maxsize=4_096)  # so does a list say the same few variables
def _variable(bits: Bits, label: str, hue: str) -> Markup:
    tile, words = truth_tile(bits, hue), esc(label or table_name(bits))
    return Markup(f'<span class="var v-{hue}">{tile}<span class="f">{words}</span></span>')  # noqa: S704
