"""Activation patching and path patching: what one neuron, edge or path carries, every ordered pair of rows.

Activation patching sets one hidden neuron to its value on another row (Vig et al., NeurIPS 2020; Geiger et al., NeurIPS
2021). On a path the first neuron has its value on the source; each further one is computed anew from the one before it
and, for all the rest, from the base (Wang et al., ICLR 2023; Goldowsky-Dill et al. 2023). A path that ends before the
output spreads from its last neuron to all that reads it: a hidden neuron alone is the shortest path.

Of two rows that are answered differently, noising runs the one answered 1 with the path from the one answered 0, and
denoising the reverse. Chen et al., NeurIPS 2025 (arXiv:2505.10039): what feeds an AND gate shows under noising alone,
since each input is needed and none suffices; what feeds an OR gate under denoising alone; under both what adds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from math import prod
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interventions.swaps import run_from
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics.fixed_order import total_of
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.sandbox.intervention import carrier_name
from pluriscope.analysis.subjects.perceptron.mlp import activations, pre_activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.sites import Metric, Pairs, Run, Site, measured, metric_slopes, run
from pluriscope.analysis.subjects.subject import Subject
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.runs import edge_names
from pluriscope_methods.lenses.lens import NEURON_COLUMNS, Bar, Grid, Grids, Lens, SiteLens, Table, run_cost
from pluriscope_methods.lenses.line_integrals import integrals
from pluriscope_methods.lenses.on_sites import (
    METRIC,
    PAIRS,
    alike,
    cells_of,
    grid_of,
    has_tokens,
    input_sites,
    largest_of,
    paired,
    sites_by_kind,
)

UNDEFINED: Final = 1e-9
"""Below this difference of two outputs no share of it is defined."""
MOST_BARS: Final = 24
_MOST_NAMED: Final = 8
SIGNATURES: Final = {(True, False): "AND", (False, True): "OR", (True, True): "both"}
"""By whether noising and whether denoising flips the answer."""
_DIRECTIONS: Final = {(1, 0): "noising", (0, 1): "denoising"}

Path = tuple[tuple[int, int], ...]
"""(layer from 0, neuron), each a layer above the one before."""


def paths_of(sizes: Sequence[int]) -> Iterator[Path]:
    """Every path from an input to the output of a network cut to one output."""
    return (tuple(enumerate(neurons)) for neurons in product(*map(range, sizes)))


def neurons_of(sizes: Sequence[int]) -> Iterator[Path]:
    """Every hidden neuron, as the shortest path."""
    return (((layer, u),) for layer, width in enumerate(sizes[1:-1], start=1) for u in range(width))


def patched_along(network: Network, clean: Sequence[NDArray[np.float64]], path: Path) -> NDArray[np.float64]:
    """``[source, base]`` the outputs when a path carries the source's value.

    Args:
        network: cut to one output.
        clean: its activations ``[rows, n_l]`` for layers 0 … L.
        path: at least one neuron.
    """
    n_rows = len(clean[0])
    layer, neuron = path[0]
    carried = np.broadcast_to(clean[layer][:, neuron, None], (n_rows, n_rows))
    for above, receiver in path[1:]:
        total = pre_activations(network, above, _with(clean[layer], neuron, carried))[..., receiver]
        carried = network.function_of(above).value(total)
        layer, neuron = above, receiver
    return run_from(network, layer, _with(clean[layer], neuron, carried))


def _with(base: NDArray[np.float64], neuron: int, carried: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[source, base, n]`` a layer on each base, but for one neuron."""
    values = np.repeat(base[None], len(base), axis=0)
    values[..., neuron] = carried
    return values


def _patched(
    question: Question, paths: Sequence[Path], work: Work, named: Callable[[Path, tuple[int, int]], Mapping[str, Any]]
) -> Table:
    """A row for each path and each ordered pair of rows."""
    network, inputs = question.network, question.method_rows[0]
    clean = activations(network, inputs)
    outputs, decided = clean[-1][:, 0].tolist(), answers(clean[-1][:, 0]).tolist()
    rows = []
    for path in work.each("methods", paths, "paths"):
        patched = patched_along(network, clean, path)
        after = answers(patched)
        for base, source in product(range(len(inputs)), repeat=2):
            if source != base:
                output, away = float(patched[source, base]), outputs[source] - outputs[base]
                rows.append(
                    {
                        **named(path, (decided[base], decided[source])),
                        "base": base,
                        "source": source,
                        "output": output,
                        "effect": None if abs(away) < UNDEFINED else (output - outputs[base]) / away,
                        "flips": bool(after[source, base] != decided[base]),
                    }
                )
    return Table(tuple(rows))


