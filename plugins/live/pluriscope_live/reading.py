"""A live space from what a user gives: the model, rows, units, rules."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import torch

from pluriscope.analysis.errors import InvalidData, InvalidNetwork, InvalidProtocol
from pluriscope.errors import InvalidOption
from pluriscope.live.packages import opened
from pluriscope_live.architecture import Architecture, read_architecture
from pluriscope_live.hooks import NodeCutter, sites_of
from pluriscope_live.protocol import read_protocol
from pluriscope_live.replacements import Replacement
from pluriscope_live.rows import Rows, read_rows
from pluriscope_live.space import Space, device_of
from pluriscope_live.units import Piece, Unit, need, read_names, refuse_shared, units_of

_FAMILIES: Final = ("heads", "mlps", "layers", "heads+mlps")


def space(
    model: Any,
    task: Any = None,
    data: Any = None,
    *,
    counterfactual: Any = None,
    groups: Sequence[Any] | None = None,
    held_out: Any = None,
    units: Any = "heads",
    ablation: str | Replacement = "zero",
    rest: Literal["kept", "ablated"] = "kept",
    criterion: Literal["decisions", "logit-difference", "kl"] = "decisions",
    threshold: float | None = None,
    two_sided: bool = False,
    batch: int | None = None,
    file: str | Path | None = None,
    tokenizer: Any = None,
    name: str = "",
) -> Space:
    """Circuits among chosen units of a model, which runs them itself under hooks, on its own device.

    Args:
        model: any ``torch.nn.Module``, a model of Hugging Face, TransformerLens or nnsight. It is neither copied nor
            changed.
        task: the answer of each row: numbers of outputs or texts, pairs of an answer and the other one, or a function
            of a row; None for what the whole model decides.
        data: rows: a tensor, lists of token ids, texts, or a dict of the model's arguments. The last position of each
            row is judged.
        counterfactual: rows as long as those, whose values "resample" puts in.
        groups: label of each row.
        held_out: further rows, or a tuple of rows and answers, and counterfactual rows.
        units: "heads", "mlps", "heads+mlps", "layers", or a list of names: "0.3" a head, "0.mlp", "0" a layer,
            "0.mlp[7]" a neuron, the path of a module or some of its outputs, "encoder.fc[0:4]".
        ablation: what cut units carry: "zero", "mean" over the rows, "resample" from the counterfactual ones, or a
            function of a unit's name, its values and the inputs.
        rest: whether what is no unit runs as it is, or is ablated as well.
        criterion: "decisions", "logit-difference" or "kl".
        threshold: of decisions a share, 1 if None; of the others a share of the whole model's, or most nats.
        two_sided: whether a logit difference may not be above 1/threshold either.
        batch: most rows of all masks that run at once.
        file: in which results are kept, so that runs go on after an interruption.
        tokenizer: of texts, where the model has none.
        name: what to call the model.

    Raises:
        AnalysisError: units, rows or rules do not fit the model, or it does not answer alike when it is run twice.
    """
    package = opened(model)
    module = package.module
    if not isinstance(module, torch.nn.Module):
        raise InvalidNetwork("model", f"is of type {type(model).__name__}", "give a torch.nn.Module")
    try:
        architecture, problem = read_architecture(module), None
    except InvalidNetwork as refused:
        architecture, problem = None, refused
    tokens = tokenizer or package.token_ids
    takes, device = list(inspect.signature(module.forward).parameters), device_of(module)
    if data is None:
        raise InvalidData("data", "is not given", "give rows of the model's inputs")
    rows = read_rows(data, task, takes, tokens, device)
    granularity, found = _units(units, module, architecture, problem)
    refuse_shared(found)
    protocol = read_protocol(
        criterion,
        threshold,
        rest,
        two_sided,
        ablation=ablation if isinstance(ablation, str) else getattr(ablation, "__name__", "function"),
        answers="whole" if task is None else "given",
        granularity=granularity,
    )
    if isinstance(ablation, str) and ablation not in ("zero", "mean", "resample"):
        raise InvalidProtocol(f"ablation {ablation!r}", "is unknown", "give 'zero', 'mean', 'resample' or a function")
    left = _rest(found, architecture) if rest == "ablated" else []
    cutters = [NodeCutter(sites_of(module, found, left))]
    extra: dict[str, Any] = {"counterfactual": _more(counterfactual, None, takes, tokens, device)}
    if held_out is not None:
        parts = held_out if isinstance(held_out, tuple) else (held_out, task if callable(task) else None)
        answers = parts[1] if len(parts) > 1 else None
        extra["held_out"] = _more(parts[0], answers, takes, tokens, device)
        extra["held_out_counterfactual"] = _more(parts[2] if len(parts) > 2 else None, None, takes, tokens, device)
    if groups is not None and len(groups) != len(rows):
        raise InvalidData("groups", f"has {len(groups)} labels for {len(rows)} rows", "give a label for each row")
    if batch is not None and batch < 1:
        raise InvalidOption("batch", f"is {batch}", "give a number of rows, at least 1")
    extra |= {"ablation": ablation, "groups": groups, "batch": batch, "name": name}
    extra["file"] = None if file is None else Path(file)
    return Space(module, found, cutters, protocol, rows, **extra)


def _more(data: Any, task: Any, takes: Sequence[str], tokens: Any, device: Any) -> Rows | None:
    return None if data is None else read_rows(data, task, takes, tokens, device)


def _units(
    units: Any, module: Any, architecture: Architecture | None, problem: InvalidNetwork | None
) -> tuple[str, list[Unit]]:
    """What the units are called as a whole, and each of them."""
    if isinstance(units, str) and units in _FAMILIES:
        return units, units_of(units, need(architecture, units, problem))
    if isinstance(units, (list, tuple)) and units and all(isinstance(one, str) for one in units):
        found = read_names(units, module, architecture)
        return "+".join(dict.fromkeys(f"{one.kind}s" for one in found)), found
    raise InvalidOption("units", f"is {units!r:.60}", "give 'heads', 'mlps', 'heads+mlps', 'layers' or a list of names")


def _rest(units: Sequence[Unit], architecture: Architecture | None) -> list[Piece]:
    """Heads and MLPs of which nothing is a unit, as far as they are known, and what units' modules have beside."""
    taken = {(piece.path, piece.side, piece.start) for unit in units for piece in unit.pieces}
    own = [Piece(piece.path, piece.side, 0, None) for unit in units for piece in unit.pieces if piece.start is not None]
    found = {(one.path, one.side): one for one in own}
    if architecture is None:
        return list(found.values())
    neurons = {piece.path for unit in units if unit.kind == "neuron" for piece in unit.pieces}
    for block in architecture.blocks:
        if block.out is not None:
            path = architecture.path(block.out)
            if (path, "in", None) not in taken:
                found.setdefault((path, "in"), Piece(path, "in", 0, None))
        if block.mlp is not None:
            path = architecture.path(block.mlp)
            within = block.down is not None and architecture.path(block.down) in neurons
            if not within and (path, "out", None) not in taken:
                found.setdefault((path, "out"), Piece(path, "out"))
    return list(found.values())
