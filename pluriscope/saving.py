"""Interpretations of one circuit as a file, written block by block."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from analysis.errors import BeyondLimits, InvalidData
from analysis.interpretations.indexing import Block, InterpretationSpace
from app.figures.svg.layout import node_name
from pluriscope.errors import MissingLibrary

_LARGE: Final = 1_000_000_000
_BYTES: Final = {".csv": 20, ".parquet": 8}
"""Of one cell, at most, by the ending."""
Columns = dict[str, Any]


def save_blocks(path: Path, space: InterpretationSpace, places: range, what: str) -> None:
    """Write index, observed class, and of each gate table and threshold.

    Raises:
        InvalidData: the name ends otherwise than .csv or .parquet.
        BeyondLimits: the disk has not so much room, or :meth:`InterpretationSpace.blocks` refuses.
        MissingLibrary: Parquet without pyarrow.
    """
    if path.suffix not in _BYTES:
        raise InvalidData(f"file {path.name}", "is neither .csv nor .parquet", "give it one of these endings")
    sizes, n = space.question.cut.sizes, places.stop - places.start
    gates = [node_name(layer, neuron, sizes) for layer, neuron in space.gated]
    size, free = n * (2 + 2 * len(gates)) * _BYTES[path.suffix], shutil.disk_usage(path.resolve().parent).free
    told = f"{n:,} {what}, at most {size / 1e9:,.1f} GB"
    if size > free:
        raise BeyondLimits(
            f"file {path.name}", f"{told}; {free / 1e9:,.1f} GB are free", "save fewer, or on another disk"
        )
    if size > _LARGE:
        sys.stderr.write(f"{path.name}: {told}\n")
    blocks = (_columns(block, gates) for block in space.blocks(places.start, places.stop))
    with _WRITERS[path.suffix](path) as write:
        for columns in blocks:
            write(columns)


def _columns(block: Block, gates: Sequence[str]) -> Columns:
    found: Columns = {"index": range(block.start, block.start + len(block.tables)), "class": block.classes}
    for place, gate in enumerate(gates):
        found |= {f"{gate} table": block.tables[:, place], f"{gate} threshold": block.thresholds[:, place]}
    return found


@contextmanager
def _csv(path: Path) -> Iterator[Callable[[Columns], None]]:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)

        def write(columns: Columns) -> None:
            if not file.tell():
                writer.writerow(columns)
            writer.writerows(zip(*map(_listed, columns.values()), strict=True))

        yield write


def _listed(values: Any) -> Iterable[Any]:
    return values if isinstance(values, range) else values.tolist()


@contextmanager
def _parquet(path: Path) -> Iterator[Callable[[Columns], None]]:
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ImportError:
        raise MissingLibrary.of("pyarrow", "Parquet") from None
    writer: Any = None

    def write(columns: Columns) -> None:
        nonlocal writer
        some = {name: pa.array(_listed(values) if name == "index" else values) for name, values in columns.items()}
        table = pa.table(some)
        writer = writer or ParquetWriter(path, table.schema)
        writer.write_table(table)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


_WRITERS: Final = {".csv": _csv, ".parquet": _parquet}