_RUN: Final = {
    "base": "row that is run",
    "source": "row that the first patched value comes from",
    "output": "what the output becomes",
    "effect": "share of the way from the base's output to the source's; empty where these are equal",
    "flips": "whether the answer differs from the base's",
}


# --- one neuron


def _look_at_neurons(question: Question, _settings: Settings, work: Work) -> Table:
    neurons = list(neurons_of(question.network.sizes))
    return _patched(question, neurons, work, lambda path, _: {"layer": path[0][0], "neuron": path[0][1]})


def _neuron_bars(seen: Table) -> tuple[Bar, ...]:
    """Bars of how many patches of each neuron flip the answer."""
    found: dict[str, list[bool]] = {}
    for row in seen.rows:
        found.setdefault(f"{row['layer']}.{row['neuron']}", []).append(row["flips"])
    return tuple(Bar(unit, sum(flips), len(flips)) for unit, flips in found.items())


def _neurons_say(_question: Question, seen: Table) -> str:
    bars = _neuron_bars(seen)
    most = max(bars, key=lambda bar: bar.n)
    silent = [bar.label for bar in bars if not bar.n]
    more = " and others" if len(silent) > _MOST_NAMED else ""
    without = f"; none of {', '.join(silent[:_MOST_NAMED])}{more}" if silent else ""
    total = f"{sum(bar.n for bar in bars):,} of {len(seen.rows):,} patches of one neuron flip the answer"
    if not most.n:
        return f"{total}."
    return f"{total}; neuron {most.label} does so most often, {most.n} of {most.of} times{without}."


# --- paths


def _look_at_paths(question: Question, _settings: Settings, work: Work) -> Table:
    sizes = question.network.sizes

    def named(path: Path, decisions: tuple[int, int]) -> dict[str, str]:
        name = " → ".join(carrier_name(carrier, sizes) for carrier in path)
        return {"path": name, "direction": _DIRECTIONS.get(decisions, "")}

    return _patched(question, list(paths_of(sizes)), work, named)


def signatures(seen: Table) -> dict[str, list[str]]:
    """Signature of each path for each pair of rows that are answered differently: AND, OR, both or ""."""
    found: dict[str, dict[frozenset[int], dict[str, bool]]] = {}
    for row in seen.rows:
        pairs = found.setdefault(row["path"], {})
        if row["direction"]:
            pairs.setdefault(frozenset((row["base"], row["source"])), {})[row["direction"]] = row["flips"]
    return {
        path: [SIGNATURES.get((flips["noising"], flips["denoising"]), "") for flips in pairs.values()]
        for path, pairs in found.items()
    }


def _path_bars(seen: Table) -> tuple[Bar, ...]:
    """Bars of the paths that flip in most pairs; behind the path how often with which signature."""
    bars = []
    for path, names in signatures(seen).items():
        counts = Counter(filter(None, names))
        if counts:
            parts = ", ".join(f"{name} {counts[name]}" for name in SIGNATURES.values() if counts[name])
            bars.append(Bar(f"{path} ({parts})", counts.total(), len(names)))
    return tuple(sorted(bars, key=lambda bar: -bar.n)[:MOST_BARS])


def _paths_say(_question: Question, seen: Table) -> str:
    by_path = signatures(seen)
    counts = Counter(name for names in by_path.values() for name in names)
    n_runs = counts.total()
    if not n_runs:
        return "All rows are answered alike, so no pair has two directions."
    n_flipping = sum(any(names) for names in by_path.values())
    return (
        f"{n_flipping:,} of {len(by_path):,} paths flip the answer of some pair. Of {n_runs:,} combinations of a path "
        f"and a pair {counts['AND']:,} flip under noising alone, as what feeds an AND gate; {counts['OR']:,} under "
        f"denoising alone, as what feeds an OR gate; {counts['both']:,} under both; {counts['']:,} under none."
    )


