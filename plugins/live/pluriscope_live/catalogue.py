"""The units that a model has, chosen by kind, by name, by scores, or by a first attribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pluriscope.analysis.errors import InvalidData, InvalidNetwork
from pluriscope.errors import InvalidOption
from pluriscope_live.architecture import Architecture, read_architecture
from pluriscope_live.edges import EdgeAblator, Residual, edge_units, named_edges, read_residual
from pluriscope_live.features import Dictionary, FeatureAblator
from pluriscope_live.hooks import Ablator, NodeAblator, sites_of
from pluriscope_live.scores import Scored, read_file, scored
from pluriscope_live.units import NODES, Piece, Unit, read_name, refuse_shared, units_of

EDGES: Final = ("edges", "head-edges")
KINDS: Final = (*NODES, *EDGES, "neurons", "features")


class Catalogue:
    """Units of a model.

    Args:
        module: of torch.
        run: runs it on a few rows.
        dictionaries: by name.
    """

    def __init__(self, module: Any, run: Callable[[], object], dictionaries: Mapping[str, Dictionary]) -> None:
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
            if not every:
                cause = "are none in this model, as far as names of its modules say"
                raise InvalidOption(f"units {units!r}", cause, "give names of modules")
            return units, every, Scored(tuple(one.name for one in every), {})
        if isinstance(units, (str, Path)) and Path(units).is_file():
            names = read_file(Path(units))
        elif isinstance(units, (Mapping, list, tuple)) and units:
            try:
                names = scored(units)
            except InvalidData:
                raise
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
            return [EdgeAblator(self.module, self.residual, units, rest == "kept")]
        found: list[Ablator] = [FeatureAblator(self._dictionaries, units)] if "feature" in kinds else []
        left = self._rest(units) if rest == "ablated" else []
        return [NodeAblator(sites_of(units, left), units), *found]

    def _rest(self, units: Sequence[Unit]) -> list[Piece]:
        """Heads and MLPs of which nothing is a unit, as far as they are known, and what units' modules have beside."""
        pieces = [piece for unit in units for piece in unit.pieces]
        whole = {(piece.path, piece.side) for piece in pieces if piece.start is None}
        found = {(one.path, one.side): Piece(one.path, one.side, 0) for one in pieces if one.start is not None}
        within = {one.path for one in pieces} | {
            self._dictionaries[one.name.rpartition("/")[0]].path for one in units if one.kind == "feature"
        }
        for block in self.blocks.blocks if self.blocks else ():
            path = self.architecture.path
            if block.out is not None and (path(block.out), "in") not in whole:
                found.setdefault((path(block.out), "in"), Piece(path(block.out), "in", 0))
            if block.mlp is None or within & {path(block.mlp), path(block.down) if block.down is not None else ""}:
                continue
            if (path(block.mlp), "out") not in whole:
                found.setdefault((path(block.mlp), "out"), Piece(path(block.mlp), "out"))
        return list(found.values())
