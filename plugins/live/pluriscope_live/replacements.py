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
    if not torch.equal(*(one.from_right(None)[1].cpu() for one in (rows, counterfactual))):
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
    taken_from = {"mean": means_of, "resample": counterfactual}.get(str(ablation)) or rows
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
    """Means of rows, position by position and without padding, for others; counted from the right where any is padded
    or these are of another length.
    """
    same = of.mask is None and onto.mask is None and of.width == onto.width
    if same or values.ndim < 3:
        return values.mean(0, keepdim=True)
    if values.shape[1] != of.width:
        cause = f"has values at {values.shape[1]} positions, and rows have {of.width} tokens, with padding"
        raise InvalidNetwork("ablation 'mean'", cause, "take ablation='zero', or rows of one length")
    place, there = of.from_right(values.device)
    place, there = place.clamp(min=0), there.view(*there.shape, *[1] * (values.ndim - 2)).to(values.dtype)
    counts = torch.zeros(of.width, *there.shape[2:], dtype=values.dtype, device=values.device)
    sums = torch.zeros_like(values[0]).index_add_(0, place.flatten(), values.where(there > 0, 0).flatten(0, 1))
    counts.index_add_(0, place.flatten(), there.flatten(0, 1))
    last = int(torch.nonzero(counts.flatten()).max())  # whatever is farther is padding, or longer than any row
    return (sums / counts.clamp(min=1))[onto.from_right(values.device)[0].clamp(0, last)]


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
