"""Rows of a live space: what the model is given, and which answer each should have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from pluriscope.analysis.errors import InvalidData, InvalidTask


@dataclass(frozen=True)
class Rows:
    """Rows of a model's inputs.

    Args:
        inputs: arguments of the model by name, "" for the only positional one; ``[rows, …]`` each.
        lengths: tokens of each row where rows are padded on the right, None where they are of one length.
        answers: ``[rows]`` the output that should be largest, or ``[rows, outputs]`` 0 or 1 of each; None for what the
            whole model decides.
        others: ``[rows]`` the output that it is compared with; None for the largest other.
        labels: ``[rows, labels]`` what was given, of which answers are made once it is known what decides.
        position: that is judged: the last or first of each row, or a number, below 0 from the end.
    """

    inputs: Mapping[str, Any]
    lengths: Any = None
    answers: Any = None
    others: Any = None
    labels: Any = None
    position: str | int = "last"

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    @property
    def n_labels(self) -> int | None:
        """Labels of a row; None without."""
        return None if self.labels is None else int(self.labels.shape[1])

    @property
    def n_tokens(self) -> int | None:
        """Of each row, None where they are of several lengths."""
        width = next((value.shape[1] for value in self.inputs.values() if value.ndim > 1), 1)
        return width if self.lengths is None else None

    @property
    def token_counts(self) -> list[int]:
        """Of each row."""
        return [self.n_tokens] * len(self) if self.n_tokens is not None else self.lengths.tolist()

    def given(self, at: Any = None, n_masks: int = 1) -> tuple[list[Any], dict[str, Any]]:
        """Arguments of the model for some rows, once for each mask."""
        chosen = {name: value if at is None else value[at] for name, value in self.inputs.items()}
        many = {name: value.repeat(n_masks, *[1] * (value.ndim - 1)) for name, value in chosen.items()}
        return [many.pop("")] if "" in many else [], many

    def positions(self, n_tokens: int) -> Any:
        """``[rows]`` position of the answer in outputs of so many tokens."""
        at = {"first": 0, "last": -1}[self.position] if isinstance(self.position, str) else self.position
        if at >= 0:
            return torch.full((len(self),), at)
        return (torch.full((len(self),), n_tokens) if self.lengths is None else self.lengths) + at


def read_rows(data: Any, task: Any, takes: Sequence[str], tokenizer: Any = None, device: Any = None) -> Rows:
    """Rows from what a user gives.

    Args:
        data: a tensor or nested list ``[rows, …]``, texts, or a dict of the model's arguments.
        task: answers ``[rows]`` as numbers or texts, pairs of an answer and the other one, 0 or 1 of each output, a
            function of a row that gives any of these, or None.
        takes: names of the model's arguments.
        tokenizer: of texts.

    Raises:
        InvalidData: it is empty, ragged without a mask, or texts without a tokenizer.
        InvalidTask: answers do not fit the rows.
    """
    inputs, lengths = _inputs(data, takes, tokenizer)
    sizes = {len(value) for value in inputs.values()}
    if len(sizes) != 1 or 0 in sizes:
        cause = "has no rows" if 0 in sizes else f"has {' and '.join(map(str, sorted(sizes)))} rows"
        raise InvalidData("data", cause, "give at least one row, and as many of each argument")
    inputs = {name: value.to(device) for name, value in inputs.items()}
    rows = Rows(inputs, lengths if lengths is None else lengths.to(device))
    labels = _labels(task, rows, data, tokenizer)
    return Rows(rows.inputs, rows.lengths, labels=None if labels is None else labels.to(device))


def _inputs(data: Any, takes: Sequence[str], tokenizer: Any) -> tuple[dict[str, Any], Any]:
    if isinstance(data, Mapping):
        found = {str(name): torch.as_tensor(value) for name, value in data.items()}
        mask = found.get("attention_mask")
        if mask is None or bool(mask.all()):
            return found, None
        if bool((mask[:, 1:] > mask[:, :-1]).any()):  # padding on the left
            return found, None
        return found, mask.sum(1)
    name = "input_ids" if "input_ids" in takes else ""
    if isinstance(data, (list, tuple)) and data and isinstance(data[0], str):
        data = [_tokens(tokenizer, text) for text in data]
    if isinstance(data, (list, tuple)) and len({len(row) if hasattr(row, "__len__") else -1 for row in data}) > 1:
        if "attention_mask" not in takes:
            raise InvalidData("data", "has rows of different lengths", "give rows of one length")
        lengths = torch.tensor([len(row) for row in data])
        padded = pad_sequence([torch.as_tensor(row, dtype=torch.long) for row in data], batch_first=True)
        mask = torch.arange(padded.shape[1]) < lengths[:, None]
        return {name: padded, "attention_mask": mask.long()}, lengths
    try:
        return {name: torch.as_tensor(data)}, None
    except (TypeError, ValueError, RuntimeError) as problem:
        cause = f"cannot be read as rows of numbers ({problem})"
        raise InvalidData("data", cause, "give a tensor, lists, texts, or a dict of the model's arguments") from None


def _tokens(tokenizer: Any, text: str) -> list[int]:
    if tokenizer is None:
        raise InvalidData(f"data {text[:40]!r}", "is a text, and the model has no tokenizer", "give tokenizer=…")
    found = tokenizer(text)
    return list(found["input_ids"] if not isinstance(found, (list, tuple)) else found)


def _labels(task: Any, rows: Rows, data: Any, tokenizer: Any) -> Any:
    if task is None:
        return None
    if callable(task):
        function: Callable[[Any], Any] = task
        given = data if isinstance(data, (list, tuple)) else next(iter(rows.inputs.values()))
        task = [function(row.tolist() if isinstance(row, torch.Tensor) else row) for row in given]
    if isinstance(task, torch.Tensor):
        task = task.tolist()
    try:
        pairs = [
            [_answer(one, tokenizer) for one in (each if isinstance(each, (list, tuple)) else [each])] for each in task
        ]
        wide = sorted({len(one) for one in pairs})
        if len(pairs) != len(rows):
            raise ValueError(f"{len(pairs)} answers for {len(rows)} rows")
        if wide[0] == 0 or len(wide) > 1:
            raise ValueError(f"answers of {' and '.join(map(str, wide))} parts")
    except (TypeError, ValueError) as problem:
        cure = "give an answer for each row: a number or text, a pair of it and the other one, or 0 or 1 of each output"
        raise InvalidTask("task", f"does not fit ({problem})", cure) from None
    return torch.tensor(pairs)


def _answer(one: Any, tokenizer: Any) -> int:
    if not isinstance(one, str):
        if int(one) != one:
            raise ValueError(f"{one!r} is no whole number")
        return int(one)
    ids = _tokens(tokenizer, one)
    if len(ids) != 1:
        raise ValueError(f"answer {one!r} is {len(ids)} tokens")
    return ids[0]
