"""The computation of a module of torch on some rows, as a graph of the calls that depend on these; loads torch.

Everything is run again in float64. Whether a call is affine, which row and position a number belongs to, and the
matrix of a stretch of affine calls are found by running it on other numbers, not by knowing functions and shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import getitem
from typing import Any, Final

import numpy as np
import torch

from pluriscope.live.calls import Part, PartCall
from pluriscope.live.record import Call, Record, tensors

ROWS: Final = 17
"""Of a recorded run."""
_ROUNDING: Final = 1e-8
_TO_FLOATS: Final = ("float", "half", "bfloat16")
MASKED: Final = -1e4
"""What is added to a score that is masked is below this."""


@dataclass(frozen=True)
class Ref:
    """A node's value, where arguments of another have it."""

    index: int


@dataclass(eq=False)
class Node:
    """A call that depends on the module's input, or one tensor of a call's result.

    Args:
        kind: "inputs", "tokens" (whole numbers), "embedding" (the first floats of tokens), "affine", "activation",
            "norm", "rms", "softmax", "product", "inside" (a call within one of these) or "unknown".
        entry: of what is neither affine nor a product: the node that it is a function of.
        about: an activation as it is written here, the name of a softmax, or epsilon, scale and shift of a norm.
    """

    index: int
    call: Call | None
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    takes: tuple[int, ...]
    value: Any
    which: int = 0
    kind: str = "affine"
    entry: int = -1
    about: Any = None

    @property
    def name(self) -> str:
        """Name of the called function."""
        return self.call.name.rpartition(".")[2].strip("_") if self.call else ""

    @property
    def where(self) -> str:
        """The call, as errors name it."""
        path = self.call.path if self.call else ""
        return f"module {path} (calls {self.name})" if path else f"the module itself (calls {self.name})"


@dataclass(frozen=True)
class Table:
    """Positions of numbers in a tensor: index ``[rows, positions, n]`` into it flattened, and the positions of the
    row.
    """

    index: Any
    positions: tuple[int, ...]

    @property
    def n(self) -> int:
        """Numbers of each row at each position."""
        return int(self.index.shape[2])


class Mixed(Exception):
    """A number that depends on several rows or positions, or differently on each."""


class Unlabelled(Mixed):
    """A number that depends on a part of which nothing is known."""


