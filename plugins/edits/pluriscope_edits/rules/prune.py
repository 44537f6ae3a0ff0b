"""Pruning by magnitude."""

from __future__ import annotations

from typing import Final

import numpy as np

from pluriscope.analysis.edits.edit import Change, Edit, Editable, Named, Way
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope_edits.rules.where import WHERE, changed_in

SPARSITY: Final = Setting("sparsity", 0.5, "share of these weights that become 0", low=0.0, high=1.0, above=True)


def _apply(one: Editable, settings: Settings, _named: Named) -> Change:
    """Prune the smallest weights; of equal ones the first goes first."""
    parameters, parts = changed_in(one.subject.parameters, str(settings["where"]))
    every = np.concatenate([weights.reshape(-1) for weights in parts])
    count = int(float(settings["sparsity"]) * len(every) + 0.5)
    every[np.argsort(np.abs(every), kind="stable")[:count]] = 0.0
    for weights, pruned in zip(parts, np.split(every, np.cumsum([w.size for w in parts])[:-1]), strict=True):
        weights[...] = pruned.reshape(weights.shape)
    return Change(parameters, remarks=(f"{count:,} of {len(every):,} weights were pruned.",))


PRUNE: Final = Edit(
    key="prune",
    label="Pruning",
    says="Sets the weights that are smallest in magnitude among all matrices' to 0; biases stay.",
    source="Han et al., NeurIPS 2015 (arXiv:1506.02626), without training anew.",
    ways={"": Way((SPARSITY, WHERE), _apply)},
)
