"""Activation patching and path patching of sites of a transformer: how far one site or edge brings the other answer."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics.fixed_order import total_of
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.transformer.runs import (
    Metric,
    Pairs,
    Run,
    Site,
    edge_names,
    measured,
    metric_slopes,
    run,
    site_names,
    slopes,
)
from pluriscope.analysis.subjects.transformer.weights import Transformer
from pluriscope_methods.lenses.lens import Grid, Grids
from pluriscope_methods.lenses.line_integrals import integrals
from pluriscope_methods.lenses.on_sites import METRIC, PAIRS, alike, grid_of, largest_of, paired
from pluriscope_methods.lenses.patching import PATCHING_TABLE, PATH_PATCHING, UNDEFINED
from pluriscope_methods.lenses.site_lens import SiteLens, run_cost

DIRECTION: Final = Setting(
    "direction", "denoising", "clean into corrupt, or the reverse", choices=("denoising", "noising")
)


_TITLES: Final = {
    "x": "Residual stream",
    "head": "What heads add",
    "mlp": "What MLP blocks add",
    "q": "Queries",
    "k": "Keys",
    "v": "Values",
    "a": "Attention patterns",
}


class Effects:
    """Effects of patches of a transformer on pairs of rows.

    Args:
        pairs: of its rows.
        metric: that is compared.
        denoising: whether the corrupt row is run and patched from the clean one.
    """

    def __init__(self, model: Transformer, pairs: Pairs, metric: Metric, *, denoising: bool) -> None:
        self._model, self._metric = model, metric
        self._wanted, self._other = model.answers[pairs.clean], model.answers[pairs.corrupt]
        clean, corrupt = (run(model, model.tokens[rows]) for rows in (pairs.clean, pairs.corrupt))
        self.clean = clean
        self._tokens = model.tokens[pairs.corrupt if denoising else pairs.clean]
        self.source, self.run = (clean, corrupt) if denoising else (corrupt, clean)
        self._from = self._measured(self.run)
        self.ways = self._measured(self.source) - self._from
        """``[pairs]`` how far the metric goes from the run to the one that is patched from."""
        self.span = total_of(self.ways)

    def _measured(self, of: Run) -> NDArray[np.float64]:
        return measured(self._metric, of.logits, self.clean.logits, self._wanted, self._other)

    def of(self, site: Site) -> float:
        """The share of the way from the run to the one that is patched from, all pairs together."""
        name = site.name.partition("-")[0] if "-" in site.name else site.name
        patched = run(self._model, self._tokens, [(site, self.source.values["x0" if name == "x" else name])])
        return self.share(total_of(self._measured(patched) - self._from))

    def share(self, way: float) -> float:
        """A part of the way from the run to the one that is patched from, 0 where that is none."""
        return way / self.span if abs(self.span) > UNDEFINED else 0.0

    def first_order(self) -> dict[str, NDArray[np.float64]]:
        """Effect of every site to first order, ``[pairs, context, …]``: its derivative in the run, times its way."""
        return self._to_first_order(np.arange(len(self._tokens)), np.zeros(len(self._tokens)))[1]

    def integrated(self, names: Sequence[str], work: Work) -> dict[str, NDArray[np.float64]]:
        """Effects of sites, the stream before the first layer first, with the mean derivative on the way of embeddings
        from the run to the other.
        """
        shapes = [self.run.values[name].shape[1:] for name in names]
        ends = np.cumsum([prod(shape) for shape in shapes]).tolist()

        def along(
            lines: NDArray[np.intp], points: NDArray[np.float64]
        ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            measured, parts = self._to_first_order(lines, points)
            return measured, np.concatenate([parts[name].reshape(len(lines), -1) for name in names], axis=1)

        whole = [np.array([0.0, 1.0])] * len(self._tokens)
        found = np.split(integrals(along, whole, work, summed=ends[0]), ends[:-1], axis=1)
        return {name: one.reshape(-1, *shape) for name, one, shape in zip(names, found, shapes, strict=True)}

    def _to_first_order(
        self, pairs: NDArray[np.intp], points: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """The metric of some pairs so far on the way, and every site's derivative there times its way."""
        here, there = self.run.values["x0"][pairs], self.source.values["x0"][pairs]
        moved = run(self._model, self._tokens[pairs], start=here + points[:, None, None] * (there - here))
        given = moved.logits, self.clean.logits[pairs], self._wanted[pairs], self._other[pairs]
        found = slopes(self._model, moved, metric_slopes(self._metric, *given))
        ways = {name: self.source.values[name][pairs] - self.run.values[name][pairs] for name in found}
        return measured(self._metric, *given), {name: one * ways[name] for name, one in found.items()}


