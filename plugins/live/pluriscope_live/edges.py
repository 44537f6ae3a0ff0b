"""Edges of a residual model: what each reader sees of each writer, by the additive writes of its stream.

A reader is given the stream less what ablated writers add, in the run of the circuit itself, and takes its own norm of
that; the stream goes on untouched. So a circuit that keeps every edge is the model bit for bit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.errors import InvalidOption
from pluriscope_live.architecture import Architecture, Block, Matrix, weight_of
from pluriscope_live.hooks import State, first_givers, joined, on_input, on_output, replaced_rows, unhooked
from pluriscope_live.units import Unit

_CLOSE: Final = 1e-4
"""Of the stream's largest number, how far the sum of writes may be from it: models may add in another order."""
OTHER_NAMES: Final = (
    (r"input|Resid Start|embeds?", "e"),
    (r"logits|Resid End|output", "out"),
    (r"a(\d+)\.h(\d+)<(q|k|v)>", r"\1.\2.\3"),
    (r"[Aa](\d+)\.h?(\d+)(?:\.([QKVqkv]))?", r"\1.\2.\3"),
    (r"(?:m|MLP )(\d+)|(\d+)\.mlp", r"\1\2.m"),
)
"""How EAP-IG, MIB and auto-circuit write ends of edges."""


@dataclass(frozen=True)
class Reader:
    """What reads the stream.

    Args:
        name: "0.1.q", "0.m", or "out".
        norm: path of the norm that it reads by, "" for none.
        path: of the module that it gives its input to, or of which its rows are the output.
        rows: of the output of a projection; None for all of an input.
        entry: path of the module whose input is read where there is no norm.
        projection: of these rows.
    """

    name: str
    norm: str
    path: str
    rows: tuple[int, ...] | None = None
    entry: str = ""
    projection: Any = None


@dataclass(frozen=True)
class Layer:
    """Where a layer writes and reads.

    Args:
        block: its modules.
        out, mlp: paths of what is written by heads, before a norm behind them, and by the MLP.
        behind: path of a norm behind the heads, "" for none.
        attention, reads: readers of attention, and the MLP.
        parallel: whether the MLP reads the stream without the layer's heads.
    """

    block: Block
    out: str
    mlp: str
    behind: str
    attention: tuple[Reader, ...]
    reads: Reader | None
    parallel: bool


