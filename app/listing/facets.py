"""What a list can be filtered by, with how many of what is listed each choice would leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from analysis.explanations.explanation import Column, Record
from app.db.reads.explanation_shelves import Kind
from app.errors import BadQuery
from app.listing.scan import Condition, FacetCounts, any_of, figure_facet
from app.options import BigInt, PageModel

Choice = tuple[Any, str, int | None]
"""A value as addresses write it, what people call it, and how many have it."""
Columns = Mapping[str, tuple[Kind, Column[Any]]]
"""Columns of records by the name that the option "figure" gives them, each with its kind."""


class FacetOption(PageModel):
    """One value to filter by."""

    value: str
    label: str
    count: BigInt | None = Field(description="Explanations that have it and pass all other filters; exact.")
    checked: bool
    url: str = Field("", description="The list with only this value, where it is a range.")


class FacetView(PageModel):
    """Something to filter by."""

    name: str = Field(description="The option's name; of a range the options are NAME_min and NAME_max.")
    column: str = Field("", description="Which of several facets with the same option it is.")
    legend: str
    shape: Literal["checkbox", "radio", "range"]
    choices: list[FacetOption]


def checkboxes(name: str, legend: str, choices: Iterable[Choice], chosen: Container[str], **more: Any) -> FacetView:
    """A facet of which several values may be chosen."""
    shown = [FacetOption(value=v, label=label, count=n, checked=v in chosen) for v, label, n in choices]
    return FacetView(name=name, legend=legend, shape="checkbox", choices=shown, **more)


def radio(
    name: str,
    legend: str,
    choices: Sequence[tuple[Any, str, int]],
    chosen: str | None,
    every_value: str = "",
    total: int | None = None,
) -> FacetView:
    """A facet of which one value may be chosen, or any.

    Args:
        name: of the option.
        legend: for people.
        choices: the values.
        chosen: one of them, None for any.
        every_value: how addresses write any.
        total: how many there are of any; None for the sum.
    """
    total = sum(count for _, _, count in choices) if total is None else total
    every = FacetOption(value=every_value, label="any", count=total, checked=(chosen or "") == every_value)
    shown = [FacetOption(value=v, label=label, count=n, checked=v == chosen) for v, label, n in choices]
    return FacetView(name=name, legend=legend, shape="radio", choices=[every, *shown])


def columns_of(record: Record[Any], prefix: str = "") -> dict[str, tuple[Kind, Column[Any]]]:
    """The columns of a record by the name that the option "figure" gives them."""
    return {f"{prefix}{column.name}": (record.key, column) for column in record.columns}


def figure_conditions(figures: Sequence[str], columns: Columns, known: str) -> list[Condition]:
    """What the option "figure" asks for, ``NAME=VALUE`` each: any of the values given for a column.

    Args:
        figures: the option's values.
        columns: that may be asked about.
        known: what to write instead of an unknown one.

    Raises:
        BadQuery: another shape, or a column that is not there.
    """
    wanted: dict[str, list[str]] = {}
    for text in figures:
        name, equals, value = text.partition("=")
        if not equals or name not in columns:
            raise BadQuery(f"figure {text[:60]!r}", "is unknown", f"write name=value with {known}", "figure")
        wanted.setdefault(name, []).append(value)
    found = []
    for name, values in wanted.items():
        kind, column = columns[name]
        label = f"{column.label.lower()} {' or '.join(values)}"
        rest = [text for text in figures if text.partition("=")[0] != name]
        tests = {kind: any_of(column.name, frozenset(values))}
        found.append(Condition(figure_facet(kind, column.name), label, tests, {"figure": rest}))
    return found


def figure_facets(
    figures: Sequence[str], columns: Columns, counts: FacetCounts, url: Callable[..., str] | None = None
) -> list[FacetView]:
    """The columns of a few values, each value with how many have it.

    Args:
        figures: what the option "figure" asks for.
        columns: that may be asked about.
        counts: of what is listed.
        url: from the option to the list; None if choices lead nowhere by themselves.
    """
    facets = []
    for name, (kind, column) in columns.items():
        counted = counts.values.get(figure_facet(kind, column.name), Counter())
        begin = f"{name}="
        chosen = [text.removeprefix(begin) for text in figures if text.startswith(begin)]
        choices = [
            FacetOption(
                value=begin + value,
                label=value,
                count=counted.get(value, 0),
                checked=value in chosen,
                url="" if url is None else url(figure=[begin + value]),
            )
            for value in sorted({*counted, *chosen}, key=lambda text: (len(text), text))
        ]
        if column.facet and choices:
            more = {"column": column.name, "legend": column.label, "choices": choices}
            facets.append(FacetView(name="figure", shape="checkbox", **more))
    return facets
