"""How criteria judge circuits of models of any kind, by running masks alone; and those asked of nothing else.

What a criterion cannot decide within so many runs stays undecided; a count, not a clock, ends it, so every machine
leaves the same circuits undecided.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.criterion import Criterion, Parameter, Settings
from analysis.criteria.cut_context import SPENT, CutContext
from analysis.criteria.verdict import Verdicts, Witness, same_for_all, verdicts_of


def valid_on_every_source(context: CutContext, _: Settings) -> Verdicts:
    """Valid whichever row gives what cut edges carry; a circuit is given up at the first row that refutes it."""
    if context.outputs_from is None:
        reason = "What a cut edge carries on another row is not defined for this kind of model."
        return same_for_all(len(context), "not_applicable", reason)
    refuted_by = np.full(len(context), -1)
    undecided = np.zeros(len(context), dtype=np.bool_)
    left = context.runs
    for positions in context.batches(len(context)):
        alive = positions
        for source in range(context.n_rows):
            if left < len(alive):
                undecided[alive] = True
                break
            context.work.check()
            left -= len(alive)
            n_wrong = context.n_wrong(context.outputs_from(context.masks[alive], source))
            failed = n_wrong > context.max_wrong
            refuted_by[alive[failed]] = source
            alive = alive[~failed]
            if not len(alive):
                break

    def explain(position: int) -> tuple[str, Witness]:
        if undecided[position]:
            return SPENT, {}
        if refuted_by[position] < 0:
            return f"It decides right whichever of the {context.n_rows} rows gives what cut edges carry.", {}
        source = int(refuted_by[position])
        return f"It decides wrong where cut edges carry what they do on row {source}.", {"source": source}

    return verdicts_of(refuted_by < 0, explain, undecided=undecided)


def necessary(context: CutContext, _: Settings) -> Verdicts:
    """The complement of each is not valid."""
    n = context.within(np.ones(len(context), dtype=np.int64))
    passed = np.zeros(len(context), dtype=np.bool_)
    for positions in context.batches(n):
        passed[positions] = ~context.valid(~context.masks[positions])

    def explain(position: int) -> tuple[str, Witness]:
        if position >= n:
            return SPENT, {}
        return f"What it leaves out is {'not ' if passed[position] else ''}valid by itself.", {}

    return verdicts_of(passed, explain, undecided=np.arange(len(context)) >= n)


def without_any_edge(context: CutContext, _: Settings) -> Verdicts:
    """Without any single bit none of them means a valid circuit."""
    sizes = context.masks.sum(axis=1)
    n = context.within(sizes)
    n_needed = np.zeros(len(context), dtype=np.int64)
    for positions in context.batches(n):
        for bit in range(context.masks.shape[1]):
            having = positions[context.masks[positions, bit]]
            without = context.masks[having]
            without[:, bit] = False
            n_needed[having] += ~context.valid(without)

    def explain(position: int) -> tuple[str, Witness]:
        if position >= n:
            return SPENT, {}
        return f"Of {sizes[position]} single removals {n_needed[position]} leave no valid circuit.", {}

    undecided = np.arange(len(context)) >= n
    return verdicts_of(n_needed == sizes, explain, numerators=n_needed, denominators=sizes, undecided=undecided)


def subset_minimal(context: CutContext, _: Settings) -> Verdicts:
    """As the search found it."""
    words = {0.0: "A valid circuit keeps only a part of it.", 1.0: "No valid circuit keeps only a part of it."}

    def explain(position: int) -> tuple[str, Witness]:
        return words.get(float(context.minimal[position]), "Not all valid circuits are listed."), {}

    return verdicts_of(context.minimal == 1.0, explain, undecided=np.isnan(context.minimal))


def cardinally_minimal(context: CutContext, _: Settings) -> Verdicts:
    """As many bits as the smallest valid circuit."""
    sizes, fewest = context.masks.sum(axis=1), context.fewest
    if fewest is None:
        return same_for_all(len(context), "undecided", "The valid circuits of the model were not searched.")

    def explain(position: int) -> tuple[str, Witness]:
        return f"It keeps {sizes[position]}; the smallest valid circuit keeps {fewest}.", {}

    return verdicts_of(sizes == fewest, explain, scores=sizes)


def firm(context: CutContext, settings: Settings) -> Verdicts:
    """No gap is closer to 0 than the least margin."""

    def explain(position: int) -> tuple[str, Witness]:
        return f"The closest gap is {context.margins[position]:.3g} from 0.", {}

    return verdicts_of(context.margins >= settings["least"], explain, scores=context.margins)


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


def _roles_agree(context: CutContext, _: Settings) -> Verdicts:
    if context.roles is None:
        return same_for_all(len(context), "undecided", "Finding the roles of its nodes takes too long.")
    whole, cut = context.roles
    alike = (cut == whole).all(axis=1) & context.active
    n_alike, n_active = alike.sum(axis=1), context.active.sum(axis=1)

    def explain(position: int) -> tuple[str, Witness]:
        return f"{n_alike[position]} of its {n_active[position]} nodes have the roles that they have in the model.", {}

    passed = np.equal(n_alike, n_active)
    return verdicts_of(passed, explain, numerators=n_alike, denominators=n_active)


ROLE_AGREEMENT: Final = Criterion(
    key="role-agreement",
    label="Role agreement",
    definition="Every node of the circuit has the same roles there as in the whole model.",
    formula="for every node v of C and every role r: r(v in C) = r(v in M)",
    source="roles of attention heads after Olsson et al. 2022 (arXiv:2209.11895) and Wang et al., ICLR 2023 "
    "(arXiv:2211.00593), who tell them in the whole model; that each circuit is asked is Pluriscope's",
    judges={},
    by_trait={"cut": _roles_agree},
    direction="higher",
    score="share of the circuit's nodes whose roles agree",
    term="induction-head",
)
