"""Count the rows on which each of many circuits of a transformer is right, by torch.

What a reader sums is linear in its sources until it is normalised. So each value of a source goes through the reader's
matrix once, and each circuit takes the sum of some rows of that table. Heads of the first layer have few values, by the
few edges into them, whose tables serve all circuits; and what a head adds keeps the size of a head until it is read.

Sums are taken in another order than by :meth:`~pluriscope.analysis.subjects.transformer.space.AttentionSpace.run`, on
any device. By how much that moves logits grows with the weights, so it is measured on some circuits of each model, and
a circuit with a row nearer to a tie than :data:`MARGIN` times as much is run in one order again: counts are those of
these runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import inf, sqrt
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pluriscope.analysis.subjects.graph import Masks
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.perceptron.batched_mlp import torch_module
from pluriscope.analysis.subjects.transformer.space import AttentionSpace, first_alike

MARGIN: Final = 10_000.0
"""How many times nearer than what was measured a tie must be to be decided by runs in one order."""
LEAST: Final = 1e-9
"""Share of the largest logit that is near enough in any case; ``docs/numerics.md`` says what was measured."""
_MEASURED: Final = 8  # circuits, each with so many of its edges kept
_KEPT: Final = 0.8
_ROWS: Final = {"cpu": 1 << 12, "cuda": 1 << 18}  # numbers that a slot reads in one circuit on rows run at once
_NUMBERS: Final = {"cpu": 1 << 20, "cuda": 1 << 26}  # the same in all circuits run at once
_ALL: Final = slice(None)
_END: Final = slice(-1, None)  # the last position, which alone is read of the last column


def right_counts(space: AttentionSpace, masks: Masks, device: str = "") -> NDArray[np.int64]:
    """Count the rows on which the right output is strictly the largest, ``[masks]``, by the numbers that ``space.run``
    returns.

    Args:
        space: of a model under some rules.
        masks: ``[masks, bits]``.
        device: as torch names it; by default the first GPU of CUDA, where there is one.
    """
    runs, tolerance = _measured(space, device or ("cuda" if torch.cuda.is_available() else "cpu"))
    right, near = np.zeros(len(masks), dtype=np.int64), np.zeros(len(masks), dtype=np.bool_)
    with torch.inference_mode():
        for some, rows, logits in runs.logits(space.graph.kept_edges(masks)):
            own = runs.answers[rows].expand(len(logits), 1, -1)
            apart = (logits.gather(1, own) - logits.scatter(1, own, -inf).amax(1, keepdim=True))[:, 0]
            close = apart.abs() <= tolerance * (1.0 + logits.abs().amax(1))
            right[some] += (apart > 0).sum(1).cpu().numpy()
            near[some] |= close.any(1).cpu().numpy()
    again = np.flatnonzero(near)
    for start in range(0, len(again), space.batch):
        one_order = again[start : start + space.batch]
        right[one_order] = (space.margins(space.run(masks[one_order])) > 0).sum(axis=1)
    return right


@lru_cache(maxsize=4)
def _measured(space: AttentionSpace, device: str) -> tuple[_Runs, float]:
    """Return the runner of a model's circuits, and the share of the largest logit within which rows are nearly tied."""
    runs, moved = _Runs(space, device), 0.0
    masks = space.reduce(np.random.default_rng(0).random((_MEASURED, space.graph.n_bits)) < _KEPT)
    expected = space.run(masks)
    with torch.inference_mode():
        for some, rows, logits in runs.logits(space.graph.kept_edges(masks)):
            of_rows = expected[some, rows].transpose(0, 2, 1)
            away = np.abs(logits.cpu().numpy() - of_rows).max(axis=1) / (1.0 + np.abs(of_rows).max(axis=1))
            moved = max(moved, float(away.max()))
    return runs, max(LEAST, MARGIN * moved)


@dataclass(frozen=True, eq=False)
class _Source:
    """A source in some circuits.

    Args:
        which: for each circuit the number of its value.
        values: the different ones, ``[·, size, positions, rows]``.
        basis: ``[size, d_model]`` what each of these numbers adds to the stream.
        absent: ``[positions, d_model]`` what a cut edge carries; None for nothing.
    """

    which: NDArray[np.intp]
    values: Tensor
    basis: Tensor
    absent: Tensor | None

    def table(self, matrix: Tensor, at: slice) -> Tensor:
        """Multiply each value, and then a cut edge, by a matrix, ``[·, numbers]``."""
        carried = ((self.basis @ matrix).T @ self.values[:, :, at].flatten(2)).flatten(1)
        if self.absent is None:
            return carried
        cut = (self.absent[at] @ matrix).T[..., None].expand(-1, -1, self.values.shape[3])
        return torch.cat([carried, cut.reshape(1, -1)])