def effects_of(model: Transformer, settings: Settings) -> tuple[Effects, tuple[str, ...]]:
    """Effects that settings ask for, and a note where pairs are left out."""
    pairs, notes = paired(model, settings)
    denoising = settings["direction"] == "denoising"
    return Effects(model, pairs, cast(Metric, settings["metric"]), denoising=denoising), notes


def sites_by_kind(model: Transformer) -> dict[str, list[str]]:
    """Sites of each kind, under a title."""
    found: dict[str, list[str]] = {}
    for name in site_names(model):
        end = name.rpartition(".")[2]
        kind = "x" if name.startswith("x") else end if end in _TITLES else "head"
        found.setdefault(_TITLES[kind], []).append(name)
    return {title: found[title] for title in _TITLES.values() if title in found}


def _look_at_sites(model: Transformer, settings: Settings, work: Work) -> Grids:
    effects, notes = effects_of(model, settings)
    kinds = sites_by_kind(model)
    grids = [
        grid_of(model, title, kinds[title], effects.of, 1.0)
        for title in work.each("methods", list(kinds), "kinds of sites")
    ]
    return Grids(tuple(grids), largest_of(grids[1:]), notes)


def _cost_of_sites(model: Transformer, settings: Settings) -> float:
    n_rows = min(int(settings["pairs"]), len(model.tokens))
    return run_cost(model, n_rows) * float(len(site_names(model)) * (model.tokens.shape[1] + 1))


PATCHING_TABLE_ON_SITES: Final = SiteLens(
    key=PATCHING_TABLE.key,
    label=PATCHING_TABLE.label,
    definition=(
        "What one site computes at one position of a row is set to what it computes on a row that is answered "
        "otherwise and differs least: the share of the way from one run to the other that the metric goes, all pairs "
        "of rows together."
    ),
    source=PATCHING_TABLE.source,
    can_know=(
        "Each number is of runs of the model, so it is certain. One site at a time shows what that site "
        "decides alone: what is held twice need not show."
    ),
    look=_look_at_sites,
    own=(METRIC, DIRECTION, PAIRS),
    multiplications=_cost_of_sites,
    refuses=alike,
    effects=True,
)


def _look_at_edges(model: Transformer, settings: Settings, work: Work) -> Grids:
    effects, notes = effects_of(model, settings)
    sources = list(dict.fromkeys(name.partition("-")[0] for name in edge_names(model)))
    readers = list(dict.fromkeys(name.partition("-")[2] for name in edge_names(model)))
    known = set(edge_names(model))
    values, sites = [], []
    for source in work.each("methods", sources, "sources of edges"):
        names = [f"{source}-{reader}" for reader in readers]
        sites.append(tuple(name if name in known else "" for name in names))
        values.append(tuple(effects.of(Site(name)) if name in known else None for name in names))
    title = "Edges, from what stands left to what stands above"
    grid = Grid(title, tuple(sources), tuple(readers), tuple(values), tuple(sites), (), 1.0)
    return Grids((grid,), largest_of([grid]), notes)


def _cost_of_edges(model: Transformer, settings: Settings) -> float:
    return run_cost(model, min(int(settings["pairs"]), len(model.tokens))) * len(edge_names(model))


PATH_PATCHING_ON_SITES: Final = SiteLens(
    key=PATH_PATCHING.key,
    label=PATH_PATCHING.label,
    definition=(
        "What one source gives one reader, and nobody else, is set to what it gives on a row that is answered "
        "otherwise and differs least: the share of the way from one run to the other that the metric goes."
    ),
    source=PATH_PATCHING.source,
    can_know=(
        "Each number is of runs of the model, so it is certain: what this edge alone carries, all others "
        "being as they were."
    ),
    look=_look_at_edges,
    own=(METRIC, DIRECTION, PAIRS),
    multiplications=_cost_of_edges,
    refuses=alike,
    effects=True,
)
