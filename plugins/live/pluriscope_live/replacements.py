"""What ablated units carry instead of their own values, taken once from the whole model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from pluriscope.analysis.errors import InvalidData, InvalidNetwork, InvalidProtocol
from pluriscope_live.hooks import Ablator, watched
from pluriscope_live.rows import Rows

Replacement = Callable[[str, Any, Mapping[str, Any]], Any]
"""A function of a unit's name, its values in the whole model ``[rows, …, n]``, and the model's inputs."""
Run = Callable[[Rows], object]


def refuse_unpaired(rows: Rows, counterfactual: Rows | None) -> None:
    """Refuse counterfactual rows that do not stand beside the rows.

    Raises:
        InvalidData: there are none, or of another number or length.
    """
    if counterfactual is None:
        cause = "is not given, and resampling takes values from it"
        raise InvalidData("counterfactual", cause, "give rows, or ablation='mean'")
    for name, value in rows.inputs.items():
        its = counterfactual.inputs.get(name)
        if its is None or its.shape != value.shape:
            shapes = f"{tuple(value.shape)} and {'none' if its is None else tuple(its.shape)}"
            cure = "give a counterfactual row of the same length for each row"
            raise InvalidData("counterfactual", f"has another shape than the rows: {shapes}", cure)
    if rows.lengths is not None and not torch.equal(rows.lengths, counterfactual.lengths):
        raise InvalidData("counterfactual", "has rows of other lengths", "pair rows of one length")


def take(
    module: Any,
    ablators: Sequence[Ablator],
    ablation: str | Replacement,
    rows: Rows,
    counterfactual: Rows | None,
    run: Run,
    means_of: Rows | None = None,
) -> None:
    """Fill in what ablated units carry.

    Args:
        rows: that circuits are to run on.
        run: runs the whole model on rows, in batches.
        means_of: rows whose means are carried; those rows themselves if None.
    """
    if ablation == "resample" or counterfactual is not None:
        refuse_unpaired(rows, counterfactual)
    if ablation == "zero":
        return
    taken_from = rows
    if ablation == "mean":
        taken_from = means_of or rows
    if ablation == "resample":
        taken_from = counterfactual or rows
    seen: dict[tuple[int, Any], list[Any]] = {}

    def keep(ablator: Ablator, key: Any, value: Any) -> None:
        seen.setdefault((ablators.index(ablator), key), []).append(value.clone())  # some are added to in place

    with watched(module, ablators, keep):
        run(taken_from)
    for (number, key), parts in seen.items():
        values, ablator = torch.cat(parts), ablators[number]
        parts.clear()
        if len(values) != len(taken_from):
            (name, _), *_ = ablator.names(key)
            cause = "is no value for each row: its module has rows and positions in one dimension, or is called again"
            raise InvalidNetwork(f"unit {name!r}", cause, "give ablation='zero', or other units")
        if ablation == "mean":
            values = _mean(values, taken_from, rows)
        elif callable(ablation):
            values = _own(values, ablator.names(key), ablation, rows)
        ablator.absent[key] = values


def _mean(values: Any, of: Rows, onto: Rows) -> Any:
    """Means of rows, position by position, for others; counted from the right where these are not of one length."""
    if values.ndim < 3 or of.n_tokens == onto.n_tokens is not None:
        return values.mean(0, keepdim=True)
    n, device = values.shape[1], values.device
    lengths, others = (torch.as_tensor(one.token_counts, device=device) for one in (of, onto))
    from_right = lengths[:, None] - 1 - torch.arange(n, device=device)
    place, there = from_right.clamp(min=0), (from_right >= 0).unsqueeze(-1).to(values.dtype)
    index = place.unsqueeze(-1).expand_as(values)
    sums = torch.zeros_like(values[0]).scatter_add(0, index.flatten(0, 1), (values * there).flatten(0, 1))
    counts = torch.zeros(n, 1, dtype=values.dtype, device=device)
    counts.index_add_(0, place.flatten(), there.flatten(0, 1))
    wanted = others[:, None] - 1 - torch.arange(int(others.max()), device=device)
    return (sums / counts.clamp(min=1))[wanted.clamp(0, int(lengths.max()) - 1)]


def _own(values: Any, names: Sequence[tuple[str, Any]], function: Replacement, rows: Rows) -> Any:
    """What a function of the user's gives for each unit."""
    result = torch.zeros_like(values)
    for name, at in names:
        own = values[..., at]
        try:
            result[..., at] = torch.as_tensor(function(name, own, rows.inputs), dtype=values.dtype).expand_as(own)
        except Exception as problem:
            cause = f"fails for unit {name!r}: {type(problem).__name__}: {problem}"
            cure = f"let it give values that broadcast to {tuple(own.shape)}"
            raise InvalidProtocol("ablation", cause, cure) from problem
    return result
