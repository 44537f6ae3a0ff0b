"""How far the distribution over outputs that a circuit gives is from the whole model's."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.criterion import Criterion, Parameter, Settings
from analysis.criteria.cut_context import SPENT, CutContext
from analysis.criteria.verdict import Verdicts, Witness, verdicts_of

NEAR: Final = 1e-9
"""A divergence that is no further from the tolerance is undecided: logarithms differ from machine to machine."""


def _close(context: CutContext, settings: Settings) -> Verdicts:
    n = min(len(context), context.runs)
    divergences = np.full(len(context), np.nan)
    for positions in context.batches(n):
        by_row = divergence(context.whole, context.outputs(context.masks[positions]))
        divergences[positions] = by_row.mean(axis=1)

    def explain(position: int) -> tuple[str, Witness]:
        if position >= n:
            return SPENT, {}
        near = ", too near the tolerance to decide" if is_near[position] else ""
        return f"The mean divergence over the rows is {divergences[position]:.3g} nats{near}.", {}

    is_near = np.abs(divergences - settings["tolerance"]) <= NEAR
    undecided = np.isnan(divergences) | is_near
    return verdicts_of(divergences <= settings["tolerance"], explain, scores=divergences, undecided=undecided)


def divergence(whole: NDArray[np.float64], cut: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[circuits, rows]`` Kullback–Leibler divergence of what a circuit gives from what the whole model does, in nats.

    Args:
        whole: outputs ``[rows, outputs]``, logarithms of probabilities but for a constant.
        cut: ``[circuits, rows, outputs]`` likewise.
    """
    of_whole, of_cut = (log_softmax(one) for one in (whole, cut))
    total: NDArray[np.float64] = (np.exp(of_whole) * (of_whole - of_cut)).sum(axis=-1)
    return np.maximum(total, 0.0)


def log_softmax(outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the probabilities that outputs stand for, over the last axis."""
    below = outputs - outputs.max(axis=-1, keepdims=True)
    found: NDArray[np.float64] = below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return found


KL_FAITHFULNESS: Final = Criterion(
    key="kl-faithfulness",
    label="KL faithfulness",
    definition="The distribution over outputs that the circuit gives diverges from the whole model's by no more than "
    "the tolerance, in the mean over the rows.",
    formula="mean over rows x of D_KL(softmax f(x) ‖ softmax f_C(x))  ≤  tolerance",
    source="Conmy et al., NeurIPS 2023 (arXiv:2304.14997), §3, who prune edges by this divergence",
    judges={},
    by_trait={"cut": _close},
    direction="lower",
    parameters=(Parameter("tolerance", 0.1, 0.0, 1e6, "largest mean divergence allowed", "nats"),),
    score="mean divergence",
    term="faithfulness",
)
