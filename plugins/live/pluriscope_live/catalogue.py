"""The units that a model has, chosen by kind, by name, by scores, or by a first attribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.errors import InvalidOption
from pluriscope_live.architecture import Architecture, Matrix, read_architecture
from pluriscope_live.edges import EdgeAblator, Residual, edge_units, named_edges, read_residual
from pluriscope_live.features import Dictionary, FeatureAblator
from pluriscope_live.hooks import Ablator, NodeAblator, State, attached, first_givers, reads_state, sites_of, watched
from pluriscope_live.scores import Scored, read_file, scored
from pluriscope_live.units import NODES, Piece, Unit, mixed, read_name, refuse_shared, units_of

EDGES: Final = ("edges", "head-edges")
KINDS: Final = (*NODES, *EDGES, "neurons", "features")
_CLOSE: Final = 1e-5
"""Of the largest output, how far outputs may be apart that are of one function: nothing is added in another order."""


class Catalogue:
    """Units of a model.

    Args:
        module: of torch.
        run: runs it on a few rows, of which numbers may be given, and gives its outputs.
        dictionaries: by name.
    """

    def __init__(self, module: Any, run: Callable[..., Any], dictionaries: Mapping[str, Dictionary]) -> None:
        self.module, self._run, self._dictionaries = module, run, dictionaries

    @cached_property
    def architecture(self) -> Architecture:
        """The blocks of a transformer.

        Raises:
            InvalidNetwork: it has none that could be read.
        """
        return read_architecture(self.module)

    @cached_property
    def blocks(self) -> Architecture | None:
        """The blocks of a transformer, None where there are none."""
        try:
            return self.architecture
        except InvalidNetwork:
            return None

    @cached_property
    def residual(self) -> Residual:
        """Writers and readers of its stream."""
        return read_residual(self.architecture, self._run)

    def choose(self, units: Any) -> tuple[str, list[Unit], Scored]:
        """What the units are called as a whole, each of them, and their scores where there are any.

        Raises:
            InvalidOption: they are of no kind that is known, or do not exist.
        """
        if isinstance(units, str) and units in KINDS:
            every = self._every(units)
            unread = self.architecture.unread(units)
            wanted = [] if units in EDGES else [one.removesuffix("s") for one in units.split("+")]
            if lacking := [one for one in wanted if not any(unit.kind == one for unit in every)]:
                cause = f"are asked for, and no {lacking[0]} was found" + (f" ({unread})" if unread else "")
                there = [kind for kind in ("heads", "mlps") if units_of(kind, self.architecture)] or ["layers"]
                raise InvalidOption(f"units {units!r}", cause, f"take {' or '.join(there)}, or names of modules")
            refuse_shared(every)
            title = f"{units} ({unread})" if unread else units
            return title, every, Scored(tuple(one.name for one in every), {})
        if isinstance(units, (str, Path)) and Path(units).is_file():
            names = read_file(Path(units))
        elif isinstance(units, (Mapping, list, tuple)) and units:
            try:
                names = scored(units)
            except (TypeError, ValueError, AttributeError, KeyError) as problem:
                cause = f"cannot be read ({problem})"
                raise InvalidOption("units", cause, "give names, or names with scores") from None
        else:
            cause = f"is {units!r:.60}, which is no kind of unit and no file"
            raise InvalidOption("units", cause, f"give one of {', '.join(KINDS)}, a list of names, or a file")
        if not names.names:
            raise InvalidOption("units", "are none", "give names, or names with scores")
        found = self.named(names.names)
        scores = {
            unit.name: names.scores[name] for unit, name in zip(found, names.names, strict=True) if name in names.scores
        }
        kinds = "+".join(sorted({"mlps" if one.kind == "mlp" else f"{one.kind}s" for one in found}))
        return kinds, found, Scored(tuple(one.name for one in found), scores)

    def named(self, names: Sequence[str]) -> list[Unit]:
        """Units of names."""
        edges = [name for name in names if "->" in name]
        known = named_edges(edges, self.residual) if edges else {}
        found = []
        for name in names:
            dictionary, _, feature = name.rpartition("/")
            if name in known:
                found.append(known[name])
            elif not (dictionary and feature.isdigit()):
                found.append(read_name(name, self.module, self.blocks))
            elif dictionary in self._dictionaries:
                found.append(Unit(name, "feature"))
            else:
                cause = "is a feature, and its dictionary is not given"
                raise InvalidOption(f"unit {name!r}", cause, "give dictionary=…")
        refuse_shared(found)
        return found

    def _every(self, kind: str) -> list[Unit]:
        if kind in EDGES:
            return edge_units(self.residual, together=kind == "head-edges")
        if kind in NODES:
            return units_of(kind, self.architecture)
        if kind == "neurons":
            blocks = enumerate(self.architecture.blocks)
            return self.named([f"{number}.mlp[{at}]" for number, one in blocks for at in range(one.n_neurons)])
        if not self._dictionaries:
            raise InvalidOption("units 'features'", "need a dictionary", "give dictionary={'0.mlp': autoencoder, …}")
        cure = "name them, as in '0.mlp/7', or give scores and top=…"
        raise InvalidOption("units 'features'", "are as many as the dictionaries have", cure)

    def ablators(self, units: Sequence[Unit], rest: str) -> list[Ablator]:
        """What ablates units, and what is no unit if that is ablated.

        Raises:
            InvalidOption: edges stand among other units.
        """
        kinds = {one.kind for one in units}
        if "edge" in kinds and len(kinds) > 1:
            raise InvalidOption("units", "have edges among other units", "give edges alone, or none")
        if "edge" in kinds:
            found: list[Ablator] = [EdgeAblator(self.module, self.residual, units, rest == "kept")]
        else:
            sites = sites_of(units, self._rest(units) if rest == "ablated" else [])
            features = {one.name.rpartition("/")[0] for one in units if one.kind == "feature"}
            paths = [one.path for one in sites if one.side == "out"] + [
                self._dictionaries[one].path for one in features
            ]
            at = first_givers(self.module, paths, self._run)
            found = [NodeAblator([replace(one, at=at.get(one.path, one.path)) for one in sites], units)]
            given = {one: replace(self._dictionaries[one], path=at[self._dictionaries[one].path]) for one in features}
            found += [FeatureAblator(given, units)] if given else []
            for path, part in self.module.named_modules():
                if isinstance(part, nn.RNNBase) and path in at.values() and reads_state(part, self._run):
                    cause = "gives its last state as well, which the model reads, and units are of its outputs alone"
                    cure = "give units of other modules, or let the model read the outputs at the last position"
                    raise InvalidNetwork(f"module {path}", cause, cure)
        self._turn(found)
        return found

    def _turn(self, ablators: Sequence[Ablator]) -> None:
        """Find out of which values the second dimension is the rows, by one row and the same twice."""
        shapes: dict[Any, list[Any]] = {}

        def put(ablator: Ablator, key: Any, value: Any) -> None:
            shapes.setdefault((ablator, key), []).append(value.shape)

        with watched(self.module, ablators, put):
            for rows in ([0], [0, 0]):
                self._run(torch.tensor(rows))
        for (ablator, key), (one, *_, two) in shapes.items():
            if one == two:
                cause = "is the same for all rows, as positions are, and no circuit's own"
                names = ablator.names(key)
                raise InvalidNetwork(f"unit {names[0][0]!r}", cause, "give units without it")
            if one[0] == two[0] and one[1:2] != two[1:2]:
                if not isinstance(ablator, NodeAblator):
                    cause = "has rows in its second dimension, in which edges and features are not ablated"
                    raise InvalidNetwork(f"unit {ablator.names(key)[0][0]!r}", cause, "take heads, MLPs or modules")
                ablator.second.add(key)

    def refuse_unlike(self, units: Sequence[Unit]) -> None:
        """See that the model with layers, MLPs and all heads or neurons of layers ablated is the model without the
        matrices by which they write, and without any matrix of a whole layer, or of the MLP of neurons.

        Raises:
            InvalidNetwork: it answers otherwise.
        """
        names, kinds = {one.name for one in units}, {one.kind for one in units}
        ablated, left = set[str](), dict[int, Any]()
        for number, block in enumerate(self.blocks.blocks if self.blocks else ()):
            heads, parts = {f"{number}.{head}" for head in range(block.n_heads)}, list[Any]()
            if str(number) in names:
                parts = _matrices(block.module)
            elif heads and names >= heads:
                parts = _matrices(block.out)
            mlp = names & {str(number), f"{number}.mlp"}
            parts += block.mlp.parameters() if mlp and block.mlp is not None else ()
            neurons = {f"{number}.mlp[{one}]" for one in range(block.n_neurons)}
            if neurons and names >= neurons:
                parts += [each for one in (block.entry, block.down) for each in _matrices(one)]
            ablated |= mlp | (heads if names >= heads else set()) | (neurons if names >= neurons else set())
            left |= {id(one): one for one in parts}
        if not left or any(one.is_meta or not one.is_floating_point() for one in left.values()):
            return
        gates = torch.tensor([[one.name not in ablated for one in units]], device=next(iter(left.values())).device)
        with attached(self.module, self.ablators(units, "kept"), State(gates)):
            ours = self._run().float()
        shapes = {(one.shape, one.dtype, one.device): one for one in left.values()}
        zeros = {key: torch.zeros(one.shape, dtype=one.dtype, device=one.device) for key, one in shapes.items()}
        with ExitStack() as stack:
            for held in [part._parameters for part in self.module.modules()]:
                for name, one in [*held.items()]:
                    if id(one) in left:
                        stack.callback(held.__setitem__, name, one)
                        held[name] = zeros[one.shape, one.dtype, one.device]
            theirs = self._run().float()
        if float((ours - theirs).abs().nan_to_num().max()) > _CLOSE * float(theirs.abs().nan_to_num().max()):
            unread = self.architecture.unread() or "its modules write in another way than by these matrices"
            cause = f"is with these units ablated not what it is without what they write ({unread})"
            cure = "take heads or mlps, or names of modules" if "layer" in kinds else "give names of modules"
            raise InvalidNetwork(f"model {type(self.module).__name__}", cause, cure)

    def _rest(self, units: Sequence[Unit]) -> list[Piece]:
        """Heads and MLPs of which nothing is a unit, as far as they are known, and what units' modules have beside."""
        pieces = [piece for unit in units for piece in unit.pieces]
        whole = {(piece.path, piece.side) for piece in pieces if piece.start is None}
        found = {(one.path, one.side): replace(one, start=0, stop=None) for one in pieces if one.start is not None}
        within = {one.path for one in pieces} | {
            self._dictionaries[one.name.rpartition("/")[0]].path for one in units if one.kind == "feature"
        }
        for block in self.blocks.blocks if self.blocks else ():
            path = self.architecture.path
            if block.out is not None and (path(block.out), "in") not in whole:
                found.setdefault((path(block.out), "in"), mixed(self.architecture, block, 0))
            if block.mlp is None or within & {path(block.mlp), path(block.down) if block.down is not None else ""}:
                continue
            if (path(block.mlp), "out") not in whole:
                found.setdefault((path(block.mlp), "out"), Piece(path(block.mlp), "out"))
        return list(found.values())


def _matrices(module: Any) -> list[Any]:
    """Those of a module, or the one that is a parameter."""
    if isinstance(module, Matrix):
        return [getattr(module.holder, module.name)]
    return [one for one in module.parameters() if one.ndim > 1]
