"""Circuits of a transformer run on a torch device, which says on how many rows each is right for certain.

A device sums in other orders than :meth:`~analysis.models.attention_space.AttentionSpace.run` and has an exp and tanh
of its own, so its logits differ in their last digits from those that decide. Each value here therefore comes with how
far at most its computation is from the exact one (running error analysis: Higham, "Accuracy and Stability of Numerical
Algorithms", §3.3), as one number for each row and position. With u half the distance of 1 to the next number, e what
is brought along, S the largest number of those read and w the largest column sum of |W|:

    sum of m terms       Σ e + (m + 2) u Σ S
    x W over d terms     w (e + (d + 2) u S)
    LayerNorm c / s      (e_c + S e_s) / (s − e_s): centring at most doubles e, and s moves by no more than c does
    softmax              Σ |Δa| ≤ exp(2 e) − 1, with e of the scores; the mixture's error is that times S, plus e of v
    relu, gelu_new       e, 1.2 e: the largest slopes

A row is decided here only if its gap is more than four times that from 0: twice because the run that decides has
rounded as well, and twice again for products of errors and the rounding of the bound itself, as in
:mod:`analysis.networks.tolerance`. The bound goes with the numbers of each circuit and row, since one for all circuits
would have to take LayerNorm's scale as 1/√ε wherever it stands.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from analysis.errors import InvalidTraining
from analysis.models.attention import AttentionModel
from analysis.models.attention_space import AttentionSpace, first_alike
from analysis.models.circuits import Sift
from analysis.models.model import Masks, Model, Rules
from analysis.networks.devices import one_thread, with_float64

_CELLS: Final = 1 << 21  # numbers in one array
_APART: Final = 4.0  # times the bound that a gap must be from 0
_GELU_SLOPE: Final = 1.2
_FUNCTION_UNITS: Final = 32  # roundings of exp, tanh and what is made of them, in units


class _Near(NamedTuple):
    """Values ``[…, n]`` and how far each may be from the exact ones, ``[…, 1]``."""

    values: Tensor
    reach: Tensor


_Sources = list[tuple[Tensor, _Near]]
"""For each mask the number of its value, and the different values ``[·, rows, positions, d_model]``."""


def sift_on(device: str, model: Model, rules: Rules, dtype: torch.dtype = torch.float64) -> Sift:
    """What runs circuits of a transformer on a device.

    Args:
        device: torch device; one that has no float64 is passed over for the CPU.
        model: a transformer.
        rules: of its kind.
        dtype: what is computed in; the bound is that of its rounding.

    Raises:
        InvalidTraining: torch knows no such device here, or the model is no transformer.
        InvalidProtocol: the rules do not fit the model.
    """
    place = with_float64(device)
    if not isinstance(model, AttentionModel):
        raise InvalidTraining(f"device {device!r}", "is for transformers alone", "leave it out")
    return _Forward(model, model.space(rules), place, dtype).right


class _Forward:
    """A transformer under its rules, on a device."""

    def __init__(self, model: AttentionModel, space: AttentionSpace, place: torch.device, dtype: torch.dtype) -> None:
        def there(array: NDArray[np.float64]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(place, dtype)

        wiring, blocks = space.wiring, model.blocks
        self._graph, self._n_rows = space.graph, len(model.tokens)
        self._activation, self._epsilon, self._has_mlps = blocks.activation, blocks.epsilon, bool(blocks.mlps)
        self._place, self._unit = place, torch.finfo(dtype).eps / 2
        self._given = [there(one) for one in wiring.given]
        self._absent = [None if one is None else there(one) for one in wiring.absent]
        self._heads = [[there(one) for one in head] for layer in wiring.heads for head in layer]
        self._mlps = [[there(one) for one in block] for block in blocks.mlps]
        self._unembedding = there(wiring.unembedding)
        d_model = model.embedding.shape[1]
        self._constants = [there(blocks.constant(layer, d_model)) for layer in range(len(model.layers) + 1)]
        self._answers = torch.from_numpy(model.answers).to(place)
        context, d_head = model.tokens.shape[1], model.layers[0][0].shape[2]
        self._width = context * max(context, d_model + 1, d_head, blocks.d_mlp)
        nodes = self._graph.nodes
        self._slots: dict[int, dict[str, list[int]]] = {}
        for number, edge in enumerate(self._graph.edges):  # by ascending source within each slot
            self._slots.setdefault(edge.target, {}).setdefault(edge.slot, []).append(number)
        self._concerning = {
            node: [i for i, e in enumerate(self._graph.edges) if e.target == node or nodes[e.target].layer < column]
            for node, column in ((node, nodes[node].layer) for node in self._graph.removable)
        }

    def right(self, masks: Masks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """On how many rows each circuit is right for certain, and on how many it may be."""
        kept, step = self._graph.kept_edges(masks), max(1, _CELLS // (max(1, len(masks)) * self._width))
        least, most = np.zeros(len(masks), dtype=np.int64), np.zeros(len(masks), dtype=np.int64)
        with one_thread(), torch.no_grad():
            for start, stop in pairwise([*range(0, self._n_rows, step), self._n_rows]):
                gap, reach = self._gaps(kept, slice(start, stop))
                least += (gap > reach).sum(dim=1).cpu().numpy()
                most += (~(gap < -reach)).sum(dim=1).cpu().numpy()  # a bound that is no number decides nothing
        return least, most

    def _gaps(self, kept: Masks, rows: slice) -> tuple[Tensor, Tensor]:
        """``[masks, rows]`` by how much the right output is above the largest other, and what decides that."""
        last = len(self._graph.nodes) - 1
        found = [(which, _Near(*(one[:, :, -1:] for one in near))) for which, near in self._sources(kept, rows)]
        read = self._read(torch.from_numpy(kept).to(self._place), self._slots[last][""], found)
        logits = self._times(self._seen(read, len(self._constants) - 1), self._unembedding)
        values, answers = logits.values[:, :, 0], self._answers[rows]
        is_right = functional.one_hot(answers, values.shape[2]).bool()
        right = values[:, torch.arange(len(answers), device=self._place), answers]
        others = torch.where(is_right, -torch.inf, values).amax(dim=2)
        return right - others, _APART * 2.0 * logits.reach[:, :, 0, 0]

    def _sources(self, kept: Masks, rows: slice) -> _Sources:
        """What each source is in each circuit; of the last column the last position alone."""
        everyone = torch.zeros(len(kept), dtype=torch.int64, device=self._place)
        found: _Sources = [(everyone, _Near(one[None, rows], self._none(one[None, rows]))) for one in self._given]
        heads = 0
        for node in self._graph.removable:
            column = self._graph.nodes[node].layer
            layer = (column + 1) // 2 if self._has_mlps else column
            first, which = first_alike(kept[:, self._concerning[node]])
            chosen = torch.from_numpy(kept[first]).to(self._place)
            at = torch.from_numpy(first).to(self._place)
            some = [(one[at], near) for one, near in found]
            last_only = self._graph.nodes[node].layer == self._graph.nodes[-1].layer - 1
            read = [self._read(chosen, edges, some) for edges in self._slots[node].values()]
            if self._graph.nodes[node].looks:
                near = self._attend([self._seen(one, layer - 1) for one in read], self._heads[heads], last_only)
                heads += 1
            else:
                [one] = read
                near = self._mlp(layer, _Near(one.values[:, :, -1:], one.reach[:, :, -1:]) if last_only else one)
            found.append((torch.from_numpy(which).to(self._place), near))
        return found

    def _read(self, kept: Tensor, edges: list[int], sources: _Sources) -> _Near:
        """The sum of what a slot reads."""
        total = reach = mass = torch.zeros(1, dtype=self._unembedding.dtype, device=self._place)
        for source, edge in enumerate(edges):
            which, near = sources[source]
            keeps, other = kept[:, edge, None, None, None], self._absent[source]
            if other is None:
                other = near.values.new_zeros(near.values.shape[2:])
            other = other[-near.values.shape[2] :]
            total = total + torch.where(keeps, near.values[which], other)
            reach = reach + torch.where(keeps, near.reach[which], 0.0)
            mass = mass + torch.where(keeps, _size(near.values)[which], _size(other))
        # the run that decides may take the logits of each source and sum these, over d_model terms each
        return _Near(total, reach + (len(edges) + total.shape[-1] + 4) * self._unit * mass)

    def _seen(self, read: _Near, layer: int) -> _Near:
        """What a reader after so many layers makes its numbers of: with LayerNorm what it reads, normalised."""
        if self._epsilon is None:
            return read
        given = read.values[..., :-1] + self._constants[layer]
        centred = given - given.mean(dim=-1, keepdim=True)
        scale = (centred.square().mean(dim=-1, keepdim=True) + self._epsilon).sqrt()
        units = (given.shape[-1] + 4) * self._unit
        off_centred = 2.0 * read.reach + units * (_size(given) + _size(self._constants[layer]))
        off_scale = off_centred + units * scale
        values = centred / scale
        reach = (off_centred + _size(values) * off_scale) / (scale - off_scale) + self._unit * _size(values)
        reach = torch.where(scale > 2.0 * off_scale, reach, torch.inf)
        return _Near(torch.cat([values, read.values[..., -1:]], dim=-1), reach)

    def _times(self, near: _Near, matrix: Tensor) -> _Near:
        """A product with a matrix ``[n, m]``."""
        widest, n = matrix.abs().sum(dim=0).amax(), len(matrix)
        return _Near(near.values @ matrix, widest * (near.reach + (n + 4) * self._unit * _size(near.values)))

    def _attend(self, read: list[_Near], weights: list[Tensor], last_only: bool) -> _Near:
        """What a head adds, of what it sees as query, key and value, or as all three."""
        query, key, value = read if len(read) == 3 else read * 3
        if last_only:
            query = _Near(query.values[:, :, -1:], query.reach[:, :, -1:])
        w_query, w_key, w_value, w_output = weights
        (q, off_q), (k, off_k), v = self._times(query, w_query), self._times(key, w_key), self._times(value, w_value)
        n, context = q.shape[-1], k.shape[-2]
        most_k, most_off = _size(k).amax(dim=-2, keepdim=True), off_k.amax(dim=-2, keepdim=True)
        products = _size(q) * most_off + off_q * (most_k + most_off) + (n + 4) * self._unit * _size(q) * most_k
        off_scores = products * sqrt(n)  # of n products, by the root of n
        places = torch.arange(context, device=self._place)
        later = places > places[context - q.shape[-2] :, None]
        shares = (q @ k.transpose(-1, -2) / sqrt(n)).masked_fill(later, -torch.inf).softmax(dim=-1)
        but_largest = (2.0 * (1.0 - shares.amax(dim=-1, keepdim=True))).clamp(max=1.0)
        off_shares = but_largest * torch.expm1(2.0 * off_scores) + (context + _FUNCTION_UNITS) * self._unit
        most_v, most_off = (one.amax(dim=-2, keepdim=True) for one in (_size(v.values), v.reach))
        reach = off_shares * most_v + (1.0 + off_shares) * (most_off + (context + 2) * self._unit * most_v)
        return self._times(_Near(shares @ v.values, reach), w_output)

    def _mlp(self, layer: int, read: _Near) -> _Near:
        """What an MLP block adds, of what it reads."""
        w_in, b_in, w_out, b_out = self._mlps[layer - 1]
        seen = self._seen(read, layer)
        values, off = seen.values[..., :-1], seen.reach
        if self._epsilon is None:
            values = values + self._constants[layer]
            off = off + self._unit * (_size(values) + _size(self._constants[layer]))
        hidden = self._plus(self._times(_Near(values, off), w_in), b_in)
        if self._activation == "relu":
            bent = _Near(functional.relu(hidden.values), hidden.reach)
        else:
            rounding = _FUNCTION_UNITS * self._unit * _size(hidden.values)
            bent = _Near(functional.gelu(hidden.values, approximate="tanh"), _GELU_SLOPE * hidden.reach + rounding)
        added = self._plus(self._times(bent, w_out), b_out)
        return _Near(functional.pad(added.values, (0, 1)), added.reach)

    def _plus(self, near: _Near, bias: Tensor) -> _Near:
        values = near.values + bias
        return _Near(values, near.reach + self._unit * (_size(values) + _size(bias)))

    def _none(self, values: Tensor) -> Tensor:
        """No error: what is given is the same number everywhere, or rounded once to what is computed in."""
        return self._unit * _size(values)


def _size(values: Tensor) -> Tensor:
    """``[…, 1]`` the largest of the last axis, without its sign."""
    return values.abs().amax(dim=-1, keepdim=True)
