"""Whether a circuit still decides right, whatever its absent edges are made to carry."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.criteria.circuit_context import CircuitCriteriaContext
from analysis.criteria.criterion import Criterion, Judge, Settings
from analysis.criteria.verdict import Verdicts, Witness, verdicts_of
from analysis.interventions.ablation import Ablation
from analysis.validity import decide


def _valid_under(ablation: Ablation) -> Judge:
    def judge(context: CircuitCriteriaContext, _: Settings) -> Verdicts:
        n_right, n_rows = context.n_right(ablation), len(context.judged[1])

        def explain(position: int) -> tuple[str, Witness]:
            rows, labels = context.judged
            outputs = context.outputs(slice(position, position + 1), rows, context.absent(ablation))[0]
            wrong = np.flatnonzero(decide(outputs, context.protocol.circuit_decision) != labels)
            reason = f"With {ablation} ablation {n_right[position]} of {n_rows} rows are decided right."
            if not len(wrong):
                return reason, {}
            row = int(wrong[0])
            return reason, {"input": rows[row].tolist(), "output": float(outputs[row]), "label": int(labels[row])}

        return verdicts_of(context.enough(n_right), explain, numerators=n_right, denominators=n_rows)

    return judge


ZERO_ABLATION: Final = Criterion(
    key="zero-ablation",
    label="Zero ablation",
    definition="The circuit decides right when its absent edges carry 0.",
    formula="share of rows x with d(f_C(x | absent edges = 0)) = y(x) > the protocol's threshold",
    source="Méloux et al., ICLR 2025 (arXiv 2502.20914): validity of a circuit",
    judges={"circuit": _valid_under("zero")},
    direction="higher",
    score="share of rows decided right",
)
