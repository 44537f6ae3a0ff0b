"""Search for subspaces of one vector on which variables are placed.

A vector h becomes ``h + Π (h(s) − h)``, with Π orthogonal onto directions, or oblique: onto some directions along what
others leave. Oblique ones are generous, so the condition number and the orthogonal score stand beside theirs. What is
tried is a grid of angles of vectors of two numbers, refined where it is best, and spans of the differences of a
variable's class means, orthogonal and along those of the other variables of its model. These are *found*: a family of
them is not all that there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Final

import numpy as np

from pluriscope.analysis.interventions.subspace import Subspace, swap_rows
from pluriscope.analysis.placements.families import Family
from pluriscope.analysis.placements.interchange import Array, AskedModel, Place, Places
from pluriscope.analysis.placements.scores import Search

_COARSE: Final = 8  # angles of orthogonal directions for one of oblique ones
_STEEP: Final = 0.05  # the least cosine of a read-out and the direction along which it is exchanged
_ROUNDS: Final = 6  # in which steps of angles are halved
_RANK: Final = 1e-6  # of the largest difference of means, below which there is none
_DIGITS: Final = 12
_VECTORS: Final = 2  # of a variable, those with the best scores as a whole
_PAIRS: Final = 512  # on which a descent is scored
_WIDTH: Final = 0.5  # of its first steps


def direction_families(search: Search) -> tuple[Family, ...]:
    """Score directions of single vectors; the families of what was tried."""
    found, clean = list[Family](), search.there.clean
    single = [site for site in clean if clean[site].shape[1] == 1 and (site, 0) not in search.parts.inputs]
    for site in single:
        if clean[site].shape[2] == 2 and search.bounds.angles:
            found.append(
                _scored(
                    search, f"angles of {site}", _planes(site, search.bounds.angles), f"directions of {site} by angles"
                )
            )
            found.append(
                _scored(search, f"refined angles of {site}", [*_refined(search, site)], "the best ones, refined")
            )
    spans = [*dict.fromkeys(_spans(search, single))]
    if spans:
        holds = "spans of the differences of class means, orthogonal and along those of the model's other variables"
        found.append(_scored(search, "class means", spans, holds))
    if search.bounds.descent:
        learned = [*_learned(search, single)]
        found.append(_scored(search, "learned directions", learned, "directions by a descent on drawn pairs of rows"))
    return tuple(one for one in found if one.sets)


def _scored(search: Search, name: str, sets: Sequence[Places], holds: str) -> Family:
    there, tried, runs = search.there, list[Places](), 0
    for one in sets[: search.bounds.sets]:
        runs += (more := there.n_rows * len(there.values(one)[0]))
        if runs > search.bounds.runs // 4:
            runs -= more
            break
        tried.append(one)
    family = Family(name, holds, tuple(tried), len(sets), runs, exact=False)
    search.score([family])
    return family


def _subspace(reads: Array, swaps: Array | None = None) -> Subspace | None:
    """The subspace of read-outs and directions in rows; None where the one cannot be set along the other."""
    rows = [tuple((np.round(one, _DIGITS) + 0.0).tolist()) for one in reads]
    along = () if swaps is None else tuple(tuple((np.round(one, _DIGITS) + 0.0).tolist()) for one in swaps)
    found = Subspace(1, tuple(rows), along)
    return None if found.problem or swap_rows([found]) is None else found


def _plane(site: str, read: float, along: float | None = None) -> Places:
    subspace = _subspace(*(np.array([[np.cos(one), np.sin(one)]]) for one in (read, along) if one is not None))
    return () if subspace is None else (Place(site, None, None, subspace),)


def _planes(site: str, n: int) -> list[Places]:
    orthogonal = [_plane(site, angle) for angle in np.arange(n) * np.pi / n]
    angles = np.arange(n // _COARSE) * np.pi / (n // _COARSE)
    pairs = ((one, other) for one, other in product(angles, angles) if one != other)
    oblique = [_plane(site, *pair) for pair in pairs if abs(np.cos(pair[0] - pair[1])) >= _STEEP]
    return [one for one in (*orthogonal, *oblique) if one]


def _refined(search: Search, site: str) -> Iterator[Places]:
    """The best pair of angles of each variable that no pair of the grid places, its steps halved time and again."""
    for number, (asked, name) in enumerate(search.columns):
        some = [one for one in search.scored if one.map != "coordinates" and one.places[0].site == site]
        best = max(some, key=lambda one: int(one.agreed[number]))
        if not asked.possible(name).changed_of or best.agreed[number] == asked.possible(name).of:
            continue
        assert best.places[0].directions is not None  # noqa: S101  # of these alone
        (read,), (along,) = (
            best.places[0].directions.reads,
            best.places[0].directions.swaps or best.places[0].directions.reads,
        )
        at, most, step = (
            (np.arctan2(read[1], read[0]), np.arctan2(along[1], along[0])),
            int(best.agreed[number]),
            np.pi * _COARSE / search.bounds.angles / 2,
        )
        for _ in range(_ROUNDS):
            near = [(at[0] + one * step, at[1] + other * step) for one, other in product((-1, 0, 1), repeat=2)]
            for pair in near:
                if abs(np.cos(pair[0] - pair[1])) >= _STEEP and (place := _plane(site, *pair)):
                    agreed = asked.score(name, search.there.table(place)).agreed
                    if agreed > most:
                        at, most = pair, agreed
            step /= 2
        if most > best.agreed[number]:
            yield _plane(site, *at)


def _vectors(search: Search, number: int, single: Sequence[str]) -> list[tuple[str, int | None]]:
    """Single vectors: all that are a site, and where sites have positions the best ones for a variable."""
    whole = [one for one in search.scored if one.family.name == "vectors"]
    best = sorted(whole, key=lambda one: -int(one.agreed[number]))[:_VECTORS]
    return [*((site, None) for site in single), *((one.places[0].site, one.places[0].at) for one in best)]


def _effects(values: Array, asked: AskedModel, names: Iterable[str]) -> dict[str, Array]:
    """A basis of the differences that each variable makes to vectors ``[rows, width]``, by an additive fit."""
    columns = {}
    for name in names:
        different = np.unique(asked.itself[name])[1:]
        columns[name] = (asked.itself[name][:, None] == different).astype(np.float64)
    design = np.concatenate([np.ones((len(values), 1)), *columns.values()], axis=1)
    fit, start, found = np.linalg.lstsq(design, values, rcond=None)[0], 1, dict[str, Array]()
    largest = max(float(np.abs(values - values.mean(axis=0)).max()), 1e-300)
    for name, part in columns.items():
        rows = fit[start : start + part.shape[1]]
        start += part.shape[1]
        _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
        found[name] = directions[sizes > _RANK * largest]
    return found


def _spans(search: Search, single: Sequence[str]) -> Iterator[Places]:
    for number, (asked, name) in enumerate(search.columns):
        if not asked.possible(name).changed_of:
            continue
        for site, at in _vectors(search, number, single):
            values = search.there.clean[site][:, at or 0]
            alone = _effects(values, asked, [name])[name]
            together = _effects(values, asked, asked.model.variables)
            basis = np.concatenate([together[name], *(rows for other, rows in together.items() if other != name)])
            k = len(together[name])
            tried = [_subspace(alone)] if 0 < len(alone) < values.shape[1] else []
            if 0 < k < min(len(basis), values.shape[1]) and np.linalg.matrix_rank(basis) == len(basis):
                tried.append(_subspace(np.linalg.pinv(basis).T[:k], basis[:k]))
            yield from ((Place(site, at, None, one),) for one in tried if one)


def _learned(search: Search, single: Sequence[str]) -> Iterator[Places]:
    """For each variable and vector the read-out and direction to which random steps lead that lose no drawn pair."""
    there, random = search.there, np.random.default_rng(0)
    for number, (asked, name) in enumerate(search.columns):
        if not asked.possible(name).changed_of:
            continue
        base, source = random.integers(0, there.n_rows, (2, _PAIRS))
        wanted = asked.answers({name: asked.itself[name][source]})[base, np.arange(_PAIRS)]
        for site, at in _vectors(search, number, single):
            rows = random.normal(size=(2, 1, there.clean[site].shape[2]))
            best, width, most = rows, _WIDTH, -1
            for _ in range(search.bounds.descent):
                tried = best + width * random.normal(size=best.shape) if most >= 0 else rows
                tried /= np.linalg.norm(tried, axis=2, keepdims=True)
                if (subspace := _subspace(*tried)) is None:
                    continue
                place = (Place(site, at, None, subspace),)
                agreed = int((there.outputs([(place, source)], base).argmax(axis=1) == wanted).sum())
                best, most, width = (tried, agreed, width) if agreed >= most else (best, most, max(width * 0.97, 0.01))
            if most >= 0 and (found := _subspace(*best)):
                yield (Place(site, at, None, found),)
