"""The answer key of a small transformer the slow way: every mask of edges between whole heads, run by matrix products
as its file says. Shares no code with the engine.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.analysis.subjects.transformer.test_attention_blocks import run_masked


def facts_of(document, edge_names, ablation):
    """Number, fewest edges, backbone and masks of all valid circuits.

    Args:
        document: the file's JSON object.
        edge_names: ``SOURCE-TARGET`` of each bit.
        ablation: "zero" or "mean".
    """
    edges = [tuple(name.split("-")) for name in edge_names]
    means = None
    if ablation == "mean":
        means = {name: value.mean(axis=0) for name, value in run_masked(document, None, slots=False)[1].items()}
    answers = np.array(document["tasks"][0]["answers"])
    masks = []
    for mask in range(1, 1 << len(edges)):
        kept = [edge for bit, edge in enumerate(edges) if mask >> bit & 1]
        given, read = {"x"} | {target for _, target in kept}, {"logits"} | {source for source, _ in kept}
        if any(source not in given or target not in read for source, target in kept):
            continue
        logits, _ = run_masked(document, {f"{one}-{other}": 1.0 for one, other in kept}, means, slots=False)
        right = logits[np.arange(len(answers)), answers]
        others = np.where(np.arange(logits.shape[1]) == answers[:, None], -np.inf, logits)
        if (right > others.max(axis=1)).mean() > 0.99:
            masks.append(mask)
    backbone = (1 << len(edges)) - 1 if masks else 0
    for mask in masks:
        backbone &= mask
    smallest = min((mask.bit_count() for mask in masks), default=None)
    return SimpleNamespace(n_valid=len(masks), smallest=smallest, backbone=backbone, masks=masks)
