"""The task of a live transformer: rows, answers and tokens as Python has them, put beside what was read of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

from pluriscope.analysis.errors import AnalysisError, InvalidData, InvalidNetwork, InvalidTask
from pluriscope.analysis.network_files.original import apart, blamed, check_alone
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.subjects.sites import run
from pluriscope.analysis.subjects.transformer.model import (
    FILE,
    FORMAT,
    LIMITS,
    READ_CURE,
    AttentionModel,
    read_attention,
)
from pluriscope.analysis.subjects.transformer.tasks import MAX_ROWS
from pluriscope.arguments import listed, plain, unfit
from pluriscope.live.calls import ReadTransformer

ROWS: Final = "rows of token ids, such as [[0, 1, 2], [2, 1, 0]]"
_CURE: Final = "give a model that computes what its parts do"
_DRAWN: Final = 64
"""Rows beside those of the task: what only agrees on these computes something else."""
_RENAMED: Final = (
    (READ_CURE, f"use a model of at most {', '.join(f'{most} of {name}' for name, (_, most) in LIMITS.items())}"),
    ("rows[", "data["),
    ("answers", "task"),
    (f"{FILE} ", "the model's "),
    (FILE, "the model"),
)
"""What the reader of model files calls things, and what they are to whoever has a live model."""


def token_rows(data: Any, token_ids: Callable[[str], list[int]] | None) -> dict[str, Any] | None:
    """Rows of token ids, all of one length, under "rows", with the other keys of ``data``; None if these may be rows of
    a perceptron, or are none.

    Args:
        data: lists, tuples, arrays or tensors of token ids; texts, where there is a tokenizer; or an object of such
            "rows", and perhaps "answers", "tokens" (a text for each) and a "name".
        token_ids: the tokenizer.

    Raises:
        AnalysisError: naming the first row that is none.
    """
    if isinstance(data, Mapping) and "rows" in data and not {*data} - {"rows", "answers", "tokens", "name"}:
        if (own := token_rows(data["rows"], token_ids)) is None:
            raise unfit("data", data["rows"], ROWS)
        return {**data, **own}
    if data is None or isinstance(data, (str, Path, Mapping, DataRecord)):
        return None
    listed, rows = _listed("data", data, f"{ROWS}, or of a perceptron a data file"), list[list[Any]]()
    if not 1 <= len(listed) <= MAX_ROWS:
        raise InvalidData("data", f"has {len(listed):,} rows", f"give 1 to {MAX_ROWS:,}")
    for number, row in enumerate(listed):
        item = f"data[{number}]"
        if isinstance(row, str):
            if token_ids is None:
                cause = f"is the text {row[:40]!r}, and the model has no tokenizer"
                raise InvalidData(item, cause, f"give {ROWS}")
            row = token_ids(row)
        rows.append(_listed(item, row, ROWS))
        if len(rows[-1]) != len(rows[0]):
            cause = f"has {len(rows[-1])} tokens, and data[0] has {len(rows[0])}"
            raise InvalidData(item, cause, "give rows of one length: a model is judged at the last token of each")
    if not 1 <= len(rows[0]) <= LIMITS["context"][1]:
        raise InvalidData("data[0]", f"has {len(rows[0])} tokens", f"give 1 to {LIMITS['context'][1]}")
    return {"rows": rows}


def live_transformer(
    read: ReadTransformer,
    given: Mapping[str, Any] | None,
    task: Any = None,
    *,
    name: str = "",
    token_text: Callable[[int], str] | None = None,
) -> AttentionModel:
    """A transformer with its task, of which the original computes the same on every row.

    Args:
        read: what was read of it, for rows as long as those given.
        given: its rows as of :func:`token_rows`; every row that there is, if None.
        task: token ids or texts, one for each row; a function of a row of token ids that gives one; None where each
            answer is still to be set, 0 until then.
        name: what to call it.
        token_text: from a token id to its text.

    Raises:
        AnalysisError: rows or answers that the model cannot be given, or something else computed by the original.
    """
    size, context = int(read.document["vocabulary"]), int(read.document["context"])
    if given is None and size**context > MAX_ROWS:
        cause = f"is not given, and {size:,} tokens at {context:,} positions make more than {MAX_ROWS:,} rows"
        raise InvalidData("data", cause, f"give data={ROWS}, which may be shorter than the model's context")
    given = given or {"rows": product(range(size), repeat=context)}
    texts = [token_text(token) if token_text else str(token) for token in range(size)]
    if given.get("tokens") is not None:
        texts = [str(text) for text in _listed("tokens", given["tokens"], "a text for each token")]
    numbers = {text: token for token, text in reversed([*enumerate(texts)])}
    rows = [
        [_number(f"data[{n}][{position}]", token, numbers, InvalidData) for position, token in enumerate(row)]
        for n, row in enumerate(given["rows"])
    ]
    answers = [0] * len(rows) if task is None else _answers(task, rows, numbers)
    document = {
        **read.document,
        "format": FORMAT,
        "name": name,
        "context": len(rows[0]),
        "tokens": _shown(texts) if token_text else texts,
        "tasks": [{"name": given.get("name") or "", "rows": rows, "answers": answers}],
    }
    try:
        model = replace(read_attention(document), remarks=read.remarks)
    except AnalysisError as problem:
        words = [problem.item, problem.cause, problem.cure]
        for read_as, known in _RENAMED:
            words = [one.replace(read_as, known) for one in words]
        raise type(problem)(*words) from None
    _check_against(read, model)
    return model


def _answers(task: Any, rows: list[list[int]], numbers: Mapping[str, int]) -> list[int]:
    """A token id for each row."""
    found = []
    for row in rows if callable(task) else ():
        try:
            found.append(task(list(row)))
        except Exception as problem:  # whatever it may be
            cause = f"fails ({type(problem).__name__}: {' '.join(str(problem).split())[:200]})"
            cure = "give a function of a list of token ids that returns one"
            raise InvalidTask(f"task on row {row}", cause, cure) from problem
    words = "a token for each row, a function of a row, or 'decisions', which is what the model answers itself"
    answers = enumerate(found or _listed("task", task, words))
    return [_number(f"task[{position}]", token, numbers, InvalidTask) for position, token in answers]


def _listed(name: str, value: Any, words: str) -> list[Any]:
    try:
        return listed(value)
    except TypeError:
        refused = unfit(name.partition("[")[0], value, words)
        refused.item = name
        raise refused from None


def _number(item: str, value: Any, numbers: Mapping[str, int], error: type[AnalysisError]) -> int:
    """A token id, of itself or of the text of a token."""
    token = plain(value)
    if isinstance(token, str):
        if token not in numbers:
            known = ", ".join(map(repr, [*numbers][:-5:-1]))
            raise error(item, f"is {token[:40]!r}, which is the text of no token", f"use token ids or texts: {known} …")
        return numbers[token]
    if isinstance(token, bool) or not isinstance(token, int):
        cause = f"is {token!r:.40}, of type {type(token).__name__}, and no token id"
        raise error(item, cause, "give whole numbers, of floats such as rows.long()")
    return token


def _shown(texts: Sequence[str]) -> list[str]:
    """The texts of tokens for people: of one line, each once."""
    lines = [one[:30] if one.strip() and one.isprintable() else json.dumps(one[:20]) for one in texts]
    return [one if lines.count(one) == 1 else f"{one} ({token})" for token, one in enumerate(lines)]


def _check_against(read: ReadTransformer, model: AttentionModel) -> None:
    """Refuse a transformer that computes something else than what it was read from."""
    shape = (_DRAWN, model.tokens.shape[1])
    rows = np.concatenate((model.tokens, np.random.default_rng(0).integers(len(model.outputs), size=shape)))
    theirs, ours, n = read.run(rows), run(model, rows).logits, len(model.tokens)
    if theirs.shape != ours.shape:
        cause = f"gives logits of the shape {theirs.shape}, and its parts as read {ours.shape}"
        raise InvalidNetwork("model", cause, _CURE)
    differs = apart(theirs, ours, read.tolerance)
    others = (largest(theirs) != largest(ours)) & (np.arange(len(rows)) < n)
    if differs.any() or others.any():
        row = int(np.argmax(differs.any(axis=1) | others))
        token = int(np.argmax(differs[row])) if differs[row].any() else int(theirs[row].argmax())
        on = f"on {f'data[{row}]' if row < n else 'the row'}, {' '.join(model.outputs[one] for one in rows[row])}"
        rounds, cure = blamed(theirs, ours, read.tolerance, _CURE)
        cause = f"is {theirs[row, token]:.9g} {on}, and as its parts were read {ours[row, token]:.9g}{rounds}"
        raise InvalidNetwork(f"logit of {model.outputs[token]}", cause, cure)
    check_alone(read.run, rows, theirs, read.tolerance)
