"""Distributed alignment search on sites: subspaces learned so that interchanging them brings the other row's answer.

Geiger et al., "Finding Alignments Between Interpretable Causal Variables and Distributed Neural Representations" (CLeaR
2024). Of the neurons of perceptrons the same is learned by :mod:`pluriscope_methods.directions.das`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.chances import log_softmax
from pluriscope.analysis.subjects.sites import Pairs, Site, run
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.lens import Grid, Grids, SiteLens, run_cost
from pluriscope_methods.lenses.null_test import generator
from pluriscope_methods.lenses.on_sites import (
    FOLDS,
    PAIRS,
    Shape,
    alike,
    encoded_sites,
    folds_of,
    has_tokens,
    paired,
    shapes_of,
    times_two_folds,
)

Array = NDArray[np.float64]
_RANK: Final = 1e-9
_FEWEST: Final = 4
N_DRAWN: Final = 5
"""Subspaces of each site that are drawn at random."""


_DIMENSION: Final = Setting("dimension", 1, "of the subspace", low=1, high=256)
_STEPS: Final = 50
_RATE: Final = 0.3
_NOWHERE: Final = (None, None, None)


def _searched(model: Subject) -> dict[str, Shape]:
    """The sites of which subspaces are learned, with their shapes: the stream; of rows of numbers all that is made of
    these.
    """
    if not has_tokens(model):
        return encoded_sites(model)
    return {name: shape for name, shape in shapes_of(model).items() if name.startswith("x")}


def _too_wide(model: Subject, settings: Settings) -> str:
    d, k = min(width for _, width in _searched(model).values()), int(settings["dimension"])
    if len(model.rows) < _FEWEST:
        return f"The task has {len(model.rows)} rows, and some of the pairs are held out."
    where = "The stream" if has_tokens(model) else "A site"
    return "" if k <= d else f"{where} has {d} dimensions, fewer than {k}."


def _multiplications(model: Subject, settings: Settings) -> float:
    n = sum(n for name, (n, _) in _searched(model).items() if not name.endswith("mid"))
    return (3.0 * _STEPS * times_two_folds(settings) + N_DRAWN) * run_cost(model, int(settings["pairs"])) * n


def learned_subspace(model: Subject, site: Site, pairs: Pairs, dimension: int) -> Array:
    """``[dimension, d_model]`` orthonormal directions of a stream, so that interchanging what lies in them gives the
    partner's answer, by descent of the cross-entropy from the directions in which partners differ most.

    Args:
        site: of the stream, with a position.
        pairs: that are learned from.
        dimension: at most d_model.
    """
    data, wanted = model.inputs[pairs.clean], model.answers[pairs.corrupt]
    own, other = (run(model, model.inputs[rows]).values[site.name] for rows in (pairs.clean, pairs.corrupt))
    moved = (other - own)[:, site.at]
    spread = fixed_order.decomposed(moved, _RANK)
    start = spread[2][np.argsort(-spread[1], kind="stable")]
    basis = orthonormal(np.concatenate([start, np.eye(moved.shape[1])]))[:dimension]
    best = np.inf, basis
    for done in range(_STEPS):
        inside, stream = fixed_order.inner(moved, basis), own.copy()
        stream[:, site.at] += fixed_order.inner(inside, basis.T)
        patched = run(model, data, [(site, stream)])
        chances = log_softmax(patched.logits)
        loss = -fixed_order.total_of(chances[np.arange(len(data)), wanted])
        best = min(best, (loss, basis), key=lambda one: one[0])
        by_logits = np.exp(chances)
        by_logits[np.arange(len(data)), wanted] -= 1.0
        slope = model.site_slopes(patched.values, by_logits)[site.name][:, site.at]
        along = fixed_order.inner(slope, basis)
        step = fixed_order.inner(inside.T, slope.T) + fixed_order.inner(along.T, moved.T)
        size = fixed_order.length(step.ravel())
        if not size > 0.0:
            break
        basis = orthonormal(basis - _RATE * (1.0 - done / _STEPS) * step / size)
    return best[1]


def orthonormal(rows: Array) -> Array:
    """Rows made orthonormal one after the other; those that depend on earlier ones are left out."""
    found: list[Array] = []
    for row in rows:
        rest = row
        for one in (*found, *found):  # twice, so that rounding does not add up
            rest = rest - fixed_order.dot(rest, one) * one
        size = fixed_order.length(rest)
        if size > _RANK * max(1.0, fixed_order.length(row)):
            found.append(rest / size)
    return np.array(found)


def _look_at_sites(model: Subject, settings: Settings, work: Work) -> Grids:
    pairs, notes = paired(model, settings)
    folds, dimension, n = folds_of(len(pairs.clean), settings), int(settings["dimension"]), len(pairs.clean)
    searched, wanted = _searched(model), model.answers[pairs.corrupt]
    clean, corrupt = (run(model, model.inputs[some]).values for some in (pairs.clean, pairs.corrupt))
    shares, directions = list[list[tuple[float | None, ...]]](), dict[str, Any]()
    names, widest, every = tuple(searched), max(n for n, _ in searched.values()), np.ones(n, dtype=np.bool_)

    def within(moved: Array, basis: Array) -> Array:
        return fixed_order.inner(fixed_order.inner(moved, basis), basis.T)

    def n_moved(name: str, at: int, change: Array, some: NDArray[np.bool_]) -> int:
        """How many of some pairs are answered as the other row."""
        logits = run(model, model.inputs[pairs.clean[some]], [(Site(name, at), (clean[name] + change)[some])]).logits
        return int((largest(logits) == wanted[some]).sum())

    for name in work.each("methods", list(searched), "layers"):
        moved, some = corrupt[name] - clean[name], list[tuple[float | None, ...]]()
        for at in range(searched[name][0]):
            right, bases = 0, list[Array]()
            for fitted in folds:
                learnt = Pairs(pairs.clean[fitted], pairs.corrupt[fitted], pairs.of)
                bases.append(basis := learned_subspace(model, Site(name, at), learnt, dimension))
                right += n_moved(name, at, within(moved, basis), ~fitted)
            directions[str(Site(name, at))] = [one.tolist() for one in bases]
            draws = [orthonormal(generator(number).normal(size=basis.shape)) for number in range(N_DRAWN)]
            n_drawn = sum(n_moved(name, at, within(moved, one), every) for one in draws)
            some.append((right / n, n_moved(name, at, moved, every) / n, n_drawn / N_DRAWN / n))
        shares.append(some + [_NOWHERE] * (widest - len(some)))
    sites = tuple(tuple(str(Site(name, at)) for at in range(widest)) for name in names)
    learned, whole, drawn = (tuple(tuple(one[at] for one in row) for row in shares) for at in range(3))
    noun = "stream" if has_tokens(model) else "site"
    columns, title = (
        tuple(map(str, range(1, widest + 1))),
        f"Held-out pairs answered as the other row, by {dimension} dimensions",
    )
    grids = (
        Grid(title.removesuffix("s") if dimension == 1 else title, names, columns, learned, (), (), 1.0),
        Grid(f"The same by the whole {noun} there", names, columns, whole, sites, (), 1.0),
        Grid("The same by directions drawn at random, in the mean", names, columns, drawn, (), (), 1.0),
    )
    best, name, place = max((value, name, column) for name, column, value, _ in grids[0].cells())
    usual = drawn[names.index(name)][columns.index(place)]
    sentence = f"Learned on {name} at position {place}, it brings the other answer on {best:.0%} of held-out pairs; "
    sentence += f"directions drawn at random on {usual:.0%}."
    d, n_fitted = max(width for _, width in searched.values()), int(folds[0].sum())
    few = f"Learned from {n_fitted} pairs, no more than the {d} dimensions: too few."
    return Grids(grids, sentence, (*notes, few) if n_fitted <= d else notes, directions)


DAS: Final = SiteLens(
    key="das",
    version=4,
    label="Distributed alignment search",
    definition="Of the residual stream of each layer and position, or of the units or channels there, a subspace "
    "is learned so that interchanging it between rows brings the other row’s answer: the share of pairs on which "
    "one does that was learned from the other folds, beside the shares for the whole stream there and for "
    "directions drawn at random.",
    source="Geiger et al., CLeaR 2024 (arXiv:2303.02536), with the answer as the variable",
    can_know="Where the other answer follows, the answer lies in that subspace on these pairs; another start or "
    "dimension may find another. Where it does not, that shows nothing.",
    needs=("readings",),
    look=_look_at_sites,
    own=(_DIMENSION, PAIRS, *FOLDS),
    multiplications=_multiplications,
    refuses=lambda model, settings: alike(model, settings) or _too_wide(model, settings),
)
