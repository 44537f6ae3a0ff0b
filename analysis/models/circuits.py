"""Circuits of a model of any kind: those that decide right, all of them, and one by its mask.

A circuit is a mask that :meth:`~analysis.models.model.Space.reduce` leaves as it is. It is valid if the share of rows
on which the right output is strictly the largest is above .99. Every mask that the branches span is tried, a few
thousand at a time; spaces that would take minutes are refused with their size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan, prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.errors import BeyondLimits, InvalidMask
from analysis.explanations.explanation import Column, Record
from analysis.models.model import ACCURACY_THRESHOLD, Masks, Model, Rules, Space, gaps
from analysis.validity import max_wrong
from analysis.work import DEFAULT_WORK, Work

MAX_LISTED: Final = 100_000
"""Circuits of one model under one set of rules that are listed; the ones with the fewest edges."""
MAX_BITS: Final = 64
"""Bits of the masks that are searched: as many as an unsigned integer has."""
MAX_MASKS: Final = 1 << 22
"""Masks that a search tries; those of valid circuits are in memory at once."""
MAX_MILLISECONDS: Final = 600_000.0
"""What a search may be expected to take; seconds are usual."""
SUBSETS_MILLISECONDS: Final = 2_000.0
"""What looking for a valid circuit below one may be expected to take; beyond, it is not said whether there is one."""


@dataclass(frozen=True)
class ModelCircuit:
    """One circuit of a model.

    Args:
        mask: as it is written, hexadecimal.
        bits: how many bits of the mask are set: edges, or nodes where a mask names nodes.
        nodes: removable nodes that take part.
        right: rows on which the right output is strictly the largest.
        n_rows: rows of the task.
        worst: the smallest gap between the right output and the largest other; negative if a row is wrong.
        margin: the smallest distance of that gap from 0.
        minimal: whether no circuit with a proper subset of the bits is valid; None where it was not found out.
    """

    mask: str
    bits: int
    nodes: int
    right: int
    n_rows: int
    worst: float
    margin: float
    minimal: bool | None

    @property
    def valid(self) -> bool:
        """Whether it is right on more than 99 % of the rows."""
        return self.n_rows - self.right <= max_wrong(self.n_rows, ACCURACY_THRESHOLD)


@dataclass(frozen=True)
class CircuitsFound:
    """What a search found.

    Args:
        circuits: the valid ones by mask; where there are too many to list, those with the fewest bits.
        valid: how many are valid, exactly.
        possible: how many circuits there are.
        by_bits: number of bits → valid circuits.
        bit_use: for each bit the valid circuits that keep it.
    """

    circuits: tuple[ModelCircuit, ...]
    valid: int
    possible: int
    by_bits: dict[int, int]
    bit_use: tuple[int, ...]

    @property
    def complete(self) -> bool:
        """Whether every valid circuit is listed."""
        return len(self.circuits) == self.valid


@dataclass(frozen=True)
class _Judged:
    masks: Masks
    right: NDArray[np.int64]
    worst: NDArray[np.float64]
    margin: NDArray[np.float64]

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> _Judged:
        return _Judged(self.masks[chosen], self.right[chosen], self.worst[chosen], self.margin[chosen])


def find_circuits(model: Model, rules: Rules, work: Work = DEFAULT_WORK, *, limit: int = MAX_LISTED) -> CircuitsFound:
    """Every valid circuit of a model.

    Args:
        model: with its task.
        rules: of its kind.
        work: told after each batch; may raise Cancelled.
        limit: most circuits listed; all are counted.

    Raises:
        BeyondLimits: there are too many masks to try.
        InvalidProtocol: the rules do not fit the model.
    """
    space = model.space(rules)
    refuse_if_too_large(model, space)
    most = max_wrong(len(model.rows), ACCURACY_THRESHOLD)
    found: list[_Judged] = []
    done = n_valid = 0
    work.tell("circuits", 0, space.n_combinations)
    for masks in _combinations(space.branches(), space.batch):
        judged = _judge(model, space, masks[_are_circuits(space, masks)])
        valid = judged.only(len(model.rows) - judged.right <= most)
        found.append(valid)
        done, n_valid = done + len(masks), n_valid + len(valid.right)
        work.tell("circuits", done, space.n_combinations, f"{n_valid:,} valid circuits")
    every = _Judged(*(np.concatenate([getattr(one, part) for one in found]) for part in _Judged.__annotations__))
    numbers = _numbers(every.masks)
    sizes = every.masks.sum(axis=1)
    every = every.only(np.lexsort((numbers, sizes)))
    sizes = every.masks.sum(axis=1)
    minimal = _minimal(every.masks, sizes, work)
    kinds, counts = np.unique(sizes, return_counts=True)
    listed = np.arange(min(limit, n_valid))
    by_mask = listed[np.argsort(_numbers(every.masks[listed]), kind="stable")]
    return CircuitsFound(
        tuple(_circuits(model, space, every.only(by_mask), minimal[by_mask].tolist())),
        n_valid,
        space.possible,
        dict(zip(kinds.tolist(), counts.tolist(), strict=True)),
        tuple(every.masks.sum(axis=0).tolist()),
    )


def refuse_if_too_large(model: Model, space: Space) -> None:
    """Refuse a space that is not searched.

    Raises:
        BeyondLimits: it has too many masks.
    """
    item, cure = f"circuits of {model.name}", "use coarser rules or a smaller model"
    n, bits = space.n_combinations, space.graph.n_bits
    if n > MAX_MASKS or bits > MAX_BITS:
        cause = f"there are {space.possible:,} of them, which takes {n:,} masks of {bits} bits to try; the most are "
        raise BeyondLimits(item, f"{cause}{MAX_MASKS:,} of {MAX_BITS} bits", cure)
    if space.milliseconds > MAX_MILLISECONDS:
        cause = (
            f"trying {n:,} masks takes about {space.milliseconds / 1_000:,.0f} seconds on this many rows; the most are "
        )
        raise BeyondLimits(item, f"{cause}{MAX_MILLISECONDS / 1_000:,.0f}", cure)


def read_mask(space: Space, text: str) -> str:
    """The circuit that a mask means, as it is written: the mask without what carries nothing.

    Raises:
        InvalidMask: no hexadecimal digits, bits beyond the last, or nothing is left of it.
    """
    graph = space.graph
    item = f"mask {text[:40]!r}"
    if not re.fullmatch(r"[0-9a-f]{1,256}", text, re.ASCII):
        raise InvalidMask(item, "is not hexadecimal", f"write {graph.n_hex_digits} of the digits 0 to 9 and a to f")
    number = int(text, 16)
    if number >> graph.n_bits:
        raise InvalidMask(item, f"has bits beyond the {graph.n_bits} {graph.cut}", f"write {graph.n_hex_digits} digits")
    masks = space.reduce(np.array([[number >> bit & 1 for bit in range(graph.n_bits)]], dtype=np.bool_))
    if graph.cut == "edges" and not masks.any():
        raise InvalidMask(item, "keeps no path to the output", "keep one from what the model is given to its outputs")
    return graph.write(masks[0])


def mask_bits(space: Space, text: str) -> Masks:
    """``[bits]`` of a mask that :func:`read_mask` has written."""
    number = int(text, 16)
    return np.array([number >> bit & 1 for bit in range(space.graph.n_bits)], dtype=np.bool_)


def judge_circuit(model: Model, rules: Rules, text: str) -> ModelCircuit:
    """One circuit, computed from the weights.

    Args:
        model: with its task.
        rules: of its kind.
        text: a mask as :func:`read_mask` writes it.

    Returns:
        Its figures; whether it is minimal only if that takes seconds.
    """
    space = model.space(rules)
    mask = mask_bits(space, text)[None]
    below = _has_valid_below(model, space, mask)
    [circuit] = _circuits(model, space, _judge(model, space, mask), [None if below is None else not below])
    return circuit


def _combinations(branches: Sequence[Masks], batch: int, *, descending: bool = False) -> Iterator[Masks]:
    """All unions of one mask of each branch, the last branch changing fastest, some at a time.

    Args:
        branches: masks ``[choices, bits]``.
        batch: how many at a time.
        descending: whether to begin with the last.
    """
    total = prod(len(one) for one in branches)
    starts = range(0, total, batch)
    for start in reversed(starts) if descending else starts:
        index = np.arange(start, min(start + batch, total))
        masks = np.zeros((len(index), branches[0].shape[1]), dtype=np.bool_)
        for branch in reversed(branches):
            masks |= branch[index % len(branch)]
            index //= len(branch)
        yield masks


def _are_circuits(space: Space, masks: Masks) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (space.reduce(masks) == masks).all(axis=1)
    return same if space.graph.cut == "nodes" else same & masks.any(axis=1)


def _judge(model: Model, space: Space, masks: Masks) -> _Judged:
    apart = gaps(space.run(masks), model.answers)
    return _Judged(masks, (apart > 0).sum(axis=1), apart.min(axis=1), np.abs(apart).min(axis=1))


def _circuits(model: Model, space: Space, judged: _Judged, minimal: Sequence[bool | None]) -> Iterator[ModelCircuit]:
    figures = (
        judged.masks.sum(axis=1),
        space.graph.active_nodes(judged.masks).sum(axis=1),
        judged.right,
        judged.worst,
        judged.margin,
    )
    for mask, least, *rest in zip(judged.masks, minimal, *(one.tolist() for one in figures), strict=True):
        bits, nodes, right, worst, margin = rest
        yield ModelCircuit(space.graph.write(mask), bits, nodes, right, len(model.rows), worst, margin, least)


def _numbers(masks: Masks) -> NDArray[np.uint64]:
    """Masks of at most 64 bits as numbers."""
    wide = np.zeros((len(masks), MAX_BITS), dtype=np.bool_)
    wide[:, : masks.shape[1]] = masks
    return np.packbits(wide, axis=1, bitorder="little").view("<u8")[:, 0]


def _minimal(masks: Masks, sizes: NDArray[np.int64], work: Work) -> NDArray[np.bool_]:
    """Which of the masks, in ascending order of size, have no other among them as a proper subset."""
    numbers = _numbers(masks)
    minimal = np.zeros(len(masks), dtype=np.bool_)
    below = np.zeros(len(masks), dtype=np.bool_)  # those that have a smaller one as a subset
    for position in range(len(masks)):
        if below[position]:
            continue
        work.tell("circuits", len(masks), len(masks), f"{len(masks):,} valid circuits")  # may end the work
        minimal[position] = True
        later = np.searchsorted(sizes, sizes[position], side="right")
        below[later:] |= (numbers[later:] & numbers[position]) == numbers[position]
    return minimal


def _has_valid_below(model: Model, space: Space, mask: Masks) -> bool | None:
    """Whether a circuit with a proper subset of a mask's bits is valid; the largest are tried first. None where that
    was not found out in time.
    """
    try:
        branches = [branch[~(branch & ~mask).any(axis=1)] for branch in space.branches()]
    except BeyondLimits:
        return None
    most, each = max_wrong(len(model.rows), ACCURACY_THRESHOLD), space.milliseconds / space.n_combinations
    for number, masks in enumerate(_combinations(branches, min(space.batch, 256), descending=True)):
        if number * len(masks) * each > SUBSETS_MILLISECONDS:
            return None
        below = masks[_are_circuits(space, masks) & (masks != mask).any(axis=1)]
        if (len(model.rows) - _judge(model, space, below).right <= most).any():
            return True
    return False


MODEL_CIRCUIT: Final = Record[ModelCircuit](
    key="model-circuit",
    noun="circuit",
    plural="circuits",
    definition="A part of a model's graph on which, with everything else cut, the model still decides right.",
    source="Wang et al. 2023 (arXiv:2211.00593); Conmy et al. 2023 (arXiv:2304.14997)",
    columns=(
        Column(
            "edges",
            "Edges",
            int,
            lambda one: one.bits,
            "Edges it keeps, or nodes where a mask names nodes.",
            facet=True,
        ),
        Column("nodes", "Nodes", int, lambda one: one.nodes, "Nodes that take part.", facet=True),
        Column("right", "Rows right", int, lambda one: one.right, "Rows on which the right output is the largest."),
        Column(
            "worst", "Worst gap", float, lambda one: one.worst, "The right output less the largest other, at least."
        ),
        Column("margin", "Margin", float, lambda one: one.margin, "The smallest distance of that gap from 0."),
        Column(
            "minimal",
            "Minimal",
            bool,
            lambda one: nan if one.minimal is None else one.minimal,
            "No valid circuit keeps only some of its edges; a dash where that takes too long.",
            facet=True,
        ),
    ),
    name=lambda one: one.mask,
    write=lambda one: one.mask,
)
