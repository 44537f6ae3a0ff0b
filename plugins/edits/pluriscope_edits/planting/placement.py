"""Placement of the gates of an algorithm: layer and neuron of each, and the copies that carry values further.

A gate reads the layer before it, so a value that is read later is carried there by one neuron in every layer between.
Of all ways to choose layers the one with fewest neurons is taken that fits, the earliest layers first among equals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Node
from pluriscope.analysis.errors import BeyondLimits, InvalidPlanting
from pluriscope.analysis.planted.record import Source, Unit
from pluriscope.analysis.questions.tasks import INPUT_NAMES

MAX_SCHEDULES: Final = 200_000


@dataclass(frozen=True)
class _Part:
    """Part that needs a neuron of its own: a gate, or a negated input where these are variables.

    Args:
        path: "" for the root.
        reads: its literals: input or part below (inputs are numbered first), and whether negated.
        height: layers that it needs at least.
    """

    path: str
    reads: tuple[Source, ...]
    height: int


def placed_units(algorithm: HighLevelModel, sizes: Sequence[int]) -> tuple[tuple[Unit, ...], Source]:
    """The units of an algorithm in a network of these sizes, and the literal that the output reads.

    Args:
        algorithm: that uses all inputs.
        sizes: layer sizes, one output.

    Raises:
        InvalidPlanting: it needs more layers or neurons than there are, or does not use every input.
        BeyondLimits: more ways to choose layers than are tried.
    """
    _check_inputs(algorithm)
    parts, output = _parts(algorithm)
    n_inputs, n_hidden = algorithm.n_inputs, len(sizes) - 2
    if parts[-1].height > n_hidden:
        raise InvalidPlanting(
            f"algorithm {algorithm.formula}",
            f"needs {parts[-1].height} hidden layers, and the network has {n_hidden}",
            "give more hidden layers, or plant a formula of less depth",
        )
    layers, carried = _schedule(parts, n_inputs, sizes, algorithm)
    return _units(parts, output, layers, carried, sizes)


def _parts(algorithm: HighLevelModel) -> tuple[list[_Part], Source]:
    """The parts in an order in which each stands behind what it reads, the root last, and the output's literal."""
    n_inputs = algorithm.n_inputs
    parts: list[_Part] = []
    built: dict[Node, int] = {}  # units of shared gates
    own_negations = algorithm.form == "formula_trees"

    def add(path: str, reads: tuple[Source, ...]) -> int:
        below = [parts[source.unit - n_inputs].height for source in reads if source.unit >= n_inputs]
        parts.append(_Part(path, reads, 1 + max(below, default=0)))
        return n_inputs + len(parts) - 1

    def literal(node: Node, path: str) -> Source:
        inner, negated = node, False
        while inner.operator == "not":
            inner, negated = inner.children[0], not negated
        if inner.operator == "input":
            if path and negated and own_negations:
                return Source(add(path, (Source(inner.input, True),)), False)
            return Source(inner.input, negated)
        if inner in built:
            return Source(built[inner], negated)
        reads = [literal(child, f"{path}{position}") for position, child in enumerate(inner.children)]
        is_or = inner.operator == "or"  # x ∨ y is carried as ¬x ∧ ¬y, and read negated
        unit = add(path, tuple(Source(below, sign != is_or) for below, sign in reads))
        if inner in algorithm.shared:
            built[inner] = unit
        return Source(unit, negated != is_or)

    output = literal(algorithm.root, "")
    if output.unit < n_inputs:  # the algorithm is one input: it is carried to the output
        output = Source(add("", (Source(output.unit, False),)), output.negated)
    return parts, output


def _check_inputs(algorithm: HighLevelModel) -> None:
    used = {node.input for node in algorithm.root.nodes if node.operator == "input"}
    unused = [INPUT_NAMES[i] for i in range(algorithm.n_inputs) if i not in used]
    if unused:
        raise InvalidPlanting(
            f"algorithm {algorithm.formula}",
            f"does not use {', '.join(unused)}, and a circuit has an edge from every input",
            "plant an algorithm that uses every input",
        )


