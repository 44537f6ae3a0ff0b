"""What lists say to scripts: one schema for each kind, made from its columns. Integers of any size pass JSON here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, Literal, Union

from pydantic import BaseModel, Field, PlainSerializer, WithJsonSchema, create_model

from pluriscope.tables import Column, Facet, Selection, Type

MAX_EXACT_IN_JSON: Final = 2**53


def _json_integer(value: int) -> int | str:
    return str(value) if abs(value) > MAX_EXACT_IN_JSON else value


BigInt = Annotated[
    int,
    PlainSerializer(_json_integer, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+$"}]}),
]
"""An integer of any size: text in JSON beyond 2^53, which not every reader of JSON holds exactly."""
_TYPES: Final[Mapping[Type, Any]] = {
    "bool": bool,
    "int": int,
    "big": BigInt,
    "float": float,
    "text": str,
    "name": str,
    "labels": list[str],
}


class ChoiceRecord(BaseModel):
    """A value to filter by."""

    value: str
    label: str
    count: BigInt = Field(description="Rows that have it and pass the other filters; exact.")
    chosen: bool


class FacetRecord(BaseModel):
    """What a list can be filtered by."""

    name: str
    label: str
    facet: Literal["any", "all", "range", "least"]
    choices: list[ChoiceRecord]
    low: str
    high: str


class UndecidedRecord(BaseModel):
    """What a criterion that is asked for could not decide about; it counts as not passing."""

    criterion: str
    kind: str
    n: BigInt
    of: BigInt
    note: str = Field(description="Why.")


class ListRecord(BaseModel):
    """One page of a list."""

    total: BigInt = Field(description="All that passes the filters; exact.")
    of: BigInt = Field(description="The same without filters but those that hold by default.")
    lines: int = Field(description="Lines on all pages; one of interpretations is a circuit with as many as it has.")
    facets: list[FacetRecord]
    undecided: list[UndecidedRecord] = []
    pending: list[str] = Field([], description="Asked for and not computed yet; then nothing is listed.")
    state: str = Field("done", description="How far the analysis is; until it is done a list holds what is certain.")
    next: str | None = Field(description="Address of the next page.")


@cache
def record_of(kind: str, columns: tuple[Column, ...]) -> type[BaseModel]:
    """The schema of one item of a kind: its figures, how references name it, and the address of its page."""
    fields: dict[str, Any] = {
        "kind": (Literal[kind], ...),
        "ref": (str, Field(description="How comparisons name it.")),
        "url": (str, Field(description="Its page.")),
    }
    for column in columns:
        if column.name not in fields:
            fields[column.name] = (_TYPES[column.type] | None, Field(None, description=column.meaning))
    return create_model(f"{kind.capitalize()}Record", **fields)


@cache
def list_of(kinds: tuple[tuple[str, tuple[Column, ...]], ...]) -> type[ListRecord]:
    """The schema of a list of several kinds: each key with its columns."""
    items = tuple(record_of(kind, columns) for kind, columns in kinds)
    item = Annotated[Union[items], Field(discriminator="kind")]  # type: ignore[valid-type]  # noqa: UP007
    return create_model("Explanations", __base__=ListRecord, items=(list[item], ...))


def facet_records(facets: Iterable[Facet]) -> list[FacetRecord]:
    """The facets of a selection."""
    return [
        FacetRecord(
            name=one.column.name,
            label=one.column.label,
            facet=one.column.facet or "any",
            choices=[ChoiceRecord(value=c.value, label=c.label, count=c.count, chosen=c.chosen) for c in one.choices],
            low=one.low,
            high=one.high,
        )
        for one in facets
    ]


def plain(selection: Selection) -> Sequence[dict[str, Any]]:
    """The rows of a selection as their records take them."""
    return [
        {name: sorted(value) if isinstance(value, frozenset) else value for name, value in row.values.items()}
        | {"ref": row.ref, "url": row.url}
        for row in selection.rows
    ]
