"""Circles of answers, turned: whether a network reads the angle of a circle on which its answers lie.

Engels et al., "Not All Language Model Features Are One-Dimensionally Linear" (2024, arXiv:2405.14860), find circles of
days and months and intervene on them. Here the means of the answers at a site are tested for a circle as
:mod:`pluriscope_methods.lenses.feature_structure` does it, among orders of the answers and among networks with the
entries of each matrix shuffled; then the site is turned in the circle's plane about its centre, step by step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from math import factorial, pi
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.classifier import Classifier
from pluriscope.analysis.subjects.convolutional import Convolutional
from pluriscope.analysis.subjects.recurrent import Recurrent
from pluriscope.analysis.subjects.sites import Site, on_all_rows, turned
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.feature_structure import FEWEST_TESTED, MOST, circle_shares, label_means, shuffled_model
from pluriscope_methods.lenses.lens import Array, Grid, Grids, SiteLens, run_cost
from pluriscope_methods.lenses.magnitude_codes import shuffled_recurrent
from pluriscope_methods.lenses.null_test import generator, shuffled
from pluriscope_methods.lenses.on_sites import encoded_sites

N_UNTRAINED: Final = 999
N_PLANES: Final = 99
"""Random planes beside the circle's."""
_ORDERS: Final = 5_040
"""Orders up to which all are tried: of up to 8 answers, the first of which may stay; else so many are drawn."""
_NEAR: Final = 1e-9


def _sites(model: Subject) -> dict[str, Site]:
    """The sites that have one vector on each row: the last position of tokens, and layers without positions."""
    tokens = bool(np.issubdtype(model.inputs.dtype, np.integer))
    return {name: Site(name, shape[0] - 1) for name, shape in encoded_sites(model).items() if tokens or shape[0] == 1}


def _labels(model: Subject) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    answers, labels = np.unique(model.answers, return_inverse=True)
    return answers, labels.reshape(-1)


def _means(model: Any, sites: Mapping[str, Site], labels: NDArray[np.int64]) -> dict[str, Array]:
    values = on_all_rows(model, sites.__contains__)
    return {name: label_means(values[name][:, site.at], labels) for name, site in sites.items()}


def untrained(model: Any, number: int) -> Any:
    """Return a network with the entries of each matrix in random order, the same for the same number from 0."""
    if not isinstance(model, Classifier):
        return shuffled_model(model, number)
    if isinstance(model, Recurrent):
        return shuffled_recurrent(model, number)
    weights = tuple(shuffled(generator(number), model.network.weights))
    return replace(model, network=replace(model.network, weights=weights))


def orders_of(n: int) -> NDArray[np.int64]:
    """``[orders, n]`` orders of labels on a circle: each that starts with the first label, or as many draws."""
    if factorial(n - 1) <= _ORDERS:
        return np.array([(0, *rest) for rest in permutations(range(1, n))])
    random = generator(0)
    return np.array([random.permutation(n) for _ in range(N_UNTRAINED)])


def _look(model: Subject, settings: Settings, work: Work) -> Grids:
    sites, (answers, labels) = _sites(model), _labels(model)
    sites = {name: site for name, site in sites.items() if settings["site"] in ("", name)}
    n, own = len(answers), _means(model, sites, labels)
    usual = np.arange(n)[None]
    shares = {name: circle_shares(means, usual)[0] for name, means in own.items()}
    best = max(shares, key=lambda name: shares[name].max())
    share, times = float(shares[best].max()), int(shares[best].argmax()) + 1
    orders = orders_of(n)
    in_order = np.max([circle_shares(means, orders).max(axis=1) for means in own.values()], axis=0)
    whole = len(orders) == factorial(n - 1)
    n_orders, p_order = _p(in_order, share, counted=whole)
    null = np.array(
        [
            [circle_shares(means, usual).max() for means in _means(untrained(model, at), sites, labels).values()]
            for at in work.each("lenses", range(N_UNTRAINED), "untrained networks")
        ]
    )
    n_null, p_null = _p(null.max(axis=1), share, counted=False)
    cells = [(float(one.max()), int(one.argmax()) + 1) for one in shares.values()]
    beside = fixed_order.mean(null).tolist()
    title = f"Share of what differs by answer that a circle explains, × how often it goes round in {n} steps"
    values = tuple((value, mean) for (value, _), mean in zip(cells, beside, strict=True))
    texts = tuple((f"{value:.3f} ×{k}", f"{mean:.3f}") for (value, k), mean in zip(cells, beside, strict=True))
    grid = Grid(title, tuple(shares), ("share", "in untrained networks"), values, texts=texts, most=1.0)
    turns, by_one, random, as_often = _turned(model, sites[best], own[best], times, work)
    rows = len(model.rows)
    says = (
        f"A circle explains {share:.1%} of what differs by answer at {best}, going round {times} times. "
        f"{n_orders} of {len(orders):,} orders of the answers have as much (p = {p_order:.4f}), and {n_null} of "
        f"{N_UNTRAINED} untrained networks (p = {p_null:.3f}). Turned by one step about its centre, the answer is the "
        f"next one on {by_one:,} of {rows:,} rows; in planes drawn at random on {random:.1f} in the mean, and "
        f"{as_often} of {N_PLANES} draws do as much."
    )
    return Grids((grid, turns), says)


