"""Transformers as files, and tables of rows that they are trained on or judged by."""

from __future__ import annotations

from itertools import repeat
from typing import Any, Final

from analysis.errors import InvalidData
from analysis.models.attention import FORMAT, LIMITS, MATRICES, AttentionModel, read_tokens_and_task
from analysis.models.attention_blocks import BIASES
from analysis.models.attention_tasks import TokenTask
from analysis.strict_json import check_keys, combined, kind_of, read_object

MAX_TABLE_BYTES: Final = 4_000_000
_TABLE: Final = "table of rows"
_CURE: Final = 'give {"rows": [[token ids]], "answers": [token ids]}, and "tokens" with a text for each id if you like'


def attention_document(model: AttentionModel) -> dict[str, Any]:
    """A transformer as the JSON object of a file, from which :func:`~analysis.models.attention.read_attention` reads
    the very same numbers.
    """
    return {
        "format": FORMAT,
        "name": model.name,
        **({"attribution": model.attribution} if model.attribution else {}),
        **model.sizes,
        "tokens": list(model.outputs),
        "token_embedding": model.embedding.tolist(),
        "position_embedding": None if model.positions is None else model.positions.tolist(),
        "attention": [
            {name: matrix.tolist() for name, matrix in zip((*MATRICES, *BIASES), (*layer, *biases), strict=False)}
            for layer, biases in zip(model.layers, model.blocks.biases or repeat(()), strict=False)
        ],
        "unembedding": model.unembedding.tolist(),
        **model.blocks.document(),
        "tasks": [dict(model.task_document)],
    }


def read_table(raw: bytes) -> TokenTask:
    """The rows in a table: a JSON object with rows and answers, perhaps a name and texts for tokens.

    Args:
        raw: the file's bytes, at most 4,000,000.

    Raises:
        InvalidData: no such object, or rows that no transformer can be given.
        InvalidNetwork: texts of tokens that are none.
    """
    document = read_object(raw, _TABLE, InvalidData, MAX_TABLE_BYTES, _CURE, max_parts=400_000)
    problems = check_keys(document, ("rows", "answers"), ("name", "tokens"), _TABLE, InvalidData)
    if problems:
        raise combined(problems, _TABLE, InvalidData)
    rows = document["rows"]
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], list):
        given = kind_of(rows) if not isinstance(rows, list) else "empty" if not rows else "no list of rows"
        raise InvalidData("rows", f"is {given}", _CURE)
    tokens = document.get("tokens")
    if isinstance(tokens, list):
        vocabulary = len(tokens)
    else:
        every = [*(one for row in rows if isinstance(row, list) for one in row), document["answers"]]
        flat = [one for some in every for one in (some if isinstance(some, list) else [some])]
        vocabulary = 1 + max((one for one in flat if isinstance(one, int)), default=1)
    sizes = (("tokens", vocabulary, *LIMITS["vocabulary"]), ("rows[0]", len(rows[0]), *LIMITS["context"]))
    for item, size, least, most in sizes:
        if not least <= size <= most:
            raise InvalidData(item, f"has {size:,} tokens", f"use {least} to {most}")
    task = {"name": document.get("name", ""), "rows": rows, "answers": document["answers"]}
    texts, name, found, answers = read_tokens_and_task(tokens, [task], vocabulary, len(rows[0]))
    return TokenTask(name, texts, tuple(map(tuple, found.tolist())), tuple(answers.tolist()))
