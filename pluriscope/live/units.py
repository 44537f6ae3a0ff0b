"""Nonlinear parts of a graph of calls, recognised by what they compute: activations, norms, softmaxes, products.

It does not matter how they are written: a GELU of five calls is one activation; a mean, a square and a root are one
LayerNorm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from pluriscope.analysis.subjects.perceptron.activations import PROBES, known_by_values
from pluriscope.live.graph import Graph, Node, close, drawn_results, is_affine

_EACH: Final = ("add", "radd", "iadd", "sub", "rsub", "isub", "mul", "rmul", "imul", "div", "truediv", "where")
"""Functions that take numbers one by one, whatever the shape of their constants."""
Function = Callable[[Any], Any]
_BACK: Final = 8
_AHEAD: Final = 24
"""Calls before and behind one that is not affine, of which it may be a part."""
_LEAST_EPSILON: Final = 1e-12


def find_units(graph: Graph) -> None:
    """Give each node that is not affine its kind, its entry and its properties."""
    for node in list(graph.nodes):
        if node.kind != "unknown":
            continue
        for entry in _entries(graph, node):
            exits = [one for one in _exits(graph, node, entry) if one.value.shape == graph.nodes[entry].value.shape]
            best: tuple[Node, str, Any] | None = None
            for one in exits:  # the last that is more than those before it
                found = _known(partial(_between, graph, entry, one.index), one.value)
                if found and (best is None or (best[1], str(best[2])) != (found[0], str(found[1]))):
                    best = (one, *found)
            if best:
                unit, kind, about = best
                for inside in graph.nodes[node.index : unit.index]:
                    if inside.kind in ("unknown", "product", "activation", "rms") and _depends(
                        graph, unit.index, inside.index
                    ):
                        inside.kind = "inside"
                unit.kind, unit.entry, unit.about = kind, entry, about
                if kind != "rms":
                    break
        if node.kind == "unknown" and len(node.takes) > 1:
            drawn = [drawn_results(graph, node, (one,)) for one in node.takes]
            if all(one and is_affine(*one) for one in drawn):
                node.kind = "product"


def _between(graph: Graph, entry: int, wanted: int, given: Any) -> Any:
    """The value of a node for one of its entry."""
    return graph.again(wanted, {entry: given})


def _entries(graph: Graph, node: Node) -> Iterator[int]:
    """Nodes that one may be a function of, the nearest first."""
    seen, todo = set[int](), list(node.takes)
    while todo and len(seen) < _BACK:
        todo.sort()
        if (one := todo.pop()) not in seen:
            seen.add(one)
            before = graph.nodes[one]
            if isinstance(before.value, torch.Tensor):
                yield one
            if before.kind == "affine" and not weighs(before):
                todo += before.takes


def _exits(graph: Graph, node: Node, entry: int) -> Iterator[Node]:
    """Nodes that one is a part of and that are functions of an entry alone, without weights between."""
    inside, behind = {entry}, {node.index}
    for one in graph.nodes[entry + 1 : node.index + _AHEAD]:
        if one.takes and all(taken in inside for taken in one.takes) and not weighs(one):
            inside.add(one.index)
            if one is node or behind & {*one.takes}:
                behind.add(one.index)
                if isinstance(one.value, torch.Tensor):
                    yield one


def _depends(graph: Graph, later: int, earlier: int) -> bool:
    todo = [later]
    while todo:
        if (one := todo.pop()) == earlier:
            return True
        todo += [taken for taken in graph.nodes[one].takes if taken >= earlier]
    return False


def weighs(node: Node) -> bool:
    """Whether a matrix of the module takes part in a call."""
    if node.name in _EACH:
        return False
    arguments = (*node.args, *node.kwargs.values())
    return any(isinstance(one, torch.Tensor) and one.ndim > 1 for one in arguments)


def _known(function: Function, like: Any) -> tuple[str, Any] | None:
    """Kind and properties of a function of a tensor, recognised by its values; None for others."""
    if not isinstance(like, torch.Tensor) or not like.is_floating_point():
        return None
    with torch.no_grad():
        for dim in range(like.ndim):
            drawn = torch.randn(like.shape, generator=torch.Generator().manual_seed(dim), dtype=torch.float64)
            result = function(drawn)
            if close(result, drawn.softmax(dim)):
                return "softmax", ("Softmax", dim)
            if close(result, drawn.log_softmax(dim)):
                return "softmax", ("LogSoftmax", dim)
        return _activation(function, like) or _norm(function, like)


def _activation(function: Function, like: Any) -> tuple[str, str] | None:
    """The activation that a function is, as it is written here."""
    far = torch.tensor([-2e3, 2e3], dtype=torch.float64)
    grid = torch.cat((torch.linspace(-9.0, 9.0, 61, dtype=torch.float64), far))
    number = torch.randint(len(grid), like.shape, generator=torch.Generator().manual_seed(0))
    values = function(grid[number])
    at, first = number.flatten(), torch.zeros(len(grid), dtype=torch.float64)
    first[at] = values.flatten()
    if not close(first[number], values):
        return None

    def on(value: float) -> float:
        return float(function(torch.full(like.shape, value, dtype=torch.float64)).flatten()[0])

    seen = np.unique(at.numpy())
    found = known_by_values(grid.numpy()[seen], first.numpy()[seen], np.array([*map(on, PROBES)]), 12, 1e-8)
    return ("activation", found.text) if found else None


def _norm(function: Function, like: Any) -> tuple[str, Any] | None:
    """Epsilon, scale and shift ``[n]`` of a LayerNorm over the last dimension; "rms" for one without centring."""
    n = like.shape[-1] if like.ndim else 1
    if n < 2 or like.numel() == n:
        return None
    drawn = torch.randn(like.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for centred in (True, False):

        def normed(values: Any, epsilon: float, centred: bool = centred) -> Any:
            values = values - values.mean(-1, keepdim=True) if centred else values
            return values / (values.square().mean(-1, keepdim=True) + epsilon).sqrt()

        unit, result = (one.reshape(-1, n) for one in (normed(1e4 * drawn, 0.0), function(1e4 * drawn)))
        spread = unit - unit.mean(0)
        scale = (spread * result).sum(0) / spread.square().sum(0)
        shift = result.mean(0) - scale * unit.mean(0)
        most = int(scale.abs().argmax())
        if not close(unit * scale + shift, result) or float(scale[most]) == 0:
            continue
        if not centred:
            return "rms", None
        epsilon, size = 1e-4, 0.0
        for _ in range(3):  # nearest to what it is where the variance is about as large
            size = epsilon**0.5
            small = ((function(size * drawn) - shift) / scale)[..., most]
            whole = normed(drawn, 0.0)[..., most]
            one = int((whole.abs() * (small.abs() > 0)).argmax())
            variance = (drawn.var(-1, unbiased=False)).flatten()[one] * size**2
            epsilon = max(float(variance * ((whole.flatten()[one] / small.flatten()[one]) ** 2 - 1)), _LEAST_EPSILON)
        epsilon = max(float(f"{epsilon:.9g}"), _LEAST_EPSILON)
        if close(normed(drawn * size, epsilon) * scale + shift, function(drawn * size)):
            return "norm", (epsilon, scale, shift)
    return None