DIRECTION: Final = Setting(
    "direction", "denoising", "clean into corrupt, or the reverse", choices=("denoising", "noising")
)


class Effects:
    """Effects of patches of a network on pairs of rows.

    Args:
        pairs: of its rows.
        metric: that is compared.
        denoising: whether the corrupt row is run and patched from the clean one.
    """

    def __init__(self, model: Subject, pairs: Pairs, metric: Metric, *, denoising: bool) -> None:
        self._model, self._metric = model, metric
        self._wanted, self._other = model.answers[pairs.clean], model.answers[pairs.corrupt]
        clean, corrupt = (run(model, model.inputs[rows]) for rows in (pairs.clean, pairs.corrupt))
        self.clean = clean
        self._data = model.inputs[pairs.corrupt if denoising else pairs.clean]
        self._others = model.inputs[pairs.clean if denoising else pairs.corrupt]
        self.source, self.run = (clean, corrupt) if denoising else (corrupt, clean)
        self._from = self._measured(self.run)
        self.ways = self._measured(self.source) - self._from
        """``[pairs]`` how far the metric goes from the run to the one that is patched from."""
        self.span = total_of(self.ways)

    def _measured(self, of: Run) -> NDArray[np.float64]:
        return measured(self._metric, of.logits, self.clean.logits, self._wanted, self._other)

    def of(self, site: Site) -> float:
        """The share of the way from the run to the one that is patched from, all pairs together."""
        source, edge, _ = site.name.partition("-")
        given = self.source.values["x0" if edge and source == "x" else source]
        patched = run(self._model, self._data, [(site, given)])
        return self.share(total_of(self._measured(patched) - self._from))

    def share(self, way: float) -> float:
        """A part of the way from the run to the one that is patched from, 0 where that is none."""
        return way / self.span if abs(self.span) > UNDEFINED else 0.0

    def first_order(self) -> dict[str, NDArray[np.float64]]:
        """Effect of every site to first order, ``[pairs, context, …]``: its derivative in the run, times its way."""
        return self._to_first_order(np.arange(len(self._data)), np.zeros(len(self._data)))[1]

    def integrated(self, names: Sequence[str], work: Work) -> dict[str, NDArray[np.float64]]:
        """Effects of sites, those of the input first, with the mean derivative on the way from the run to the other."""
        shapes = [self.run.values[name].shape[1:] for name in names]
        ends = np.cumsum([prod(shape) for shape in shapes]).tolist()

        def along(
            lines: NDArray[np.intp], points: NDArray[np.float64]
        ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            measured, parts = self._to_first_order(lines, points)
            return measured, np.concatenate([parts[name].reshape(len(lines), -1) for name in names], axis=1)

        whole = [np.array([0.0, 1.0])] * len(self._data)
        summed = ends[len(input_sites(self._model)) - 1]
        found = np.split(integrals(along, whole, work, summed=summed), ends[:-1], axis=1)
        return {name: one.reshape(-1, *shape) for name, one, shape in zip(names, found, shapes, strict=True)}

    def _to_first_order(
        self, pairs: NDArray[np.intp], points: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """The metric of some pairs so far on the way, and every site's derivative there times its way."""
        here, there = self._data[pairs], self._others[pairs]
        if has_tokens(self._model):  # between two tokens lies what their embeddings have
            here, there = (one.values["x0"][pairs] for one in (self.run, self.source))
        moved = run(self._model, here + points.reshape(-1, *[1] * (here.ndim - 1)) * (there - here))
        given = moved.logits, self.clean.logits[pairs], self._wanted[pairs], self._other[pairs]
        found = self._model.site_slopes(moved.values, metric_slopes(self._metric, *given))
        ways = {name: self.source.values[name][pairs] - self.run.values[name][pairs] for name in found}
        return measured(self._metric, *given), {name: one * ways[name] for name, one in found.items()}


def effects_of(model: Subject, settings: Settings) -> tuple[Effects, tuple[str, ...]]:
    """Effects that settings ask for, and a note where pairs are left out."""
    pairs, notes = paired(model, settings)
    denoising = settings["direction"] == "denoising"
    return Effects(model, pairs, cast(Metric, settings["metric"]), denoising=denoising), notes


def _look_at_sites(model: Subject, settings: Settings, work: Work) -> Grids:
    effects, notes = effects_of(model, settings)
    kinds = work.each("methods", list(sites_by_kind(model).items()), "kinds of sites")
    grids = [grid_of(model, title, sites, effects.of) for title, sites in kinds]
    return Grids(tuple(grids), largest_of(grids[1:]), notes)


def _cost_of_sites(model: Subject, settings: Settings) -> float:
    sites = [one for some in sites_by_kind(model).values() for one in some.items()]
    n_runs = sum(len(cells_of(model, *one)) + 1 for one in sites)
    return run_cost(model, min(int(settings["pairs"]), len(model.rows))) * float(n_runs)


def _look_at_edges(model: AttentionModel, settings: Settings, work: Work) -> Grids:
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


def _cost_of_edges(model: AttentionModel, settings: Settings) -> float:
    return run_cost(model, min(int(settings["pairs"]), len(model.tokens))) * len(edge_names(model))


PATCHING_TABLE: Final = Lens(
    key="patching-table",
    label="Activation patching",
    definition="Every hidden neuron is set, in the run on one row, to its value on another: what the output becomes.",
    source="Vig et al., NeurIPS 2020 (arXiv:2004.12265); Geiger et al., NeurIPS 2021 (arXiv:2106.02997); masked runs "
    "agree with auto-circuit 98db58c",
    needs=("neurons",),
    size=lambda question, _: sum(question.network.hidden_sizes) * (len(question.method_rows[0]) - 1),
    look=_look_at_neurons,
    says=_neurons_say,
    can_know="Each row is a run of the network, so it is certain. One neuron at a time shows what that neuron decides "
    "alone: a variable on several neurons, or held twice, need not show.",
    columns=NEURON_COLUMNS | _RUN,
    bars=_neuron_bars,
    on_sites=partial(
        SiteLens,
        version=2,
        needs=(),
        definition="What one site computes at one position of a row, or one unit, is set to what it computes on a "
        "row that is answered otherwise and differs least: the share of the way from one run to the other that the "
        "metric goes, all pairs of rows together.",
        can_know="Each number is of runs of the model, so it is certain. One site at a time shows what that site "
        "decides alone: what is held twice need not show.",
        look=_look_at_sites,
        own=(METRIC, DIRECTION, PAIRS),
        multiplications=_cost_of_sites,
        refuses=alike,
        effects=True,
    ),
)


PATH_PATCHING: Final = Lens(
    key="path-patching",
    label="Path patching",
    definition="One path from an input to the output carries its value on another row, all else that of the base: what "
    "the output becomes, in both directions of each pair of rows.",
    source="Wang et al., ICLR 2023 (arXiv:2211.00593); Goldowsky-Dill et al. 2023 (arXiv:2304.05969); the signatures "
    "of Chen et al., NeurIPS 2025 (arXiv:2505.10039)",
    needs=("neurons",),
    size=lambda question, _: prod(question.network.sizes) * (len(question.method_rows[0]) - 1),
    look=_look_at_paths,
    says=_paths_say,
    can_know="Each row is a run of the network, so it is certain. AND and OR are said of what one path does to the "
    "answer against the background of the base, with 1 as the side that is kept: exchange 0 and 1 of the output, and "
    "they exchange too. They are no gates of an algorithm, which may need several paths at once.",
    columns={
        "path": "from the neuron that carries the source's value on, by the neurons computed anew",
        "direction": "noising if the base is answered 1 and the source 0, denoising for the reverse, else empty",
        **_RUN,
    },
    bars=_path_bars,
    on_sites=partial(
        SiteLens,
        version=2,
        definition="What one source gives one reader, and nobody else, is set to what it gives on a row that is "
        "answered otherwise and differs least: the share of the way from one run to the other that the metric goes.",
        can_know="Each number is of runs of the model, so it is certain: what this edge alone carries, all others "
        "being as they were.",
        look=_look_at_edges,
        own=(METRIC, DIRECTION, PAIRS),
        multiplications=_cost_of_edges,
        refuses=alike,
        effects=True,
    ),
)
