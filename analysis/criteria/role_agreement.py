"""Whether the nodes of a circuit have the roles there that they have in the whole model."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.criteria.criterion import Criterion, Settings
from analysis.criteria.cut_context import CutContext
from analysis.criteria.verdict import Verdicts, Witness, same_for_all, verdicts_of


def _alike(context: CutContext, _: Settings) -> Verdicts:
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
    by_trait={"cut": _alike},
    direction="higher",
    score="share of the circuit's nodes whose roles agree",
    term="induction-head",
)
