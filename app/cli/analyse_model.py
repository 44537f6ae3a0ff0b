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
        seconds: given for the whole, None for no end.
    """

    output: str
    masks: bool
    quiet: bool
    plan: bool
    seconds: float | None


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
    from analysis.errors import BeyondLimits
    from analysis.models.circuits import MasksFound, engine_of, find_masks, refuse_if_too_large
    from analysis.models.protocol import model_protocol, named_model_protocol
    from analysis.models.registry import read_model
    from analysis.models.result_json import missing_of_model, model_result_json
    from app.cli.chain_bar import ChainBar
    from app.expected import slowness

    kind, model = read_model(raw)
    rules = named_model_protocol(kind, protocol) if isinstance(protocol, str) else model_protocol(kind, protocol)
    space = model.space(rules.rules)
    refusal, expected = "", {}
    try:
        refuse_if_too_large(model, space)
        expected = {STAGE: engine_of(model, space).milliseconds / 1_000 * slowness()}
    except BeyondLimits as error:
        refusal = error.cause
    if told.plan:
        write_text(told.output or "-", _plan_text(model, rules, space, refusal, expected.get(STAGE), told))
        return DONE
    found: MasksFound | None = None
    start = time.perf_counter()
    if not refusal:
        with ChainBar(tuple(expected), expected, told.quiet).shown() as bar:
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
    expected: float | None,
    told: Told,
) -> str:
    """What a search would take, or why there is none; lines for people."""
    from app.figures.numbers import duration

    bits = space.graph.n_bits
    lines = [
        f"output 0, {model.task or 'unnamed task'}, protocol {protocol.name}: {'none' if refusal else 'listed'}",
        f"  {', '.join(f'{name} {value}' for name, value in protocol.settings.items())}",
        f"  {space.possible:,} circuits are possible, by {1 << bits:,} masks of {bits} bits.",
    ]
    if expected is None:
        lines.append(f"  not searched: {refusal}")
    else:
        lines.append("  expected on one core of this machine, right within a factor of four as a rule:")
        lines.append(f"    {STAGE}: about {duration(expected)}")
        if told.seconds is not None and told.seconds < expected:
            lines.append(f"      --seconds {told.seconds:g} would end here")
    return "\n".join(lines) + "\n"