def _schedule(
    parts: Sequence[_Part], n_inputs: int, sizes: Sequence[int], algorithm: HighLevelModel
) -> tuple[tuple[int, ...], dict[int, int]]:
    """The layer of every part, and to which layer each input and part is carried."""
    n_hidden = len(sizes) - 2
    latest = [n_hidden] * len(parts)
    for number in reversed(range(len(parts))):
        for source in parts[number].reads:
            if source.unit >= n_inputs:
                latest[source.unit - n_inputs] = min(latest[source.unit - n_inputs], latest[number] - 1)
    options = [range(part.height, last + 1) for part, last in zip(parts, latest, strict=True)]
    n_schedules = 1
    for option in options:
        n_schedules *= len(option)
    if n_schedules > MAX_SCHEDULES:
        cause = f"its {len(parts)} gates can be spread over layers in more than {MAX_SCHEDULES:,} ways"
        raise BeyondLimits(
            f"algorithm {algorithm.formula}", cause, "plant a formula with fewer gates, or in fewer layers"
        )
    ranked = []
    for layers in _in_order(options, parts, n_inputs):
        carried = _carried(parts, layers, n_inputs, n_hidden)
        widths = _widths(layers, carried, n_inputs, n_hidden)
        excess = sum(max(0, need - has) for need, has in zip(widths, sizes[1:-1], strict=True))
        ranked.append((excess, sum(widths), layers, carried, widths))
    excess, _, layers, carried, widths = min(ranked, key=lambda one: one[:3])
    if excess:
        needs, has = ("-".join(map(str, some)) for some in (widths, sizes[1:-1]))
        raise InvalidPlanting(
            f"algorithm {algorithm.formula}",
            f"needs hidden layers of {needs} neurons, and the network has {has}",
            "give wider layers, or plant a formula with fewer gates",
        )
    return layers, carried


def _in_order(options: Sequence[Sequence[int]], parts: Sequence[_Part], n_inputs: int) -> Iterator[tuple[int, ...]]:
    """Every choice of layers in which each part stands behind all that it reads."""
    below = [[s.unit - n_inputs for s in part.reads if s.unit >= n_inputs] for part in parts]
    for layers in product(*options):
        if all(layers[number] > layers[under] for number, unders in enumerate(below) for under in unders):
            yield layers


def _carried(parts: Sequence[_Part], layers: Sequence[int], n_inputs: int, n_hidden: int) -> dict[int, int]:
    """The last layer in which each input and part must be there to be read."""
    until = {n_inputs + len(parts) - 1: n_hidden}
    for part, layer in zip(parts, layers, strict=True):
        for source in part.reads:
            until[source.unit] = max(until.get(source.unit, 0), layer - 1)
    return until


def _widths(layers: Sequence[int], carried: Mapping[int, int], n_inputs: int, n_hidden: int) -> list[int]:
    """Neurons needed in each hidden layer."""
    own = [0] * n_inputs + list(layers)
    widths = [0] * n_hidden
    for value, last in carried.items():
        for layer in range(max(1, own[value]), last + 1):
            widths[layer - 1] += 1
    return widths


def _units(
    parts: Sequence[_Part], output: Source, layers: Sequence[int], carried: Mapping[int, int], sizes: Sequence[int]
) -> tuple[tuple[Unit, ...], Source]:
    """Units layer by layer; gates, then copies, take the first neurons that are free."""
    n_inputs, n_hidden = sizes[0], len(sizes) - 2
    units = [Unit(0, (i,)) for i in range(n_inputs)]
    here = {i: i for i in range(n_inputs)}  # input or part → number of the unit that holds it in the last layer done
    for layer in range(1, n_hidden + 1):
        free = list(range(sizes[layer]))
        above: dict[int, int] = {}
        for number, part in enumerate(parts):
            if layers[number] == layer:
                sources = tuple(Source(here[source.unit], source.negated) for source in part.reads)
                above[n_inputs + number] = len(units)
                units.append(Unit(layer, (free.pop(0),), sources, part.path))
        for value, unit in sorted(here.items()):
            if carried.get(value, 0) >= layer:
                above[value] = len(units)
                units.append(Unit(layer, (free.pop(0),), (Source(unit, False),)))
        here = above
    return tuple(units), Source(here[output.unit], output.negated)