@dataclass(eq=False)
class Graph:
    """The calls of one run that depend on the module's input.

    Args:
        output: what the module gives.
        n_positions: of each row; 1 of a perceptron.
        n_tokens: of its vocabulary; 0 of a perceptron.
        codes: of nodes, as :meth:`code` gives them.
        drawn: what stands for each constant where it does not matter.
    """

    nodes: list[Node]
    output: int
    n_positions: int
    n_tokens: int = 0
    codes: dict[int, Any] = field(default_factory=dict)
    drawn: dict[int, Any] = field(default_factory=dict)

    def computed(self, node: Node, found: Mapping[int, Any], drawn: bool = False, masked: bool = True) -> Any:
        """A node's value from those of others.

        Args:
            drawn: with other numbers for its constants.
            masked: with what masks scores.
        """
        if node.call is None:
            return getitem(tensors(found[node.takes[0]]), node.which)

        def set_in(value: Any) -> Any:
            if isinstance(value, Ref):
                return found[value.index] if value.index in found else self.nodes[value.index].value
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                if not masked and bool((value < MASKED).any()):
                    return torch.zeros_like(value)
                return self._drawn(value) if drawn else value
            return value

        args, kwargs = _mapped(node.args, set_in), _mapped(node.kwargs, set_in)
        if node.name in _TO_FLOATS:
            return args[0].double()
        if node.name == "detach" or node.call.name.endswith("data.__get__"):  # derivatives are followed through it
            return args[0]
        if node.call.in_place:
            args = (args[0].clone(), *args[1:])
        result = node.call.function(*args, **kwargs)
        return args[0] if result is None else result

    def _drawn(self, value: Any) -> Any:
        """Other numbers in place of weights; masks as they are."""
        large = bool((value.abs() > -MASKED).any())
        if large or (bool(((value == 0) | (value == 1)).all()) and bool(value.any())):
            return value
        if id(value) not in self.drawn:
            dice = torch.Generator().manual_seed(len(self.drawn))
            self.drawn[id(value)] = torch.rand(value.shape, generator=dice, dtype=torch.float64) + 0.5
        return self.drawn[id(value)]

    def again(self, wanted: int, given: Mapping[int, Any], drawn: bool = False) -> Any:
        """A node's value where others have other values."""
        found, needed, todo = dict(given), set[int](), [wanted]
        while todo:
            if (one := todo.pop()) not in needed and one not in given:
                needed.add(one)
                todo += self.nodes[one].takes
        for index in sorted(needed):
            node = self.nodes[index]
            if any(one in found for one in node.takes):
                found[index] = self.computed(node, found, drawn)
        return found.get(wanted, self.nodes[wanted].value)

    def sources(self, wanted: int) -> list[int]:
        """The nodes that are not affine on which a node depends by affine calls alone, itself if it is such a one."""
        return sorted(one for one in self.affine_before(wanted) if self.nodes[one].kind != "affine")

    def affine_before(self, wanted: int) -> set[int]:
        """A node and all on which it depends by affine calls alone, embeddings among them."""
        seen, todo = set[int](), [wanted]
        while todo:
            if (one := todo.pop()) not in seen:
                seen.add(one)
                todo += self.nodes[one].takes if self.nodes[one].kind == "affine" else ()
        return seen

    def trunk(self, wanted: int) -> int:
        """The last node before which several are added, or that is not affine, on the way to a node."""
        while self.nodes[wanted].kind == "affine" and len(self.nodes[wanted].takes) == 1:
            wanted = self.nodes[wanted].takes[0]
        return wanted

    def code(self, wanted: int) -> Any:
        """Row and position that each number of a node depends on, as ``row · positions + position``; −1 where it
        depends on nothing, unless all others along one dimension have the same code.

        Raises:
            Mixed: a number depends on several.
        """
        if wanted not in self.codes:
            dice = torch.Generator().manual_seed(wanted)
            sources = self.sources(wanted)
            if sources == [wanted]:
                raise Unlabelled
            codes = {one: self.code(one) for one in sources}
            shares = {one: torch.rand(codes[one].shape, generator=dice, dtype=torch.float64) + 0.5 for one in sources}
            zero, first, second = (
                self.again(wanted, {one: shares[one] * (by * codes[one] + by1) for one in sources}, drawn=True)
                for by, by1 in ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0))
            )
            self.codes[wanted] = _filled(ratio(second - zero, first - zero))
        return self.codes[wanted]

    def table(self, wanted: int) -> Table:
        """Table of the numbers of each row and position in a node's value."""
        return table_of(self.code(wanted), self.n_positions)

    def maps(self, sources: Sequence[int], wanted: int) -> tuple[list[Any], Any]:
        """The matrices ``[n, n_source]`` of a stretch of affine calls, and ``[positions, n]`` what it adds at each.

        Raises:
            Mixed: it is another one at each position, or mixes rows or positions.
        """
        at = {one: self.table(one) for one in (*sources, wanted)}
        atoms = self.sources(wanted)
        given_here = atoms if set(sources) <= set(atoms) else sources
        zeros = {one: torch.zeros_like(self.nodes[one].value) for one in given_here}
        found = []
        to = at[wanted]
        for source in sources:
            of = at[source]
            shared = [position for position in to.positions if position in of.positions]
            if not shared:
                raise Mixed
            its, wants = ([one.positions.index(position) for position in shared] for one in (of, to))
            matrix = torch.zeros(to.n, of.n, dtype=torch.float64)
            size = ROWS * len(shared)
            for start in range(0, to.n, size):
                number = torch.arange(start, min(start + size, to.n))
                row, column = (number - start) // len(shared), (number - start) % len(shared)
                with torch.enable_grad():
                    variable = zeros[source].clone().requires_grad_()
                    result = self.again(wanted, {**zeros, source: variable})
                    weight = torch.zeros(result.numel(), dtype=torch.float64)
                    weight[to.index[row, torch.tensor(wants)[column], number]] = 1.0
                    reached = (
                        result.requires_grad
                        and torch.autograd.grad(result, variable, weight.reshape(result.shape), allow_unused=True)[0]
                    )
                if isinstance(reached, torch.Tensor):
                    matrix[number] = reached.flatten()[of.index[row, torch.tensor(its)[column]]]
            found.append(matrix)
        added = self.again(wanted, zeros).flatten()[to.index]
        dice = torch.Generator().manual_seed(wanted)
        others = {one: torch.randn(zero.shape, generator=dice, dtype=torch.float64) for one, zero in zeros.items()}
        expected = added.clone()
        for source, matrix in zip(sources, found, strict=True):
            of, positions = at[source], range(len(to.positions))
            index = [of.positions.index(to.positions[one]) for one in positions if to.positions[one] in of.positions]
            expected = expected + others[source].flatten()[of.index[:, index]] @ matrix.T
        if not close(self.again(wanted, others).flatten()[to.index], expected) or not close(added, added[:1]):
            raise Mixed
        return found, added[0]


