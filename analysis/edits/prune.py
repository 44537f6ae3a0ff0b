"""Pruning by magnitude."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.edits.edit import Change, Edit, Named
from analysis.method_settings import Setting, Settings
from analysis.question import Question

SPARSITY: Final = Setting("sparsity", 0.5, "share of all weights that become 0", low=0.0, high=1.0, above=True)


def _apply(question: Question, settings: Settings, _named: Named) -> Change:
    """Of equal weights the first goes first."""
    old = question.subject.weights
    every = np.concatenate([w.reshape(-1) for w in old])
    count = int(float(settings["sparsity"]) * len(every) + 0.5)
    every[np.argsort(np.abs(every), kind="stable")[:count]] = 0.0
    parts = np.split(every, np.cumsum([w.size for w in old])[:-1])
    weights = [part.reshape(w.shape) for part, w in zip(parts, old, strict=True)]
    return Change(weights, question.subject.biases, remarks=(f"{count:,} of {len(every):,} weights were pruned.",))


PRUNE: Final = Edit(
    key="prune",
    label="Pruning",
    says="Sets the weights that are smallest in magnitude among all layers' to 0; biases stay.",
    source="Han et al., NeurIPS 2015 (arXiv:1506.02626), without training anew.",
    settings=(SPARSITY,),
    apply=_apply,
)