@dataclass(frozen=True)
class Residual:
    """Writers and readers of a residual model.

    Args:
        layers: of it.
        final: reader of the logits, whose output is replaced.
        first: path of the block whose input is the embedding.
    """

    layers: tuple[Layer, ...]
    final: Reader
    first: str

    @property
    def writers(self) -> list[str]:
        """Embedding "e", heads "0.1" and MLPs "0.m", in the order in which they write."""
        found = ["e"]
        for number, one in enumerate(self.layers):
            found += [f"{number}.{head}" for head in range(one.block.n_heads if one.out else 0)]
            found += [f"{number}.m"] if one.mlp else []
        return found

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Writer and reader of each edge that there is, by reader."""
        before = ["e"]
        for number, one in enumerate(self.layers):
            heads = [f"{number}.{head}" for head in range(one.block.n_heads if one.out else 0)]
            yield from ((writer, reader.name) for reader in one.attention for writer in before)
            if one.reads:
                yield from ((writer, one.reads.name) for writer in before + ([] if one.parallel else heads))
            before += [*heads, *([f"{number}.m"] if one.mlp else [])]
        yield from ((writer, "out") for writer in before)

    @property
    def readers(self) -> list[Reader]:
        """All of them, in the order in which they read."""
        every = ([*one.attention, *([one.reads] if one.reads else [])] for one in self.layers)
        return [*(reader for some in every for reader in some), self.final]


def edge_units(residual: Residual, together: bool = False) -> list[Unit]:
    """Every edge as a unit; with queries, keys and values of a head together if that is asked for."""
    found: dict[str, list[tuple[str, str]]] = {}
    for writer, reader in residual.pairs():
        name = re.sub(r"\.[qkv]$", "", reader) if together else reader
        found.setdefault(f"{writer} -> {name}", []).append((writer, reader))
    return [Unit(name, "edge", (), tuple(pairs)) for name, pairs in found.items()]


def named_edges(names: Sequence[str], residual: Residual) -> dict[str, Unit]:
    """Units by names of edges, as they are written here or by EAP-IG, MIB and auto-circuit.

    Raises:
        InvalidOption: one does not exist.
    """
    known = {one.name: one for one in (*edge_units(residual, together=True), *edge_units(residual))}
    usual = {name: usual_edge(name) for name in names}
    if unknown := [name for name, one in usual.items() if one not in known]:
        cure = f"give names such as {', '.join(list(known)[-2:])}; keys and values count by their groups"
        raise InvalidOption(f"edge {unknown[0]!r}", "does not exist in this model", cure)
    return {name: known[one] for name, one in usual.items()}


def usual_edge(name: str) -> str:
    """The name of an edge as it is written here."""
    ends = [part.strip() for part in name.split("->")]
    for pattern, usual in OTHER_NAMES:
        found = [re.fullmatch(pattern, one) for one in ends]
        ends = [one.expand(usual).lower().rstrip(".") if one else end for one, end in zip(found, ends, strict=True)]
    return " -> ".join(ends)


# ---------------------------------------------------------------- reading


def read_residual(architecture: Architecture, run: Callable[[], object]) -> Residual:
    """Writers and readers of a model, found by what its modules are given in one run.

    Args:
        run: runs the model on a few rows.

    Raises:
        InvalidNetwork: its stream is no sum of the writes of heads and MLPs, or modules are not found.
    """
    seen = _Seen(architecture)
    with ExitStack() as stack:
        for path, module in architecture.module.named_modules():
            stack.callback(on_input(module, partial(seen.put, seen.given, path)).remove)
            stack.callback(on_output(module, partial(seen.put, seen.gave, path)).remove)
        run()
    layers, blocks = [], architecture.blocks
    projections = [architecture.path(one) for block in blocks for one in block.qkv]
    seen.at = first_givers(architecture.module, projections, run)
    for number, block in enumerate(blocks):
        if number and not seen.reads(block.path, seen.gave[blocks[number - 1].path]):
            raise InvalidNetwork(f"block {block.path}", "is given something else than the block before it gives", _CURE)
        layers.append(seen.layer(number, block))
    last = seen.gave[blocks[-1].path]
    final = next((path for path in seen.gave if seen.outside(path) and seen.reads(path, last)), "")
    if not final:
        raise InvalidNetwork(f"model {type(architecture.module).__name__}", "has no reader of its last block", _CURE)
    norm, at = "", final
    if seen.gave[final].shape == last.shape:
        norm, at = final, first_givers(architecture.module, [final], run)[final]
    return Residual(tuple(layers), Reader("out", norm, at, entry=final), blocks[0].path)


_CURE: Final = "take heads, MLPs or layers as units"


class _Seen:
    """Inputs and outputs of modules in one run."""

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        self.given: dict[str, Any] = {}
        self.gave: dict[str, Any] = {}
        self.at: dict[str, str] = {}  # by path of a projection, what gives its output first

    def put(self, where: dict[str, Any], path: str, value: Any) -> Any:
        if isinstance(value, torch.Tensor) and path:
            where[path] = value.detach().clone()  # Falcon adds to it in place
        return value

    def same(self, one: Any, other: Any) -> bool:
        return bool(one.shape == other.shape and torch.equal(one, other))

    def outside(self, path: str) -> bool:
        """Whether a module is in no block, and holds none."""
        return not any(
            f"{path}.".startswith(f"{one.path}.") or one.path.startswith(f"{path}.") for one in self.architecture.blocks
        )

    def reads(self, path: str, value: Any) -> bool:
        """Whether a module is given a value."""
        return path in self.given and self.same(self.given[path], value)

    def norm(self, within: str, *, gave: Any = None, given: Any = None) -> str:
        """Path of the first module of a block that gives or is given a value, and changes it; "" for none."""
        for path, before in self.given.items():
            after = self.gave.get(path)
            if not path.startswith(f"{within}.") or after is None or before.shape != after.shape:
                continue
            ends = after if given is None else before
            if self.same(ends, gave if given is None else given) and not self.same(before, after):
                return path
        return ""

    def layer(self, number: int, block: Block) -> Layer:
        path_of, start = self.architecture.path, self.given[block.path]
        end, added = self.gave[block.path], torch.zeros_like(start)
        attention: list[Reader] = []
        out = behind = mlp = ""
        if block.out is not None:
            out = path_of(block.out)
            attention = list(self._attention(number, block, start))
            written = path_of(block.written)
            behind = self.norm(block.path, given=self.gave[written])
            self._multiplies(block, block.out, self.given[out], self.gave[written])
            added = self.gave[behind or written]
        reads, parallel = None, False
        if block.mlp is not None:
            entry, mlp = path_of(block.entry), path_of(block.mlp)
            norm = self.norm(block.path, gave=self.given[entry])
            stream = self.given[norm or entry]
            parallel = self.same(stream, start) and out != ""
            reads = Reader(f"{number}.m", norm, entry, entry=entry)
            self._summed(block, stream, start + (torch.zeros_like(added) if parallel else added))
            mlp = self.norm(block.path, given=self.gave[mlp]) or mlp
            added = added + self.gave[mlp].reshape(added.shape)
        self._summed(block, end, start + added)
        return Layer(block, out, mlp, behind, tuple(attention), reads, parallel)

    def _summed(self, block: Block, stream: Any, summed: Any) -> None:
        if not self._close(summed, stream):
            cause = "gives something else than the sum of its stream and what its heads and its MLP write"
            cause += f" ({self.architecture.unread() or 'norms behind that sum and factors are such'})"
            raise InvalidNetwork(f"block {block.path}", cause, _CURE)

    def _close(self, one: Any, value: Any) -> bool:
        close = max(_CLOSE, 4 * torch.finfo(value.dtype).eps) * float(value.abs().max())
        return one.numel() == value.numel() and float((value - one.reshape(value.shape)).abs().max()) <= close

    def _multiplies(self, block: Block, part: Any, given: Any, gave: Any) -> None:
        """Refuse a projection that does not multiply by the matrix that it shows."""
        weight, bias = weight_of(part), getattr(part, "bias", None)
        if type(getattr(weight, "data", None)) is torch.Tensor and weight.is_floating_point():
            heads_apart = given.shape[-1] != weight.shape[1]
            with torch.no_grad():
                made = joined(given, 2 if heads_apart else 1).to(weight.dtype) @ weight.T
                if self._close(made if bias is None else made + bias, gave):
                    return
        cause = "has a projection that does more than multiply by its matrix, as adapters and quantised ones do"
        raise InvalidNetwork(f"block {block.path}", cause, f"merge adapters, or {_CURE}")

    def _attention(self, number: int, block: Block, start: Any) -> Iterator[Reader]:
        if not block.qkv or not block.n_heads:
            lacks = "has no projection of queries, keys and values that fits its heads"
            cause = lacks if block.n_heads else "does not say how many heads"
            raise InvalidNetwork(f"block {block.path}", cause, _CURE)
        paths = [self.architecture.path(one) for one in block.qkv]
        first = block.qkv[0]
        entry = self.architecture.path(first.holder if isinstance(first, Matrix) else first)
        norm = self.norm(block.path, gave=self.given[entry])
        if not self.same(self.given[norm or entry], start):
            raise InvalidNetwork(f"block {block.path}", "has attention that does not read the stream", _CURE)
        for head in range(block.n_heads):
            for at, part in enumerate("qkv"):
                if part == "q" or head < block.n_groups:
                    rows = _rows(block, head, at)
                    each = at if len(paths) > 1 else 0
                    path = self.at[paths[each]]
                    if head == 0:
                        self._multiplies(block, block.qkv[each], self.given[entry], self.gave[paths[each]])
                    yield Reader(f"{number}.{head}.{part}", norm, path, tuple(rows), entry, block.qkv[each])


def _rows(block: Block, head: int, part: int) -> range:
    """Rows of a projection that make the queries of a head, or the keys or values of a group."""
    width, heads, groups = block.width, block.n_heads, block.n_groups
    if len(block.qkv) > 1:
        first = head
    elif block.interleaved and heads == groups:  # BLOOM, NeoX, Falcon: by head
        first = 3 * head + part
    elif block.interleaved and groups > 1:
        each = heads // groups
        first = head // each * (each + 2) + head % each if part == 0 else head * (each + 2) + each + part - 1
    else:
        first = head + (0, heads, heads + groups)[part]
    return range(first * width, (first + 1) * width)


# ---------------------------------------------------------------- running


class EdgeAblator:
    """Cuts edges.

    Args:
        module: the whole.
        residual: its writers and readers.
        units: in the order of masks; those that are edges are ablated here.
        rest_kept: whether edges that are no units are kept.
    """

    def __init__(self, module: Any, residual: Residual, units: Sequence[Unit], rest_kept: bool) -> None:
        self.residual, self.absent = residual, dict[Any, Any]()
        writers, readers = residual.writers, residual.readers
        self._writer = {name: number for number, name in enumerate(writers)}
        self._reader = {one.name: number for number, one in enumerate(readers)}
        self._of = torch.full((len(writers), len(readers)), -1)
        for writer, reader in residual.pairs():
            self._of[self._writer[writer], self._reader[reader]] = -1 if rest_kept else -2
        for number, unit in enumerate(units):
            for writer, reader in unit.edges:
                self._of[self._writer[writer], self._reader[reader]] = number
        # what nobody ever cuts is neither watched nor kept
        self._written = {writers[at] for at in torch.nonzero((self._of != -1).any(1)).flatten().tolist()}
        self._scales = {
            one.behind: module.get_submodule(one.behind)(torch.ones_like(weight_of(one.block.out)[:, 0])).detach()
            for one in residual.layers
            if one.behind
        }

    def names(self, key: str) -> list[tuple[str, Any]]:
        """The writer itself: an edge carries a writer's values."""
        return [(key, slice(None))]

    def watch(self, module: Any, seen: Callable[[Any, Any], None]) -> Iterator[Any]:
        """Put hooks on a module that pass what is written on; gives their handles."""
        state = State(torch.ones(1, 1, dtype=torch.bool))
        yield from self._writes(module, state, lambda name, value: seen(name, value))

    def attach(self, module: Any, state: State) -> Iterator[Any]:
        """Put hooks on a module; gives their handles."""
        yield on_input(module.get_submodule(self.residual.first), partial(self._begin, state))
        yield from self._writes(module, state, partial(self._put, state))
        projections: dict[str, list[Reader]] = {}
        for layer in self.residual.layers:
            for reader in layer.attention:
                projections.setdefault(reader.path, []).append(reader)
            if layer.reads:
                part = module.get_submodule(layer.reads.path)
                yield on_input(part, partial(self._read, module, state, layer.reads), first=True)
        for path, readers in projections.items():
            yield on_output(module.get_submodule(path), partial(self._project, module, state, readers), first=True)
        final = self.residual.final
        part = module.get_submodule(final.path)
        yield (on_output if final.norm else on_input)(part, partial(self._read, module, state, final), first=True)
        for path in {one.norm or one.entry for one in self.residual.readers}:  # before these
            yield on_input(module.get_submodule(path), partial(self._keep, state, path), first=True)

    def _begin(self, state: State, value: Any) -> Any:
        gates = state.gates
        ends = gates.new_zeros(len(gates), 1), gates.new_ones(len(gates), 1)
        state.kept["gates"] = torch.cat([gates, *ends], 1)[:, self._of.to(gates.device)]  # [masks, writers, readers]
        state.kept["written"] = {}
        return value

    def _put(self, state: State, name: str, value: Any) -> None:
        """Keep what an ablated writer takes from the stream: what it adds less what it carries instead."""
        away = value.view(len(state.gates), -1, *value.shape[1:])
        if name in self.absent:
            away = away - replaced_rows(self.absent[name], state, away)
        state.kept["written"][name] = away

    def _keep(self, state: State, path: str, value: Any) -> Any:
        state.kept[path] = value
        return value

    def _writes(self, module: Any, state: State, put: Callable[[str, Any], None]) -> Iterator[Any]:
        def keep(name: str, value: Any) -> Any:
            put(name, value.clone())  # Falcon adds to it in place
            return value

        if "e" in self._written:
            yield on_input(module.get_submodule(self.residual.first), partial(keep, "e"))
        for number, layer in enumerate(self.residual.layers):
            if layer.out and self._written & {f"{number}.{head}" for head in range(layer.block.n_heads)}:
                part = module.get_submodule(layer.out)
                yield on_input(part, partial(self._heads, number, layer, None if layer.behind else put, state))
                if layer.behind:
                    yield on_input(module.get_submodule(layer.behind), partial(self._keep, state, layer.behind))
                    yield on_output(
                        module.get_submodule(layer.behind), partial(self._scaled, number, layer, put, state)
                    )
            if layer.mlp and f"{number}.m" in self._written:
                yield on_output(module.get_submodule(layer.mlp), partial(keep, f"{number}.m"))

    def _heads(self, number: int, layer: Layer, put: Any, state: State, mixed: Any) -> Any:
        """Take what each head writes; before a norm it is not yet what is added."""
        block, given = layer.block, mixed
        mixed = joined(mixed, block.out.dims if isinstance(block.out, Matrix) else 1)
        weight = weight_of(block.out).to(mixed.dtype)
        for head in range(block.n_heads):
            if (name := f"{number}.{head}") in self._written:
                at = slice(head * block.width, (head + 1) * block.width)
                write = mixed[..., at] @ weight[:, at].T
                if put is None:
                    state.kept[name] = write
                else:
                    put(name, write)
        return given

    def _scaled(self, number: int, layer: Layer, put: Any, state: State, gave: Any) -> Any:
        """Of a norm behind the heads its factor in this run, by which each head's write is multiplied."""
        given, scale = state.kept[layer.behind], self._scales[layer.behind]
        unit = given * scale
        factor = (gave * unit).sum(-1, keepdim=True) / unit.square().sum(-1, keepdim=True).clamp(min=1e-30)
        for head in range(layer.block.n_heads):
            if (name := f"{number}.{head}") in self._written:
                put(name, state.kept.pop(name) * scale * factor)
        return gave

    def _seen(self, module: Any, state: State, readers: Sequence[Reader]) -> tuple[Any, list[int], Any]:
        """What some readers of one norm read ``[masks, readers, rows, …, n]``, which of them, and for which masks."""
        numbers = [self._reader[one.name] for one in readers]
        gates = state.kept["gates"][:, :, numbers]  # [masks, writers, readers]
        exact = gates.dtype == torch.bool
        left_out = ~gates if exact else 1 - gates
        touched = left_out.any(1) if exact else torch.ones_like(left_out[:, 0], dtype=torch.bool)  # [masks, readers]
        some = torch.nonzero(touched.any(0)).flatten().tolist()
        if not some:
            return None, [], None
        n_masks, norm = len(gates), readers[0].norm
        stream = state.kept[norm or readers[0].entry]
        result = stream.view(n_masks, 1, len(stream) // n_masks, *stream.shape[1:])
        left_out, written = left_out[:, :, some], state.kept["written"]
        names = [name for name in written if not exact or bool(left_out[:, self._writer[name]].any())]
        if names:
            left_out = left_out[:, [self._writer[name] for name in names]].to(stream.dtype)
            away = torch.stack([written[name].flatten(1) for name in names], 1)  # [masks, writers, numbers]
            result = result - (left_out.transpose(1, 2) @ away).view(n_masks, len(some), *result.shape[2:])
        if norm:  # hooks are given what the model itself makes, once
            with unhooked(part := module.get_submodule(norm)):
                result = part.forward(result)
        return result, some, touched[:, some]

    def _read(self, module: Any, state: State, reader: Reader, value: Any) -> Any:
        """The input of a reader, or the output of its norm, for what its edges carry."""
        made, some, touched = self._seen(module, state, [reader])
        if not some:
            return value
        shaped = value.view(len(touched), -1, *value.shape[1:])
        where = touched[:, 0].view(-1, *[1] * value.ndim)
        return torch.where(where, made[:, 0].to(value.dtype), shaped).reshape(value.shape)

    def _project(self, module: Any, state: State, readers: Sequence[Reader], value: Any) -> Any:
        """The output of a projection of queries, keys or values, head by head for what its edges carry."""
        made, some, touched = self._seen(module, state, readers)
        if not some:
            return value
        part, shape = readers[0].projection, value.shape
        value = joined(value, part.dims if isinstance(part, Matrix) else 1)
        rows = torch.tensor([readers[one].rows for one in some], device=value.device)
        weight, bias = weight_of(part)[rows], getattr(part, "bias", None)  # [readers, width, n]
        made = torch.einsum("mr...d,rwd->mr...w", made.to(weight.dtype), weight)
        if bias is not None:
            made = made + bias[rows].view(1, len(some), *[1] * (made.ndim - 3), -1)
        n_masks = len(touched)
        result = value.view(n_masks, len(value) // n_masks, *value.shape[1:]).clone()
        for number in range(len(some)):
            at = slice(int(rows[number, 0]), int(rows[number, -1]) + 1)
            where = touched[:, number].view(-1, *[1] * (value.ndim))
            result[..., at] = torch.where(where, made[:, number].to(value.dtype), result[..., at])
        return result.reshape(shape)
