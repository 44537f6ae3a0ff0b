"""Tasks of the outputs of a network as Python has them: texts, labels in lists and arrays, functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from pluriscope.analysis.errors import InvalidTask
from pluriscope.analysis.questions.tasks import Task, input_table
from pluriscope.arguments import LATER, listed, plain, unfit

TaskLike = Annotated[str | Callable[..., Any] | Task | Sequence[Any] | None, LATER]
"""A name, truth table or formula as text; labels 0 and 1 by row; a function of the inputs; several for several outputs;
None for what the file says, else what the network answers."""
_WORDS: Final = "a name, a truth table, a formula, 0 and 1 for each row, or a function of the inputs"
_BITS: Final = (0, 1)


def declared(task: TaskLike, n_inputs: int, n_outputs: int, classes: Sequence[Any] = _BITS) -> str:
    """The tasks of a network as the text of a declaration beside its file; "" for what the file says.

    Args:
        task: as :data:`TaskLike` says.
        n_inputs: of the network.
        n_outputs: of it.
        classes: what its labels are for 0 and for 1, beside 0 and 1 themselves.

    Raises:
        InvalidTask: labels that are neither 0 nor 1, or that stand for no rows or outputs of this network.
    """
    if task is None:
        return ""
    if isinstance(task, (str, Task)) or callable(task):
        return _text(task, n_inputs, n_outputs, classes)
    try:
        some = [plain(one) for one in listed(task)]
    except (TypeError, ValueError):
        raise unfit("task", task, _WORDS) from None
    if not some:
        raise InvalidTask("task", "is an empty list", f"give {_WORDS}")
    if any(isinstance(one, str) and one in classes for one in some):
        return _digits(some, classes)
    if not any(_is_several(one) or isinstance(one, (str, Task)) or callable(one) for one in some):
        return _digits(some, classes)
    if all(map(_is_several, some)):
        return _of_matrix([[plain(label) for label in one] for one in some], 1 << n_inputs, n_outputs, classes)
    return ";".join(_digits(one) if _is_several(one) else _text(one, n_inputs, 1) for one in some)


def _is_several(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def _text(task: Any, n_inputs: int, n_outputs: int, classes: Sequence[Any] = _BITS) -> str:
    """A task as text, or the several tasks that a text or a function stands for."""
    if isinstance(task, str) and task.strip():
        return str(task)
    if isinstance(task, Task):
        return _digits(task.truth_table)
    if not callable(task):
        raise unfit("task", task, _WORDS)
    columns: list[list[Any]] = []
    for row in input_table(n_inputs).astype(int).tolist():
        try:
            answer = plain(task(*row))
        except Exception as problem:
            cause = f"fails on input {', '.join(map(str, row))}: {type(problem).__name__}: {problem}"
            cure = f"give a function of {n_inputs} values 0 or 1, as in lambda {', '.join('abcdef'[:n_inputs])}: …"
            raise InvalidTask("task", cause, cure) from problem
        columns.append(list(answer) if _is_several(answer) else [answer])
    if {len(answers) for answers in columns} not in ({1}, {n_outputs}):
        cure = f"give one that returns 0 or 1{f', or {n_outputs} of them' if n_outputs > 1 else ''}"
        raise InvalidTask("task", "is a function with another number of values than there are outputs", cure)
    return ";".join(_digits(column, classes) for column in zip(*columns, strict=True))


def _of_matrix(labels: list[list[Any]], n_rows: int, n_outputs: int, classes: Sequence[Any]) -> str:
    """Labels of two dimensions: a list for each row, or for each output, where it is plain which."""
    shapes = {len(one) for one in labels}
    by_rows = len(labels) == n_rows and shapes in ({1}, {n_outputs})
    by_outputs = len(labels) in (1, n_outputs) and shapes == {n_rows}
    turned = list(zip(*labels, strict=True)) if by_rows else []
    if by_rows and by_outputs and turned != [tuple(one) for one in labels]:
        cause = f"is {n_rows} by {n_outputs}, so that rows may be inputs or outputs"
        raise InvalidTask("task", cause, 'give a truth table as text for each output, as in "01;10"')
    if not by_rows and not by_outputs:
        cause = f"is {len(labels)} lists of {' or '.join(map(str, sorted(shapes)))} labels"
        cure = f"give {n_rows} labels for each output, or {n_rows} lists of one label for each output"
        raise InvalidTask("task", cause, cure)
    return ";".join(_digits(one, classes) for one in (turned if by_rows else labels))


def _digits(labels: Sequence[Any], classes: Sequence[Any] = _BITS) -> str:
    """Labels as the digits of a truth table."""
    for known in (classes, _BITS):
        if all(isinstance(label, (bool, int, float, str)) and label in known for label in labels):
            return "".join(str(known.index(label)) for label in labels)
    row, label = next((row, label) for row, label in enumerate(labels) if label not in classes)
    cause = f"has {label!r:.60} as label of row {row}, which is neither {classes[0]!r} nor {classes[1]!r}"
    two = sorted({*labels}) if len({*map(type, labels)}) == 1 else ()
    each = f"value == {two[1]!r:.40}" if len(two) == 2 else "value > 0.5"
    cure = f"give 0 or 1 for each row, such as [int({each}) for value in labels]"
    raise InvalidTask(
        "task", cause, cure if classes is _BITS else "give one of these, the model's classes, for each row"
    )


def encoding_text(encoding: Any) -> str:
    """The numbers for 0 and 1 as text; as Python values a pair of numbers, or one for each input.

    Raises:
        InvalidData: it is neither.
    """
    if isinstance(encoding, str):
        return str(encoding)
    try:
        some = [plain(one) for one in listed(encoding)]
        pairs = some if all(map(_is_several, some)) else [some]
        return "; ".join(", ".join(f"{_number(number)!r}" for number in pair) for pair in pairs)
    except (TypeError, ValueError):
        raise unfit("encoding", encoding, 'the numbers for 0 and 1, as in (-1, 1) or "-1, 1"') from None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return value
