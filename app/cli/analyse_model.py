"""`pluriscope analyse` for files of models of other kinds than the networks: their circuits alone."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.cli.terminal import DONE, STOPPED, Refusal, remark, write_text

if TYPE_CHECKING:
    from analysis.models.model import Model, ModelKind, Space
    from analysis.models.protocol import ModelProtocol
    from analysis.work import Work

STAGE: Final = "circuits"


@dataclass(frozen=True)
class Told:
    """How the command is to tell what it found.

    Args:
        output: file to write, or "-".
        masks: whether circuits are listed.
        quiet: no progress.
        plan: only tell what would be done.
    """

    output: str
    masks: bool
    quiet: bool
    plan: bool


def refuse_options(kind: ModelKind, given: Mapping[str, object], outputs: list[int] | None) -> None:
    """Refuse what is asked of networks alone.

    Args:
        kind: of the model.
        given: options by name with what was given, empty for nothing.
        outputs: that were asked for.

    Raises:
        Refusal: naming the first such option.
    """
    for name, value in given.items():
        if value:
            raise Refusal(f"{name}: is for MLPs, and the file is of a {kind.noun}. Leave it out.")
    for output in outputs or []:
        if output != 0:
            raise Refusal(f"output {output}: does not exist. A {kind.noun} has one task, which is output 0.")


def analyse_model(raw: bytes, protocol: str | Mapping[str, Any], work: Work, told: Told) -> int:
    """Find the valid circuits of a model and write the result file.

    Args:
        raw: the model's file.
        protocol: a name, or the settings in a protocol file.
        work: with limits and the end that was asked for.
        told: what is written and shown.

    Raises:
        AnalysisError: the file, or the protocol, cannot be used.
    """
    from analysis.circuits.planning import time_word
    from analysis.errors import BeyondLimits
    from analysis.models.circuits import MasksFound, engine_of, find_masks, refuse_if_too_large
    from analysis.models.protocol import model_protocol, named_model_protocol
    from analysis.models.registry import read_model
    from analysis.models.result_json import missing_of_model, model_result_json
    from app.cli.chain_bar import ChainBar

    kind, model = read_model(raw)
    rules = named_model_protocol(kind, protocol) if isinstance(protocol, str) else model_protocol(kind, protocol)
    space = model.space(rules.rules)
    refusal, takes = "", ""
    try:
        refuse_if_too_large(model, space)
        takes = time_word(engine_of(model, space).milliseconds / 1_000)
    except BeyondLimits as error:
        refusal = error.cause
    if told.plan:
        write_text(told.output or "-", _plan_text(model, rules, space, refusal, takes))
        return DONE
    found: MasksFound | None = None
    start = time.perf_counter()
    if not refusal:
        with ChainBar((STAGE,), told.quiet).shown() as bar:
            found = find_masks(
                model,
                rules.rules,
                work.reporting_to(bar.report()),
                accuracy_threshold=rules.accuracy_threshold,
                limit=work.limits.most_listed(0),
            )
    document = model_result_json(
        model, rules, found, masks=told.masks, seconds=time.perf_counter() - start, refusal=refusal
    )
    write_text(told.output, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
    missing = missing_of_model(space, found, refusal)
    for sentence in missing:
        remark(f"stopped at a limit: {sentence}")
    return STOPPED if missing else DONE


def _plan_text(
    model: Model,
    protocol: ModelProtocol,
    space: Space,
    refusal: str,
    takes: str,
) -> str:
    """How every circuit would be found, or why none is; lines for people."""
    bits = space.graph.n_bits
    lines = [
        f"output 0, {model.task or 'unnamed task'}, protocol {protocol.name}: {'none' if refusal else 'listed'}",
        f"  {', '.join(f'{name} {value}' for name, value in protocol.settings.items())}",
        f"  {space.possible:,} circuits are possible, by {1 << bits:,} masks of {bits} bits.",
    ]
    if refusal:
        lines.append(f"  not searched: {refusal}")
    else:
        lines.append(f"  Testing all of them takes {takes}.")
    return "\n".join(lines) + "\n"
