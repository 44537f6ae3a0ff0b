"""Rows of a live space: what the model is given, and which answer each should have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch.nn.utils.rnn import pad_sequence

from pluriscope.analysis.errors import InvalidData, InvalidTask
from pluriscope.arguments import listed

_MASKS: Final = {"attention_mask": True, "src_key_padding_mask": False, "key_padding_mask": False}
"""Arguments that say which positions are padding, by whether they are 1 at tokens; of torch's own at padding."""


@dataclass(frozen=True)
class Rows:
    """Rows of a model's inputs.

    Args:
        inputs: arguments of the model by name, "" for the only positional one; ``[rows, …]`` each.
        lengths: where each row ends, None where all end at the last position.
        answers: ``[rows]`` the output that should be largest, or ``[rows, outputs]`` 0 or 1 of each; None for what the
            whole model decides.
        others: ``[rows]`` the output that it is compared with; None for the largest other.
        mask: ``[rows, positions]`` which are tokens, None where none is padding.
        labels: ``[rows, labels]`` what was given, of which answers are made once it is known what decides.
        position: that is judged: the last or first of each row, or a number, below 0 from the end.
    """

    inputs: Mapping[str, Any]
    lengths: Any = None
    answers: Any = None
    others: Any = None
    mask: Any = None
    labels: Any = None
    position: str | int = "last"

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    @property
    def n_labels(self) -> int | None:
        """Labels of a row; None without."""
        return None if self.labels is None else int(self.labels.shape[1])

    @property
    def number(self) -> int:
        """The position that is judged as a number, below 0 from the end."""
        return {"first": 0, "last": -1}[self.position] if isinstance(self.position, str) else self.position

    @property
    def width(self) -> int:
        """Tokens of each row, padding among them."""
        return next((int(value.shape[1]) for value in self.inputs.values() if value.ndim > 1), 1)

    @property
    def starts(self) -> Any:
        """``[rows]`` where each row begins, behind padding."""
        return torch.zeros(len(self), dtype=torch.long) if self.mask is None else self.mask.int().argmax(1)

    def from_right(self, device: Any) -> tuple[Any, Any]:
        """``[rows, positions]`` how far each is from the row's last token, and which are tokens and no padding."""
        ends = torch.full((len(self),), self.width) if self.lengths is None else self.lengths
        place = ends.to(device)[:, None] - 1 - torch.arange(self.width, device=device)
        return place, torch.ones_like(place, dtype=torch.bool) if self.mask is None else self.mask.to(device)

    def given(self, at: Any = None, n_masks: int = 1) -> tuple[list[Any], dict[str, Any]]:
        """Arguments of the model for some rows, once for each mask."""
        chosen = {name: value if at is None else value[at] for name, value in self.inputs.items()}
        many = {name: value.repeat(n_masks, *[1] * (value.ndim - 1)) for name, value in chosen.items()}
        return [many.pop("")] if "" in many else [], many

    def positions(self, n_tokens: int) -> Any:
        """``[rows]`` position of the answer in outputs of so many tokens."""
        if self.number >= 0:
            return self.starts + self.number
        return (torch.full((len(self),), n_tokens) if self.lengths is None else self.lengths) + self.number


def read_rows(data: Any, task: Any, takes: Sequence[str], tokenizer: Any = None, like: Any = None) -> Rows:
    """Rows from what a user gives.

    Args:
        data: a tensor or nested list ``[rows, …]``, texts, or a dict of the model's arguments.
        task: answers ``[rows]`` as numbers or texts, pairs of an answer and the other one, 0 or 1 of each output, a
            function of a row that gives any of these, or None.
        takes: names of the model's arguments.
        tokenizer: of texts.
        like: a parameter of the model, with its device, and its floats for numbers that are no tensors.

    Raises:
        InvalidData: it is empty, ragged without a mask, or texts without a tokenizer.
        InvalidTask: answers do not fit the rows.
    """
    like = torch.empty(0) if like is None else like
    try:
        inputs = {name: _tensor(value, like) for name, value in _inputs(data, takes, tokenizer).items()}
    except (TypeError, ValueError, RuntimeError) as problem:
        cause = f"cannot be read as rows of numbers ({problem})"
        raise InvalidData("data", cause, "give a tensor, lists, texts, or a dict of the model's arguments") from None
    sizes = {len(value) if value.ndim else 1 for value in inputs.values()}
    if len(sizes) != 1 or 0 in sizes:
        cause = "has no rows" if 0 in sizes else f"has {' and '.join(map(str, sorted(sizes)))} rows"
        raise InvalidData("data", cause, "give at least one row, and as many of each argument")
    mask = _mask(inputs)
    ends = None if mask is None else (torch.arange(1, mask.shape[1] + 1, device=like.device) * mask).amax(1)
    if ends is not None and not bool(ends.all()):
        raise InvalidData(f"row {int(ends.argmin())}", "is nothing but padding", "leave it out")
    rows = Rows(inputs, None if ends is None or bool((ends == mask.shape[1]).all()) else ends, mask=mask)
    labels = _labels(task, rows, data, tokenizer)
    return replace(rows, labels=None if labels is None else labels.to(like.device))


def _mask(inputs: Mapping[str, Any]) -> Any:
    """Which positions of rows ``[rows, positions]`` are tokens, by an argument that says it; None for all."""
    for name, of_tokens in _MASKS.items():
        if (given := inputs.get(name)) is not None and given.ndim == 2:
            found = (given != 0) == of_tokens
            return None if bool(found.all()) else found
    return None


def _tensor(value: Any, like: Any) -> Any:
    """A tensor of what a user gives for an argument."""
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], torch.Tensor):
        value = torch.stack([*value])
    found, own = torch.as_tensor(value, device=like.device), isinstance(value, torch.Tensor)
    return found.to(like.dtype) if found.is_floating_point() and not own else found


def _inputs(data: Any, takes: Sequence[str], tokenizer: Any) -> dict[str, Any]:
    """What is given for each of the model's arguments."""
    if isinstance(data, Mapping):
        return {str(name): value for name, value in data.items()}
    name = "input_ids" if "input_ids" in takes else ""
    if isinstance(data, (list, tuple)) and data and isinstance(data[0], str):
        data = [_tokens(tokenizer, text) for text in data]
    if isinstance(data, (list, tuple)) and len({len(row) if hasattr(row, "__len__") else -1 for row in data}) > 1:
        name_of_mask = next((one for one in _MASKS if one in takes), None)
        if name_of_mask is None:
            raise InvalidData("data", "has rows of different lengths", "give rows of one length")
        lengths = torch.tensor([len(row) for row in data])
        padded = pad_sequence([torch.as_tensor(row) for row in data], batch_first=True)
        mask = torch.arange(padded.shape[1]) < lengths[:, None]
        return {name: padded, name_of_mask: mask.long() if _MASKS[name_of_mask] else ~mask}
    return {name: data}


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
    try:
        pairs = [
            [_answer(one, tokenizer) for one in (each if isinstance(each, (list, tuple)) else [each])]
            for each in listed(task)
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
    if tokenizer is None:
        raise ValueError(f"{one!r} is a text, and the model has no tokenizer: give numbers of outputs")
    ids = _tokens(tokenizer, one)
    if len(ids) != 1:
        raise ValueError(f"answer {one!r} is {len(ids)} tokens")
    return ids[0]