def _p(others: Array, own: float, *, counted: bool) -> tuple[int, float]:
    """How many are as large, and p: their share where all are counted, own among them; else as of draws."""
    as_large = int((others >= own - _NEAR).sum())
    return as_large, as_large / len(others) if counted else (1 + as_large) / (1 + len(others))


def _turned(model: Subject, site: Site, means: Array, times: int, work: Work) -> tuple[Grid, int, float, int]:
    """Turn a site in the plane of its circle: how far the answer moves, as a heat map; on how many rows a turn by one
    step moves it by one; the mean of that in planes at random, and how many of these do as much.

    Args:
        model: whose answers are asked.
        site: that is turned.
        means: ``[labels, d]`` of its values by answer.
        times: how often the circle goes round.
    """
    (answers, labels), n = _labels(model), len(means)
    step = 2.0 * pi * times / n
    waves = np.stack([np.cos(step * np.arange(n)), np.sin(step * np.arange(n))])
    values = on_all_rows(model, site.name.__eq__)[site.name][:, site.at]
    centre = fixed_order.mean(np.stack([fixed_order.mean(values[labels == label]) for label in range(n)]))
    place = np.full(len(model.outputs) + 1, -1)
    place[answers] = np.arange(n)
    own = largest(model.run_sites(model.inputs, lambda _, unchanged: unchanged))

    def moved(plane: Array, angle: float) -> NDArray[np.int64]:
        """``[n]`` rows whose answer moves by so many steps."""
        given = place[largest(model.run_sites(model.inputs, turned(site, plane, angle, centre)))]
        known = (given >= 0) & (place[own] >= 0)
        return np.bincount((given - place[own])[known] % n, minlength=n)

    plane = fixed_order.inner(waves, np.ascontiguousarray(means.T))
    found = [moved(plane, step * k) for k in range(1, n)]
    drawn = [
        int(moved(generator(number).normal(size=plane.shape), step)[1])
        for number in work.each("lenses", range(N_PLANES), "random planes")
    ]
    rows = tuple(f"{k} step{'s' if k > 1 else ''}" for k in range(1, n))
    shares = tuple(tuple((one / len(model.rows)).tolist()) for one in found)
    title = f"Share of rows whose answer moves by so many steps if {site.name} is turned as often by {step:.3f} radians"
    grid = Grid(title, rows, tuple(f"+{k}" for k in range(n)), shares, most=1.0)
    by_one = int(found[0][1])
    return grid, by_one, sum(drawn) / len(drawn), sum(one >= by_one for one in drawn)


def _refuses(model: Any, settings: Settings) -> str:
    n, sites = len(np.unique(model.answers)), _sites(model)
    if not FEWEST_TESTED <= n <= MOST:
        return f"There are {n} different answers, and a circle is tested among {FEWEST_TESTED} to {MOST}."
    if not sites or settings["site"] not in ("", *sites):
        return f"There is no site {str(settings['site'])[:40]} with one vector a row; there are {', '.join(sites)}."
    if isinstance(model, Convolutional):
        return "The kernels of convolutions are not shuffled here."
    return "" if max(shape[1] for shape in encoded_sites(model).values()) > 1 else "Each site has one number."


TURNED_CIRCLE: Final = SiteLens(
    key="turned-circle",
    label="A circle of answers, turned",
    definition="Whether the answers in their order lie on a circle at a site, among orders of the answers and beside "
    "networks with the entries of each matrix shuffled; and how the answer moves where the site is turned in that "
    "circle’s plane about its centre.",
    source="Engels et al. 2024 (arXiv:2405.14860)",
    needs=("readings",),
    own=(Setting("site", "", "empty for the one with the best circle", reads=str.strip, example="h2"),),
    can_know="That answers lie on a circle is a fact of the values; that turning it moves the answer step by step, "
    "and random planes do not, says that the network reads its angle. The order of answers is that of the outputs.",
    look=_look,
    multiplications=lambda model, _: N_UNTRAINED * (run_cost(model) + 5e5 * len(encoded_sites(model))),
    refuses=_refuses,
)
