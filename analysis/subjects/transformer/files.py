"""Transformers as files, and tables of rows that they are trained on or judged by."""

from __future__ import annotations

from itertools import repeat
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, FailFast, Field

from pluriscope.analysis.errors import InvalidData
from pluriscope.analysis.subjects.transformer.blocks import BIASES
from pluriscope.analysis.subjects.transformer.model import FORMAT, LIMITS, AttentionModel, Ids, read_rows
from pluriscope.analysis.subjects.transformer.tasks import TokenTask
from pluriscope.analysis.subjects.transformer.weights import MATRICES
from pluriscope.analysis.values.strict_json import read_object, validated

MAX_TABLE_BYTES: Final = 4_000_000
_TABLE: Final = "table of rows"
_CURE: Final = 'give {"rows": [[token ids]], "answers": [token ids]}, and "tokens" with a text for each id if you like'


def attention_document(model: AttentionModel) -> dict[str, Any]:
    """A transformer as the JSON object of a file, from which
    :func:`~pluriscope.analysis.subjects.transformer.model.read_attention` reads the very same numbers.
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
        **({} if model.planted is None else {"planted": model.planted.document()}),
        **({} if model.edited is None else {"edited": model.edited.model_dump()}),
        **({} if model.training is None else {"training": model.training.model_dump()}),
    }


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    rows: Annotated[list[Ids], FailFast()] = Field(min_length=1)
    answers: Ids
    name: str = ""
    tokens: list[str] | None = Field(None, max_length=LIMITS["vocabulary"][1])


def read_table(raw: bytes) -> TokenTask:
    """The rows in a table: a JSON object with rows and answers, perhaps a name and texts for tokens.

    Args:
        raw: the file's bytes, at most 4,000,000.

    Raises:
        InvalidData: no such object, or rows that no transformer can be given.
        InvalidNetwork: texts of tokens that are none.
    """
    document = read_object(raw, _TABLE, InvalidData, MAX_TABLE_BYTES, _CURE, max_parts=400_000)
    table = validated(_Table, document, _TABLE, InvalidData, _CURE)
    ids = [one for row in (*table.rows, table.answers) for one in row]
    vocabulary = len(table.tokens) if table.tokens is not None else 1 + max(ids, default=1)
    context = len(table.rows[0])
    sizes = (("tokens", vocabulary, *LIMITS["vocabulary"]), ("rows[0]", context, *LIMITS["context"]))
    for item, size, least, most in sizes:
        if not least <= size <= most:
            raise InvalidData(item, f"has {size:,} tokens", f"use {least} to {most}")
    task = {"name": table.name, "rows": table.rows, "answers": table.answers}
    return read_rows({"tokens": table.tokens, "tasks": [task]}, vocabulary, context)
