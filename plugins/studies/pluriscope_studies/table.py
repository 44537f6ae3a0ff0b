"""The rows of a study: a folder of Parquet parts.

A part holds the rows of one finished chunk; it is whole or not there. Its metadata has the format, the design and the
design's digest. One row for each network, protocol and output; a network without values has one row, without protocol
and output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import duckdb

from pluriscope.analysis.values.strict_json import read_object
from pluriscope.tables.data_card import CardTable, write_card
from pluriscope.tables.parquet import (
    ENDING,
    InvalidTable,
    ParquetTable,
    connected,
    pattern_of,
    quoted,
    refusal,
    write_parquet,
)
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.reading import design_from_mapping
from pluriscope_studies.analysis.rows import MEANINGS, NAMES, columns_of, measures_of_columns

FORMAT: Final = "pluriscope-study-table/1"
_MOST_DESIGN: Final = 64 << 20  # bytes; it may name all files of a population
_STRANGE: Final = """
(SELECT cell, seed FROM {rows} WHERE NOT coalesce(
    cell IN (SELECT unnest($1)) AND seed BETWEEN $2 AND $3 AND state IS NOT NULL
    AND (protocol IS NULL OR list_contains($4, protocol)) AND json_valid(coalesce(inexact, '{}')) AND FINITE, false)
    LIMIT 1)
UNION ALL
(SELECT cell, seed FROM {rows} GROUP BY cell, seed, protocol, output HAVING count(*) > 1 LIMIT 1)
"""
"""What a part must not have: rows of other networks, values that are no JSON, and rows that are there already."""
_CURE: Final = "give what `pluriscope study run` or `study export` wrote"


@dataclass(frozen=True)
class Part:
    """Part of a table: one file.

    Args:
        path: where it lies.
        metadata: texts by name: ``format``, ``design`` (JSON), ``digest`` of the design, and what else was written.
        design: whose networks it has rows of.
    """

    path: Path
    metadata: Mapping[str, str]
    design: StudyDesign


def write_part(
    path: Path, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], metadata: Mapping[str, str]
) -> None:
    """Write a part whole; arguments and errors as of :func:`pluriscope.tables.parquet.write_parquet`."""
    write_parquet(path, rows, columns, {"format": FORMAT, **metadata})


def seeds_of(table: ParquetTable) -> dict[str, set[int]]:
    """The seeds that have rows, by keys of cells."""
    found: dict[str, set[int]] = {}
    for cell, seed in table.ask("SELECT DISTINCT cell, seed FROM {rows}") if table.paths else ():
        found.setdefault(cell, set()).add(seed)
    return found


def read_part(path: Path) -> Part:
    """Read what a file says of itself, if all of its rows are of networks of its design, each once.

    Raises:
        InvalidTable: it is no part of a table, or has other columns or rows.
        DamagedTable: it is cut short.
        InvalidStudy: its design contradicts itself.
    """
    table, item = ParquetTable([path]), f"table {path.name!r}"
    with connected() as database:
        try:
            texts = database.execute("SELECT key, value FROM parquet_kv_metadata($1)", [pattern_of(path)]).fetchall()
        except duckdb.Error as problem:
            raise refusal(path.name, problem) from None
    metadata = {bytes(key).decode(errors="replace"): bytes(value).decode(errors="replace") for key, value in texts}
    if metadata.get("format") != FORMAT:
        raise InvalidTable(item, f"is not of the format {FORMAT}", _CURE)
    design = _design(metadata.get("design", ""), item)
    if metadata.get("digest") != design.digest:
        raise InvalidTable(item, f"states another digest than that of its design ({design.digest[:12]})", _CURE)
    there = table.columns
    wrong = [
        name for name, kind in columns_of(design).items() if there.get(name, None if name in NAMES else kind) != kind
    ]
    if wrong:
        cause = f"lacks the columns {', '.join(wrong[:5])}, or has others of that name or type"
        raise InvalidTable(item, cause, _CURE)
    numbers = (quoted(name) for name, kind in there.items() if kind in ("DOUBLE", "FLOAT"))
    query = _STRANGE.replace("FINITE", " AND ".join(f"coalesce(isfinite({name}), true)" for name in numbers))
    cells, seeds = [cell.key for cell in cells_of(design)], design.seeds.numbers
    strange = table.ask(query, [cells, seeds[0], seeds[-1], design.labels("protocol")])
    if strange:
        where = "cell {}, seed {}".format(*strange[0])
        cause = f"has rows that no network of its design has, or no part has, or twice ({where})"
        raise InvalidTable(item, cause, _CURE)
    return Part(path, metadata, design)


@lru_cache(maxsize=8)
def _design(text: str, item: str) -> StudyDesign:
    """The design that a part names, which the parts of a table have in common."""
    return design_from_mapping(read_object(text.encode(), f"design of {item}", InvalidTable, _MOST_DESIGN, _CURE))


def write_study_card(folder: Path, design: StudyDesign) -> None:
    """Write the card of a folder of a study's parts; errors as of :func:`write_card`."""
    columns = ParquetTable(sorted(folder.glob(f"*{ENDING}"))).columns
    measures = {name: one.definition or one.label for name, one in measures_of_columns(design, columns).items()}
    made = f"Made by `pluriscope study run` from the design {design.digest}, which stands in each file's metadata."
    about = "\n\n".join(filter(None, (design.question, design.description, made)))
    row = "A row for each network, protocol and output; of a network without values one, without protocol and output."
    write_card(folder, design.name, about, {"outcomes": CardTable(f"*{ENDING}", {**measures, **MEANINGS}, row)})
