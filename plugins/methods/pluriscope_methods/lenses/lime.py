"""LIME: a line fitted to the outputs around each row, near points counting more.

Ribeiro, Singh and Guestrin, "Why Should I Trust You?" (KDD 2016). Every set of kept inputs is a point, the others
flipped, so nothing is drawn. lime draws 5,000 points, over which its ridge of 1 hardly weighs; so each set counts as
often as it comes up in so many draws. lime codes a categorical input as 1 where it has the row's value, so that its
coefficient is the effect of keeping that value: the slope by the input where the row has 1, its negative where the row
has 0.
"""

from __future__ import annotations

from functools import partial
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.sites import pairs_of
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.lens import Attribution, Grids, Lens, SiteLens, bit_of, outputs_by_input
from pluriscope_methods.lenses.null_test import N_NETWORKS, generator
from pluriscope_methods.lenses.on_sites import ROWS, alike, by_position, coalition_cost, coalitions, positions, too_long

Array = NDArray[np.float64]
_RIDGE: Final = 1.0
_DRAWS: Final = 5_000
_WIDTH: Final = 0.75  # of the kernel of nearness, times the root of the number of inputs


def weighted_ridge(points: Array, outputs: Array, weights: Array, ridge: float) -> tuple[Array, float, float | None]:
    """Slopes ``[n]``, the constant, and the weighted share of variance explained, of a ridge regression.

    The constant is not penalised. The share is None where the outputs do not vary.

    Args:
        points: ``[points, n]``.
        outputs: ``[points]``.
        weights: ``[points]``, not all 0.
        ridge: what the squared length of the slopes costs.

    Returns:
        NaN for every slope where the equations have no single solution.
    """
    total = fixed_order.total_of(weights)
    centre = np.add.accumulate(weights[:, None] * points)[-1] / total
    middle = fixed_order.total_of(weights * outputs) / total
    moved, rest = points - centre, outputs - middle
    products = np.add.accumulate(weights[:, None, None] * moved[:, :, None] * moved[:, None, :])[-1]
    products = products + ridge * np.eye(points.shape[1])
    slopes = fixed_order.solved(products, np.add.accumulate((weights * rest)[:, None] * moved)[-1])
    left = rest - fixed_order.inner(moved, slopes[None])[:, 0]
    spread = fixed_order.total_of(weights * rest * rest)
    share = 1.0 - fixed_order.total_of(weights * left * left) / spread if spread > 0.0 else None
    return slopes, middle - fixed_order.dot(slopes, centre), share


def nearness(kept: Array) -> Array:
    """The weight of each set of kept inputs in lime's draws: how often it comes up, times the root of a Gaussian.

    Args:
        kept: ``[2^n, n]`` 1 for what is kept.
    """
    n_sets, n = kept.shape
    width = _WIDTH * sqrt(n)
    lost = n - np.add.accumulate(kept, axis=1)[:, -1]
    weights: Array = _DRAWS / n_sets * fixed_order.exp_of_negative(-lost / (2.0 * width * width))
    return weights


def _usual(points: Array, outputs: Array, weights: Array) -> tuple[str, ...]:
    """Say what share a line explains of these outputs in random order; nothing where they do not vary."""
    orders = [generator(number).permutation(outputs) for number in range(N_NETWORKS)]
    shares = [weighted_ridge(points, one, weights, _RIDGE)[2] for one in orders]
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        return ()
    mean = fixed_order.total_of(np.array(known)) / len(known)
    return (f"Of the outputs in random order a line explains {mean:.0%} in the mean of {len(known)} orders.",)


def _look(question: Question, _settings: Settings, work: Work) -> Attribution | None:
    outputs, n_inputs = outputs_by_input(question), question.network.n_inputs
    flipped = np.arange(len(outputs))
    bits = np.array([bit_of(axis, n_inputs) for axis in range(n_inputs)])
    kept = ((flipped[:, None] & bits) == 0).astype(np.float64)
    weights = nearness(kept)
    slopes, constants, shares = [], [], []
    for row in range(len(outputs)):
        found, constant, share = weighted_ridge(kept, outputs[row ^ flipped], weights, _RIDGE)
        if not np.isfinite(found).all():
            return None
        slopes.append(found)
        constants.append(constant)
        shares.append(share)
        work.check()
    return Attribution(
        np.array(slopes), intercepts=np.array(constants), r2=tuple(shares), notes=_usual(kept, outputs, weights)
    )


def _says(_question: Question, seen: Attribution) -> str:
    known = [share for share in seen.r2 or () if share is not None]
    largest = float(np.abs(seen.scores).max())
    text = f"The largest effect of keeping an input's value is {largest:.3g} (either sign)"
    if not known:
        return f"{text}."
    return f"{text}; the lines explain {min(known):.0%} to {max(known):.0%} of the weighted variance around their rows."


def _look_at_tokens(model: Subject, settings: Settings, _work: Work) -> Grids:
    pairs, n = pairs_of(model, int(settings["rows"])), len(positions(model))
    values = coalitions(model, pairs.clean, pairs.corrupt[:, None])
    kept = (np.arange(1 << n)[:, None] >> np.arange(n)[::-1] & 1).astype(np.float64)
    weights = nearness(kept)
    fits = [weighted_ridge(kept, outputs, weights, _RIDGE) for outputs in values]
    grids, strongest = by_position(model, pairs.clean, np.array([slopes for slopes, _, _ in fits]), "Slope")
    shares = [share for _, _, share in fits if share is not None]
    explained = f" The lines explain {min(shares):.0%} or more of the weighted variance." if shares else ""
    return Grids(grids, f"{strongest}{explained}", _usual(kept, values[0], weights))


LIME: Final = Lens(
    key="lime",
    version=3,
    label="LIME",
    definition="An input's score is the effect of keeping the row's value instead of flipping it: its coefficient in a "
    "ridge regression of the output on which inputs are kept, near rows counting more. Where the row has 1, that is "
    "the slope by the input; where it has 0, its negative.",
    source="Ribeiro, Singh & Guestrin, KDD 2016 (arXiv:1602.04938); scores agree with lime 0.2.0.1 where its 5,000 "
    "draws have every neighbour equally often, and differ by up to 0.02 on xor-pretrained as it draws by default; "
    "captum 0.9.0 fits a lasso to draws from the baseline 0, up to 0.8 apart there",
    needs=("boolean-rows",),
    look=_look,
    says=_says,
    can_know="As with Shapley values, only outputs on Boolean inputs take part, so two networks with equal "
    "outputs have equal scores. A line may leave out most of a function: the share of variance says how much. "
    "Ridge, width of the kernel and number of draws are those that lime has for tables.",
    on_sites=partial(
        SiteLens,
        version=4,
        needs=(),
        definition="The score of a position is its slope in a ridge regression of the right logit, less the mean of "
        "the others, on which positions of a row are kept; the others are those of the row that is answered "
        "otherwise and differs least.",
        can_know="A line is fitted to one row and its partner: positions that both have alike have slope 0, whatever "
        "they do elsewhere. lime itself cuts numbers into quartiles and draws from these: other rows, other scores.",
        look=_look_at_tokens,
        own=(ROWS,),
        multiplications=lambda model, settings: coalition_cost(model, int(settings["rows"]), 1),
        refuses=lambda model, settings: alike(model, settings) or too_long(model, settings),
    ),
)
