"""A live space from what a user gives: the model, rows, units, rules."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field

from pluriscope.analysis.errors import InvalidData, InvalidNetwork, InvalidTask
from pluriscope.analysis.questions.decision import DecisionName
from pluriscope.arguments import FilePath, checked
from pluriscope.errors import InvalidOption
from pluriscope.live.packages import opened
from pluriscope_live.architecture import read_architecture
from pluriscope_live.attribution import attributed
from pluriscope_live.catalogue import Catalogue
from pluriscope_live.deciding import Position
from pluriscope_live.features import read_dictionaries
from pluriscope_live.protocol import Criterion, Rest, read_protocol
from pluriscope_live.replacements import Replacement
from pluriscope_live.rows import Rows, read_rows
from pluriscope_live.scores import Scored
from pluriscope_live.space import Space, as_it_was, run_once
from pluriscope_live.units import read_name, usual_name


@checked
def space(
    model: Any,
    task: Any = None,
    data: Any = None,
    *,
    counterfactual: Any = None,
    groups: Sequence[Any] | None = None,
    held_out: Any = None,
    units: Any = "heads",
    ablation: Literal["zero", "mean", "resample"] | Replacement = "zero",
    rest: Rest = "kept",
    criterion: Criterion = "decisions",
    threshold: float | None = None,
    two_sided: bool = False,
    batch: Annotated[int, Field(ge=1)] | None = None,
    memory: Annotated[int, Field(ge=1)] | None = None,
    file: FilePath | None = None,
    top: Annotated[int, Field(ge=1)] | None = None,
    dictionary: Any = None,
    tokenizer: Any = None,
    name: str = "",
    output_is: DecisionName | None = None,
    position: Position | None = None,
) -> Space:
    """Circuits among chosen units of a model, which runs them itself under hooks, on its own device.

    Args:
        model: any ``torch.nn.Module``, a model of Hugging Face, TransformerLens or nnsight. It is neither copied nor
            changed.
        task: the answer of each row: numbers of outputs or texts, pairs of an answer and the other one, 0 or 1 of each
            output, or a function of a row; None for what the whole model decides.
        data: rows: a tensor, lists of token ids, texts, or a dict of the model's arguments.
        counterfactual: rows as long as those, whose values "resample" puts in.
        groups: label of each row.
        held_out: further rows, or a tuple of rows and answers, and counterfactual rows.
        units: "heads", "mlps", "heads+mlps", "layers", "neurons", "edges" with queries, keys and values apart,
            "head-edges" with them together; a list of names, a dict of names and scores, or a file with either. Names:
            "0.3" a head, "0.mlp", "0" a layer, "0.mlp[7]" a neuron, "e -> 0.1.q" an edge, the path of a module, or some
            of its outputs, "encoder.fc[0:4]". Files: JSON of EAP-IG, MIB, auto-circuit or circuit-tracer, CSV, text.
        top: how many of the units: those with the largest scores of a file, or by a first attribution of ours.
        dictionary: autoencoders or transcoders, each with ``encode`` and ``decode``, by the module whose output they
            explain: ``{"0.mlp": autoencoder}``, or with the module whose input they read,
            ``{"0.mlp": ("1.mlp.norm", transcoder)}``; "0.mlp/7" is feature 7.
        ablation: what ablated units carry: "zero", "mean" over the rows, "resample" from the counterfactual ones, or a
            function of a unit's name, its values and the inputs.
        rest: whether what is no unit runs as it is, or is ablated as well.
        criterion: "decisions", "logit-difference" or "kl".
        threshold: of decisions a share, 1 if None; of the others a share of the whole model's, or most nats.
        two_sided: whether a logit difference may not be above 1/threshold either.
        batch: most rows of all masks that run at once; found out by what a row takes if None.
        memory: bytes that a batch may take; three quarters of what is free if None.
        file: in which results are kept, so that runs go on after an interruption.
        tokenizer: of texts, where the model has none.
        name: what to call the model.
        output_is: what decides: "value" at ½, "logit" at 0, "sign" at 0 between −1 and 1, of several outputs each for
            itself; "classes", the largest output. If None what alone fits the rows and the model, which every verdict
            says.
        position: of a model that answers at each position, which is judged: "last", "first", or a number, below 0 from
            the end of each row. If None what alone fits, likewise.

    Raises:
        AnalysisError: units, rows or rules do not fit the model, or it does not answer alike when it is run twice, or
            several decisions or positions fit.
    """
    package = opened(model)
    module = package.module
    if not isinstance(module, torch.nn.Module):
        raise InvalidNetwork("model", f"is of type {type(model).__name__}", "give a torch.nn.Module")
    tokens = tokenizer or package.token_ids
    takes, numbers = list(inspect.signature(module.forward).parameters), (*module.parameters(), *module.buffers())
    like = next((one for one in numbers if one.is_floating_point()), None)
    if data is None:
        raise InvalidData("data", "is not given", "give rows of the model's inputs")

    def read(data: Any, task: Any = None) -> Any:
        return None if data is None else read_rows(data, task, takes, tokens, like)

    rows = read(data, task)
    named = {"ablation": ablation if isinstance(ablation, str) else getattr(ablation, "__name__", "function")}
    named |= {"rest": rest, "answers": "whole" if task is None else "given"}
    protocol = read_protocol(criterion, threshold, two_sided, **named)
    extra: dict[str, Any] = {"counterfactual": read(counterfactual)}
    if held_out is not None:
        if len(held_out) > 3 if isinstance(held_out, tuple) else not (task is None or callable(task)):
            cause = "has no answers" if not isinstance(held_out, tuple) else f"has {len(held_out)} parts"
            cure = "give (rows, answers), with counterfactual rows behind them, or a function as the task"
            raise InvalidTask("held_out", cause, cure)
        parts = held_out if isinstance(held_out, tuple) else (held_out, task)
        theirs, answers, paired = (*parts, None, None)[:3]
        extra["held_out"] = read(theirs, answers)
        extra["held_out_counterfactual"] = read(paired)
    if groups is not None and len(groups) != len(rows):
        raise InvalidData("groups", f"has {len(groups)} labels for {len(rows)} rows", "give a label for each row")
    extra |= {"ablation": ablation, "groups": groups, "batch": batch, "memory": memory, "name": name}
    extra |= {"output_is": output_is, "position": position}
    extra["file"] = None if file is None else Path(file)
    few = Rows({name: value[:2] for name, value in rows.inputs.items()})
    paths = partial(_path_of, module)

    def run(at: Any = None) -> Any:
        with as_it_was(module), torch.no_grad():
            return run_once(module, few, at)

    dictionaries = {} if dictionary is None else read_dictionaries(dictionary, paths)
    catalogue = Catalogue(module, run, dictionaries)
    granularity, chosen, scores = catalogue.choose(units)
    protocol = replace(protocol, granularity=granularity)
    if top is not None:
        if not scores.scores:
            if top >= len(chosen):
                raise InvalidOption("top", f"is {top}, of {len(chosen)} units", "leave it out")
            ablators = catalogue.ablators(chosen, rest)
            scores = Scored(scores.names, attributed(Space(module, chosen, ablators, protocol, rows, **extra)))
        best = scores.top(top)
        chosen = [one for one in chosen if one.name in best]
    found = Space(module, chosen, catalogue.ablators(chosen, rest), protocol, rows, scores=scores.scores, **extra)
    catalogue.refuse_unlike(chosen)
    return found


def _path_of(module: Any, name: str) -> str:
    """Path of the module that a unit's name or a path names."""
    architecture = read_architecture(module) if usual_name(name)[:1].isdigit() else None
    return read_name(name, module, architecture).pieces[-1].path