def graph_of(module: Any, rows: Any, n_positions: int, n_tokens: int) -> Graph:
    """Graph of a module's calls on some rows.

    Args:
        rows: ``[ROWS, n_inputs]`` floats, or ``[ROWS, n_positions]`` token ids.
        n_tokens: of which there are so many; 0 of floats.
    """
    record = Record(module)
    with record:
        output = module(rows)
    output = only_floats(output)
    inputs = Node(0, None, (), {}, (), rows if n_tokens else rows.detach().cpu().double())
    inputs.kind = "tokens" if n_tokens else "inputs"
    graph = Graph([inputs], 0, n_positions, n_tokens)
    # of each number of the input the row and position that it belongs to
    numbers = torch.arange(ROWS)[:, None]
    by_position = numbers * n_positions + torch.arange(n_positions)
    graph.codes[0] = by_position if n_tokens else numbers.expand(rows.shape).clone()
    others = {0: (rows + 1) % n_tokens} if n_tokens else {}  # token ids all of which are other ones
    known, cast = {id(rows): 0}, dict[int, Any]()

    # arguments become references to nodes, or constants in float64 on the processor, each converted once
    def converted(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            if id(value) in known:
                return Ref(known[id(value)])
            if id(value) not in cast:
                plain = value.detach().cpu()
                cast[id(value)] = plain.double() if plain.is_floating_point() else plain
            return cast[id(value)]
        if isinstance(value, torch.dtype) and value.is_floating_point:
            return torch.float64
        return torch.device("cpu") if isinstance(value, torch.device) else value

    def added(node: Node) -> int:
        graph.nodes.append(node)
        return node.index

    for call in record.calls:
        args, kwargs = _mapped(call.args, converted), _mapped(call.kwargs, converted)
        taken = refs((args, kwargs))
        if not taken:  # does not depend on the input
            continue
        node = Node(len(graph.nodes), call, args, kwargs, tuple(dict.fromkeys(taken)), None)
        try:
            node.value = graph.computed(node, {})
        except (RuntimeError, NotImplementedError):  # what has no float64
            node.value, node.kind = _mapped(call.result, converted), "unknown"
        floats = any(one.is_floating_point() for one in tensors(node.value))
        # a call of token ids alone is run on other ids, any other on drawn numbers: results that stay are constants
        if all(one in others for one in node.takes):
            other = graph.computed(node, others)
            pairs = zip(tensors(node.value), tensors(other), strict=True)
            if all(torch.equal(one, another) for one, another in pairs):
                continue  # is the same on all tokens
            node.kind = "embedding" if floats else "tokens"
            if not floats:
                others[node.index] = other
        elif node.kind == "unknown" or any(one in others for one in node.takes):
            node.kind = "unknown"
        else:
            # what is not affine by itself is looked at again with its neighbours (pluriscope.live.units)
            if not (drawn := drawn_results(graph, node, node.takes)) or not is_affine(*drawn):
                node.kind = "unknown"
            elif not tensors((args, kwargs)) and all(map(torch.equal, *drawn[:2])):
                continue  # is the same on all numbers
        # a call that gives several tensors has a node for each, so that later calls refer to one
        index, results = added(node), tensors(call.args[0] if call.in_place else call.result)
        for which, result in enumerate(results):
            picked = index
            if isinstance(call.result, (tuple, list)):
                value = tensors(node.value)[which]
                picked = added(Node(len(graph.nodes), None, (), {}, (index,), value, which))
            known[id(result)] = picked
    graph.output = known.get(id(output), 0)
    return graph


def drawn_results(graph: Graph, node: Node, of: Sequence[int]) -> list[list[Any]]:
    """Results of a call for some drawn numbers, for others, for their sum and for 0; empty where the call does not
    accept them.

    Args:
        of: the nodes that have these; others that it takes are fixed at numbers that are drawn too.
    """
    dice = torch.Generator().manual_seed(node.index)
    floats = [one for one in node.takes if graph.nodes[one].value.is_floating_point()]

    def some(size: float) -> dict[int, Any]:
        shapes = {one: graph.nodes[one].value.shape for one in floats}
        return {one: size * torch.randn(shape, generator=dice, dtype=torch.float64) for one, shape in shapes.items()}

    first, second, fixed = some(1.0), some(1e4), some(1.0)
    results = []
    for pair in ((first,), (second,), (first, second), ()):
        total = {one: sum((part[one] for part in pair), torch.zeros_like(fixed[one])) for one in of if one in fixed}
        try:
            results.append(tensors(graph.computed(node, {**fixed, **total})))
        except (RuntimeError, IndexError, ValueError, NotImplementedError):
            return []
    return results


def is_affine(first: list[Any], second: list[Any], both: list[Any], none: list[Any]) -> bool:
    """Whether results are those of an affine function: of two arguments, of their sum and of 0."""
    return all(
        close(one.double() + two.double(), added.double() + zero.double())
        for one, two, added, zero in zip(first, second, both, none, strict=True)
    )


def refs(value: Any) -> list[int]:
    """The nodes that a value refers to."""
    found = list[int]()
    _mapped(value, lambda one: found.append(one.index) if isinstance(one, Ref) else None)
    return found


def only_floats(output: Any) -> Any:
    """The one tensor of floats that a module gives, its ``logits`` if it names them.

    Raises:
        ValueError: none, or several.
    """
    found = [one for one in tensors(getattr(output, "logits", output)) if one.is_floating_point()]
    if len(found) != 1:
        raise ValueError(f"it gives {len(found)} tensors of floats")
    return found[0]


def part_call(
    graph: Graph,
    wanted: int,
    part: Part,
    layer: int,
    at: Any = None,
    factor: float = 1.0,
    *,
    heads: Sequence[int] = (0,),
    shift: Any = 0.0,
) -> PartCall:
    """The call that computes a node's value, as a part of the network.

    Args:
        at: ``[…]`` the components in its order; all of them if None.
        factor: by which the part is more than these.
        heads: which of its layer they are.
        shift: what the module adds to the part elsewhere, a constant to derivatives.
    """
    node, index = graph.nodes[wanted], graph.table(wanted).index
    index = index if at is None else index[:, :, at]
    coordinates = torch.unravel_index(index if graph.n_tokens else index[:, 0], node.value.shape)
    call, which = (node.call, 0) if node.call else (graph.nodes[node.takes[0]].call if node.takes else None, node.which)
    steps = [int((one[1] - one[0]).flatten()[0]) for one in coordinates]
    axis = next(place for place, step in enumerate(steps) if step)

    def places(given: Any) -> tuple[Any, ...]:
        """Coordinates in a tensor of perhaps another number of rows."""
        rows = torch.arange(given.shape[axis] // steps[axis], device=given.device)
        rows = rows.reshape(-1, *[1] * (coordinates[0].ndim - 1))
        return tuple(one[:1].to(given.device) + rows * step for one, step in zip(coordinates, steps, strict=True))

    def taken(result: Any) -> Any:
        held = tensors(result)[which]
        return held[places(held)] * factor + torch.as_tensor(shift).to(held)

    def put(result: Any, value: Any) -> Any:
        held = tensors(result)[which]
        new = held.index_put(places(held), ((value - torch.as_tensor(shift).to(value)) / factor).to(held.dtype))
        if isinstance(result, torch.Tensor):
            return new
        return type(result)(new if number == which else one for number, one in enumerate(result))

    if call is None:
        return PartCall(-1, "", "", part, layer, taken, put, heads)
    return PartCall(call.number, call.name, call.path, part, layer, taken, put, heads)


def label_as_entry(graph: Graph, wanted: int) -> None:
    """Label what is taken number by number as what it is taken of."""
    node = graph.nodes[wanted]
    graph.codes[wanted] = graph.code(node.entry).reshape(node.value.shape)


def carried(function: Callable[[Any], Any], code: Any) -> Any:
    """The code of the number of its argument on which each number that a function gives depends; −1 for none.

    Raises:
        Mixed: it depends on numbers of several codes.
    """
    none, one, coded = (function(by.to(torch.float64)) for by in (0 * code, 0 * code + 1, code + 1))
    return ratio(coded - none, one - none)


def ratio(second: Any, first: Any) -> Any:
    """Whole numbers by which one tensor is more than once another; −1 where both are nothing.

    Raises:
        Mixed: they are not whole.
    """
    found = second / first - 1.0
    nothing = ~torch.isfinite(found)
    found = torch.where(nothing, torch.full_like(found, -1.0), found)
    if not bool(((found - found.round()).abs() < 1e-5).all()):
        raise Mixed
    return found.round().long()


def _filled(code: Any) -> Any:
    """A code with that of the others along a dimension in place of −1, if they have one: numbers set to constants."""
    for dim in range(code.ndim):
        filled = code.amax(dim, keepdim=True).expand_as(code)
        if bool(((filled >= 0) & ((code == filled) | (code < 0))).all()):
            return filled.contiguous()
    return code


def table_of(code: Any, n_positions: int) -> Table:
    """Table of the numbers with each code, in order.

    Raises:
        Mixed: not as many of each row and position.
    """
    flat = code.flatten()
    n_rows, positions = ROWS, np.unique((flat[flat >= 0] % n_positions).numpy()).tolist()
    order = torch.argsort(flat, stable=True)[int((flat < 0).sum()) :]
    if not positions or (flat < 0).any() or len(order) % (n_rows * len(positions)):
        raise Mixed
    index = order.reshape(n_rows, len(positions), -1)
    rows = torch.arange(n_rows)[:, None, None] * n_positions + torch.tensor(positions)[:, None]
    if not bool((flat[index] == rows).all()):
        raise Mixed
    return Table(index, tuple(positions))


def close(one: Any, other: Any) -> bool:
    """Whether two tensors are equal but for rounding; infinities only where both have them."""
    with torch.no_grad():
        scale = 1.0 + torch.maximum(one.abs(), other.abs())
        return bool(((one == other) | ((one - other).abs() <= _ROUNDING * scale)).all())


def _mapped(value: Any, by: Any) -> Any:
    """A value with each tensor, type and reference in it taken to another."""
    if isinstance(value, Mapping):
        return {key: _mapped(one, by) for key, one in value.items()}
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        parts = [_mapped(one, by) for one in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, slice):
        return slice(*(_mapped(one, by) for one in (value.start, value.stop, value.step)))
    return by(value)
