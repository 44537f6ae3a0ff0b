"""`pluriscope edit`: a network with its weights changed by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from pluriscope.app.cli.reading import intake_at, network_bytes, show_first, whole_content
from pluriscope.app.cli.signature import with_fields_of, with_list
from pluriscope.app.cli.terminal import STANDARD, Refusal, Shown, check_output, read_bytes, remark, write_json

if TYPE_CHECKING:
    from pluriscope.analysis.edits.edit import EditedRecord
    from pluriscope.analysis.subjects.perceptron.network import Network

_MOST_NAMED: Final = 16
"""Rows up to which each is named."""


@with_fields_of("pluriscope.analysis.network_files.intake:Declaration")
@with_list("pluriscope_edits.making:rules_and_settings")
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
    from pluriscope.analysis.edits.edit import Named
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.network_files.files import edited_file, network_file_json
    from pluriscope.analysis.subjects.perceptron.question import ask
    from pluriscope.analysis.subjects.registry import question_in
    from pluriscope_edits.making import edited as edited_by
    from pluriscope_edits.rules.manual import MAX_BYTES

    def network_at(path: str) -> Network:
        return intake_at(path, network_bytes(path), Declaration()).file().network

    given, content = _settings(set_), network_bytes(file)
    check_output(output, json, file, *given.values())
    if whole := whole_content(content, Declaration(**declared)):
        question = question_in(whole)
        kind = question.kind
        if output_index:
            kind.require("outputs", f"output {output_index}")
        edited = edited_by(rule, question, given)
        document = kind.write(edited.file(name))
    else:
        intake = intake_at(file, content, Declaration(**declared))
        base = intake.file()
        named = Named(network_at, lambda path: read_bytes(path, "list of changes", MAX_BYTES))
        edited = edited_by(rule, ask(base.network, output=output_index, data=intake.data), given, named)
        document = network_file_json(edited_file(base, edited, name))
        show_first(intake)
    if output:
        write_json(output, document)
    lines = [f"{document['name']}:", *_lines(edited.outcome)]
    if output == STANDARD:
        for line in lines:
            remark(line)
    return Shown(edited.outcome.model_copy(update={"name": document["name"]}), () if output == STANDARD else lines)


def _settings(texts: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name in given:
            raise Refusal(f"--set {text!r}: is {'given twice' if equals else 'no NAME=VALUE'}. Write as in row=01.")
        given[name] = value
    return given


def _lines(edited: EditedRecord) -> list[str]:
    """Lines on what an edit did."""
    rows, task = len(edited.rows), edited.tasks[edited.output if len(edited.tasks) > 1 else 0]["name"]
    if rows <= _MOST_NAMED:
        between = "" if edited.answers is None else " "
        before, after = (between.join(map(edited.words, some)) for some in (edited.before, edited.after))
        answers = f"answers {before} → {after}"
    else:
        kept = sum(old == new for old, new in zip(edited.before, edited.after, strict=True))
        answers = f"answers {kept:,} of {rows:,} rows as before"
    lines = [f"{answers}{f', {task}' if task else ''}, on rows {edited.rows[0]} to {edited.rows[-1]}"]
    if edited.row is not None and edited.target is not None:
        answered = "answers" if edited.as_asked else "does not answer"
        lines.append(f"row {edited.row} {answered} {edited.words(edited.target)}")
    more = f" and {len(edited.broken) - _MOST_NAMED:,} more" if len(edited.broken) > _MOST_NAMED else ""
    broken = f"{', '.join(edited.broken[:_MOST_NAMED])}{more}" or "none"
    lines += [f"rows that were to be kept and answer otherwise: {broken}"]
    lines += [f"{edited.changed:,} of {edited.parameters:,} weights and biases changed, by {edited.l2:.4g} (L2)"]
    return [*lines, *edited.remarks]
