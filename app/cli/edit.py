"""`pluriscope edit`: a network with its weights changed by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.cli.reading import intake_at, show_first
from app.cli.signature import with_fields_of, with_list
from app.cli.terminal import STANDARD, Refusal, Shown, check_output, read_bytes, remark, write_json

if TYPE_CHECKING:
    from analysis.edits.edit import EditedRecord
    from analysis.subjects.perceptron.network import Network


@with_fields_of("analysis.network_files.intake:Declaration")
@with_list("analysis.edits.registry:rules_and_settings")
def edit(
    file: str,
    *,
    rule: str,
    set_: Sequence[str] = (),
    output: str = "",
    name: str = "",
    output_index: int = 0,
    json: bool = False,
    **declared: Any,
) -> Shown:
    """Change a network's weights by a rule, and write the edited network with a record of what was done.

    Example: pluriscope edit xor.json --rule rank-one --set row=01 --output edited.json

    The tasks of the edited network are what it computes. Rows that were to be kept and are not are named. Without
    --output, --json writes what happened alone.

    Args:
        rule: Which rule; see below.
        set_: Setting as NAME=VALUE; may be repeated.
        output: Network file to write, or - for standard output.
        name: Name of the network; default: the old name and the rule.
    """
    from analysis.edits.edit import Named
    from analysis.edits.manual import MAX_BYTES
    from analysis.edits.registry import edit_named
    from analysis.network_files.files import MAX_NETWORK_BYTES, edited_file, network_file_json
    from analysis.network_files.intake import Declaration, Intake
    from analysis.question import ask

    def read(path: str, what: str, **declared: Any) -> Intake:
        return intake_at(path, read_bytes(path, what, MAX_NETWORK_BYTES), Declaration(**declared))

    def network_at(path: str) -> Network:
        return read(path, "source network").file().network

    chosen, given = edit_named(rule), _settings(set_)
    check_output(output, json, file, *given.values())
    intake = read(file, "network file", **declared)
    base = intake.file()
    question = ask(base.network, output=output_index, data=intake.data)
    named = Named(network_at, lambda path: read_bytes(path, "list of changes", MAX_BYTES))
    edited = chosen.edited(question, given, named)
    written = edited_file(base, edited, name)
    show_first(intake)
    if output:
        write_json(output, network_file_json(written))
    lines = [f"{written.name}:", *_lines(edited.told)]
    if output == STANDARD:
        for line in lines:
            remark(line)
    return Shown(edited.told.model_copy(update={"name": written.name}), () if output == STANDARD else lines)


def _settings(texts: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name in given:
            raise Refusal(f"--set {text!r}: is {'given twice' if equals else 'no NAME=VALUE'}. Write as in row=01.")
        given[name] = value
    return given


def _lines(edited: EditedRecord) -> list[str]:
    """What happened, for people."""
    before, after = ("".join(map(str, some)) for some in (edited.before, edited.after))
    task = edited.tasks[edited.output if len(edited.tasks) > 1 else 0]["name"]
    lines = [f"answers {before} → {after}{f', {task}' if task else ''}, on rows {edited.rows[0]} to {edited.rows[-1]}"]
    if edited.row is not None:
        lines.append(f"row {edited.row} {'answers' if edited.as_asked else 'does not answer'} {edited.target}")
    lines += [f"rows that were to be kept and answer otherwise: {', '.join(edited.broken) or 'none'}"]
    lines += [f"{edited.changed:,} of {edited.parameters:,} weights and biases changed, by {edited.l2:.4g} (L2)"]
    return [*lines, *edited.remarks]
