"""Tasks of the outputs of a network, as whoever brings it in declares them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from pluriscope.analysis.algorithms.boolean_formulas import task_from_formula
from pluriscope.analysis.errors import InvalidTask
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.decisions import NEITHER, decide
from pluriscope.analysis.questions.tasks import TASK_NAMES, Task, input_table, name_of, named_task, task_from_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.values.strict_json import Problems

TaskSource = Literal["file", "name", "table", "formula", "decisions"]
MAX_TEXT: Final = 4_000
_SHOWN: Final = 4  # inputs named where decisions are neither 0 nor 1


def declared_tasks(
    source: TaskSource, text: str, network: Network, data: DataRecord, of_file: Sequence[Task] | None
) -> tuple[Task, ...]:
    """Return a task for each output.

    Args:
        source: where they come from: the text if there is one, else the file (the network's own decisions if that
            says nothing); a name, a truth table or a formula for each output; or the network's own decisions.
        text: names, tables or formulas, separated by semicolons or lines; one alone stands for every output.
        network: with at most 6 inputs.
        data: the rows that stand for the Boolean inputs.
        of_file: what the file says, or None.

    Raises:
        InvalidTask: naming every output that has none, with the reason.
    """
    if source == "file" and of_file is not None and not text.strip():
        return tuple(of_file)
    if source == "decisions" and text.strip():
        raise InvalidTask("tasks", "are given, and task says decisions", "leave one of them out")
    if source == "decisions" or (source == "file" and not text.strip()):
        return decided_tasks(network, data)
    return tasks_of_text(source, text, network.n_inputs, network.n_outputs)


def tasks_of_text(source: TaskSource, text: str, n_inputs: int, n_outputs: int) -> tuple[Task, ...]:
    """Read a task for each output, by name, truth table or formula; errors as of :func:`declared_tasks`."""
    if len(text) > MAX_TEXT:
        raise InvalidTask("tasks", f"have {len(text):,} characters", f"give at most {MAX_TEXT:,}")
    parts = [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
    if len(parts) not in (1, n_outputs) or not parts:
        wanted = "one" if n_outputs == 1 else f"one for each of the {n_outputs} outputs, or one for all"
        nouns = {"name": "a name", "table": "a truth table", "formula": "a formula"}
        noun = nouns.get(source, "a name, a truth table or a formula")
        cause = f"are {len(parts)} for {n_outputs} outputs" if parts else "are not given"
        raise InvalidTask("tasks", cause, f"give {noun}, {wanted}, separated by semicolons")
    parts = parts * n_outputs if len(parts) == 1 else parts
    problems = Problems()
    found = {part: problems.attempt(_task, source, part, n_inputs) for part in parts}
    problems.refuse("tasks", InvalidTask)
    return tuple(task for part in parts if (task := found[part]) is not None)


def decided_tasks(network: Network, data: DataRecord) -> tuple[Task, ...]:
    """Return as the task of each output what it decides by rounding on every Boolean input.

    Args:
        network: with at most 6 inputs.
        data: the rows that stand for the Boolean inputs.

    Raises:
        InvalidTask: an output is neither 0 nor 1 somewhere, with the inputs and the outputs there.
    """
    outputs = forward(network, data.clean_rows)
    decisions = decide(outputs, "rounding")
    names = ["".join(str(int(bit)) for bit in row) for row in input_table(network.n_inputs)]
    problems = Problems()
    for output in np.flatnonzero((decisions == NEITHER).any(axis=0)):
        rows = np.flatnonzero(decisions[:, output] == NEITHER)
        shown = ", ".join(f"{names[row]} (output {outputs[row, output]:.4g})" for row in rows[:_SHOWN])
        more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
        cause = f"rounds to neither 0 nor 1 on input {shown}{more}"
        cure = f"name its task, declare how its inputs are encoded, or {_other_output(network)}"
        problems.append(InvalidTask(f"output {output}", cause, cure))
    problems.refuse("decisions", InvalidTask)
    tables = [tuple(int(value) for value in column) for column in decisions.T]
    return tuple(Task(table, name_of(table)) for table in tables)


def _other_output(network: Network) -> str:
    """Return the cure where an output that rounds to neither 0 nor 1 is right as it is."""
    if network.output_activation != "linear":
        near = "use an output that is near 0 or 1"
        if network.output_activation == "tanh":
            near = "where −1 stands for 0 use sigmoid for tanh on the last layer, which decides at the same place"
        return f"{near}, or where the last layer has no activation let the file say output_activation linear"
    classes = "that its outputs are two classes, the larger decides (--output-is classes), or "
    return f"{classes if network.n_outputs == 2 else ''}that the output is a logit (--output-is logit)"


def task_from_text(text: str, n_inputs: int) -> Task:
    """A task by its name, its truth table or a formula, whichever the text is.

    Raises:
        InvalidTask: it is no such text.
    """
    if re.sub(r"(?<![ _-])[ _-]*(?<![0-9])[0-9]+$", "", text.strip()).upper() in TASK_NAMES:
        return named_task(text, n_inputs)
    if set(text) <= set("01 ,[]\t"):
        return _task("table", text, n_inputs)
    try:
        return task_from_formula(text, n_inputs)
    except InvalidTask as problem:
        cure = f"{problem.cure}; or give a truth table, or one of the names {', '.join(TASK_NAMES)}"
        raise InvalidTask(problem.item, problem.cause, cure) from None


def _task(source: TaskSource, text: str, n_inputs: int) -> Task:
    if source == "file":
        return task_from_text(text, n_inputs)
    if source == "name":
        return named_task(text, n_inputs)
    if source == "formula":
        return task_from_formula(text, n_inputs)
    digits = re.sub(r"[\s,\[\]]", "", text)
    if not re.fullmatch(r"[01]+", digits):
        cure = f"write {2**n_inputs} digits such as 0110, or choose a name ({', '.join(TASK_NAMES)}) or a formula"
        raise InvalidTask(f"truth table {text[:40]!r}", "holds other signs than 0 and 1", cure)
    return task_from_table([int(digit) for digit in digits], n_inputs)
