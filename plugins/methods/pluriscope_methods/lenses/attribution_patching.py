"""Attribution patching: what a patch would change, to first order, from one pass back.

Nanda, "Attribution Patching: Activation Patching At Industrial Scale" (2023); its integrated form takes derivatives
along the way from one row's embeddings to the other's (Hanna, Pezzelle and Belinkov, COLM 2024). Patches of perceptrons
and the small transformers here can be made themselves, so what the estimate misses stands beside it.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import numpy as np

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.gradients import backward
from pluriscope.analysis.subjects.perceptron.mlp import forward_pass
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.lens import NEURON_COLUMNS, Lens, Table
from pluriscope_methods.lenses.patching import neurons_of, patched_along


def _look(question: Question, _settings: Settings, _work: Work) -> Table:
    network = question.network
    sums, clean = forward_pass(network, question.method_rows[0])
    above = backward(network, [one.T for one in sums], [one.T for one in clean], np.ones(len(clean[0])))
    rows: list[dict[str, Any]] = []
    for path in neurons_of(network.sizes):
        [(layer, neuron)] = path
        weights, after = network.weights[layer][:, neuron], above[layer]
        slope = np.add.accumulate(weights[:, None] * after, axis=0)[-1]
        patched = patched_along(network, clean, path)
        for base, source in product(range(len(clean[0])), repeat=2):
            if base != source:
                estimate = float(slope[base] * (clean[layer][source, neuron] - clean[layer][base, neuron]))
                change = float(patched[source, base] - clean[-1][base, 0])
                row = {"layer": layer, "neuron": neuron, "base": base, "source": source}
                rows.append({**row, "estimate": estimate, "change": change})
    return Table(tuple(rows))


def _says(_question: Question, seen: Table) -> str:
    moving = [row for row in seen.rows if row["change"] or row["estimate"]]
    wrong = sum(row["change"] * row["estimate"] <= 0.0 for row in moving)
    error = max((abs(row["change"] - row["estimate"]) for row in moving), default=0.0)
    return f"The estimate has the wrong sign for {wrong:,} of {len(moving):,} patches, and misses by up to {error:.3g}."


ATTRIBUTION_PATCHING: Final = Lens(
    key="attribution-patching",
    label="Attribution patching",
    definition="What setting one neuron to its value on another row would change, as its derivative predicts.",
    source="Nanda 2023, “Attribution Patching: Activation Patching At Industrial Scale”; its integrated form: Hanna, "
    "Pezzelle & Belinkov, COLM 2024 (arXiv:2403.17806)",
    needs=("neurons",),
    size=lambda question, _: sum(question.network.hidden_sizes) * (len(question.method_rows[0]) - 1),
    look=_look,
    says=_says,
    can_know="An estimate of what activation patching finds by a run for each patch. Where units or attention saturate "
    "it may have any size and either sign.",
    columns=NEURON_COLUMNS
    | {
        "base": "row that is run",
        "source": "row that the value comes from",
        "estimate": "change of the output to first order",
        "change": "of the output, by the patch itself",
    },
)
