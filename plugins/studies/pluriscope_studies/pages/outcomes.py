"""The rows of a study's table, as a list under one protocol and as a file, written by DuckDB where they lie."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.naming import DEFAULT_PROTOCOL, Scope, protocol_key
from pluriscope.analysis.values.exact import MAX_EXACT_IN_JSON
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.errors import NotFound
from pluriscope.app.options import Options
from pluriscope.figures.numbers import Bound, bounded
from pluriscope.figures.svg.marks import VERDICT_MARKS
from pluriscope.page_kit.blocks import Action, Block, Choice, Head, Notice, Prose, Table
from pluriscope.tables.parquet import literal, quoted
from pluriscope.tables.table import Column, Query, Row, Type, read_query
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.design import FACTORS
from pluriscope_studies.analysis.measures.registry import measures_of
from pluriscope_studies.analysis.rows import NAMES, TYPES, measured_of
from pluriscope_studies.analysis.sources import CONVERGED, DRAWN
from pluriscope_studies.pages.figures import value_text
from pluriscope_studies.pages.study import Study
from pluriscope_studies.parquet_listing import ParquetListing
from pluriscope_studies.reads import stored_slugs, table_of
from pluriscope_studies.tables import StudyRow
from pluriscope_studies.writes import write_table

ID: Final = "outcomes"
MOST_WORDS: Final = 6  # of a set, in a table
MOST_MEASURES: Final = 12  # that are columns on pages; files have all
FIRST: Final = 10
DataForm = Literal["csv", "json", "parquet"]
MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
_IN_PARQUET: Final = ("weights", "data", "planted", "sizes", "tables")
"""Columns that only Parquet has."""
_KINDS: Final[Mapping[str, Type]] = {
    TYPES["count"]: "big",
    TYPES["number"]: "float",
    TYPES["yes-no"]: "bool",
    TYPES["set"]: "labels",
}


class OfStudyOptions(Options):
    """Options of which analysis of a study's network is meant."""

    output: int = Field(0, ge=0, le=999, description="Index of the analysed output.")
    protocol: str = Field("", max_length=64, description="One of the study's protocols; empty: its first one.")

    def of(self, network: NetworkRow) -> Scope:
        """Scope of that analysis where the network is stored."""
        return Scope(self.output, self.protocol or DEFAULT_PROTOCOL, network.input_data[:12])


def outcomes_table(study: Study, options: Mapping[str, Sequence[str]]) -> Table:
    """The rows that an address asks for; BadQuery for another protocol, InvalidOption for what the list has not."""
    links, slug, given = study.links, study.line.slug, dict(options)
    protocol = study.protocol_named("".join(given.pop("protocol", [])[-1:]))
    listing = _listing(study, protocol)
    files = {
        form.upper(): links.url("api", "v2", "studies", slug, f"data.{form}") for form in ("csv", "parquet", "json")
    }
    query, here = read_query(listing.columns, given), links.url("studies", slug, "outcomes")
    kept = {} if protocol == next(iter(study.protocols)) else {"protocol": protocol}
    return Table(listing, query, here, "row", files=files, kept=kept, id=ID)


def first_outcomes(study: Study, protocol: str) -> Table:
    """The first rows, without options."""
    listing = _listing(study, protocol)
    return Table.short("row", listing.columns, listing.select(Query(limit=FIRST), False).rows)


def outcome_blocks(study: Study, table: Table) -> Iterator[Block]:
    """The page."""
    rules = {name: study.links.url("studies", study.line.slug, "outcomes", protocol=name) for name in study.protocols}
    protocol = str((table.kept or {}).get("protocol", next(iter(rules))))
    chosen = [Choice("Protocol", rules, protocol)] if len(rules) > 1 else []
    of = Markup('Every network of <a href="{}">{}</a>, those that failed too.').format(study.line.url, study.line.name)
    yield Head(f"All networks of {study.line.name}", of, actions=chosen)
    query = "SELECT data ->> 'description' FROM {rows} WHERE data IS NOT NULL LIMIT 1"
    for (words,) in study.table.ask_again(query) if study.table.paths else ():
        such = f", such as {words}" if words else ""
        text = f"The study judged networks on data of their own{such}; on clean inputs other numbers hold."
        yield Prose(text, glossary=False)
    if "network" in table.query.wanted and (row := next((one for one in table.found.rows if one.stores), None)):
        why = "Whoever may change things here can store it; it then has a page and can be explained."
        store = Action("Store and open it", row.url, primary=True, changes=True)
        yield Notice("This network is not stored", why, "Its weights are in the Parquet file, too.", "empty", [store])
    yield table


