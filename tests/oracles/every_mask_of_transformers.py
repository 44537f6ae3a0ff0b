"""The answer key of a small transformer the slow way: every mask of edges, run by matrix products as its file says.
Shares no code with the engine.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.analysis.subjects.transformer.test_attention_blocks import run_masked


def facts_of(document, edge_names, ablation):
    """Number, fewest edges, backbone and masks of all valid circuits.

    Args:
        document: the file's JSON object.
        edge_names: ``SOURCE-TARGET`` of each bit, with query, key and value apart ``SOURCE-TARGET.SLOT``.
        ablation: "zero" or "mean".
    """
    slots = any(name[-2:] == ".q" for name in edge_names)
    # a head that is given nothing but zeros gives nothing: it needs a value, and a query counts with a key alone
    pruned = slots and ablation == "zero" and not any("query_bias" in layer for layer in document["attention"])
    means = None
    if ablation == "mean":
        means = {name: value.mean(axis=0) for name, value in run_masked(document, None, slots=slots)[1].items()}
    answers, masks = np.array(document["tasks"][0]["answers"]), []
    for mask in range(1, 1 << len(edge_names)):
        kept = {name: 1.0 for bit, name in enumerate(edge_names) if mask >> bit & 1}
        if not _is_circuit(kept, pruned=pruned):
            continue
        logits, _ = run_masked(document, kept, means, slots=slots)
        right = logits[np.arange(len(answers)), answers]
        others = np.where(np.arange(logits.shape[1]) == answers[:, None], -np.inf, logits)
        if (right > others.max(axis=1)).mean() > 0.99:
            masks.append(mask)
    backbone = (1 << len(edge_names)) - 1 if masks else 0
    for mask in masks:
        backbone &= mask
    smallest = min((mask.bit_count() for mask in masks), default=None)
    return SimpleNamespace(n_valid=len(masks), smallest=smallest, backbone=backbone, masks=masks)


def _is_circuit(kept, *, pruned):
    """Whether every node that is read reads something, and what reads is read."""
    sources, ends = ({name.split("-")[place] for name in kept} for place in (0, 1))
    reads = {}
    for end in ends:
        node, slot = (end[:-2], end[-1]) if end[-2:] in (".q", ".k", ".v") else (end, "v")
        reads.setdefault(node, set()).add(slot)
    if pruned and any("v" not in slots or ("q" in slots) != ("k" in slots) for slots in reads.values()):
        return False
    return sources - {"x"} == reads.keys() - {"logits"}