@dataclass(frozen=True, eq=False)
class _Sources:
    """Sources one after the other, and their tables for those that read them."""

    found: Sequence[_Source]
    tables: dict[str, Tensor] = field(default_factory=dict)

    def of(self, chosen: Any) -> _Sources:
        """Return the sources in some of the circuits."""
        return replace(self, found=[replace(one, which=one.which[chosen]) for one in self.found])

    def read(self, kept: Masks, reader: str, matrix: Tensor, at: slice) -> Tensor:
        """Return what the sources give through a matrix, ``[masks, numbers]``, by kept edges ``[masks, sources]``."""
        if reader not in self.tables:
            some = [one.table(matrix, at) for one in self.found]
            self.tables[reader] = torch.cat([*some, torch.zeros_like(some[0][:1])])
        table, index, start = self.tables[reader], np.empty(kept.shape, dtype=np.int64), 0
        nothing = len(table) - 1
        for number, one in enumerate(self.found):
            end = start + len(one.values)
            index[:, number] = np.where(kept[:, number], start + one.which, nothing if one.absent is None else end)
            start = end + (one.absent is not None)
        chosen = torch.as_tensor(index, device=table.device)
        return torch.nn.functional.embedding_bag(chosen, table, mode="sum", padding_idx=nothing)


class _Runs:
    """The runs of one model's circuits on one device."""

    def __init__(self, space: AttentionSpace, device: str) -> None:
        model, wiring, graph, blocks = space.model, space.wiring, space.graph, space.model.blocks
        context, (_, d_model, d_head) = model.tokens.shape[1], model.layers[0][0].shape

        def tensor(array: Any) -> Tensor:
            return torch.as_tensor(np.ascontiguousarray(array), device=device)

        self._blocks, self._nodes, self._parts = blocks, graph.nodes, graph.removable
        self.answers = tensor(wiring.answers)
        self._given = [tensor(one.transpose(2, 1, 0)[None]) for one in wiring.find_given()]
        self._absent = [None if one is None else tensor(one) for one in wiring.find_absent()]
        self._unembedding = tensor(wiring.unembedding)
        self._same = torch.eye(len(wiring.unembedding), dtype=torch.float64, device=device)
        self._stream = self._same[:, :d_model]  # without the 1 of biases
        self._constants = [tensor(blocks.constant(n, d_model)) for n in range(len(model.layers) + 1)]
        self._act = torch_module(activation_of(blocks.activation)) if blocks.mlps else torch.nn.Identity()
        # of each head and MLP block its weights and how many layers it reads
        heads = [(one, n) for n, layer in enumerate(wiring.heads) for one in layer]
        mlps = [(one, n) for n, one in enumerate(blocks.mlps, start=1)]
        in_order = {True: iter(heads), False: iter(mlps)}
        self._weights = {}
        for part in self._parts:
            weights, n_layers = next(in_order[self._nodes[part].looks])
            self._weights[part] = [tensor(one) for one in weights], n_layers
        # of each reader the edges into each slot, in the order of sources
        self._into: dict[int, dict[str, list[int]]] = {}
        for number, edge in enumerate(graph.edges):
            self._into.setdefault(edge.target, {}).setdefault(edge.slot, []).append(number)
        kind = "cuda" if device.startswith("cuda") else "cpu"
        width = context * (d_head if blocks.is_linear else d_model)
        self._n_rows = max(1, _ROWS[kind] // width)
        self._n_masks = max(1, _NUMBERS[kind] // (width * min(self._n_rows, len(model.answers))))

    def logits(self, kept: Masks) -> Iterator[tuple[slice, slice, Tensor]]:
        """Yield some circuits, some rows, and their logits ``[masks, vocabulary, rows]``, by kept edges."""
        for start in range(0, len(self.answers), self._n_rows):
            rows, only = slice(start, start + self._n_rows), np.zeros(len(kept), dtype=np.intp)
            given = [
                _Source(only, one[..., rows], self._same, absent)
                for one, absent in zip(self._given, self._absent, strict=False)
            ]
            shared = _Sources([*given, *self._column(1, kept, [_Sources(given)])])
            for first in range(0, len(kept), self._n_masks):
                some = slice(first, first + self._n_masks)
                yield some, rows, self._logits(kept[some], [shared.of(some)])

    def _logits(self, kept: Masks, groups: list[_Sources]) -> Tensor:
        """Compute the logits, ``[masks, vocabulary, rows]``, of the sources of the first columns."""
        logits = len(self._nodes) - 1
        for column in range(2, self._nodes[logits].layer):
            groups = [*groups, _Sources(self._column(column, kept, groups))]
        return self._read(logits, "", kept, groups, self._unembedding, len(self._constants) - 1, _END)[:, :, 0]

    def _column(self, column: int, kept: Masks, groups: list[_Sources]) -> list[_Source]:
        """The heads or the MLP block of one column, each value once."""
        here = [part for part in self._parts if self._nodes[part].layer == column]
        before = [
            edge
            for node, slots in self._into.items()
            if self._nodes[node].layer < column
            for edges in slots.values()
            for edge in edges
        ]
        at = _END if column == self._nodes[-1].layer - 1 else _ALL
        found = []
        for part in here:
            own = [edge for edges in self._into[part].values() for edge in edges]
            first, which = first_alike(kept[:, before + own])
            values, basis = self._value(part, kept[first], [group.of(first) for group in groups], at)
            found.append(_Source(which, values, basis, self._absent[part]))
        return found

    def _value(self, part: int, kept: Masks, groups: list[_Sources], at: slice) -> tuple[Tensor, Tensor]:
        """Compute what a head or MLP block adds, ``[masks, size, positions, rows]``, and the basis of these numbers in
        the stream, ``[size, d_model]``.
        """
        weights, n_layers = self._weights[part]
        if not self._nodes[part].looks:
            w_in, b_in, w_out, b_out = weights
            read = self._read(part, "", kept, groups, None, n_layers, at)
            hidden = self._act(_through(w_in, read) + b_in[:, None, None])
            return _through(w_out, hidden) + b_out[:, None, None], self._stream.T
        *reads, output = weights
        query, key, value = (
            self._read(part, slot, kept, groups, matrix, n_layers, where)
            for slot, matrix, where in zip("qkv", reads, (at, _ALL, _ALL), strict=True)
        )
        n_queries, context = query.shape[2], key.shape[2]
        scores = query.new_zeros(len(kept), n_queries, context, query.shape[3])
        for c in range(query.shape[1]):
            scores.addcmul_(query[:, c, :, None], key[:, c, None])
        later = torch.ones(n_queries, context, dtype=torch.bool, device=scores.device).triu(1 + context - n_queries)
        shares = (scores / sqrt(query.shape[1])).masked_fill_(later[..., None], -inf).softmax(2)
        mixed = torch.zeros_like(query)
        for j in range(context):
            mixed.addcmul_(shares[:, None, :, j], value[:, :, j : j + 1])
        return mixed, output

    def _read(
        self,
        reader: int,
        slot: str,
        kept: Masks,
        groups: list[_Sources],
        matrix: Tensor | None,
        n_layers: int,
        at: slice,
    ) -> Tensor:
        """Compute what a slot makes of what it reads, ``[masks, numbers, positions, rows]``; what it sees without a
        matrix.
        """
        slots, straight = self._into[reader], matrix is not None and self._blocks.epsilon is None
        edges, start, parts = slots.get(slot) or slots[""], 0, list[Tensor]()
        name, through = (f"{reader}{slot}", matrix) if straight else (f"stream {at.start}", None)
        for group in groups:
            some, start = edges[start : start + len(group.found)], start + len(group.found)
            parts.append(group.read(kept[:, some], name, self._stream if through is None else through, at))
        shape = groups[0].found[0].values[:, :, at].shape[2:]
        total = torch.stack(parts).sum(0) if len(parts) > 1 else parts[0]
        read = total.reshape(len(kept), -1, *shape)
        if straight:
            return read
        seen = self._seen(read, n_layers)
        return seen if matrix is None else _through(matrix[:-1], seen) + matrix[-1, :, None, None]

    def _seen(self, read: Tensor, n_layers: int) -> Tensor:
        """Compute what a reader after so many layers sees of a sum of sources."""
        moved = read + self._constants[n_layers][:, None, None]
        if self._blocks.epsilon is None:
            return moved
        centred = moved - moved.mean(1, keepdim=True)
        normalised: Tensor = centred / (centred.square().mean(1, keepdim=True) + self._blocks.epsilon).sqrt()
        return normalised


def _through(matrix: Tensor, values: Tensor) -> Tensor:
    """Values ``[masks, numbers, positions, rows]`` through a matrix ``[numbers, ·]``."""
    through: Tensor = matrix.T @ values.flatten(2)
    return through.reshape(len(values), -1, *values.shape[2:])
