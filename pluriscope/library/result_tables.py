"""The explanations of a result as a folder of Parquet tables with a data card."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Final

from pluriscope.analysis.discovery.part_names import labels_of
from pluriscope.errors import writing
from pluriscope.figures.svg.layout import node_name
from pluriscope.kinds.circuits import MASK
from pluriscope.kinds.columns import AGREED, FORMULA, IIA, MARGIN, OF, VARIABLES
from pluriscope.library.circuits import SHOWN
from pluriscope.objects.counts import Count
from pluriscope.objects.findings import Findings
from pluriscope.objects.lists import Listing
from pluriscope.objects.showing import Row
from pluriscope.tables.data_card import CardTable, new_output, write_card
from pluriscope.tables.parquet import ENDING, write_parquet
from pluriscope.tables.table import Column

_ID: Final = Column("id", "", "What addresses name it by.", "name")
_COLUMNS: Final = {
    "circuits": (MASK, *SHOWN),
    "interpretations": (MASK, Column("index", "", "Its place among the circuit's.", "int")),
    "algorithms": (
        *(FORMULA, Column("depth", "", "Gates on its longest path.", "int"), VARIABLES),
        Column("valid", "", "Its valid placements.", "big"),
        Column("minimal", "", "Valid placements within which no other lies.", "big"),
        _ID,
    ),
    "placements": (
        *(FORMULA, Column("places", "", "Each variable, and the neurons that carry it.", "text"), IIA, AGREED, OF),
        Column("valid", "", "Whether every interchange comes out as the algorithm says.", "bool"),
        Column("minimal", "", "Whether no other valid placement of the algorithm lies within it.", "bool"),
        *(MARGIN, _ID),
    ),
}
_TYPES: Final = {"bool": "BOOLEAN", "int": "BIGINT", "big": "BIGINT", "float": "DOUBLE"}
_LARGEST: Final = 2**63 - 1


def save_tables(result: Findings, lists: Mapping[str, tuple[Listing[Any], Count]], folder: Path) -> None:
    """Write lists of explanations, each with how many there are, as one folder; see ``Result.save_tables``."""
    tables, edges = {}, ", ".join(labels_of(result.question))
    with writing(folder), new_output(folder) as whole:
        whole.mkdir()
        for name, (listed, total) in lists.items():
            rows = [_numbers(row) for row in listed.rows()]
            columns = [one for one in _COLUMNS[name] if not rows or one.name in rows[0]]
            if name == "interpretations":
                sizes = result.question.network.sizes
                nodes = [node_name(layer, one, sizes) for layer in range(1, len(sizes)) for one in range(sizes[layer])]
                columns += [Column(one, "", f"What {one} is read as; none if it is not used.", "text") for one in nodes]
            file, types = f"{name}{ENDING}", {one.name: _type(one, rows) for one in columns}
            write_parquet(whole / file, rows, types, {"format": "pluriscope-tables/1"})
            tables[name] = CardTable(file, {one.name: one.meaning for one in columns}, f"There are {total}.")
        about = f"Network `{result.question.subject.digest}`, {result.question.under}, by `pluriscope.explain`."
        missing = "".join(f" Stopped at a limit: {words}." for words in result.missing)
        about = f"{about}{missing}\n\nBits of a mask, the lowest first: {edges}."
        write_card(whole, result.name or "Explanations", about, tables)


def _numbers(row: Row) -> Row:
    """A row whose fractions are numbers; what is infinite is none."""
    row = {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in row.items()}
    if "iia" in row:
        agreed, of = map(int, row["iia"].split("/"))
        row |= {"iia": agreed / of if of else None, "iia_agreed": agreed, "iia_of": of}
    return row


def _type(column: Column, rows: list[Row]) -> str:
    """The type of its values; whole numbers that are too large for 64 bits are texts."""
    large = column.type == "big" and any(abs(row[column.name] or 0) > _LARGEST for row in rows)
    return _TYPES.get("" if large else column.type, "VARCHAR")