def _listing(study: Study, protocol: str) -> ParquetListing:
    cells = {cell.key: cell for cell in cells_of(study.design)}
    keys = ", ".join(map(literal, cells))

    def level(factor: Any) -> str:
        labels = ", ".join(literal(cell.labels[factor]) for cell in cells.values())
        return f"map([{keys}], [{labels}])[cell]"

    def rows(lines: Sequence[Mapping[str, Any]]) -> Iterable[Row]:
        return _rows(study, protocol, lines)

    return ParquetListing(
        _columns(study, {key: cell.name for key, cell in cells.items()}),
        study.table,
        rows,
        {"data": "data IS NOT NULL"} | {factor: level(factor) for factor in study.design.varying},
        ("inexact", "data", "output"),
        f"coalesce(protocol = {literal(protocol)}, true)",
        (f"list_position([{keys}], cell)", "seed", "output"),
    )


def _columns(study: Study, cells: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns of the list: what a network is, how training ended, and any measure that the table has."""
    types, known = study.table.columns, measures_of(study.design.measures, study.design.methods)
    now = {key: {"label": one.label, "definition": one.definition} for key, one in known.items()}
    words = study.summary["measures"] or now  # a summary names those that are gone by now, too
    measures = [name for name in types if name not in NAMES]
    of_networks = [name for name in measures if ":" not in name]
    shown = (of_networks or measures)[:MOST_MEASURES]

    def name(row: Row) -> Markup:
        return Markup('<span class="nowrap">{}, seed {}</span>').format(cells.get(row["cell"], ""), row["seed"])

    several = any(len(level) > 1 for level in study.design.tasks)
    output = Column("output", "Output", "Which of its outputs.", "int", "any", orders=False)
    factors = [
        Column(one, FACTORS[one].capitalize(), "A factor of the grid.", "text", "any", shown=False, orders=False)
        for one in study.design.varying
    ]
    return (
        Column(
            "network",
            "Network",
            "Its cell and seed; filtered by its digest.",
            "text",
            "any",
            first=True,
            orders=False,
            offered=False,
            words=lambda digest: digest[:12],
            show=name,
        ),
        Column("state", "Outcome", "How training ended.", "text", "any", words=_words, show=_state),
        *(replace(one, choices=tuple(study.design.labels(one.name))) for one in factors),  # type: ignore[arg-type]
        *([output] if several else []),
        Column("cell", "Cell", "Its key.", "text", "any", offered=False, shown=False, orders=False),
        Column("seed", "Seed", "Of its training.", "int", shown=False),
        Column("message", "Why", "Why it failed.", "text", shown=False, orders=False),
        Column("epochs", "Epochs", "Of its training.", "int"),
        *([] if study.design.source == DRAWN else [Column("loss", "Loss", "Mean over its last epoch.", "float")]),
        *(_measure(name, types[name], words.get(name, {}), name in shown) for name in measures),
    )


def _measure(name: str, kind: str, words: Mapping[str, Any], shown: bool) -> Column:
    """Any measure as a column; filtered by numbers, and by yes and no, where tables have it."""
    type_, label = _KINDS.get(kind, "text"), words.get("label") or name.replace("-", " ")
    numeric = type_ in ("big", "float")
    return Column(
        name,
        f"{label[:1].upper()}{label[1:]}",
        words.get("definition", ""),
        type_,
        "range" if numeric else "any" if type_ == "bool" else "",
        largest_first=numeric,
        offered=shown and type_ == "bool",
        shown=shown,
        show=lambda row: measured_words(row, name) if row[name] is not None else "",
    )


def _words(state: str) -> str:
    return state.replace("_", " ")


def _state(row: Row) -> Markup:
    mark = VERDICT_MARKS["pass" if row["state"] == CONVERGED else "fail"]
    said = Markup('<span class="nowrap"><span class="glyph">{}</span> <span title="{}">{}</span></span>')
    return said.format(mark, row["message"] or "", _words(row["state"]))


def _rows(study: Study, protocol: str, lines: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Rows that lead to their networks; where one is not stored, to what the table has of it."""
    links, slug = study.links, study.line.slug
    stored = stored_slugs(study.session, [one["network"] for one in lines if one["network"]])
    key = next(protocol_key(one) for one in study.design.protocols if one.name == protocol)
    for line in lines:
        digest, scope = line["network"] or "", Scope(line["output"] or 0, key)
        at, _ = stored.get(digest, ("", False))
        url = links.network(at, scope) if at else links.url("studies", slug, "networks", digest, scope=scope)
        if at and line["data"]:  # which rows it was judged on is known where it is opened
            url = links.url("studies", slug, "networks", digest, scope=scope)
        words = json.loads(line["inexact"] or "{}")
        large = {name: int(one["value"]) for name, one in words.items() if "value" in one}  # for a column
        values = {name: value for name, value in line.items() if name != "data"} | large | {"inexact": words or None}
        yield Row(values, ref=digest, url=url if digest else "", stores=not at)


def measured_words(row: Row, name: str) -> Markup | str:
    """A measure's value for people, with its bound or interval where it is not exact."""
    value, words = row[name], (row["inexact"] or {}).get(name)
    measured = measured_of(sorted(value) if isinstance(value, frozenset) else value, words)
    low, high, exact = measured.low, measured.high, measured.exact
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        # of a search that stopped before anything was found, 0 says nothing
        between = low is not None and high is not None
        bound: Bound = "exact" if exact else "about" if between else "at_least" if value else "unknown"
        return bounded(value, bound, math.floor(low or 0), math.ceil(high or 0))
    if isinstance(value, float):
        return ("" if exact else "≥ " if low is None else "≈ ") + value_text(value)
    if isinstance(value, frozenset):
        rest = len(value) - MOST_WORDS
        return ", ".join(sorted(value)[:MOST_WORDS]) + (f" and {rest:,} more" if rest > 0 else "") or "none"
    return str(value)


# --- files


def write_data(session: Session, study: StudyRow, form: DataForm, path: Path) -> None:
    """Write the table of a study, one row for each network, protocol and output.

    Raises:
        NotFound: no network has its outcome yet.
    """
    table = table_of(session, study)
    if not table.paths:
        raise NotFound(f"data of study {study.slug!r}", "are not there yet", "wait for its first networks", "form")
    if form == "parquet":
        write_table(session, study, path)
        return
    cells = {name: _in_file(name, kind, form) for name, kind in table.columns.items() if name not in _IN_PARQUET}
    columns = ", ".join(f"{cell} AS {quoted(name)}" for name, cell in cells.items())
    options = "FORMAT csv, HEADER" if form == "csv" else "FORMAT json, ARRAY"
    table.write(path, f"SELECT {columns} FROM {{rows}}", options)  # noqa: S608  names are quoted


def _in_file(name: str, kind: str, form: DataForm) -> str:
    """A column as the form has it: text that a spreadsheet would run stands behind an apostrophe in CSV; whole numbers
    that not every reader of JSON holds are text there.
    """
    own = quoted(name)
    if form == "csv":
        text = f"array_to_string({own}, ' ; ')" if kind.endswith("[]") else own
        return rf"regexp_replace({text}, '^([=+@\t\r-])', '''\1')" if "VARCHAR" in kind else text
    if name == "inexact":
        return f"{own}::JSON"
    large = f"abs({own}) > {MAX_EXACT_IN_JSON}"
    return f"CASE WHEN {large} THEN to_json({own}::VARCHAR) ELSE to_json({own}) END" if "DECIMAL" in kind else own
